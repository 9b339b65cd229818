"""Saved models of a run: names, sizes and times only; none is ever opened."""

from __future__ import annotations

import re
from collections.abc import Container

from runwatch.domain.run import Checkpoint
from runwatch.domain.tree import Folder

_MODEL = re.compile(
    r"\.(ckpt|pt|pth|safetensors|keras|h5|hdf5|joblib|skops|ubj|cbm|onnx|npz|msgpack|tflite|zip)$",
    re.IGNORECASE,
)
_CHECKPOINT_FOLDER = re.compile(
    r"^(checkpoint|ckpt|step|epoch|global_step)[-_]?\d+$|\.keras$|\.orbax", re.IGNORECASE
)
_ALWAYS_PARTS = re.compile(r"^(optimizer|scheduler|rng_state|training_args|scaler)[\w.-]*$", re.IGNORECASE)
DEPTH = 3


def is_checkpoint(path: str) -> bool:
    """Whether a file is shown as a saved model, by its name."""
    return bool(_MODEL.search(path.rpartition("/")[2]))


def checkpoints(folder: Folder, other_runs: Container[str]) -> tuple[Checkpoint, ...]:
    """Checkpoints in a run's folder, oldest first; folders that are runs of their own are left out. A
    folder such as ``checkpoint-500`` counts as one, with all its files."""
    collected: list[Checkpoint] = []
    _collect(folder, other_runs, DEPTH, collected)
    return tuple(sorted(collected, key=lambda checkpoint: (checkpoint.mtime, checkpoint.path)))


def _collect(folder: Folder, other_runs: Container[str], depth: int, collected: list[Checkpoint]) -> None:
    for name, stat in folder.files.items():
        if _MODEL.search(name) and not _ALWAYS_PARTS.match(name):
            collected.append(Checkpoint(folder.join(name), stat.size, stat.mtime))
    for name, child in folder.folders.items():
        if child.path in other_runs or depth == 0:
            continue
        if _CHECKPOINT_FOLDER.search(name):
            stats = [stat for below in child.walk(DEPTH) for stat in below.files.values()]
            if stats:
                newest = max(stat.mtime for stat in stats)
                collected.append(Checkpoint(child.path, sum(stat.size for stat in stats), newest))
        else:
            _collect(child, other_runs, depth - 1, collected)
