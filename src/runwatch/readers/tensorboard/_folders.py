"""Which run an event file belongs to, and under which prefix: the conventions of its writers.

Each folder claims its own event files; where it is a part of a run above, the claim bears that run's id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from runwatch.domain.operations import Writer
from runwatch.readers.base import Claim, Listing, Role
from runwatch.readers.common.column_names import MMENGINE, RANK_FOLDER
from runwatch.readers.common.protobuf import Malformed, double
from runwatch.readers.tensorboard._event import Plugins, TfEvent, parse
from runwatch.readers.tensorboard._record import FOOTER, HEADER, header

_MARK = "tfevents"
_USUAL = "events.out.tfevents"
_SPLITS = frozenset(("train", "training", "validation", "val", "valid", "eval", "evaluation", "test"))
_TRAIN_SPLITS = frozenset(("train", "training"))
_RANK_IN_NAME = re.compile(r"[._-]((?:rank|worker|process|gpu)[_-]?\d{1,6})(?=[._-]|$)")
_HPARAMS_FOLDER = re.compile(r"\d{9,11}(?:\.\d{1,9})?")
_HF_RUN = re.compile(r"[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_.+")
_HF_TRIAL = re.compile(r"run-\d{1,6}", re.ASCII)
_LOG_FOLDERS = frozenset(("logs", "log", "tensorboard", "tb"))
_HOST_PID = re.compile(r"([^/]{1,255}?)\.([1-9]\d{0,9})\.\d{1,9}(?:\.?[^.\d].{0,255})?")
_LEVELS = 4
_CURVE_LEVELS = 3


class RunFolder(NamedTuple):
    """The folder that is the run, and what the tags of the folder asked about get in front."""

    folder: Listing
    prefix: str


def claim(listing: Listing) -> Iterable[Claim]:
    """The event files of this folder, in the order of time."""
    names = [name for name in listing.files if _MARK in name and _is_events(listing, name)]
    if not names or _is_catboost(listing):
        return
    home = _home(listing)
    groups: dict[str, list[str]] = {}
    for name in _in_time_order(listing, names):
        rank = _RANK_IN_NAME.search(name)
        groups.setdefault(f"{rank[1]}/" if rank else "", []).append(name)
    for prefix, group in groups.items():
        files = tuple(listing.join(name) for name in group)
        tags, role = home.prefix + prefix, _role(home.folder)
        yield Claim(
            "tensorboard",
            format="tensorboard",
            run_id=home.folder.path,
            files=files,
            tag_prefix=tags,
            priority=30,
            role=role,
        )


def _role(home: Listing) -> Role:
    """Hugging Face's search writes the events of all its trials, one after another, into the folder above
    ``run-0/checkpoint-500``, …, which are the runs."""
    trials = (home.child(name) for name in home.folders if _HF_TRIAL.fullmatch(name))
    checkpoints = (name for trial in trials if trial is not None for name in trial.folders)
    return "lonely" if any(name.startswith("checkpoint-") for name in checkpoints) else "run"


def _is_events(listing: Listing, name: str) -> bool:
    """A name that only contains the word must show a record's header."""
    if name.startswith(_USUAL):
        return True
    head = listing.head(name)
    return len(head) >= HEADER and header(head, 0).sound


def _is_catboost(listing: Listing) -> bool:
    """CatBoost's event files repeat its tables."""
    above = listing.parent
    return any(
        place.name == "catboost_info"
        or "catboost_training.json" in place.files
        or "learn_error.tsv" in place.files
        for place in (listing, above)
        if place is not None
    )


def _in_time_order(listing: Listing, names: list[str]) -> list[str]:
    """By the wall time of each file's first event, then by name."""
    if len(names) < 2:
        return names
    return sorted(names, key=lambda name: (_first_wall(listing.head(name)), name))


def _first_wall(head: bytes) -> float:
    whole = len(head) >= HEADER + 9 and head[HEADER] == 0x09
    wall = double(head, HEADER + 1) if whole else float("inf")
    return wall if wall == wall else float("inf")


def _home(listing: Listing) -> RunFolder:
    """Go up from a part of a run to the run, at most ``_LEVELS`` times."""
    home = RunFolder(listing, "")
    for _ in range(_LEVELS):
        parent = next((above for rule in _RULES if (above := rule(home.folder)) is not None), None)
        if parent is None:
            break
        home = RunFolder(parent.folder, parent.prefix + home.prefix)
    return home


def _of_rank(listing: Listing) -> RunFolder | None:
    """``rank_0``, ``worker_1``, … are processes of the run above."""
    above = listing.parent
    if above is None or not RANK_FOLDER.fullmatch(listing.name):
        return None
    return RunFolder(above, listing.name + "/")


