-- The twenty frames with the most people.
SELECT frame, seconds, objects('person') AS people
FROM cam1
WHERE objects('person') >= 1
ORDER BY people DESC, frame
LIMIT 20;
