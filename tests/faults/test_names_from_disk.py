"""Names that are no text, or that lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from looking import dashboard, ls, only_run, said, strict, write


async def test_a_run_name_with_an_undecodable_byte_and_a_newline(root: Path) -> None:
    folder = os.fsencode(root) + b"/r\xff\nx"
    os.mkdir(folder)
    with open(folder + b"/metrics.csv", "wb") as file:
        file.write(b"step,loss\n1,0.5\n")
    run = only_run(root)
    assert run["id"] == "r\\xff\nx"
    again = strict(said("show", run["id"], "--root", str(root), "--json"))
    assert again["run"]["id"] == run["id"] and again["run"]["files"] == ["r\\xff\nx/metrics.csv"]
    assert "r\\xff⏎x" in said("ls", str(root))
    async with dashboard(root) as eyes:
        await eyes.sees("r\\xff⏎x")
        await eyes.opens(6)
        await eyes.sees("r\\xff⏎x", "metrics.csv")
        await eyes.press("escape")
        with open(folder + b"/metrics.csv", "ab") as file:
            file.write(b"2,0.25\n")
        await eyes.sees("0.2500")


def test_names_that_only_differ_in_how_they_are_written(root: Path) -> None:
    names = ["a\\xff", os.fsdecode(b"a\xff"), "a\\", "é", "e\u0301", "a b", "-rf", "--json", "con\tname", "…"]
    for i, name in enumerate(names):
        write(root / name / "metrics.csv", f"step,loss\n1,{i}\n")
    ids = [run["id"] for run in ls(root)["runs"]]
    assert len(set(ids)) == len(names)
    for run in ls(root)["runs"]:
        if run["id"].startswith("-"):
            continue
        shown = strict(said("show", run["id"], "--root", str(root), "--json"))["run"]
        assert shown["metrics"]["loss"]["last"] == run["metrics"]["loss"]["last"]


def test_a_run_whose_name_begins_with_a_dash_can_be_shown(root: Path) -> None:
    write(root / "-rf" / "metrics.csv", "step,loss\n1,3\n")
    shown = strict(said("show", str(root / "-rf"), "--json", "--root", str(root)))
    assert shown["run"]["id"] == "-rf"


@pytest.mark.parametrize("command", ["check", "brief", "ls"])
def test_every_answer_can_be_printed(root: Path, command: str) -> None:
    write(root / os.fsdecode(b"a\xff\xfe") / "metrics.jsonl", '{"step": 1, "loss": NaN}\n' * 3)
    extra = ("--fail-on", "never") if command == "check" else ()
    assert "a\\xff\\xfe" in said(command, str(root), *extra) or command == "brief"


async def test_a_root_whose_own_name_is_no_text(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"roo\xfft\n")
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    found = ls(root)
    assert found["root"].endswith("roo\\xfft\n") and found["runs"][0]["id"] == "a"
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000", "roo\\xfft⏎")


async def test_a_very_long_and_deep_name(root: Path) -> None:
    deep = root
    for _ in range(12):
        deep = deep / ("d" * 100)
    write(deep / ("m" * 240 + ".csv"), "step,loss\n1,0.5\n")
    assert only_run(root)["metrics"]["loss"]["last"] == 0.5
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
