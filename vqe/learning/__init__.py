"""Learning a predicate on a camera: labels bought where they tell most, a small model, and how good it is.

It happens once, before the first query that it pays for; what comes of it is a `vqe.profile.Profile`.
"""

from vqe.learning.learn import learn
from vqe.learning.measure import measure

__all__ = ["learn", "measure"]
