"""The first ``runwatch.toml`` of a root: what was found, as a commented file."""

from __future__ import annotations

import os
from collections.abc import Sequence

from runwatch.config.settings import Predictions, listed
from runwatch.domain.situation import Snapshot
from runwatch.text.safe import safe
from runwatch.text.toml import toml_string

_HEAD = """# What runwatch watches in this folder. Every key is optional; delete what you don't need.
# Docs: runwatch --help, docs/configuration.md
"""

_WATCH = """
[watch]
# ignore = ["**/checkpoints/**"]
# stalled_after = "15m"          # default: learned from each run's own rhythm
"""

_TASKS = """
[tasks]
# file = "todo.txt"              # default: a todo.txt here, else one in the state directory
"""

_ALERTS = """
# [alerts]
# on = "critical"
# webhook = "https://ntfy.sh/a-topic-nobody-guesses"   # a phone; any http URL gets JSON
"""


def configuration(snapshot: Snapshot, root: str, predictions: Sequence[tuple[Predictions, str]] = ()) -> str:
    """TOML text; what could not be found stays a comment that shows the form. ``predictions``: those found,
    each with what was assumed."""
    return "".join(
        (
            _HEAD,
            _WATCH,
            _baseline(snapshot, root),
            _metrics(snapshot),
            _data(snapshot),
            _predictions(predictions, root),
            _TASKS,
            _ALERTS,
        )
    )


def _baseline(snapshot: Snapshot, root: str) -> str:
    baseline = snapshot.situation.baselines.get(root)
    if baseline is None:
        runs = [run for run in snapshot.situation.runs if run.metrics]
        example = toml_string(runs[0].id) if runs else '"runs/champion"'
        return f'\n[baseline]\n# run = {example}\n# or group = "runs/seed-*", or metrics = "baseline.json"\n'
    return f"\n[baseline]\n{baseline.kind} = {toml_string(baseline.name)}  # {safe(baseline.source)}\n"


def _metrics(snapshot: Snapshot) -> str:
    """The metric that would decide, as a comment; a direction where the name does not say it."""
    chosen = next((m for run in snapshot.situation.runs if (m := run.main_metric) is not None), None)
    tag = toml_string(chosen.tag if chosen else "val/auc")
    lines = [
        "",
        "[metrics]",
        f'# primary = {tag}   # the metric that decides "worse"; the others are guards',
        "",
        f"# [metrics.{tag}]",
        "# tolerance = 0.005   # the largest loss that still counts as equivalent",
    ]
    if chosen is not None and chosen.direction is None:
        lines.append('# direction = "max"   # the name does not say it')
    return "\n".join(lines) + "\n"


def _data(snapshot: Snapshot) -> str:
    out = []
    for one in snapshot.situation.data:
        batches = [batch.name for batch in one.batches]
        out.append(
            f"\n[[data]]  # {safe(one.assumed)}\nname = {toml_string(one.name)}\n"
            f"reference = {toml_string(one.reference)}\ncurrent = {toml_string(_glob(batches))}\n"
        )
    if out:
        return "".join(out)
    return (
        '\n# [[data]]\n# name = "features"\n# reference = "data/reference.parquet"\n'
        '# current = "data/batches/*.parquet"   # each new file or partition is a batch\n'
    )


def _predictions(entries: Sequence[tuple[Predictions, str]], root: str) -> str:
    out = []
    for entry, assumed in entries:
        files = [os.path.relpath(file, root) for file in listed(entry.files)]
        rows = {
            "name": entry.name,
            "files": _glob(files),
            "baseline": os.path.relpath(entry.baseline, root),
            "key": entry.key,
            "target": entry.target,
            "prediction": entry.prediction,
            "score": entry.score,
        }
        lines = [f"{key} = {toml_string(value)}" for key, value in rows.items() if isinstance(value, str)]
        out.append("\n".join(["", f"[[predictions]]  # {safe(assumed)}", *lines, ""]))
    return "".join(out)


def _glob(batches: list[str]) -> str:
    """The folder of the batches with a star for their names."""
    if not batches:
        return "*"
    folder, name = os.path.split(batches[-1])
    return os.path.join(folder, "*" + os.path.splitext(name)[1])
