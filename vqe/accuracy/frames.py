"""The error rates of an answer that says which frames satisfy a predicate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vqe.accuracy.counts import Count, part, share
from vqe.accuracy.interval import Interval


@dataclass(frozen=True, slots=True)
class Stratum:
    """Frames that evidence other than the reference model decided in one way, and what is known of their truth.

    returned             decided true
    size                 frames so decided
    sampled              of these, drawn at random for the audit, every frame with the same chance
    sampled_true         of the sampled, those that are true
    known, known_true    as these two, of all frames whose truth is known from whatever source, the audit included

    Known frames are answered as they truly are: what is wrong is among the others. Intervals are narrowest, and exact
    to the letter, when frames that were known before the audit make strata of their own (with sampled 0).
    Strata that were drawn at one rate and decided the same way are better added up. What the audit found must have had
    no part in deciding, be it in the choice of a threshold.
    """

    returned: bool
    size: int
    sampled: int
    sampled_true: int
    known: int
    known_true: int

    def __post_init__(self) -> None:
        true_fits = 0 <= self.sampled_true <= self.sampled and 0 <= self.known_true <= self.known
        false_fits = self.sampled - self.sampled_true <= self.known - self.known_true
        if not (true_fits and false_fits and self.sampled_true <= self.known_true and self.known <= self.size):
            raise ValueError(
                f"sampled frames are some of the known, and those of all; true ones are some of each: {self}"
            )

    def true(self) -> Count:
        """How many of its frames are true."""
        certain = self.known_true
        return Count(self.size, self.sampled, self.sampled_true, certain, certain + self.size - self.known)

    def false(self) -> Count:
        """How many are false."""
        certain = self.known - self.known_true
        return Count(
            self.size, self.sampled, self.sampled - self.sampled_true, certain, certain + self.size - self.known
        )


@dataclass(frozen=True, slots=True)
class FrameAccuracy:
    """Each interval holds with the confidence that was asked for; all of them together may hold with less.

    fnr        true frames that are not returned, of all true frames
    fpr        false frames that are returned, of all false frames
    fdr        false frames that are returned, of all that are returned
    precision  1 less fdr
    wrong      frames of either kind, of all

    A rate of no frames at all is 0.
    """

    fnr: Interval
    fpr: Interval
    fdr: Interval
    precision: Interval
    wrong: Interval


def frame_accuracy(
    strata: Sequence[Stratum], asked_true: int, asked_false: int, confidence: float = 0.95
) -> FrameAccuracy:
    """The rates of the answer in which every known frame is put right.

    asked_true, asked_false: frames in no stratum, because the reference model itself decided them.
    Estimates take unsampled frames as their stratum's sample has them. There is none for a rate whose errors lie in a
    stratum without a sample, nor for one of true (false) frames of which none was seen.
    Raises ValueError for negative numbers and a confidence outside 0.5 to 1.
    """
    if asked_true < 0 or asked_false < 0:
        raise ValueError(f"numbers of frames are not negative: {asked_true}, {asked_false}")
    dropped = [s for s in strata if not s.returned]
    returned = [s for s in strata if s.returned]
    found = sum(s.known_true for s in dropped)
    refuted = sum(s.known - s.known_true for s in returned)
    false = [s.false() for s in returned]
    answer = asked_true + found + sum(s.size for s in returned) - refuted
    fdr = part(false, refuted, answer, confidence)
    missed = [s.true() for s in dropped]
    every = asked_true + asked_false + sum(s.size for s in strata)
    return FrameAccuracy(
        fnr=share(missed, [s.true() for s in returned], found, asked_true + found, confidence),
        fpr=share(false, [s.false() for s in dropped], refuted, asked_false + refuted, confidence),
        fdr=fdr,
        precision=fdr.complement(),
        wrong=part([*missed, *false], found + refuted, every, confidence),
    )
