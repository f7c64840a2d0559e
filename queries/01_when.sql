-- When is there a bus? One row a frame, in the order of the recording.
SELECT frame, timestamp
FROM cam1
WHERE contains('bus');
