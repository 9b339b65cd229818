"""A run's images: one at a time, by step, with limits that are said."""

from __future__ import annotations

import importlib.util
import struct
import zlib
from pathlib import Path
from typing import Any

import made_up
import pytest
from eyes import OpenBoard
from msgspec.structs import replace
from PIL import Image

from runwatch.domain.situation import Snapshot
from runwatch.runs.images import decoded
from runwatch.runs.media.base import MediaRefused


def image(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (40, 20)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def header_of(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and holds nothing."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + head + struct.pack(">I", 9) + b"IDAT"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for step, colour in ((5, (255, 0, 0)), (10, (0, 255, 0)), (100, (0, 0, 255))):
        image(tmp_path / f"exp/media/sample_{step}.png", colour)
    image(tmp_path / "exp/confusion.jpg", (9, 9, 9))
    image(tmp_path / "exp/other/plot.png", (9, 9, 9))
    return tmp_path


def seen(root: Path) -> Snapshot:
    run = replace(made_up.run("exp", "finished", 60), root=str(root))
    return made_up.snapshot(runs=(run,), roots=(str(root),), comparisons={}, findings=(), baselines={})


def test_an_image_fits_and_keeps_its_proportions_and_colours(root: Path) -> None:
    pixels, own = decoded((root / "exp/media/sample_5.png").read_bytes(), 80, 80)
    assert (pixels.shape, own) == ((40, 80, 3), (40, 20))
    assert pixels[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_png_is_drawn(tmp_path: Path, mode: str) -> None:
    Image.new("L" if mode == "P" else mode, (6, 4)).convert(mode).save(tmp_path / "a.png")
    assert decoded((tmp_path / "a.png").read_bytes(), 6, 4)[0].shape == (4, 6, 3)


def test_what_is_too_large_or_broken_is_refused_in_words(root: Path) -> None:
    (root / "exp/huge.png").write_bytes(header_of(50_000, 50_000))
    (root / "exp/large.png").write_bytes(header_of(8_000, 8_000))
    (root / "exp/text.png").write_text("not an image")
    (root / "exp/cut.png").write_bytes((root / "exp/media/sample_5.png").read_bytes()[:60])
    for name, why in (
        ("huge", "40 million"),
        ("large", "8000 × 8000"),
        ("text", "PNG"),
        ("cut", "an incomplete image"),
    ):
        with pytest.raises(MediaRefused, match=why):
            decoded((root / f"exp/{name}.png").read_bytes(), 80, 80)


async def test_the_tab_shows_the_newest_step_and_walks(board: OpenBoard, root: Path) -> None:
    async with board(seen(root)) as it:
        await it.press("enter", "7")
        await it.sees("1 of 3  image  confusion.jpg", "40 × 20", "▀▀▀")
        await it.press("down")
        await it.sees("2 of 3  image  media/sample_*.png", "step 100", "3 of 3")
        await it.press("left")
        await it.sees("step 10 ", "2 of 3")
        await it.press("home")
        await it.sees("step 5 ", "1 of 3")


async def test_nothing_is_decoded_before_the_tab_is_opened(
    board: OpenBoard, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bytes] = []

    def told(data: bytes, *room: int) -> Any:
        opened.append(data)
        return decoded(data, *room)

    monkeypatch.setattr("runwatch.ui.media.decoded", told)
    async with board(seen(root)) as it:
        await it.press("enter")
        await it.sees("7 Media")
        assert opened == []
        await it.press("7")
        await it.sees("40 × 20")
        assert set(opened) == {(root / "exp/confusion.jpg").read_bytes()}


async def test_without_pillow_it_says_what_to_install(
    board: OpenBoard, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "PIL" else find(name))
    async with board(seen(root)) as it:
        await it.press("enter", "7")
        await it.sees("confusion.jpg", 'pip install "runwatch[images]"')


async def test_a_refused_image_and_a_run_without_any(board: OpenBoard, root: Path) -> None:
    for path in (root / "exp").rglob("*.[pj][np]g"):
        path.unlink()
    (root / "exp/bad.png").write_text("not an image")
    async with board(seen(root)) as it:
        await it.press("enter", "7")
        await it.sees("bad.png", "not a PNG, JPEG, GIF or WebP image, despite its name")
    (root / "exp/bad.png").unlink()
    async with board(seen(root)) as it:
        await it.press("enter", "7")
        await it.sees("this run logged nothing but numbers")


MADE = Path(__file__).parent.parent / "fixtures" / "media"


def logged(run: str) -> Snapshot:
    files = tuple(str(path.relative_to(MADE)) for path in (MADE / run).rglob("*") if path.is_file())
    made = replace(made_up.run(run, "finished", 60), root=str(MADE), files=files)
    return made_up.snapshot(runs=(made,), roots=(str(MADE),), comparisons={}, findings=(), baselines={})


async def test_everything_that_a_run_logged_is_seen_kind_by_kind(board: OpenBoard) -> None:
    async with board(logged("tensorboardx")) as it:
        await it.press("enter", "7")
        await it.sees("1 of 4  image  samples", "24 × 16", "step 3")
        await it.press("t")
        await it.sees("histogram, over steps  layer/weights", "▾▾▾")
        await it.press("d")
        await it.sees("histogram, quantiles", "median", "84%")
        await it.press("d")
        await it.sees("histogram, at this step", "density")
        await it.press("t")
        await it.sees("PR curve  val/pr", "precision over recall")
        await it.press("t")
        await it.sees("text  notes", "step 3: all well")
        await it.press("left")
        await it.sees("step 0: all well")
        await it.press("t")
        await it.sees("1 of 4  image")


async def test_tags_are_filtered_and_a_table_is_a_table(board: OpenBoard) -> None:
    async with board(logged("wandb-run")) as it:
        await it.press("enter", "7")
        await it.sees("1 of 7")
        await it.press("slash", *"answers", "enter")
        await it.sees("table  answers", "“answers”", "question", "2+2", "a|b", "2 rows")
        await it.press("slash", "escape")
        await it.sees("of 7")


async def test_what_no_terminal_shows_is_named_and_written_and_the_keys_go_on(
    board: OpenBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with board(logged("sounds")) as it:
        await it.press("enter", "7")
        await it.sees("1 of 2", "sound", "tone", "0.05 s at 8,000 Hz", "not shown in a terminal", "step 3")
        await it.press("x", "enter")
        await it.until(lambda: list(tmp_path.glob("*.wav")) != [], "a file of the sound")
        await it.press("down")
        await it.sees("2 of 2", "3D object", "cloud_1", "5 points")
        await it.press("up", "left")
        await it.sees("1 of 2", "step 0")
