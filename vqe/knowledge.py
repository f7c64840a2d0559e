"""What a database folder knows that planning may use: labels, measured costs, profiles."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from hashlib import blake2b

from vqe.library import Library
from vqe.logical.budget import Budget
from vqe.logical.frames import FrameSet
from vqe.logical.node import walk
from vqe.logical.plan import Detect, Difference, PacketFilter, Resolve, Scan, Specialise, Task, Thumbnails
from vqe.models import ModelInfo
from vqe.models.specialised import FAMILY
from vqe.optimizer.audits import Drawn, Lottery
from vqe.optimizer.cascades import OPTIONAL_PARTS, best, candidates
from vqe.optimizer.cost import (
    DECODE_SECONDS,
    DIFFERENCE_SECONDS,
    KEYFRAME_SECONDS,
    REFERENCE_SECONDS,
    SPECIALISED_SECONDS,
    THUMBNAIL_SECONDS,
    Costly,
    Measured,
)
from vqe.optimizer.differences import with_differences
from vqe.optimizer.situation import Candidate, Costs, Situation, Term
from vqe.physical.chance import chances
from vqe.profile import Profile, load, path_of
from vqe.video import Video

MANY = 500  # frames, for which it matters what the reference model takes
KEPT = 0.7  # of the labels that audits have bought have to be there, for the next one to go on from them


class Knowledge:
    """Answers the questions of the optimizer.

    choices  for each task that a plan was sought for, what was considered and the choice
    guessed  the tasks among them of many frames for which nobody knows what the reference model takes
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.choices: list[tuple[list[Candidate], Candidate]] = []
        self.guessed: list[Task] = []
        self._learns = True
        self._like: dict[str, str] = {}  # files → those of the same camera that something was learnt on

    def begin(self, learns: bool) -> None:
        """Another plan is made; `learns`: something may be learnt first for it."""
        self.choices, self.guessed, self._learns = [], [], learns

    def measured(self) -> Measured:
        """For the cost model."""
        return Measured(cache(self._stored), self._seconds)

    def choose(self, task: Task, budget: Budget, values: bool) -> Candidate:
        """The best way to decide a predicate within its budget."""
        situation = self.situation(task, budget, values)
        found = candidates(situation)
        found += with_differences(situation, found)
        chosen = best(found)
        self.choices.append((found, chosen))
        if situation.unknown > MANY and self.library.catalog.cost("reference", task.info.key) is None:
            self.guessed.append(task)
        return chosen

    def situation(self, task: Task, budget: Budget, values: bool, learnt: Profile | None = None) -> Situation:
        """What a choice is made from; `learnt`: in place of the profile that is kept."""
        settings = self.library.settings
        unknown = len(task.frames) - self._labelled(task.video, task.frames, task.info.key, task.confidence)
        path = path_of(self.library.folder, task)
        profile = learnt or (load(path) if unknown else None)
        if profile is not None and profile.files:
            self._like[task.video.costed_as] = profile.files[0]
        return Situation(
            task,
            budget,
            self._costs(task.info, task.video, profile.model if profile is not None else ""),
            unknown,
            profile,
            str(settings.value("plan_space")),
            settings.number("audit"),
            values,
            self._lottery(task, path.stem if profile is None else _lottery_key(profile)),
            settings.disabled_rules & set(OPTIONAL_PARTS) if self._learns else frozenset(OPTIONAL_PARTS),
            self._terms(task, path.stem) if unknown and learnt is None else (),
        )

    def _terms(self, task: Task, whole: str) -> tuple[Term, ...]:
        """The terms of a conjunction that a small model is kept for which does not mislead; `whole`: what its own
        profile is called."""
        found = []
        for predicate in task.predicate.terms:
            profile = load(path_of(self.library.folder, replace(task, predicate=predicate)))
            if profile is not None and profile.proxy is not None and not profile.misleads:
                found.append(Term(predicate, profile, self._lottery(task, f"{whole} {_lottery_key(profile)}")))
        return tuple(found)

    def model_seconds(self, key: str) -> float:
        """Of the reference model for a picture that is there."""
        return self.library.catalog.cost("reference", key) or REFERENCE_SECONDS

    def _stored(self, node: Detect) -> int:
        frames = next(n.frames for n in walk(node) if isinstance(n, Scan))
        return self._labelled(node.video, frames, node.key, node.confidence)

    def _labelled(self, video: Video, frames: FrameSet, key: str, confidence: float) -> int:
        """How many of these frames have labels."""
        stored = 0
        for file, _, numbers in video.by_file(frames.array()):
            labels = self.library.store.open(file.index.fingerprint, key, confidence)
            stored += int(labels.known(numbers).sum())
        return stored

    def _lottery(self, task: Task, key: str) -> Lottery:
        """What an audit of the task draws in, and how far it has been drawn; from the start where labels were lost.

        key: of all that says which frames are decided, and how: a profile's, or the task's where nothing else does
        """
        if not key:
            return Lottery("", ())
        seed = self.library.settings.seed
        name = f"audit {key} {seed}"
        levels = self.library.catalog.audits(name)
        frames, found = task.frames.array(), []
        for file, rows, numbers in task.video.by_file(frames):
            subject = blake2b(numbers.tobytes(), key=file.index.fingerprint.encode()[:64], digest_size=12).hexdigest()
            dropped, returned = levels.get(subject, (0.0, 0.0))
            below = numbers[chances(task.video, frames[rows], name, seed) < dropped]
            labels = self.library.store.open(file.index.fingerprint, task.info.key, task.confidence)
            if labels.known(below).sum() < KEPT * len(below):
                dropped = returned = 0.0
            found.append(Drawn(subject, len(numbers), dropped, returned))
        return Lottery(name, tuple(found))

    def _seconds(self, node: Costly) -> float:
        match node:
            case Detect():
                return self._reference_seconds(node.key, node.video)
            case Resolve():
                return self._reference_seconds(node.task.info.key, node.task.video)
            case PacketFilter():
                return self._keyframe_seconds(node.video)
            case Thumbnails(left=left, skimmed=skimmed):
                return skimmed * self._skim_seconds(node.video) + left * self._thumbnail_seconds(node.video)
            case Difference(against=against):
                return self._difference_seconds(against)
            case Specialise(model=model):
                return self._specialised_seconds(model)

    def _costs(self, info: ModelInfo, video: Video, model: str) -> Costs:
        return Costs(
            self._reference_seconds(info.key, video),
            self._thumbnail_seconds(video),
            self._specialised_seconds(model),
            self._difference_seconds("background"),
            self._difference_seconds("earlier"),
            self._keyframe_seconds(video),
            self._skim_seconds(video),
        )

    def _thumbnail_seconds(self, video: Video) -> float:
        return self._picture_seconds("thumbnail", video, THUMBNAIL_SECONDS)

    def _skim_seconds(self, video: Video) -> float:
        """Before it has been measured nothing is gained by it."""
        return self._picture_cost("skim", video) or self._thumbnail_seconds(video)

    def _keyframe_seconds(self, video: Video) -> float:
        return self._picture_seconds("keyframe", video, KEYFRAME_SECONDS)

    def _picture_seconds(self, operator: str, video: Video, guess: float) -> float:
        """As measured; else the guess, which is for 960×540, by its size."""
        return self._picture_cost(operator, video) or guess * video.width * video.height / (960 * 540)

    def _picture_cost(self, operator: str, video: Video) -> float | None:
        """As measured on the video; else on another day, which the camera will have coded alike."""
        own = video.costed_as
        cost = self.library.catalog.cost
        return cost(operator, own) or cost(operator, self._like.get(own, own))

    def _difference_seconds(self, against: str) -> float:
        return self.library.catalog.cost("difference", against) or DIFFERENCE_SECONDS

    def _specialised_seconds(self, model: str) -> float:
        """`model`: its name; "" where none has been made, of which the first is tried first."""
        return self.library.catalog.cost("specialise", model or FAMILY[0].name) or SPECIALISED_SECONDS

    def _reference_seconds(self, key: str, video: Video) -> float:
        """Of a frame, decoding included."""
        return self.model_seconds(key) + (self._picture_cost("decode", video) or DECODE_SECONDS)


def _lottery_key(profile: Profile) -> str:
    """A closer look draws by itself: that there is one follows from what was drawn before."""
    return f"{profile.key} doubted" if profile.doubted else profile.key
