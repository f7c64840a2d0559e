"""Models that ultralytics runs: the same answers as its own, without its noise."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vqe.errors import RunError, VqeWarning
from vqe.models import ReferenceModel, describe, export, known_models, load
from vqe.models.quiet import yolo_class

# In the child: nothing may look up a host, open a connection or install a package. (Programs that tell of the machine,
# such as ldconfig, are started by the frameworks.)
GUARD = """
import pathlib, sys

def watch(event, arguments):
    network = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto")
    if network or event == "subprocess.Popen" and "pip" in repr(arguments[:2]):
        guilty.append((event, arguments[:2]))

guilty = []
import vqe.models as models
sys.addaudithook(watch)
"""


@pytest.fixture(scope="module")
def model(weights: Path, home: Path) -> ReferenceModel:
    return load(describe(str(weights), home), home)


def plain(weights: Path, home: Path, picture: NDArray[np.uint8], confidence: float) -> NDArray[np.float32]:
    result = yolo_class(home)(str(weights)).predict(picture, conf=confidence, verbose=False, device="cpu")[0]
    return np.asarray(result.boxes.data.cpu().numpy())


def test_weights_are_known_after_their_first_load(weights: Path, home: Path, child: Any) -> None:
    info = describe(str(weights), home)
    assert (info.name, info.path, info.masks, info.classes[5]) == ("untrained", weights, False, "5")
    assert info in known_models(home)
    done = child(
        "import pathlib, sys, vqe.models as models\n"
        f"models.describe({str(weights)!r}, pathlib.Path({str(home)!r}))\n"
        "assert not {'torch', 'ultralytics'} & set(sys.modules)"
    )
    assert done.returncode == 0, done.stderr


def test_exported_weights_say_what_torch_says(
    model: ReferenceModel, weights: Path, home: Path, bus: NDArray[np.uint8]
) -> None:
    wide = np.ascontiguousarray(bus[200:600])
    for picture in (bus, wide):
        wanted = plain(weights, home, picture, 0.3)
        (found,) = model.detect([picture], 0.3)
        assert 0 < len(wanted) < 300
        assert len(found) == len(wanted)
        assert (np.diff(found.scores) <= 0).all()
        np.testing.assert_allclose(found.scores, np.sort(wanted[:, 4])[::-1], atol=1e-3)
        # Boxes of almost the same score may change places: each must have its like.
        distance = np.abs(found.boxes[:, None] - wanted[None, :, :4]).max(axis=2)
        distance[found.classes[:, None] != wanted[None, :, 5]] = np.inf
        assert distance.min(axis=1).max() < 0.5


def test_several_pictures_of_several_sizes(model: ReferenceModel, bus: NDArray[np.uint8]) -> None:
    pictures = [bus, np.ascontiguousarray(bus[:500]), np.zeros((30, 40, 3), np.uint8)]
    together = model.detect(pictures, 0.3)
    for picture, found in zip(pictures, together, strict=True):
        (alone,) = model.detect([picture], 0.3)
        np.testing.assert_array_equal(found.boxes, alone.boxes)


def test_the_export_lies_in_our_folder_only(model: ReferenceModel, weights: Path, home: Path) -> None:
    assert list(weights.parent.iterdir()) == [weights]
    (kept,) = (home / "exported").glob("*_openvino_model")
    assert model.info.key in kept.name
    assert not list((home / "exported").glob(".tmp-*"))


def test_it_keeps_to_itself(tmp_path: Path, weights: Path) -> None:
    """Describing, exporting, loading and running: no output, no network, no programs, no changed settings."""
    code = (
        GUARD + "import cv2, numpy, os, torch\n"
        "before = torch.get_num_threads(), cv2.getNumThreads(), numpy.get_printoptions()\n"
        f"home = pathlib.Path({str(tmp_path / 'kept')!r})\n"
        f"model = models.load(models.describe({str(weights)!r}, home), home)\n"
        "model.detect([numpy.zeros((90, 160, 3), numpy.uint8)], 0.3)\n"
        "assert before == (torch.get_num_threads(), cv2.getNumThreads(), numpy.get_printoptions())\n"
        "assert 'OMP_NUM_THREADS' not in os.environ\n"
        "assert not guilty, guilty\n"
        "assert 'openvino_telemetry' not in sys.modules\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "user")}
    (tmp_path / "user").mkdir()
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "work", env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list((tmp_path / "user").rglob("*"))
    assert not list((tmp_path / "work").rglob("*"))


def test_what_cannot_be_exported_runs_in_torch(
    tmp_path: Path, weights: Path, bus: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no such operator\nand a long trace")

    monkeypatch.setattr(export, "_export_weights", fail)
    with pytest.warns(VqeWarning, match=r"'untrained' runs in torch: it cannot be exported \(no such operator\)"):
        model = load(describe(str(weights), tmp_path), tmp_path)
    (found,) = model.detect([bus], 0.3)
    np.testing.assert_allclose(found.scores, np.sort(plain(weights, tmp_path, bus, 0.3)[:, 4])[::-1], atol=1e-4)
    assert list((tmp_path / "exported").iterdir()) == [tmp_path / "exported" / ".lock"]


def test_a_full_disk_is_said_to_be_one(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "_export_weights", fail)
    with pytest.raises(RunError, match=r"cannot keep the exported model in .*: no space left on device") as caught:
        load(describe(str(weights), tmp_path), tmp_path)
    assert caught.value.hint == "free some space there"


def test_weights_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "broken.pt").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(RunError, match="cannot read the model"):
        describe(str(tmp_path / "broken.pt"), tmp_path / "home")


@pytest.mark.usefixtures("model")
def test_an_openvino_folder_that_is_none(tmp_path: Path, home: Path) -> None:
    (kept,) = (home / "exported").glob("*_openvino_model")
    broken = tmp_path / "broken_openvino_model"
    shutil.copytree(kept, broken)
    for description in broken.glob("*.xml"):
        description.write_text("<net")
    with pytest.raises(RunError, match="cannot load the model 'broken' from"):
        load(describe(str(broken), tmp_path), tmp_path)


@pytest.mark.slow
def test_two_processes_export_once(tmp_path: Path, weights: Path) -> None:
    code = (
        "import numpy, pathlib, vqe.models as models\n"
        f"home = pathlib.Path({str(tmp_path / 'kept')!r})\n"
        f"model = models.load(models.describe({str(weights)!r}, home), home)\n"
        "print(len(model.detect([numpy.zeros((90, 160, 3), numpy.uint8)], 0.01)[0]))"
    )
    others = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [other.communicate()[0] for other in others]
    assert [other.returncode for other in others] == [0, 0, 0]
    assert len(set(said)) == 1
    assert len(list((tmp_path / "kept" / "exported").glob("*_openvino_model"))) == 1
