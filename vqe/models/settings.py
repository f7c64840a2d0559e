"""What decides a model's answer beside its weights; labels made under other settings are other labels."""

IOU = 0.7  # ultralytics' own default: of two boxes of a class that overlap more, the lower score goes
MOST_BOXES = 300
YOLO_SETTINGS = f"ultralytics iou={IOU} max_det={MOST_BOXES} revision=1"

SSD_IOU = 0.6  # as in the graph's own post-processing, and the 100
SSD_MOST_BOXES = 100
SSD_SETTINGS = f"ssd iou={SSD_IOU} max_det={SSD_MOST_BOXES} revision=1"
