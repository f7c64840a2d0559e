-- Visits rather than frames: sightings less than two seconds apart are one event, and a flash under a second is none.
SELECT event, start_time, end_time, duration
FROM events(cam1)
WHERE contains('bus') GAP '2s' MINIMUM '1s';
