"""Arguments and files: what works, and what is refused with a word rather than a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
BUSES = "SELECT frame FROM cam1 WHERE contains('bus') LIMIT 3"


def test_command_prints_a_table(vqe: Callable) -> None:
    done = vqe("-c", "SELECT 40 + 2 AS answer")
    assert (done.status, done.err) == (0, "")
    assert "42" in done.out
    assert "answer" in done.out


def test_every_result_of_a_script_is_shown_before_the_next_statement(vqe: Callable) -> None:
    done = vqe("-c", "CREATE TABLE t AS SELECT 17 AS a; FROM t; DROP TABLE t; SELECT 18 AS b")
    assert done.status == 0, done.err
    assert done.out.index("17") < done.out.index("18")


def test_script_on_standard_input(vqe: Callable) -> None:
    assert "42" in vqe(stdin=b"SELECT 41 + 1;").out
    assert "42" in vqe("run", "-", stdin=b"\xef\xbb\xbfSELECT 41 + 1;").out


def test_no_statement_is_no_fault(vqe: Callable) -> None:
    for text in ("", " ; ", "-- nothing"):
        assert (vqe("-c", text).status, vqe(stdin=text.encode()).status) == (0, 0)


def test_run_takes_options_on_either_side(vqe: Callable, tmp_path: Path) -> None:
    query = tmp_path / "query.sql"
    query.write_text("-- ü\nSHOW SETTINGS;", "utf-8")
    for arguments in (
        ("--set", "confidence=0.7", "run", str(query), "--format", "csv"),
        ("--format", "csv", "run", str(query), "--set", "confidence = 0.7"),
    ):
        assert "confidence,0.7,0.4" in vqe(*arguments).out


@pytest.mark.parametrize("ending", ["parquet", "csv", "json", "arrow"])
def test_output_by_ending(vqe: Callable, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"out.{ending}"
    done = vqe("-c", BUSES, "-o", str(file))
    assert (done.status, done.out) == (0, ""), done.err
    assert len(rows(file)) == 3
    assert {p.name for p in tmp_path.iterdir()} == {file.name, "own"}  # nothing half-written stays


def rows(file: Path) -> list[dict[str, object]]:
    match file.suffix:
        case ".parquet":
            return pq.read_table(file).to_pylist()
        case ".arrow":
            return pa.ipc.open_stream(file.read_bytes()).read_all().to_pylist()
        case ".json":
            return [json.loads(line) for line in file.read_text().splitlines()]
    names, *lines = file.read_text().splitlines()
    return [dict(zip(names.split(","), line.split(","), strict=True)) for line in lines]


def test_output_takes_the_last_result_and_shows_the_others(vqe: Callable, tmp_path: Path) -> None:
    done = vqe("-c", "SELECT 17 AS a; SELECT 18 AS b", "-o", str(tmp_path / "b.csv"))
    assert "17" in done.out
    assert (tmp_path / "b.csv").read_text() == "b\n18\n"


def test_format_before_the_ending(vqe: Callable, tmp_path: Path) -> None:
    assert vqe("-c", "SELECT 1 AS a", "--format", "csv", "-o", str(tmp_path / "a.txt")).status == 0
    assert (tmp_path / "a.txt").read_text() == "a\n1\n"


@pytest.mark.parametrize(
    ("format", "text"),
    [("csv", "a,b\n1,x\n"), ("json", '{"a":1,"b":"x"}\n')],
)
def test_text_formats_on_standard_output(vqe: Callable, format: str, text: str) -> None:
    assert vqe("-c", "SELECT 1 AS a, 'x' AS b", "--format", format).out == text
    assert vqe("-c", "SELECT 1 AS a, 'x' AS b; SELECT 1 AS a, 'x' AS b", "--format", format).out == text * 2


def test_header_once_and_even_without_rows(vqe: Callable) -> None:
    assert vqe("-c", "SELECT 1 AS a WHERE false", "--format", "csv").out == "a\n"
    many = vqe("-c", "FROM range(25000)", "--format", "csv").out.splitlines()
    assert (many[0], len(many), many.count("range")) == ("range", 25_001, 1)
    assert vqe("-c", "SELECT 1 AS a WHERE false", "--format", "json").out == ""


def test_csv_into_a_file_keeps_earlier_results(tmp_path: Path) -> None:
    # as `vqe … > file`: DuckDB's own /dev/stdout would empty the file for the second
    with (tmp_path / "out.csv").open("w") as sink:
        command = [sys.executable, "-m", "vqe", "--format", "csv", "-c", "SELECT 1 AS a; SELECT 2 AS b"]
        subprocess.run(command, stdout=sink, check=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert (tmp_path / "out.csv").read_text() == "a\n1\nb\n2\n"


def test_plans_are_plain_text(vqe: Callable) -> None:
    out = vqe("-c", f"EXPLAIN {BUSES}").out
    assert out.startswith("Query SELECT")
    assert "└─ Scan cam1" in out
    assert "│ plan" not in out


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-c", "SELECT nonsense FROM cam1"], "nonsense"),
        (["-c", "SELECT frame FROM nowhere"], "no video or table 'nowhere'"),
        (["-c", "SELECT 1", "--set", "confidence"], "--set takes NAME=VALUE, not 'confidence'"),
        (["-c", "SELECT 1", "--set", "=1"], "--set takes NAME=VALUE"),
        (["-c", "SELECT 1", "--set", "confidense=0.5"], "did you mean 'confidence'"),
        (["-c", "SELECT 1", "--set", "confidence=much"], "it takes a fraction"),
        (["-c", "SELECT 1", "-o", "out.xls"], ".parquet, .csv, .json, .arrow"),
        (["-c", "SELECT 1", "-o", "out"], "no format for 'out'"),
        (["-c", "SELECT 1", "-o", "missing/out.csv"], "there is no folder 'missing'"),
        (["-c", "SELECT 1", "-o", "."], "it is a folder"),
        (["-c", "CREATE REGION r ON cam1 AS BOX(0, 0, 1, 1)", "-o", "out.csv"], "no result to write"),
        (["-c", "", "-o", "out.csv"], "no result to write"),
        (["-c", "SELECT 1", "--format", "xml"], "'xml' is not one of"),
        (["-c", "SELECT 1", "demo"], "do not go together"),
        (["-c"], "requires an argument"),
        (["run"], "Missing argument 'FILE'"),
        (["run", "missing.sql"], "cannot read missing.sql: No such file or directory"),
        (["run", "."], "cannot read .: Is a directory"),
        (["run", "bad\0name"], "cannot read"),
        (["query.sql"], "No such command 'query.sql'"),
        (["--nonsense"], "No such option"),
        (["-c", "SELECT '\udcff'"], "not UTF-8"),
        (["--db", "cam1.mp4", "-c", "SHOW VIDEOS"], "is not a folder"),
    ],
    ids=lambda v: " ".join(v).encode("ascii", "replace").decode() if isinstance(v, list) else None,
)
def test_faults_of_the_user_end_with_two(vqe: Callable, arguments: list[str], complaint: str) -> None:
    done = vqe(*arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert complaint in done.err


def test_query_file_in_another_encoding(vqe: Callable, tmp_path: Path) -> None:
    file = tmp_path / "latin.sql"
    file.write_bytes("SELECT 'ü'".encode("latin-1"))
    done = vqe("run", str(file))
    assert (done.status, done.err) == (2, f"error: cannot read {file}: it is not UTF-8 text\n")
    assert vqe(stdin=file.read_bytes()).err == "error: cannot read standard input: it is not UTF-8 text\n"


def test_error_points_into_the_file(vqe: Callable, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("SELECT 1 AS a;\nSELECT frame FROM cam1\nWHERE contains('buss');")
    done = vqe("run", str(tmp_path / "q.sql"))
    assert done.status == 2
    assert "  3 | WHERE contains('buss');\n" in done.err
    assert "1" in done.out  # what came before was shown


def test_error_of_a_result_that_is_read_late_points_too(vqe: Callable) -> None:
    for more in ("", "; SELECT 2"):
        done = vqe("-c", "SELECT error('late')" + more)
        assert done.status in (1, 2)
        assert "late" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_output_where_nothing_may_be_written(vqe: Callable, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    done = vqe("-c", "SELECT 1", "-o", str(tmp_path / "closed" / "out.csv"))
    assert done.status == 2
    assert "not writable" in done.err


def test_failed_output_leaves_the_old_file(vqe: Callable, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    assert vqe("-c", "SELECT error('no')", "-o", str(tmp_path / "out.csv")).status != 0
    assert (tmp_path / "out.csv").read_text() == "old"


def test_help_and_version(vqe: Callable) -> None:
    import vqe as package

    assert package.__version__ in vqe("--version").out
    for arguments in (["--help"], ["-h"], ["run", "--help"], ["demo", "--help"]):
        done = vqe(*arguments)
        assert (done.status, done.err) == (0, "")
        assert "Usage:" in done.out
