-- A bus and nobody around it, in the first hour: plain conditions and the model's answers mix as you like.
SELECT min(seconds) AS first, max(seconds) AS last, count(*) AS frames
FROM cam1
WHERE seconds < 3600 AND contains('bus', min_area => 0.01) AND NOT contains(['car', 'truck']);
