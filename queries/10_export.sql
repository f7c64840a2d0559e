-- All boxes into a file for other programs; the ending says which format: .parquet, .csv, .json or .arrow.
COPY (
    SELECT frame, seconds, class, confidence, x1, y1, x2, y2
    FROM detections(cam1)
) TO 'cam1.parquet';
