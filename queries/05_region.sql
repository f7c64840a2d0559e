-- Who is at the gate? A region is given in fractions of width and height (x1, y1, x2, y2) and kept with the video.
CREATE OR REPLACE REGION gate ON cam1 AS BOX(0.0, 0.3, 0.5, 1.0);

SELECT event, start_time, end_time, duration
FROM events(cam1)
WHERE contains('person', region => 'gate') GAP '2s';
