-- How long does one wait for the next bus? Events are rows like others: windows, CTEs and joins are DuckDB's.
WITH visits AS (
    SELECT event, start_seconds, end_seconds
    FROM events(cam1 WHERE contains('bus') GAP '2s')
)
SELECT event, start_seconds, start_seconds - lag(end_seconds) OVER (ORDER BY event) AS waited
FROM visits
ORDER BY event;
