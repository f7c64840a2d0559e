"""Specialised models: small networks that say of one camera's thumbnails what the reference model would say.

NoScope (Kang et al., VLDB 2017, section 5) and distillation (Hinton et al., 2015). Importing this needs numpy only.
"""

from vqe.models.specialised.architecture import FAMILY, WHOLE, Architecture, Crop
from vqe.models.specialised.model import SpecialisedModel, train

__all__ = ["FAMILY", "WHOLE", "Architecture", "Crop", "SpecialisedModel", "train"]
