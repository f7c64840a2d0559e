-- How many different objects, rather than boxes? Tracking follows each from frame to frame.
SELECT class, count(DISTINCT track) AS objects, max(frame) - min(frame) + 1 AS frames
FROM detections(cam1, track => true)
WHERE confidence >= 0.6
GROUP BY class
ORDER BY class;
