"""What has been learnt of a predicate on a camera: a small model, and its scores on held-out time.

A profile is one safetensors file: the model's tensors, the held-out samples, and a description as JSON. Planning reads
it with numpy alone; thresholds are chosen from it anew for every budget.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqe import packets, skims
from vqe.differences import Differences, as_arrays, from_arrays
from vqe.errors import RunError
from vqe.labels.files import explained, locked, write_atomically
from vqe.logical.plan import Learnt, Proxy, Task
from vqe.packets import Packets
from vqe.skims import Skims
from vqe.video import Video

if TYPE_CHECKING:
    from vqe.models.specialised import SpecialisedModel

VERSION = "3"
LARGEST = 4_000_000  # bytes: no profile is larger, as a rule
FORGOTTEN = ("difference.", packets.PREFIX, skims.PREFIX)  # arrays that speak of the samples by their positions
_NOT_DESCRIBED = (
    "samples",
    "population",
    "proxy",
    "differences",
    "packets",
    "skims",
    "path",
    "key",
)  # arrays, and what comes of reading them


@dataclass(frozen=True, slots=True)
class Samples:
    """Held-out frames that were drawn at random, each with its own chance.

    scores   float32 [m], of the small model, from 0 to 1: means over some frames around
    true     bool [m]
    weights  float64 [m]: how many frames of the video each stands for
    """

    scores: NDArray[np.float32]
    true: NDArray[np.bool_]
    weights: NDArray[np.float64]

    def between(self, low: float, high: float) -> NDArray[np.bool_]:
        """Which of them have such scores, both ends included: bool [m]."""
        return np.logical_and(self.scores >= low, self.scores <= high)

    def where(self, mask: NDArray[np.bool_]) -> Samples:
        return Samples(self.scores[mask], self.true[mask], self.weights[mask])

    def joined(self, other: Samples) -> Samples:
        return Samples(
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.true, other.true]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one task.

    samples      held-out frames with their truth
    population   float32 [k], rising: scores of frames drawn evenly from all that were seen
    labels       how many frames were asked to learn this; `positives`: how many of them were true
    files        fingerprints of the files learnt from
    model        name of the small model; "" where none pays. Scores are means over `smooth` frames
    reason       why none does
    differences  how frames differ, where that has been looked at
    packets      what packets tell, where they tell something
    skims        what looking at some frames only tells
    untrained    so many frames did not make the training of a model worth while; 0 where one was tried
    doubted      an audit has found a single frame that speaks against it: the next one looks more closely
    misleads     an audit of a conjunction has found that it may not go by this, of a term of it
    path, key    where it is kept, and a name of all that planning reads of it; None and "" where it is not
    """

    predicate: str
    samples: Samples
    population: NDArray[np.float32]
    labels: int
    positives: int
    files: tuple[str, ...]
    model: str
    smooth: int
    size: int
    reason: str = ""
    proxy: Proxy | None = None
    differences: Differences | None = None
    packets: Packets | None = None
    skims: Skims | None = None
    untrained: int = 0
    doubted: bool = False
    misleads: bool = False
    path: Path | None = None
    key: str = ""

    @property
    def learnt(self) -> Learnt | None:
        return None if self.path is None else Learnt(self.path, self.key)

    def learnt_on(self, video: Video) -> bool:
        """Whether it was learnt on this video, so that frames have the same numbers; files may have come since."""
        return tuple(file.index.fingerprint for file in video.files[: len(self.files)]) == self.files

    def learnt_frames(self, video: Video) -> int:
        """On how many of its frames, from the first on: what hangs on how a file is coded is known of these alone."""
        if not self.learnt_on(video):
            return 0
        return sum(file.frame_count for file in video.files[: len(self.files)])


def path_of(folder: Path, task: Task) -> Path:
    """Where a task's profile is kept: the same for every video that the camera's name stands for, over the days.

    Single frames apart from each other have their own: there are no means over their neighbours' scores.
    """
    predicate = task.predicate
    regions = [c.region.text() for c in predicate.calls if c.region is not None]
    described = [
        predicate.sql,
        predicate.alias,
        *map(str, predicate.calls),
        *regions,
        task.info.key,
        task.confidence,
        task.window,
        task.frames.consecutive,
    ]
    key = blake2b(json.dumps(described, default=str).encode(), digest_size=10).hexdigest()
    return _folder_of(folder, task.camera) / f"{key}.safetensors"


def _folder_of(folder: Path, camera: str) -> Path:
    return folder / "profiles" / blake2b(camera.encode(), digest_size=6).hexdigest()


def forget(folder: Path, camera: str) -> None:
    """Remove all that was learnt of a camera. Raises RunError where that fails."""
    kept = _folder_of(folder, camera)
    with explained("forget what was learnt", kept):
        if kept.exists():
            shutil.rmtree(kept)


def save(path: Path, profile: Profile, tensors: Mapping[str, NDArray[Any]], architecture: str) -> None:
    """Keep a profile with its model's tensors. Raises RunError where the folder cannot be written."""
    described = {k: v for k, v in asdict(profile).items() if k not in _NOT_DESCRIBED} | {"architecture": architecture}
    arrays = _arrays(profile.samples, profile.population) | {
        **(as_arrays(profile.differences) if profile.differences is not None else {}),
        **(packets.as_arrays(profile.packets) if profile.packets is not None else {}),
        **(skims.as_arrays(profile.skims) if profile.skims is not None else {}),
        **{f"model.{k}": np.ascontiguousarray(v) for k, v in tensors.items()},
    }
    _write(path, described, arrays)


