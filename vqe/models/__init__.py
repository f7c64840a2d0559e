"""Reference models: what is in a picture, by definition. The only folder that uses torch, ultralytics and openvino.

Planning calls `describe` (milliseconds, no framework), running calls `load`; tracking is in `tracking.py`.
"""

from vqe.models.describe import default_model, describe, known_models
from vqe.models.load import load
from vqe.models.model import Detected, ModelInfo, ReferenceModel

__all__ = ["Detected", "ModelInfo", "ReferenceModel", "default_model", "describe", "known_models", "load"]
