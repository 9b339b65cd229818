"""ClearML 2.1.12 without a server: a closed session (folder and zip) and one that was killed (folder)."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from growing import grown
from harness import FIXTURES, Told, read_all

from runwatch.domain.operations import Evidence, Label
from runwatch.readers import clearml, limits

SESSIONS = FIXTURES / "clearml"
CLOSED, KILLED = "offline-0976f34e5c7040b8b54c086033600842", "offline-b4c46f07a229436c99346192f7a2524a"


def last(told: Told) -> dict[str, tuple[int, int, float]]:
    return {tag: (len(p), int(p.steps[-1]), float(p.values[-1])) for tag, p in told.series.items()}


def test_scalars_single_values_and_parameters() -> None:
    runs = read_all(clearml, SESSIONS).runs
    assert set(runs) == {CLOSED, KILLED}
    assert last(runs[CLOSED]) == {
        "loss/train": (6, 50, 1 / 6),
        "loss/val": (6, 50, 1 / 3),
        "acc": (6, 50, 5 / 6),
        "best": (1, 50, 0.9),
    }
    assert runs[CLOSED].hparams == {"lr": 0.1, "layers": 2}
    assert [(label.key, label.value) for label in runs[CLOSED].of(Label)] == [
        ("name", "ends"),
        ("project", "demo"),
    ]
    assert runs[CLOSED].of(Evidence)[-1].status == "finished"
    assert not runs[KILLED].of(Evidence)


def test_the_zip_alone_says_the_same(tmp_path: Path) -> None:
    shutil.copy(SESSIONS / f"{CLOSED}.zip", tmp_path)
    told = read_all(clearml, tmp_path).runs[CLOSED]
    whole = read_all(clearml, SESSIONS).runs[CLOSED]
    assert last(told) == last(whole)
    assert (told.hparams, told.of(Evidence)[-1].status) == (whole.hparams, "finished")


TRACEBACK = 'Traceback (most recent call last):\n  File "train.py", line 5, in loop\nValueError: bad batch 7'


@pytest.mark.parametrize("unpacked", [True, False])
@pytest.mark.parametrize(
    ("levels", "expected"), [(["info", "error"], "crashed"), (["error", "info"], "finished")]
)
def test_a_session_that_an_exception_ended_is_packed_too(
    tmp_path: Path, unpacked: bool, levels: list[str], expected: str
) -> None:
    """ClearML's atexit hook closes it; ``task.json`` has no status either way. An error that the script
    went on after is none of its end."""
    shutil.copy(SESSIONS / f"{CLOSED}.zip", tmp_path)
    if unpacked:
        shutil.copytree(SESSIONS / CLOSED, tmp_path / CLOSED)
    texts = {"error": TRACEBACK, "info": "clearml.Task - INFO - Waiting to finish uploads"}
    events = [{"type": "log", "level": level, "msg": texts[level]} for level in levels]
    with zipfile.ZipFile(tmp_path / f"{CLOSED}.zip", "a") as packed:
        packed.writestr("log.jsonl", json.dumps(events[:1]) + "\n" + json.dumps(events[1:]) + "\n")
    (said,) = [e for e in read_all(clearml, tmp_path).runs[CLOSED].of(Evidence) if e.status]
    assert said.status == expected
    assert expected == "finished" or said.reason == "log.jsonl: ValueError: bad batch 7"


def test_any_split_reads_the_same(tmp_path: Path) -> None:
    data = (SESSIONS / CLOSED / "metrics.jsonl").read_bytes()
    rows = data.replace(b"}, {", b"}]\n[{")
    file = f"{CLOSED}/metrics.jsonl"
    whole = grown(clearml, tmp_path / "a", file, rows, [])
    assert whole == grown(clearml, tmp_path / "c", file, data, [])
    for cut in range(10, len(rows), 301):
        assert grown(clearml, tmp_path / "b", file, rows, [cut, cut + 77]) == whole


def test_strange_lines_are_said(tmp_path: Path) -> None:
    folder = tmp_path / CLOSED
    folder.mkdir()
    (folder / "metrics.jsonl").write_text(
        '[{"metric": "a", "variant": "b", "iter": 1, "value": 2}]\n[{]\n[3, {}]\n'
    )
    session = read_all(clearml, tmp_path)
    assert last(session.runs[CLOSED]) == {"a/b": (1, 1, 2.0)}
    assert [problem.where for problem in session.problems] == ["line 2"]


def test_a_log_that_cannot_be_read_costs_itself_alone(tmp_path: Path) -> None:
    """The log only tells how the session ended: its metrics do not wait for it."""
    with zipfile.ZipFile(SESSIONS / f"{CLOSED}.zip") as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(tmp_path / f"{CLOSED}.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
        packed.writestr("log.jsonl", b" " * (limits.DOCUMENT + 1))
    told = read_all(clearml, tmp_path)
    assert last(told.runs[CLOSED])["acc"] == (6, 50, 5 / 6)
    assert told.runs[CLOSED].of(Evidence)[-1].status == "finished"
    assert [(p.where, p.message) for p in told.problems] == [
        ("log.jsonl", "not read: log.jsonl is larger than 32 MiB")
    ]
