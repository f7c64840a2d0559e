"""Scores of a small model are means over the frames around, by frame number."""

from __future__ import annotations

import numpy as np

from vqe.physical.specialise import smoothed


def test_means_reach_as_far_as_frame_numbers_do() -> None:
    frames = np.array([0, 1, 2, 3, 100, 101])
    scores = np.array([0, 1, 0, 1, 0.5, 0.7], np.float32)
    found = smoothed(scores, frames, 1)
    assert np.allclose(found, [1 / 2, 1 / 3, 2 / 3, 1 / 2, 0.6, 0.6])


def test_every_third_frame_means_over_the_same_time() -> None:
    """Learning sees every third frame, execution all: what changes slowly has the same means."""
    frames = np.arange(600)
    scores = (0.5 + 0.4 * np.sin(frames / 40)).astype(np.float32)
    every, third = smoothed(scores, frames, 6), smoothed(scores[::3], frames[::3], 6)
    assert np.abs(every[::3][3:-3] - third[3:-3]).max() < 0.01


def test_no_reach_changes_nothing() -> None:
    scores = np.array([0.1, 0.9], np.float32)
    assert smoothed(scores, np.arange(2), 0) is scores