def _of_split(listing: Listing) -> RunFolder | None:
    """``train`` and ``validation`` of Keras and TensorFlow: the parent is the run."""
    above = listing.parent
    if above is None or listing.name not in _SPLITS:
        return None
    has_sibling = any(
        name != listing.name and name in _SPLITS and _has_events(above.child(name)) for name in above.folders
    )
    alone = listing.name in _TRAIN_SPLITS and any(name.endswith(".v2") for name in listing.files)
    if not (has_sibling or alone or _has_events(above)):
        return None
    return RunFolder(_with_table(above), listing.name + "/")


def _with_table(folder: Listing) -> Listing:
    """Keras keeps its events in ``logs/`` beside the CSV of the run."""
    above = folder.parent
    if above is None or folder.name not in _LOG_FOLDERS:
        return folder
    tables = (name for name in above.files if name.endswith((".csv", ".log", ".tsv", ".txt")))
    return above if any(above.head(name, 6) == b"epoch," for name in tables) else folder


def _of_mmengine(listing: Listing) -> RunFolder | None:
    """MMEngine keeps its curves one folder below the run's log, and so does Guild."""
    above = listing.parent
    return RunFolder(above, "") if above is not None and listing.name in (MMENGINE, ".guild") else None


def _of_hparams(listing: Listing) -> RunFolder | None:
    """``add_hparams`` writes into a folder of its own, named by the time."""
    above = listing.parent
    if above is None or not _HPARAMS_FOLDER.fullmatch(listing.name) or not _has_events(above):
        return None
    return RunFolder(above, "")


def _of_curve(listing: Listing) -> RunFolder | None:
    """``add_scalars("loss", {"train": …})``: tensorboardX writes ``loss/train/``, PyTorch ``loss_train/``,
    with the tag ``loss``, below a folder that has event files itself."""
    above, inner = listing.parent, listing.name
    for _ in range(_CURVE_LEVELS):
        if above is None:
            return None
        if _has_events(above):
            tag = _first_tag(listing)
            named = tag and (inner.startswith((tag + "/", tag.replace("/", "_") + "_")))
            return RunFolder(above, inner + "/") if named else None
        inner = f"{above.name}/{inner}"
        above = above.parent
    return None


def _of_huggingface(listing: Listing) -> RunFolder | None:
    """``runs/*``, ``logs`` and ``checkpoint-*`` of the Hugging Face Trainer belong to its output folder."""
    above = listing.parent
    if above is None:
        return None
    if listing.name.startswith("checkpoint-") and "trainer_state.json" in listing.files:
        return RunFolder(above, "")
    if listing.name in _LOG_FOLDERS:
        return RunFolder(above, "") if _has_arguments(listing) and _is_huggingface(above) else None
    top = above.parent
    if top is None or above.name != "runs":
        return None
    known = _HF_RUN.fullmatch(listing.name) is not None and _is_huggingface(top)
    return RunFolder(top, "") if known or _has_arguments(listing) else None


def _has_arguments(listing: Listing) -> bool:
    """Whether an event file here begins with the Trainer's arguments as a text."""
    return any(b"args/text_summary" in listing.head(name) for name in listing.files if _MARK in name)


def _is_huggingface(folder: Listing) -> bool:
    if "trainer_state.json" in folder.files or "training_args.bin" in folder.files:
        return True
    if "config.json" in folder.files and b'"transformers_version"' in folder.head("config.json"):
        return True
    return any(
        "trainer_state.json" in below.files
        for name in folder.folders
        if name.startswith("checkpoint-") and (below := folder.child(name)) is not None
    )


_RULES: tuple[Callable[[Listing], RunFolder | None], ...] = (
    _of_rank,
    _of_mmengine,
    _of_hparams,
    _of_huggingface,
    _of_curve,
    _of_split,
)


def _has_events(folder: Listing | None) -> bool:
    return folder is not None and any(_MARK in name for name in folder.files)


def _first_tag(listing: Listing) -> str:
    """The tag of the first scalar among the first bytes of the folder's first event file."""
    name = min((name for name in listing.files if _MARK in name), default=None)
    if name is None:
        return ""
    head, at, plugins = listing.head(name), 0, Plugins()
    while at + HEADER <= len(head):
        record = header(head, at)
        end = at + HEADER + record.size
        if not record.sound or end > len(head):
            break
        for value in _parsed(head, at + HEADER, end, plugins).values:
            if value.kind == "scalar":
                return value.tag
        at = end + FOOTER
    return ""


def _parsed(data: bytes, start: int, end: int, plugins: Plugins) -> TfEvent:
    try:
        return parse(data, start, end, plugins)
    except Malformed:
        return TfEvent()


def writer_of(file: str, started: float | None) -> Writer:
    """Who wrote ``file``: from ``events.out.tfevents.<unix>.<host>[.<pid>.<n>][<any suffix>]``."""
    unix, _, rest = file.rpartition("/")[2].partition(_MARK + ".")[2].partition(".")
    if not unix.isdecimal():
        return Writer(None, None, started)
    match = _HOST_PID.fullmatch(rest)
    if match is None:
        return Writer(rest.removesuffix(".v2") or None, None, started)
    return Writer(match[1], int(match[2]), started)
