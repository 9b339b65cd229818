"""Theme files that a person writes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from eyes import OpenBoard

from runwatch.ui.themes import load_themes, shipped_themes


def test_a_copied_theme_is_known_by_its_file_name(tmp_path: Path) -> None:
    shutil.copy(shipped_themes() / "runwatch-dark.toml", tmp_path / "mine.toml")
    loaded = load_themes(shipped_themes(), tmp_path)
    assert {"mine", "runwatch-dark"} <= set(loaded.themes) and not loaded.notices


async def test_a_theme_is_taken_as_soon_as_it_is_saved(board: OpenBoard, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('primary = "#112233"\n[tones]\nbad = "#ff0000"\n')
    async with board(theme="mine", themes=tmp_path) as it:
        assert it.app.theme_variables["rw-bad"] == "#ff0000"
        path.write_text('primary = "#112233"\n[tones]\nbad = "#00ff00"\n')
        os.utime(path, ns=(1, 1))
        await it.until(lambda: it.app.theme_variables["rw-bad"] == "#00ff00", "the new colour")
