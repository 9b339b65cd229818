"""The main metric of a run: the one that stands for it wherever there is room for one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec.structs import replace

from runwatch.domain.directions import core_words, judged, split_of
from runwatch.domain.hyperparameters import watched_metric
from runwatch.domain.run import Direction, Run

_KNOWN = tuple(
    re.compile(pattern)
    for pattern in (
        r"(multiclass|binary)?(auc|auroc|rocauc)",
        r"f1macro|macrof1|f1",
        r"(multiclass|binary)?(accuracy|acc)",
        r"map5095b?",
        r"map50b?|map|meanaverageprecision",
        r".*(rewardmean|meanreward|rewmean|reward)|ep(isode)?(return|reward|ret)|return",
        r"rmse|rootmeansquarederror|rootsquarederror",
    )
)
"""Names that people decide by, the first before the next."""
_BEST = re.compile(r"(?:^|[^a-z])best(?:$|[^a-z])", re.IGNORECASE)


def with_main_metric(run: Run, configured: str | None = None) -> Run:
    """``run`` with ``main`` set: the tag of its main metric among those that are shown."""
    shown = {tag: metric.direction for tag, metric in run.metrics.items() if not metric.hidden}
    return replace(run, main=main_metric(shown, configured, watched_metric(run)))


def main_metric(
    directions: Mapping[str, Direction], configured: str | None = None, watched: str | None = None
) -> str | None:
    """The main metric among ``directions`` (name: whether lower or higher is better): the configured one,
    else the one that the run's own early stopping or checkpoints watch, else the best known held-out one (ROC
    AUC, macro F1, accuracy, mAP, reward, RMSE, then other scores, errors and losses; validation before test
    before what names no part of the data), else the same of the training. None: there are none."""
    return _main(tuple(directions.items()), configured, watched)


@lru_cache(maxsize=1024)
def _main(
    directions: tuple[tuple[str, Direction], ...], configured: str | None, watched: str | None
) -> str | None:
    """Runs of one kind log the same names: what one answers holds for all."""
    names = dict(directions)
    for name in (configured, watched):
        metric = None if name is None else same_metric(names, name)
        if metric is not None:
            return metric
    return next(iter(by_importance(names)), None)


def by_importance(directions: Mapping[str, Direction]) -> list[str]:
    """The names, those that people decide by first: held-out ones before the training's."""
    held_out = {core_words(name) for name in directions if split_of(name) in ("validation", "test")}
    # Keras and others log the training's ``loss`` beside ``val_loss``, without a word for its part
    bare_is_training = any(core_words(name) in held_out for name in directions if split_of(name) is None)

    def rank(name: str) -> tuple[bool, bool, int, int, bool, bool, str]:
        split = split_of(name)
        training = split == "train" or (split is None and bare_is_training)
        place = {"validation": 0, "test": 1, None: 2, "train": 3}[split]
        decides = directions[name] is not None and judged(name)
        running_best = _BEST.search(name) is not None  # never falls: not what the model is worth now
        return (
            not decides,
            training,
            _family(name, directions[name]),
            place,
            running_best,
            not _is_sum(name),
            name,
        )

    return sorted(directions, key=rank)


def _is_sum(name: str) -> bool:
    """Whether a loss is all of it, and no part (``loss_cls``, ``kl_loss``)."""
    return core_words(name) in (("loss",), ("total", "loss"), ("loss", "total"))


def same_metric(names: Iterable[str], sought: str) -> str | None:
    """The one name that says the same as ``sought``: the same name, else the only one of the same words and
    split; where ``sought`` names no split, validation's."""
    names = list(names)
    if sought in names:
        return sought
    same = [name for name in names if core_words(name) == core_words(sought)]
    for split in (split_of(sought), "validation"):
        of_split = [name for name in same if split_of(name) == split]
        if len(of_split) == 1:
            return of_split[0]
        if split_of(sought) is not None:
            break
    return None


def _family(name: str, direction: Direction) -> int:
    """How little people decide by a metric of this name: 0 is a ROC AUC."""
    if direction is None:
        return len(_KNOWN) + 3
    joined = "".join(core_words(name))
    known = next((i for i, pattern in enumerate(_KNOWN) if pattern.fullmatch(joined)), None)
    if known is not None:
        return known
    if direction == "max":
        return len(_KNOWN)
    return len(_KNOWN) + (2 if joined.startswith("loss") or joined.endswith("loss") else 1)
