"""Which metric decides."""

from __future__ import annotations

from collections.abc import Sequence

from runwatch.domain.directions import core_words, split_of

_FIRST: tuple[tuple[str, ...], ...] = (
    ("rocauc", "auroc", "auc", "multiclassauroc", "binaryauroc"),
    ("f1macro", "macrof1", "f1"),
    ("accuracy", "acc", "multiclassaccuracy", "binaryaccuracy"),
    ("rmse", "rootmeansquarederror", "rootsquarederror"),
)
_SPLITS = ("validation", "test", None, "train")


def choose_primary(names: Sequence[str], wanted: str | None, recorded: str | None = None) -> str | None:
    """The metric of ``names`` that decides the whole comparison: the configured one, else the one that early
    stopping or checkpoints watch (``recorded``), else the first of ROC AUC, macro F1, accuracy, RMSE,
    validation loss (validation before test before training), else the first. None: there are none, or the
    wanted one is not among them."""
    for asked in (wanted, recorded):
        if asked is not None:
            found = next((name for name in names if name == asked), None) or _same_metric(names, asked)
            if found is not None or asked == wanted:
                return found
    for aliases in _FIRST:
        matches = [name for name in names if "".join(core_words(name)) in aliases]
        if matches:
            return min(matches, key=lambda name: _SPLITS.index(split_of(name)))
    losses = [name for name in names if core_words(name)[-1:] == ("loss",) and split_of(name) != "train"]
    held_out = [name for name in losses if split_of(name) in ("validation", "test")]
    return next(iter(held_out or losses or names), None)


def _same_metric(names: Sequence[str], asked: str) -> str | None:
    """The one name that says the same as ``asked``; where ``asked`` names no split, validation's."""
    same = [name for name in names if core_words(name) == core_words(asked)]
    for split in (split_of(asked), "validation"):
        of_split = [name for name in same if split_of(name) == split]
        if len(of_split) == 1:
            return of_split[0]
        if split_of(asked) is not None:
            break
    return None


def match(name: str, among: Sequence[str]) -> str | None:
    """The name on the other side that is the same metric: the same name, else the only one of the same words
    and the same split."""
    if name in among:
        return name
    same = [
        other
        for other in among
        if core_words(other) == core_words(name) and split_of(other) == split_of(name)
    ]
    return same[0] if len(same) == 1 else None
