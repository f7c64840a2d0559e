-- What does the camera see at all, and how sure is the model of it?
SELECT class, count(*) AS boxes, count(DISTINCT frame) AS frames, round(avg(confidence), 2) AS confidence
FROM detections(cam1)
WHERE confidence >= 0.6
GROUP BY class
ORDER BY boxes DESC, class;
