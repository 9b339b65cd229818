"""What is copied and exported from where the cursor is."""

from __future__ import annotations

from pathlib import Path

import pytest
from eyes import OpenBoard


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("TMUX", raising=False)
    return tmp_path / "state" / "runwatch" / "copied.txt"


async def test_a_row_is_copied_in_full_and_kept_in_a_file(board: OpenBoard, kept: Path) -> None:
    async with board() as it:
        await it.press("B", "y")
        await it.until(lambda: any("copied; also in" in said for said in it.notices), "the notice")
        row = kept.read_text().rstrip("\n")
        assert it.app.clipboard == row
        assert row.startswith("1\t\tsweep/lr/0003\t0.8704\t3500\t–\t")
        assert kept.stat().st_mode & 0o777 == 0o600


async def test_without_a_place_for_the_file_the_terminal_still_gets_it(board: OpenBoard, kept: Path) -> None:
    kept.parent.parent.write_text("a file where a folder should be")
    async with board() as it:
        await it.press("B", "y")
        await it.until(lambda: any("copied; " in said and "directory" in said for said in it.notices), "it")
        assert it.app.clipboard


async def test_in_tmux_it_says_what_tmux_needs(
    board: OpenBoard, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX", "/run/tmux,1,0")
    async with board() as it:
        await it.press("B", "y")
        await it.until(lambda: any("set-clipboard on" in said for said in it.notices), "the notice")


async def test_the_first_chart_of_a_run_and_the_one_with_the_keys_are_exported(
    board: OpenBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with board() as it:
        await it.press("enter", "x")
        await it.sees("export to a new file", ".svg .png .csv")
        await it.press("enter")
        await it.until(lambda: any("written: " in said for said in it.notices), "the notice")
        (first,) = tmp_path.glob("*.svg")
        assert "<polyline" in first.read_text()
        await it.press("tab", "tab", "x")
        await it.sees("export to a new file")
        await it.press(*["backspace"] * 3, *"csv", "enter")
        await it.until(lambda: sum("written: " in said for said in it.notices) == 2, "the second")
        (second,) = tmp_path.glob("*.csv")
        assert second.stem != first.stem
        assert second.read_text().startswith("curve,step,value\n")


async def test_a_table_of_the_board_and_of_a_run_is_exported_with_all_its_rows(
    board: OpenBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with board() as it:
        await it.press("enter", "2", "x")
        await it.sees("export to a new file", ".md .csv .tex")
        await it.press("enter")
        await it.until(lambda: any("written: " in said for said in it.notices), "the notice")
        rows = next(tmp_path.glob("*.csv")).read_text().splitlines()
        assert rows[0].startswith("metric,value,base")
        assert len(rows) > 3
        await it.press("escape", "2", "x")
        await it.sees("export to a new file")


async def test_what_a_run_logged_is_exported_as_it_was_logged(
    board: OpenBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from test_ui_images import MADE, logged

    monkeypatch.chdir(tmp_path)
    async with board(logged("tensorboardx")) as it:
        await it.press("enter", "7")
        await it.sees("24 × 16")
        for n in range(3):
            await it.press("x")
            await it.sees("export to a new file")
            await it.press("enter")
            await it.until(lambda n=n: sum("written: " in said for said in it.notices) == n + 1, f"file {n}")  # type: ignore[misc]
            await it.press("t")
            if n == 1:
                await it.sees("PR curve")
                await it.press("t")
            await it.sees(("histogram", "text", "image")[n])
    assert (tmp_path / "samples-3.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "notes-3.md").read_text() == "step **3**: all *well*\n"
    rows = (tmp_path / "layer-weights.csv").read_text().splitlines()
    assert rows[0] == "step,from,to,count"
    assert {row.split(",")[0] for row in rows[1:]} == {"0", "3"}
    assert not list(MADE.rglob("*.csv"))