def check_room(folder: Path) -> None:
    """RunError where a profile could not be kept: nobody should learn in vain."""
    probe = folder / "profiles" / f".probe-{uuid.uuid4().hex}"
    with explained("keep what would be learnt", probe.parent):
        try:
            write_atomically(probe, bytes(LARGEST))
        finally:
            with suppress(OSError):
                probe.unlink()


def revise(learnt: Learnt, samples: Samples, population: NDArray[np.float32]) -> None:
    """Put other samples and scores of all in the place of those in a profile; forget what else was told of these.

    Raises RunError where that fails, or another one has taken its place meanwhile."""
    with _changing(learnt) as (described, arrays):
        arrays = {name: array for name, array in arrays.items() if not name.startswith(FORGOTTEN)}
        _write(learnt.path, described | {"doubted": False}, arrays | _arrays(samples, population))


def note(learnt: Learnt, /, **notes: bool) -> None:
    """Note of a profile whether it is doubted, or misleads. Raises RunError as `revise` does."""
    with _changing(learnt) as (described, arrays):
        _write(learnt.path, described | notes, arrays)


@contextmanager
def _changing(learnt: Learnt) -> Iterator[tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    """What is kept, while nobody else changes it."""
    with explained("keep what was learnt", learnt.path.parent), locked(learnt.path.parents[1] / ".lock"):
        described, arrays = _kept(learnt.path)
        if _key(learnt.path, arrays) != learnt.key:
            raise _replaced(learnt.path)
        yield described, arrays


def _kept(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    opened = _opened(path)
    if opened is None:
        raise _gone(path)
    return opened


def _write(path: Path, described: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    from vqe.models.specialised.files import write_tensors

    metadata = {"vqe": VERSION, "profile": json.dumps(described)}
    with explained("keep what was learnt", path.parent):
        write_tensors(path, arrays, metadata)


def _arrays(samples: Samples, population: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    return {
        "profile.scores": samples.scores,
        "profile.true": samples.true.astype(np.uint8),
        "profile.weights": samples.weights,
        "profile.population": population,
    }


def load(path: Path) -> Profile | None:
    """The profile kept at `path`; None where there is none that can be read: it is then learnt anew."""
    try:
        status = path.stat()
    except OSError:
        return None
    return _load(path, status.st_mtime_ns)


@lru_cache(maxsize=32)
def _load(path: Path, _changed: int) -> Profile | None:
    opened = _opened(path)
    if opened is None:
        return None
    described, arrays = opened
    described.pop("architecture")
    samples = Samples(arrays["profile.scores"], arrays["profile.true"].astype(np.bool_), arrays["profile.weights"])
    files = tuple(described.pop("files"))
    proxy = Proxy(path, described["model"], _digest(path, arrays, "model.")) if described["model"] else None
    return Profile(
        samples=samples,
        population=arrays["profile.population"],
        files=files,
        proxy=proxy,
        differences=from_arrays(arrays),
        packets=packets.from_arrays(arrays),
        skims=skims.from_arrays(arrays),
        path=path,
        key=_key(path, arrays),
        **described,
    )


def _key(path: Path, arrays: Mapping[str, NDArray[Any]]) -> str:
    """Another one whenever other thresholds may come of the samples."""
    return _digest(path, arrays, "profile.", *FORGOTTEN)


def _digest(path: Path, arrays: Mapping[str, NDArray[Any]], *prefixes: str) -> str:
    digest = blake2b(path.stem.encode(), digest_size=10)
    for name in sorted(name for name in arrays if name.startswith(prefixes)):
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def load_model(proxy: Proxy, lone: bool = False) -> SpecialisedModel:
    """The small model of a profile, ready to run (on one core). RunError where it cannot be read, has gone, or another
    one, to which other thresholds belong, has taken its place."""
    from vqe.models.specialised import Architecture, SpecialisedModel

    described, arrays = _kept(proxy.path)
    if _digest(proxy.path, arrays, "model.") != proxy.key:
        raise _replaced(proxy.path)
    tensors = {k.removeprefix("model."): v for k, v in arrays.items() if k.startswith("model.")}
    try:
        return SpecialisedModel.from_tensors(Architecture.from_text(str(described["architecture"])), tensors, lone)
    except (KeyError, ValueError) as fault:
        hint = "remove the file: it is made anew then"
        raise RunError(f"cannot read the small model {proxy.path}: {fault}", hint=hint) from fault


def _replaced(path: Path) -> RunError:
    return RunError(f"something else has been learnt meanwhile: {path}", hint="run the query again")


def _gone(path: Path) -> RunError:
    return RunError(f"what was learnt has gone: {path}", hint="run the query again: it is learnt anew")


def _opened(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
    from vqe.models.specialised.files import read_tensors

    try:
        arrays, metadata = read_tensors(path)
        return (json.loads(metadata["profile"]), arrays) if metadata.get("vqe") == VERSION else None
    except (RunError, KeyError, ValueError):
        return None
