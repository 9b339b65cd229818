"""Hostile names stay text, on every screen; what skips ``safe`` meets the second fence."""

from __future__ import annotations

import ast
from pathlib import Path

import made_up
import pytest
from eyes import OpenBoard
from msgspec.structs import replace
from rich.segment import Segment
from textual.color import Color

from runwatch.domain.run import Problem
from runwatch.ui.control_filter import ControlFilter

EVIL = (
    "acc[/b]",
    "[@click=app.quit]x[/]",
    "\x1b]52;c;aGk=\x07",
    "\x1b[2J",
    "\x9b31m",
    "a\u202eb",
    "two\nlines",
    "\udcff",
    "[/]",
)
TITLES = ("border_title", "border_subtitle", "tooltip")
UI = Path(__file__).parents[2] / "src" / "runwatch" / "ui"


def nasty(name: str) -> made_up.Snapshot:
    run = made_up.run(name, "running", 3, 0.5, 60)
    metric = replace(run.metrics["val/auc"], tag=name)
    run = replace(
        run,
        metrics={name: metric},
        hparams={name: name},
        status_reason=name,
        problems=(Problem(name, name, name, name),),
    )
    data = made_up.data()
    column = replace(data.latest.columns[0], name=name, sentence=name)  # type: ignore[union-attr]
    latest = replace(data.latest, columns=(column,))  # type: ignore[type-var]
    listed = made_up.tasks()[made_up.ROOT]
    task = replace(listed.tasks[0], text=name, line=name)
    return made_up.snapshot(
        runs=(run,),
        comparisons={run.key: made_up.comparison(name, 0.01, "better")},
        data=(replace(data, name=name, latest=latest),),
        findings=(replace(made_up.findings()[0], summary=name, run=run.key, scope=name),),
        tasks={made_up.ROOT: replace(listed, tasks=(task,))},
    )


def actions(it: object) -> list[object]:
    """Whatever a click on the screen would do."""
    strips = it.app.screen._compositor.render_strips()  # type: ignore[attr-defined]
    return [s.style.meta["@click"] for strip in strips for s in strip if s.style and "@click" in s.style.meta]


@pytest.mark.parametrize("name", EVIL)
async def test_a_hostile_name_is_only_text_everywhere(board: OpenBoard, name: str) -> None:
    async with board(nasty(name)) as it:
        for keys in (
            (),
            ("enter",),
            ("2",),
            ("3",),
            ("4",),
            ("escape", "2", "enter"),
            ("escape", "3", "enter"),
        ):
            await it.press(*keys)
            assert all(char.isprintable() for char in it.text.replace("\n", "")), keys
            assert actions(it) == []
        await it.press("escape", "4", "enter", "escape", "colon")
        assert it.app.is_running
        assert it.app.crash is None


async def test_markup_is_shown_as_it_stands(board: OpenBoard) -> None:
    async with board(nasty("acc[/b]")) as it:
        await it.sees("acc[/b]")
        it.app.say("[bold]a[/] \x1b[2J")
        await it.sees("[bold]a[/] ␛[2J")


def test_the_fence_makes_what_slipped_through_visible() -> None:
    segments = [Segment("ok"), Segment("\x1b]0;owned\x07\x9b2J\u202e\r\n")]
    passed = ControlFilter().apply(segments, Color(0, 0, 0))
    assert passed[0] is segments[0]
    text = passed[1].text
    assert text.isprintable()
    assert len(text) == len(segments[1].text)


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", sorted(UI.rglob("*.py")), ids=lambda path: str(path.relative_to(UI)))
def test_no_widget_is_given_a_string_that_could_be_markup(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for call in _calls(tree):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        if name in ("Static", "Label", "Button", "update", "Markdown", "OptionList") and call.args:
            assert isinstance(call.args[0], ast.Call), f"{path}:{call.lineno} gives {name} a bare string"
        if name == "notify" and call.args:
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            assert "markup" in given and ast.literal_eval(given["markup"]) is False, f"{path}:{call.lineno}"
        assert not any(k.arg == "markup" and ast.literal_eval(k.value) for k in call.keywords)
        assert name != "from_markup", f"{path}:{call.lineno}"
    for node in ast.walk(tree):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Attribute) and target.attr in (
            "border_title",
            "border_subtitle",
            "tooltip",
        ):
            assert isinstance(node.value, ast.Call), f"{path}:{node.lineno} sets a bare title"  # type: ignore[attr-defined]
