"""Links that go round, away, or nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from looking import dashboard, ls, only_run, runs, write

from runwatch.domain.intents import Rescan

pytestmark = pytest.mark.usefixtures("trusting")


async def test_a_loop_and_a_latest_link_show_the_run_once(root: Path) -> None:
    write(root / "exp" / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    (root / "exp" / "latest").symlink_to("a")
    (root / "exp" / "a" / "self").symlink_to(".")
    (root / "exp" / "a" / "up").symlink_to("../..")
    (root / "loop").symlink_to("loop")
    (root / "nowhere").symlink_to("missing")
    (root / "exp" / "a" / "copy.jsonl").symlink_to("copy.jsonl")
    assert only_run(root)["id"] == "exp/a"
    async with dashboard(root) as eyes:
        await eyes.sees("exp/a", "0.5000")
        assert "1 run " in eyes.text
        assert "exp/latest" not in eyes.text


async def test_a_file_link_inside_the_root_is_followed_and_grows(root: Path) -> None:
    target = write(root / "store" / "m.data", "step,loss\n1,0.5\n")
    (root / "a").mkdir()
    (root / "a" / "metrics.csv").symlink_to(target)
    assert runs(root)["a"]["metrics"]["loss"]["last"] == 0.5
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
        with target.open("a") as file:
            file.write("2,0.25\n")
        eyes.app.submit_intent(Rescan())
        await eyes.sees("0.2500")


def test_links_out_of_the_root_are_left_alone_unless_wanted(root: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "metrics.csv", "step,loss\n1,0.5\n")
    (root / "a").mkdir()
    (root / "a" / "metrics.csv").symlink_to(outside)
    (root / "b").symlink_to(outside.parent)
    assert ls(root)["runs"] == []
    write(root / "runwatch.toml", "[watch]\nfollow = true\n")
    assert only_run(root)["id"] == "a"


def test_a_root_that_is_a_link(root: Path, tmp_path: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    link = tmp_path / "link"
    link.symlink_to(root)
    assert ls(link)["root"] == os.path.realpath(root)
    assert only_run(link)["id"] == "a"
