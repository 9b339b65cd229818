"""Names, tags, values and tasks that hold control and hidden characters, and marks of each form, come out of
every command in every form as text."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from looking import write

from runwatch.cli import main

NAME = "a\x1b]0;pwn\x07\x9b31m\u202ev\u200b<script>x|`]]>::error::x%0A"
TAG = "lo\x1b]52;c;QQ==\x07ss\u2066<b>|::warning::"
WORD = "k\x9b\u200bq"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
LOOKS = [
    ("ls",), ("ls", "--json"), ("check",), ("check", "--json"), ("check", "--format", "markdown"),
    ("check", "--format", "junit"), ("check", "--format", "github"), ("brief",), ("brief", "--json"),
    ("brief", "--format", "markdown"), ("brief", "--format", "html"), ("show", NAME),
    ("show", NAME, "--json"), ("tasks",), ("tasks", "--json"),
]  # fmt: skip
COMPARED = [("drift", form) for form in ("text", "json", "markdown", "junit", "github")]
COMPARED += [("quality", form) for form in ("text", "json", "markdown", "junit", "github")]


@pytest.fixture
def evil(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    rows = ({"step": step, TAG: 1.0 / step, "loss": float("nan")} for step in range(1, 20))
    write(root / NAME / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    write(root / NAME / "config.json", json.dumps({"na\x1b[2Jme\u202e": f"{WORD}<script>"}))
    write(root / "todo.txt", "(A) do \x1b]0;x\x07 \u202e this <script> | now\n")
    chance = random.Random(1)
    for name, shift in (("reference.csv", 0), ("current.csv", 3)):
        lines = (f"{chance.gauss(shift, 1)},{WORD if shift and n % 2 else 'ok'}\n" for n in range(800))
        write(root / "data" / name, "x\x1b[31m\u202e|<i>,y\n" + "".join(lines))
    return root


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    main(words)
    out, err = capsys.readouterr()
    assert "Traceback" not in err and "internal error" not in err
    assert not RAW.findall(out + err), words
    return out


@pytest.mark.parametrize("look", LOOKS, ids=" ".join)
def test_looks(evil: Path, capsys: pytest.CaptureFixture[str], look: tuple[str, ...]) -> None:
    where = ("--root", str(evil)) if look[0] in ("show", "tasks") else (str(evil),)
    out = printed(capsys, *look, *where)
    assert out
    if "html" in look:
        assert "<script>x" not in out
    if "github" in look:
        own = ("::error ", "::warning ", "::notice ")
        assert all(line.startswith(own) for line in out.splitlines() if line.startswith("::"))


@pytest.mark.parametrize(("command", "form"), COMPARED)
def test_comparisons(evil: Path, capsys: pytest.CaptureFixture[str], command: str, form: str) -> None:
    reference, current = (str(evil / "data" / name) for name in ("reference.csv", "current.csv"))
    words = (reference, current) if command == "drift" else (current, "--reference", reference)
    assert printed(capsys, command, *words, "--format", form)
