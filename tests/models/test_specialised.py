"""Specialised models trained on made thumbnails: a bright square enters a textured, noisy scene whose light drifts."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.errors import RunError
from vqe.models.specialised import FAMILY, Architecture, SpecialisedModel, train
from vqe.models.specialised.files import read_tensors, write_tensors

SMALL = Architecture(size=24, widths=(8, 16), hidden=16)
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def footage(n: int = 400, side: int = 24, seed: int = 0, drift: float = 25.0) -> tuple[Bytes, Bytes, Floats]:
    """Thumbnails, the background of all, and whether the square is there: in runs of some twenty frames."""
    rng = np.random.default_rng(seed)
    scale = side // 24
    background = np.random.default_rng(99).uniform(50, 150, (24, 24)).repeat(scale, 0).repeat(scale, 1)
    pictures = background + rng.normal(0, 3, (n, side, side))
    there = (np.arange(n) // 20) % 4 == 1
    for i in np.flatnonzero(there):
        y, x = rng.integers(2, 18, 2) * scale
        pictures[i, y : y + 4 * scale, x : x + 4 * scale] += 60
    pictures += drift * np.sin(np.arange(n) / n * 6)[:, None, None]
    return _bytes(pictures), _bytes(background[None]), there.astype(np.float32)


def _bytes(pictures: NDArray[np.float64]) -> Bytes:
    return pictures.round().clip(0, 255).astype(np.uint8)


def learnt(
    architecture: Architecture = SMALL, seed: int = 1, start: SpecialisedModel | None = None, n: int = 400
) -> SpecialisedModel:
    thumbnails, background, there = footage(n, architecture.size)
    return train(architecture, thumbnails, background, there, seed=seed, start=start)


def auc(model: SpecialisedModel, side: int, drift: float = 25.0) -> float:
    """On frames it has not seen."""
    thumbnails, background, there = footage(200, side, 7, drift)
    scores, true = model.scores(thumbnails, background), there > 0
    return float((scores[true][:, None] > scores[~true][None]).mean())


@pytest.fixture(scope="module")
def model() -> SpecialisedModel:
    return learnt()


def test_learns(model: SpecialisedModel) -> None:
    assert auc(model, 24) > 0.99


def test_scores_are_logits(model: SpecialisedModel) -> None:
    thumbnails, background, there = footage(200, seed=7)
    scores = model.scores(thumbnails, background)
    assert (scores.shape, scores.dtype) == ((200,), np.float32)
    assert ((scores > 0) == (there > 0)).mean() > 0.95


def test_light_is_not_seen(model: SpecialisedModel) -> None:
    assert auc(model, 24, drift=60) > 0.98
    thumbnails, background, _ = footage(50, drift=0)
    brighter = thumbnails + np.uint8(20)
    np.testing.assert_allclose(model.scores(brighter, background), model.scores(thumbnails, background), atol=0.01)


@pytest.mark.parametrize("architecture", [*FAMILY, Architecture(48, (8,), 8, (0.1, 0.25, 0.6, 1.0), False)])
def test_openvino_says_what_torch_says(architecture: Architecture) -> None:
    from vqe.models.specialised.graph import OpenvinoRunner
    from vqe.models.specialised.network import TorchRunner

    tensors = _random_tensors(architecture)
    thumbnails, background, _ = footage(70, 96)
    backgrounds = np.repeat(background, 70, 0)
    found = OpenvinoRunner(architecture, tensors, 96)(thumbnails, backgrounds)
    expected = TorchRunner(architecture, tensors, "cpu")(thumbnails, backgrounds)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def _random_tensors(architecture: Architecture) -> dict[str, Floats]:
    rng = np.random.default_rng(5)
    shapes = architecture.shapes().items()
    return {
        name: (rng.uniform(0.5, 2, shape) if name.startswith("norm") else rng.normal(0, 0.1, shape)).astype(np.float32)
        for name, shape in shapes
    }


def test_scores_do_not_depend_on_the_batch(model: SpecialisedModel) -> None:
    thumbnails, background, _ = footage(150)
    together = model.scores(thumbnails, background)
    alone = [model.scores(thumbnails[i : i + 1], background)[0] for i in (0, 63, 64, 149)]
    np.testing.assert_array_equal(alone, together[[0, 63, 64, 149]])
    np.testing.assert_array_equal(model.scores(thumbnails[100:], background), together[100:])


def test_larger_thumbnails_are_averaged_down(model: SpecialisedModel) -> None:
    thumbnails, background, _ = footage(70)
    large, large_background = (a.repeat(2, 1).repeat(2, 2) for a in (thumbnails, background))
    np.testing.assert_allclose(model.scores(large, large_background), model.scores(thumbnails, background), atol=1e-3)


def test_outside_the_crop_nothing_is_seen() -> None:
    architecture = Architecture(24, (8,), 8, (0.25, 0.0, 1.0, 0.5))
    assert architecture.window == (6, 0, 24, 12)
    model = SpecialisedModel.from_tensors(architecture, _random_tensors(architecture))
    thumbnails, background, _ = footage(70)
    elsewhere = thumbnails.copy()
    elsewhere[:, :, :6] = elsewhere[:, 12:] = 200
    np.testing.assert_array_equal(model.scores(elsewhere, background), model.scores(thumbnails, background))


def test_no_frames_no_scores(model: SpecialisedModel) -> None:
    nothing = np.zeros((0, 24, 24), np.uint8)
    assert model.scores(nothing, nothing).shape == (0,)


def test_the_same_seed_gives_the_same_network() -> None:
    once, again, other = (learnt(n=80, seed=seed) for seed in (1, 1, 2))
    for name, tensor in once.tensors().items():
        np.testing.assert_array_equal(tensor, again.tensors()[name])
    assert (other.tensors()["conv0.weight"] != once.tensors()["conv0.weight"]).any()


def test_torch_is_left_as_it_was() -> None:
    import torch

    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        learnt(n=80)
        assert torch.get_num_threads() == 3
        assert torch.equal(torch.random.get_rng_state(), before)
    finally:
        torch.set_num_threads(threads)


def test_goes_on_from_a_network(model: SpecialisedModel) -> None:
    assert auc(learnt(start=model, n=120), 24) > 0.99
    with pytest.raises(ValueError, match="another architecture"):
        learnt(dataclasses.replace(SMALL, hidden=8), start=model)


def test_rare_ones_weigh_as_much() -> None:
    from vqe.models.specialised.training import balance

    targets = np.zeros(1000, np.float32)
    targets[:50] = 0.9
    weights = balance(targets)
    assert weights[:50].sum() == pytest.approx(weights[50:].sum(), rel=1e-4)
    assert weights.mean() == pytest.approx(1, rel=1e-4) and len(np.unique(weights)) == 2
    targets[5:50] = 0
    capped = balance(targets)
    assert capped[0] == pytest.approx(20)


def test_whole_blocks_are_held_back() -> None:
    from vqe.models.specialised.training import held_back

    targets = (np.arange(2000) % 500 < 60).astype(np.float32)
    held = held_back(targets)
    assert 0.04 < held.mean() < 0.1
    assert 0.04 < held[targets > 0].mean() < 0.1
    assert (np.diff(held.astype(int)) == 1).sum() < 20
    assert not held_back(np.arange(30) % 2 * np.float32(1)).any()


def test_is_kept_as_tensors(model: SpecialisedModel, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "bus.safetensors"
    write_tensors(path, model.tensors(), {"architecture": SMALL.to_text()})
    tensors, metadata = read_tensors(path)
    loaded = SpecialisedModel.from_tensors(Architecture.from_text(metadata["architecture"]), tensors)
    assert loaded.architecture == SMALL
    thumbnails, background, _ = footage(70)
    np.testing.assert_array_equal(loaded.scores(thumbnails, background), model.scores(thumbnails, background))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "text", "header", "folder"])
def test_damaged_files(model: SpecialisedModel, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "bus.safetensors"
    write_tensors(path, model.tensors(), {})
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes(
            {"empty": b"", "cut": content[:-100], "text": b"not a model" * 9, "header": b"\xff" * 8 + content}[damage]
        )
    with pytest.raises(RunError, match=r"cannot read the specialised model .*bus\.safetensors"):
        read_tensors(path)


def test_bad_tensors(model: SpecialisedModel) -> None:
    tensors = model.tensors()
    with pytest.raises(ValueError, match=r"'conv0\.weight' is missing"):
        SpecialisedModel.from_tensors(SMALL, {})
    others = tensors | {"extra": np.zeros(1, np.float32)}
    assert SpecialisedModel.from_tensors(SMALL, others).tensors().keys() == tensors.keys()
    for bad in (np.zeros((1, 8), np.float32), np.zeros((1, 16)), np.full((1, 16), np.nan, np.float32)):
        with pytest.raises(ValueError, match=r"logit\.weight"):
            SpecialisedModel.from_tensors(SMALL, tensors | {"logit.weight": bad})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"size": 0}', SMALL.to_text().replace("24", "-1"), SMALL.to_text()[:-1]]
)
def test_bad_architectures(text: str) -> None:
    with pytest.raises(ValueError, match="no architecture"):
        Architecture.from_text(text)


@pytest.mark.parametrize("there", [np.zeros(50, np.float32), np.ones(50, np.float32), np.zeros(0, np.float32)])
def test_one_kind_alone_teaches_nothing(there: Floats) -> None:
    thumbnails, background, _ = footage(50)
    with pytest.raises(ValueError, match="learns from both kinds only"):
        train(SMALL, thumbnails[: len(there)], background, there, seed=0)


def test_a_few_examples_do() -> None:
    thumbnails, background, _ = footage(3)
    model = train(SMALL, thumbnails, background, np.array([0, 1, 0], np.float32), seed=0)
    scores = model.scores(thumbnails, background)
    assert np.isfinite(scores).all()
    assert np.allclose(model.probabilities(thumbnails, background), 1 / (1 + np.exp(-scores)))


def test_hardly_enough_to_hold_some_back() -> None:
    tiny = Architecture(size=12, widths=(1,), hidden=1)
    thumbnails, background, _ = footage(56)
    there = (np.arange(56) % 7 == 3).astype(np.float32)
    model = train(tiny, thumbnails, background, there, seed=1)
    assert np.isfinite(model.scores(thumbnails, background)).all()


def test_wrong_examples() -> None:
    thumbnails, background, there = footage(50)
    for targets, what in (
        (there[:49], "as many targets"),
        (there * 2, "between 0 and 1"),
        (there * np.float32(np.nan), "between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=what):
            train(SMALL, thumbnails, background, targets, seed=0)


def test_wrong_thumbnails(model: SpecialisedModel) -> None:
    thumbnails, background, _ = footage(4)
    for given, beside, what in (
        (thumbnails[:, :20], background, "thumbnails are"),
        (thumbnails.astype(np.float32), background, "thumbnails are"),
        (thumbnails, np.repeat(background, 3, 0), "backgrounds are"),
        (thumbnails[:, :20, :20], background[:, :20, :20], "do not suit"),
    ):
        with pytest.raises(ValueError, match=what):
            model.scores(given, beside)  # type: ignore[arg-type]


def test_the_family_goes_from_cheap_to_dear() -> None:
    costs = [architecture.products for architecture in FAMILY]
    assert costs == sorted(costs)
    assert len(set(FAMILY)) == len(FAMILY)


def test_planning_loads_no_framework(child: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    done = child(
        "import sys, vqe.models.difference, vqe.models.specialised\n"
        "print(sorted({'torch', 'openvino', 'ultralytics', 'cv2'} & set(sys.modules)))"
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_a_kept_model_runs_without_torch(
    model: SpecialisedModel, tmp_path: Path, child: Callable[[str], subprocess.CompletedProcess[str]]
) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("on CUDA it is torch that runs it")
    path = tmp_path / "bus.safetensors"
    write_tensors(path, model.tensors(), {"architecture": SMALL.to_text()})
    done = child(
        f"import sys, pathlib, numpy as np\n"
        f"from vqe.models.specialised import Architecture, SpecialisedModel\n"
        f"from vqe.models.specialised.files import read_tensors\n"
        f"tensors, metadata = read_tensors(pathlib.Path({str(path)!r}))\n"
        f"model = SpecialisedModel.from_tensors(Architecture.from_text(metadata['architecture']), tensors)\n"
        f"picture = np.zeros((1, 24, 24), np.uint8)\n"
        f"print(model.scores(picture, picture).shape, 'torch' in sys.modules)"
    )
    assert (done.returncode, done.stdout.strip()) == (0, "(1,) False"), done.stderr
