-- How busy is each minute?
SELECT floor(seconds / 60)::BIGINT AS minute, round(avg(objects()), 2) AS average, max(objects()) AS most
FROM cam1
GROUP BY minute
ORDER BY minute;
