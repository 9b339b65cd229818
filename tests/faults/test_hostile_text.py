"""Faults 5, 7 and 8: bytes that are no text, and text that a terminal or a markup parser would obey."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from looking import Eyes, dashboard, ls, messages, only_run, said, strict, write

HOSTILE = (
    "\x1b]52;c;aGFja2Vk\x07",
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[H",
    "\x1bPq#0\x1b\\",
    "\x9b31m\x9d0;owned\x9c",
    "\u202egnp.exe\u200b\u2066",
    "\U000e0041\u2028\u0300\u0301\u0302\u0303\u0304\u0305",
)
MARKUP = ("acc[/b]", "[@click=app.quit]quit[/]", "[/]", "[bold red]x", "[link=http://x]y[/link]", "\\[x]")


def _nothing_raw(text: str) -> None:
    bad = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")}
    assert not bad - {"\n"}, sorted(map(hex, map(ord, bad)))


def _run_with_tags(root: Path, run: str, tags: tuple[str, ...]) -> None:
    rows = [json.dumps({"step": step, **{tag: 0.5 + i for i, tag in enumerate(tags)}}) for step in (1, 2)]
    write(root / run / "metrics.jsonl", "\n".join(rows) + "\n")


async def test_nul_bad_utf8_bom_and_crlf_in_one_table(root: Path) -> None:
    data = (
        b"\xef\xbb\xbfstep,loss\r\n1,0.5\r\n2,\x00\x00\r\n3,\xff\xfe\r\n4,0.25\r\n\x00\x00\x00\r\n5,0.125\r\n"
    )
    write(root / "a" / "metrics.csv", data)
    run = only_run(root)
    loss = run["metrics"]["loss"]
    assert (loss["last"], loss["count"], loss["last_step"]) == (0.125, 3, 5)
    told = messages(run)
    assert "line 3" in told and "line 4" in told and "line 6" in told
    async with dashboard(root) as eyes:
        await eyes.sees("0.1250")
        await eyes.opens(4)
        await eyes.sees("line 3", "line 4", "line 6")
        _nothing_raw(eyes.text)


async def test_control_sequences_in_tags_run_names_logs_and_settings_are_made_visible(root: Path) -> None:
    _run_with_tags(root, "a\x1b]0;owned\x07", HOSTILE)
    log = "".join(f"{line}\n" for line in HOSTILE) + "\x1b[31mERROR: red\x1b[0m\n"
    folder = root / "a\x1b]0;owned\x07"
    write(folder / "train.log", log)
    write(folder / "config.json", json.dumps({f"k{text}": text for text in HOSTILE}))
    run = only_run(root)
    assert run["id"] == "a\x1b]0;owned\x07"
    assert set(run["metrics"]) == set(HOSTILE)
    _nothing_raw(said("ls", str(root)))
    _nothing_raw(said("show", run["id"], "--root", str(root)))
    async with dashboard(root) as eyes:
        await eyes.sees("a␛]0;owned␇")
        await eyes.opens(1)
        for part in "123456":
            await eyes.press(part)
            await eyes.pilot.pause(0.05)
            _nothing_raw(eyes.text)
        await eyes.press("2")
        await eyes.sees("␛]52;c;aGFja2Vk␇", "\\x9b31m", "\\u202egnp.exe")
        await eyes.press("5")
        await eyes.sees("␛[2J␛[H", "ERROR: red")


async def test_markup_in_tags_names_and_tasks_is_text(root: Path) -> None:
    _run_with_tags(root, "[@click=app.quit]a[", MARKUP)
    write(root / "[@click=app.quit]a[" / "config.json", json.dumps(dict.fromkeys(MARKUP, "[/b][@click=x]")))
    write(root / "todo.txt", "(A) 2026-01-01 [/b] [@click=app.quit]do it[/]\n")
    assert set(only_run(root)["metrics"]) == set(MARKUP)
    async with dashboard(root) as eyes:
        await eyes.sees("[@click=app.quit]a[", "[/b] [@click=app.quit]do")
        _no_action(eyes)
        await eyes.opens(1)
        for part in "1236":
            await eyes.press(part)
            await eyes.pilot.pause(0.05)
            _no_action(eyes)
        await eyes.press("2")
        await eyes.sees(*MARKUP)
        await eyes.press("escape")
        await eyes.sees("1 Runs")
        eyes.app.say("[/] [@click=app.quit]x")
        await eyes.sees("[/] [@click=app.quit]x")
        _no_action(eyes)


def _no_action(eyes: Eyes) -> None:
    for strip in eyes.app.screen._compositor.render_strips():
        for segment in strip:
            meta = segment.style.meta if segment.style else {}
            assert "@click" not in meta, segment
            assert not (segment.style and segment.style.link), segment


@pytest.mark.parametrize("name", ["metrics.csv", "metrics.jsonl", "train.log", "results.json", "params.yaml"])
def test_no_bytes_break_the_look(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    root = tmp_path_factory.mktemp("bytes")
    write(root / "a" / "log.csv", "step,loss\n1,0.5\n")
    starts = st.sampled_from(
        [b"", b"step,loss\n1,2\n", b'{"step": 1, "loss": 2}\n', b"{", b"a: &x\n", b"\xff\xfe"]
    )

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(starts, st.binary(max_size=300))
    def any_bytes(start: bytes, data: bytes) -> None:
        write(root / "a" / name, start + data)
        found = ls(root)
        run = next(run for run in found["runs"] if run["id"] == "a")
        assert "failed" not in messages(run), messages(run)
        _nothing_raw(said("ls", str(root)))

    any_bytes()


def test_errors_on_stderr_are_made_visible(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from runwatch.cli import main

    assert main(["show", "x\x1b]52;c;aGk=\x07", "--root", str(root)]) == 2
    assert main(["ls", str(root / "\x1b[2J")]) == 2
    assert main(["drift", "\x1b[2J.csv", "\x1b[2J.csv"]) == 3
    assert main(["--config", "\x1b[2J", "ls"]) == 2
    with pytest.raises(SystemExit):
        main(["ls", "--\x1b[2J"])
    _nothing_raw(capsys.readouterr().err)


@pytest.mark.parametrize("command", ["check", "brief"])
def test_other_answers_let_nothing_through(root: Path, command: str) -> None:
    tag = f"loss{HOSTILE[0]}"
    rows = "".join(json.dumps({"step": step, tag: float("nan")}) + "\n" for step in range(9))
    write(root / "a\x1b[2J" / "metrics.jsonl", rows)
    assert main_text(command, str(root))


def main_text(*arguments: str) -> str:
    import contextlib
    import io

    from runwatch.cli import main

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(arguments)
    _nothing_raw(out.getvalue())
    return out.getvalue()


def test_json_of_hostile_names_is_json(root: Path) -> None:
    os.mkdir(os.fsencode(root) + b"/b\xff\x1b")
    write(root / os.fsdecode(b"b\xff\x1b") / "metrics.jsonl", '{"step": 1, "l\\ud800": 1, "\\u001b[": 2}\n')
    text = said("ls", str(root), "--json")
    assert "\x1b" not in text
    run = strict(text)["runs"][0]
    assert run["id"] == "b\\xff\x1b"
    assert "\x1b[" in run["metrics"]
