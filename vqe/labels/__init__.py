"""What the reference model said of frames, and the store that keeps it for later queries."""

from vqe.labels.labels import Labels, concatenate
from vqe.labels.store import FileLabels, LabelStore

__all__ = ["FileLabels", "LabelStore", "Labels", "concatenate"]
