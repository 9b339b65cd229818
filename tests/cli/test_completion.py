"""Completion in the real shells; each is skipped where it is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runwatch.cli import command_names, main
from runwatch.cli._candidates import candidates, for_bash


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a kept run of an odd name, a task and a configured host."""
    run = tmp_path / "runs" / "exp 17"
    run.mkdir(parents=True)
    (run / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
    monkeypatch.chdir(tmp_path / "runs")
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "runwatch"
    config.mkdir(parents=True)
    (config / "runwatch.toml").write_text('[[hosts]]\nname = "gpu1"\nroots = ["/data/runs"]\n')
    (tmp_path / "runs" / "todo.txt").write_text("call Ana\nx 2026-01-01 write\n")
    assert main(["brief", "."]) == 0
    return tmp_path / "runs"


def values(*words: str) -> list[str]:
    return [candidate.value for candidate in candidates(words)]


def test_values_of_options_and_places(here: Path) -> None:
    assert set(values("")) >= {*command_names(), ":dirs"}
    assert values("che") == ["check", ":dirs"]
    assert values("check", "--fail-on", "") == ["info", "warning", "critical", "never"]
    assert values("check", "--fail-on=cr") == ["--fail-on=critical"]
    assert values("brief", "--format", "h") == ["html"]
    assert "--tonight" in values("check", "--to") and "--json" in values("check", ".", "--j")
    assert (
        values("show", "e") == ["exp 17"] and values("compare", "exp 17", "--baseline", "ex")[0] == "exp 17"
    )
    assert values("tasks", "do") == ["done"] and values("tasks", "silence", "run-c") == ["run-crashed"]
    assert values("ls", "g") == ["gpu1:", ":dirs"] and values("drift", "") == [":files"]
    assert values("nothing", "x") == [":dirs"] and values("check", "--no-such", "") == ["gpu1:", ":dirs"]


def test_the_board_and_notes_have_values_too(here: Path) -> None:
    assert "gpu1:" in values("") and values("g") == ["gpu1:", ":dirs"]
    assert "--all" in values("--a") and "runwatch-dark" in values("--theme", "")
    assert values(".", "--theme", "runwatch-d") == ["runwatch-dark"]
    assert values("note", "e") == ["exp 17"] and values("note", "exp 17", "e") == []


def test_tasks_by_their_text(here: Path) -> None:
    (open_one,) = candidates(["tasks", "done", ""])
    assert open_one.about == "call Ana"
    assert candidates(["tasks", "reopen", ""])[0].about == "write"


def test_what_cannot_be_known_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runwatch.toml").write_text("not toml")
    assert values("show", "") == [] and values("tasks", "done", "") == []


def test_bash_words_break_at_colons_and_equals(here: Path) -> None:
    assert for_bash("runwatch check --fail-on=cr") == ["critical"]
    assert for_bash("runwatch show ex") == ["'exp 17'"] and for_bash("runwatch show 'ex") == ["'exp 17'"]
    assert for_bash("runwatch check ") == ["gpu1:", ":dirs"]


def said(shell: str, script: str, home: Path) -> list[str]:
    program = shutil.which(shell) or pytest.skip(f"{shell} is not installed")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = subprocess.run(
        [program, *(["-f"] if shell == "zsh" else []), "-c", script],
        env={**os.environ, "PATH": path, "HOME": str(home)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert told.stderr == "", told.stderr
    return told.stdout.splitlines()


def test_in_bash(here: Path) -> None:
    script = """eval "$(runwatch completion bash)"
ask() { COMP_LINE="$1"; COMP_POINT=${#1}; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _runwatch
        printf '%s\\n' "${COMPREPLY[@]}" --; }
compopt() { :; }
ask "runwatch check --fail-on c"; ask "runwatch show ex"; ask "runwatch tasks si"; complete -p runwatch"""
    assert said("bash", script, here) == [
        "critical", "--", "'exp 17'", "--", "silence", "--", "complete -F _runwatch runwatch",
    ]  # fmt: skip


def test_in_zsh(here: Path) -> None:
    script = """autoload -U compinit; compinit -u -D; eval "$(runwatch completion zsh)"
compadd() { print -rl -- "${values[@]}" "${shown[@]}" --; }
_files() { print files "$@"; }
ask() { words=("$@"); CURRENT=$#; _runwatch; }
ask runwatch check --fail-on c; ask runwatch show ex; ask runwatch ls ""; print $_comps[runwatch]"""
    assert said("zsh", script, here) == [
        "critical", "critical", "--", "exp 17", "exp 17  -- running", "--", "files -/", "gpu1:",
        "gpu1:  -- /data/runs", "--", "_runwatch",
    ]  # fmt: skip


def test_in_fish(here: Path) -> None:
    script = """runwatch completion fish | source
complete -C 'runwatch check --fail-on c'; complete -C 'runwatch show ex'; complete -C 'runwatch ls g'"""
    assert said("fish", script, here) == ["critical", "exp 17\trunning", "gpu1:\t/data/runs"]
