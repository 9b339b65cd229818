"""What the model looked like: the pictures that a training logged are walked through epoch by epoch, and its
histograms and its card are read in the same place."""

from __future__ import annotations

from pathlib import Path

from stage import stage

from runwatch.demo.copying import copy
from runwatch.shipped import shipped

NOW = 1_900_000_000.0


async def test_images_of_a_training(tmp_path: Path) -> None:
    root = tmp_path / "clinic"
    copy(shipped("sample_runs"), root, NOW)
    async with stage(root) as it:
        await it.sees("champion-seed-3")
        await it.until(lambda: "● live" in it.top, "everything judged")
        await it.presses("slash", *"name:seed-3", "enter", "enter")
        await it.sees("[1 Curves]", "champion-seed-3")
        await it.presses("7")
        await it.sees("val/map", "72 × 54", "step 600", "10 of 10")
        await it.until(lambda: "▀" in it.text, "the image in half blocks")
        last = it.text
        await it.presses("left", "left")
        await it.sees("step 480", "8 of 10")
        await it.presses("home")
        await it.sees("step 60", "1 of 10")
        await it.until(lambda: "▀" in it.text and it.text != last, "the first image")
        it.screenshot("pictures")
        await it.presses("t")
        await it.sees("histogram, over steps", "val/scores")
        await it.presses("t")
        await it.sees("model card", "Logistic regression", "a doctor decides")


async def test_a_new_task_has_the_cursor(tmp_path: Path) -> None:
    root = tmp_path / "clinic"
    copy(shipped("sample_runs"), root, NOW)
    async with stage(root) as it:
        await it.sees("Ask the harbour clinic")
        await it.presses("4", "a", *"write down the scanners", "enter")
        await it.sees("added: write down the scanners")
        await it.until(lambda: "write down the scanners" in it.cursor, "the cursor on the new task")
