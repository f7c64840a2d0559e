-- The queries by which the language is described, each as a user would write it.

CREATE OR REPLACE VIDEO cam1 FROM 'gate.mp4';
CREATE VIDEO IF NOT EXISTS cam1 FROM 'gate.mp4';
CREATE VIDEO a13 FROM 'a13/*.mp4' WITH (start = 'filename', pattern = '%Y%m%d%H%M');  -- many files, one camera
CREATE VIDEO yard FROM 'yard.mkv' WITH (start = '2026-11-23 08:00:00', model = 'yolo11n.pt');
DROP VIDEO IF EXISTS cam1;    SHOW VIDEOS;    DESCRIBE cam1;
CREATE REGION gate ON cam1 AS BOX(0.10, 0.55, 0.40, 1.00);
CREATE REGION lane ON cam1 AS POLYGON((0.1, 0.2), (0.9, 0.2), (0.5, 1.0));
DROP REGION gate ON cam1;       SHOW REGIONS;
SET fnr = 0.02;  RESET fnr;  SHOW SETTINGS;  SHOW MODELS;

FROM 'gate.mp4';
FROM 'a13/*.mp4';
FROM frames('odd.name');
SELECT * FROM detections(cam1, track => true, mask => true);
FROM videos();
SELECT contains('bus'), contains(['bus', 'truck']), objects('car'), objects() FROM cam1;
FROM cam1 WHERE contains('person', region => 'gate') OR objects('car', region => BOX(0.1, 0.2, 0.5, 0.9)) > 2;
FROM cam1 a WHERE contains(a, 'bus', confidence => 0.6) AND contains('bus', min_area => 0.01);

SELECT timestamp FROM cam1 WHERE contains('bus');
SELECT frame, seconds, objects('car') AS cars FROM 'gate.mp4' WHERE objects('car') >= 3 ORDER BY cars DESC LIMIT 20;
SELECT start_time, end_time, duration FROM events(cam1) WHERE contains('person', region => 'gate') GAP '2s' MINIMUM '1s';
SELECT * FROM events(cam1 WHERE contains('bus') GAP '2s') WHERE duration > INTERVAL 5 SECOND;
SELECT class, count(*) FROM detections(cam1) WHERE confidence > 0.6 GROUP BY class;
SELECT date_trunc('hour', timestamp) AS hour, avg(objects('car')) FROM a13 GROUP BY hour ORDER BY hour;
SELECT b.timestamp FROM cam1 a JOIN cam2 b ON b.timestamp BETWEEN a.timestamp AND a.timestamp + INTERVAL 30 SECOND
 WHERE contains(a, 'bus') AND contains(b, 'bus');
SELECT * FROM (SELECT seconds, objects('car') AS n FROM cam1) WHERE n > 2;
WITH busy AS (SELECT frame FROM cam1 WHERE objects('car') > 5) SELECT count(*) FROM busy;
FROM cam1 WHERE contains('bus') STABLE '1s';
SELECT count(*) FROM events(cam1) GAP 25 MINIMUM INTERVAL 2 SECOND STABLE '500ms' GROUP BY file;

SELECT frame FROM cam1 WHERE contains('bus') EXACT;
SELECT frame FROM cam1 WHERE contains('bus') FNR WITHIN 1% FPR WITHIN 1% AT CONFIDENCE 95%;
FROM events(cam1) WHERE contains('bus') GAP '2s' FNR WITHIN 5% FDR WITHIN 5% AT CONFIDENCE 95%;
SELECT frame FROM cam1 WHERE contains('bus') RECALL TARGET 95% AT CONFIDENCE 95% ORACLE LIMIT 1000;
SELECT frame FROM cam1 WHERE contains('bus') PRECISION TARGET 0.9;
SELECT avg(objects('car')) FROM cam1 ERROR WITHIN 0.1 AT CONFIDENCE 95%;
SELECT avg(objects('car')) FROM cam1 ERROR WITHIN 5% AT CONFIDENCE 95%;
SELECT frame FROM cam1 WHERE contains('bus') LIMIT 10 GAP '10s';
SELECT frame FROM cam1 WHERE contains('bus') USING MODEL 'yolo11x.pt';
SELECT frame FROM cam1 LIMIT 10%;

EXPLAIN SELECT frame FROM cam1;
EXPLAIN ANALYZE SELECT frame FROM cam1 WHERE contains('bus') FNR WITHIN 1%;
EXPLAIN VERBOSE FROM cam1;
CREATE OR REPLACE TABLE t AS SELECT frame FROM cam1 EXACT;   DROP TABLE t;   SHOW TABLES;
COPY (SELECT frame FROM cam1 WHERE contains('bus') FNR WITHIN 1%) TO 'out.parquet';
INSERT INTO t SELECT frame FROM cam1 FNR WITHIN 1%;
DESCRIBE SELECT frame FROM cam1;
SUMMARIZE cam1;
