"""Themes, keys, mouse, layout: what a person can set."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import made_up
import pytest
from eyes import OpenBoard
from textual.binding import Binding

import runwatch.ui as ui
from runwatch.ui.keymap import checked, known_ids
from runwatch.ui.panes.base import Pane, panes
from runwatch.ui.themes import load_themes, shipped_themes
from runwatch.ui.widgets.table import TableWidget


async def test_a_theme_is_chosen_in_the_settings_and_in_the_palette(board: OpenBoard) -> None:
    async with board(theme="runwatch-light") as it:
        assert it.app.theme == "runwatch-light"
        await it.press("colon")
        await it.press(*"Theme: runwatch-cb-dark")
        await it.until(lambda: it.text.count("Theme: runwatch-") == 2, "the typed words and one command")
        await it.press("enter")
        await it.until(lambda: it.app.theme == "runwatch-cb-dark")
        assert it.notices[-1] == 'to keep it: theme = "runwatch-cb-dark" under [ui] in runwatch.toml'


async def test_an_unknown_theme_falls_back_and_says_so(board: OpenBoard) -> None:
    async with board(theme="dusk") as it:
        assert it.app.theme == "runwatch-dark"
        await it.sees("theme dusk is not known")


async def test_a_persons_own_themes_and_a_broken_one(board: OpenBoard, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('primary = "#88c0d0"\nbackground = "#102030"')
    (tmp_path / "broken.toml").write_text('primary = "blu"')
    async with board(theme="mine", themes=tmp_path) as it:
        assert it.app.theme == "mine"
        await it.until(lambda: bool(it.notices), "the notice")
        assert "broken.toml: primary = 'blu' is not a colour" in it.notices[0]


@pytest.mark.parametrize("name", sorted(load_themes(shipped_themes()).themes))
async def test_the_board_and_a_dialog_can_be_drawn_in_every_theme(board: OpenBoard, name: str) -> None:
    async with board(theme=name) as it:
        await it.press("question_mark")
        await it.sees("keys that work here")
        await it.press("escape", "enter")
        await it.sees("[1 Curves]")


async def test_sixteen_colours_get_the_terminals_own(
    board: OpenBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "screen")
    async with board() as it:
        if it.app.console.color_system == "standard":
            assert it.app.theme == "runwatch-ansi"


async def test_keys_are_a_persons_own_and_wrong_ids_are_said(board: OpenBoard) -> None:
    async with board(keymap={"runs.baseline": "f5", "runs.basline": "x"}) as it:
        await it.sees("runs.basline is not a key binding", "did you mean")
        await it.press("b")
        assert it.watching.intents == []
        await it.press("f5")
        await it.until(lambda: bool(it.watching.intents))


def test_keymap_ids_are_unique_in_meaning() -> None:
    good, notices = checked({"app.quit": "ctrl+q", "nothing": "x"})
    assert good == {"app.quit": "ctrl+q"}
    assert len(notices) == 1
    assert {"runs.mark", "tasks.add", "board.filter", "table.down", "detail.close"} <= known_ids()


def test_every_binding_of_ours_has_an_id() -> None:
    for module in pkgutil.walk_packages(ui.__path__, "runwatch.ui."):
        for item in vars(importlib.import_module(module.name)).values():
            if isinstance(item, type) and item.__module__ == module.name:
                for binding in item.__dict__.get("BINDINGS", ()):
                    assert isinstance(binding, Binding) and binding.id, f"{item.__name__}: {binding}"


def test_every_file_of_panes_is_a_whole_pane() -> None:
    import runwatch.ui.panes as package

    files = {module.name for module in pkgutil.iter_modules(package.__path__)} - {"base"}
    found = panes()
    assert {pane.__module__.rpartition(".")[2] for pane in found} == files
    assert [pane.ID for pane in found] == ["runs", "drift", "metrics", "tasks", "machine"]
    for pane in found:
        assert issubclass(pane, Pane) and pane.TITLE and pane.PLACE in ("left", "right", "strip")


async def test_the_mouse_moves_opens_and_presses_keys(board: OpenBoard) -> None:
    async with board() as it:
        runs = it.app.screen.query_one("#runs-table", TableWidget)
        await it.pilot.click(runs, offset=(5, 3))
        await it.until(lambda: it.app.choice.looked == made_up.key("nightly/exp-21-wide"))
        await it.pilot.click(runs, offset=(5, 3), times=2)
        await it.sees("[1 Curves]")
        await it.press("escape")
        foot = it.text.splitlines()[-1]
        await it.pilot.click("Keys", offset=(foot.index("Help"), 0))
        await it.sees("keys that work here")


async def test_tabs_can_be_wished_for_on_a_large_terminal(board: OpenBoard) -> None:
    async with board(layout="tabs") as it:
        await it.sees("[1 Runs 1✗]", "4 Tasks 2✗")
        assert "income" not in it.text


async def test_chart_keys_change_only_how_curves_are_drawn(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("3", "L", "S", "X", "X", "z")
        ask = it.app.choice.chart
        assert (ask.log, ask.smooth, ask.x_axis, ask.window) == (True, 0.6, "time", (0.5, 1.0))
        await it.sees("━ nightly/exp-20")


async def test_notes_say_what_was_assumed(board: OpenBoard) -> None:
    from msgspec.structs import replace

    told = replace(
        made_up.snapshot(), assumptions=("data/reference.parquet is the reference of data/batches",)
    )
    async with board(told) as it:
        await it.sees("i 1 note")
        await it.press("i")
        await it.sees("is the reference of data/batches", "pinned 2026-10-30")
