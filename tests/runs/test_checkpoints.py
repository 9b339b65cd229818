"""Checkpoints are counted by name; nothing of them is opened."""

from __future__ import annotations

import os
from pathlib import Path

from runwatch.runs.checkpoints import checkpoints
from runwatch.watch.tree import Tree


def _write(root: Path, file: str, size: int, mtime: float) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (mtime, mtime))


def test_files_and_checkpoint_folders_oldest_first(tmp_path: Path) -> None:
    _write(tmp_path, "checkpoint-20/model.safetensors", 100, 20)
    _write(tmp_path, "checkpoint-20/optimizer.pt", 50, 20)
    _write(tmp_path, "checkpoints/last.ckpt", 70, 30)
    _write(tmp_path, "training_args.bin", 5, 1)
    _write(tmp_path, "metrics.csv", 5, 1)
    tree = Tree(str(tmp_path))
    tree.scan()
    found = checkpoints(tree.top, ())
    assert [(c.path, c.size) for c in found] == [("checkpoint-20", 150), ("checkpoints/last.ckpt", 70)]


def test_a_run_below_keeps_its_own(tmp_path: Path) -> None:
    _write(tmp_path, "version_0/checkpoints/a.ckpt", 10, 1)
    tree = Tree(str(tmp_path))
    tree.scan()
    assert checkpoints(tree.top, {"version_0"}) == ()
    assert len(checkpoints(tree.top, ())) == 1
