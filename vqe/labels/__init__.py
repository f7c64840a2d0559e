"""What the reference model said of frames, and the store that keeps it for later queries."""

from vqe.labels.labels import Labels, Masks, concatenate
from vqe.labels.store import FileLabels, LabelStore

__all__ = ["FileLabels", "LabelStore", "Labels", "Masks", "concatenate"]
