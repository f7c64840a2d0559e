"""Which frames a query returns."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import vqe
from vqe.report import Report

Answer = tuple[NDArray[np.bool_], tuple[Report, ...]]


def returned(db: vqe.Connection, query: str, total: int) -> Answer:
    """bool [total], by the column `frame`, and what is said of that."""
    relation = db.sql(query)
    assert relation is not None
    found = np.zeros(total, np.bool_)
    found[relation.arrow()["frame"].to_numpy()] = True
    return found, relation.accuracy


def streamed_beyond_budget(db: vqe.Connection, query: str, total: int) -> Answer:
    """The same of a stream, which cannot be taken back: it has to be said that a budget is broken."""
    relation = db.sql(query)
    assert relation is not None
    found = np.zeros(total, np.bool_)
    with pytest.warns(vqe.VqeWarning, match="above its budget"), relation.batches() as stream:
        for batch in stream:
            found[batch["frame"].to_numpy()] = True
    return found, relation.accuracy
