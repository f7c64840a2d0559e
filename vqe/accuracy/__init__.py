"""How good an approximate answer is, by a random audit of it: exact intervals of its error rates."""

from vqe.accuracy.events import EventAccuracy, EventMatch, events_of_frames, match_events
from vqe.accuracy.frames import FrameAccuracy, Stratum, frame_accuracy
from vqe.accuracy.interval import Interval, Verdict, within

__all__ = [
    "EventAccuracy",
    "EventMatch",
    "FrameAccuracy",
    "Interval",
    "Stratum",
    "Verdict",
    "events_of_frames",
    "frame_accuracy",
    "match_events",
    "within",
]
