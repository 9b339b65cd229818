"""The terminal's own bell: written once, straight to the driver."""

from __future__ import annotations

import made_up
import pytest
from eyes import Board, OpenBoard

NOTICE = "\x1b]9;runwatch: 2 groups of critical findings\x1b\\"


def written_by(it: Board, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes to the terminal from now on."""
    written: list[str] = []
    driver = it.app._driver
    assert driver is not None
    monkeypatch.setattr(driver, "write", written.append)
    return written


async def test_a_bell_is_rung_once_a_version_and_reaches_the_terminal_as_it_is(
    board: OpenBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with board() as it:
        written = written_by(it, monkeypatch)
        it.watching.publish(made_up.snapshot(2, bell=NOTICE))
        it.watching.publish(made_up.snapshot(2, bell=NOTICE))
        await it.until(lambda: written.count(NOTICE) == 1, "the bell")
        it.watching.publish(made_up.snapshot(3, runs=(made_up.run("later/fine", "running", 1),)))
        await it.sees("later/fine")
        assert written.count(NOTICE) == 1


async def test_a_burst_of_snapshots_loses_no_bell(board: OpenBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    async with board() as it:
        written = written_by(it, monkeypatch)
        it.watching.publish(made_up.snapshot(2, bell="\a"))
        for version in range(3, 30):
            it.watching.publish(made_up.snapshot(version))
        it.watching.publish(made_up.snapshot(30, bell="\a"))
        await it.until(lambda: written.count("\a") == 2, "two bells")


async def test_no_bell_is_no_byte(board: OpenBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    async with board() as it:
        written = written_by(it, monkeypatch)
        it.watching.publish(made_up.snapshot(2))
        await it.until(lambda: it.app.snapshot is not None and it.app.snapshot.version == 2)
        assert "\a" not in "".join(written)
