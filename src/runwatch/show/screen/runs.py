"""The runs as a table: how each stands, how far it is, and how it does against the baseline."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec

from runwatch.domain.address import host_of
from runwatch.domain.comparison import Comparison
from runwatch.domain.nested import flatten
from runwatch.domain.run import Run, RunKey
from runwatch.domain.run_names import shown_names
from runwatch.domain.situation import ROOT_GONE, Snapshot
from runwatch.show.names import root_names
from runwatch.show.screen.run_columns import (
    DEFAULT,
    RowCase,
    RunColumn,
    RunRowFacts,
    age,
    kind,
    metric_of,
    status,
)
from runwatch.show.screen.run_order import Order, sort_key, worst_severities
from runwatch.show.screen.view import (
    SERIES,
    STATUS_TONES,
    LazyRows,
    Span,
    TableView,
    Tone,
    ViewColumn,
    ViewRow,
    Words,
    figure,
    keys_of,
    tally,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.run_filter import parse, unknown_names
from runwatch.text.safe import safe
from runwatch.text.signs import STATUS_WORDS

ORDERS: tuple[Order, ...] = ("attention", "newest", "name", "metric")
NARROW = 64
_MOST_KEPT = 5_000
_HERE = "here"


class RunsAsk(msgspec.Struct, frozen=True):
    """What a person wants to see of the runs."""

    filter: str = ""
    order: Order = "attention"
    marked: tuple[RunKey, ...] = ()
    sort: str = ""
    """The key of a column, "" for ``order``."""
    descending: bool = False
    columns: tuple[str, ...] = ()
    """Keys, () for the usual ones."""
    metric: str | None = None
    """Shown instead of each run's main one."""
    group: str = ""
    """"", "folder", "group", or ``=NAME`` of a hyperparameter."""
    folded: frozenset[str] = frozenset()
    """Names of groups that are closed."""
    starred: frozenset[RunKey] = frozenset()
    hidden: frozenset[RunKey] = frozenset()
    with_hidden: bool = False
    width: int = 120
    """Of the table, in cells."""


class GroupKey(NamedTuple):
    """Names a group of runs in the table."""

    name: str


Kept = dict[object, tuple["_BuiltRow", ViewRow]]
"""Rows of the last view with what they were made of; a row of the same parts is taken over."""


def runs(snapshot: Snapshot, ask: RunsAsk, now: float, cache: Kept | None = None) -> TableView:
    """All runs that pass the filter, those that need a person first on top. A row is made when it is looked
    at, and taken over from ``cache`` while its parts are the same."""
    cases = _ordered(snapshot, _cases(snapshot, _passing(snapshot, ask, now), ask, now), ask)
    kinds, columns = _columns(cases, ask, bool(snapshot.watch.hosts))
    shape = (tuple(column.key for column in columns), ask.width < NARROW)
    known: Kept = {} if cache is None else cache
    lines = _lines(cases, ask)

    def make(at: int) -> ViewRow:
        line = lines[at]
        if isinstance(line, _Group):
            return _group_row(line.key.name, line.members, columns, line.key.name in ask.folded)
        made = _BuiltRow(line.run, line.comparison, line.facts, age(line.run, now), line.metric, shape)
        have = known.get(line.run.key)
        row = have[1] if have and have[0].same_as(made) else _row(line, kinds, ask)
        if len(known) > _MOST_KEPT:
            known.clear()
        known[line.run.key] = (made, row)
        return row

    keys = [line.key if isinstance(line, _Group) else line.run.key for line in lines]
    return TableView(columns, LazyRows(keys, make), _nothing(snapshot, ask), _note(snapshot, cases, ask))


def top(snapshot: Snapshot, ask: RunsAsk, now: float) -> RunKey | None:
    """The run of the first row; None where that is a group, or there is none."""
    keys = keys_of(runs(snapshot, ask, now).rows)
    first = keys[0] if keys else None
    return first if isinstance(first, RunKey) else None


class _Group(NamedTuple):
    """The line above the runs of a group."""

    key: GroupKey
    members: list[RowCase]


def _lines(cases: list[RowCase], ask: RunsAsk) -> Sequence[RowCase | _Group]:
    """The runs, and above those of each group its own line; of a folded one only that."""
    if not ask.group:
        return cases
    lines: list[RowCase | _Group] = []
    for group, members in _grouped(cases, ask):
        lines.append(_Group(GroupKey(group), members))
        for case in () if group in ask.folded else members:
            prefix = f"{group}/" if case.run.id.startswith(f"{group}/") else case.facts.prefix
            lines.append(case._replace(facts=case.facts._replace(depth=1, prefix=prefix)))
    return lines


def _passing(snapshot: Snapshot, ask: RunsAsk, now: float) -> list[Run]:
    holds = parse(ask.filter).holds if ask.filter.strip() else None
    if holds is None and (ask.with_hidden or not ask.hidden):
        return list(snapshot.situation.runs)
    return [
        run
        for run in snapshot.situation.runs
        if (ask.with_hidden or run.key not in ask.hidden) and (holds is None or holds(run, now))
    ]


def _cases(snapshot: Snapshot, chosen: list[Run], ask: RunsAsk, now: float) -> list[RowCase]:
    situation = snapshot.situation
    several = len(situation.roots) > 1
    hosts = snapshot.watch.hosts
    roots = _prefixes(situation.roots, bool(hosts)) if several else {}
    lost = {link.name for link in hosts if link.state == "lost"}
    prefix = "" if several else common_folder([run.id for run in situation.runs])
    worst = worst_severities(snapshot)
    names = shown_names(situation.runs) if any(run.name for run in situation.runs) else {}
    usual: dict[str, RunRowFacts] = {}
    for root in situation.roots:
        host = (host_of(root) or _HERE) if hosts else ""
        usual[root] = RunRowFacts(
            None,
            is_baseline=False,
            root=roots.get(root, ""),
            prefix=prefix,
            worst=None,
            host=host,
            lost=host_of(root) in lost,
        )
    comparisons, baselines, metric = situation.comparisons, situation.baselines, ask.metric
    singled_out = worst.keys() | set(ask.marked) | ask.starred
    out = []
    for run in chosen:
        facts = usual[run.root]
        if not (singled_out or comparisons or run.name or baselines):
            out.append(RowCase(run, None, facts, metric_of(run, metric), now))
            continue
        key = run.key
        if key in singled_out or run.name or run.root in baselines:
            facts = facts._replace(
                tone=mark_tone(ask.marked, key),
                is_baseline=is_baseline(snapshot, run),
                worst=worst.get(key),
                starred=key in ask.starred,
                name=names[key] if run.name else "",
            )
        out.append(RowCase(run, comparisons.get(key), facts, metric_of(run, metric), now))
    return out


def _ordered(snapshot: Snapshot, cases: list[RowCase], ask: RunsAsk) -> list[RowCase]:
    """In the wanted order; those without a value last, starred ones first."""
    if ask.sort:
        order = kind(ask.sort).order
        valued = [(value, case) for case in cases if (value := order(case)) is not None]
        valued.sort(key=lambda pair: pair[0], reverse=ask.descending)
        cases = [case for _, case in valued] + [case for case in cases if order(case) is None]
    else:
        key = sort_key(snapshot, ask.order)
        cases = sorted(cases, key=lambda case: key(case.run))
    return sorted(cases, key=lambda case: not case.facts.starred) if ask.starred else cases


def _columns(
    cases: list[RowCase], ask: RunsAsk, hosts: bool = False
) -> tuple[list[RunColumn], tuple[ViewColumn, ...]]:
    """The columns, and how they are laid out. Where all runs have one main metric its name is the title of
    its value; else each row says it. A narrow table shows a status by its sign alone."""
    keys = list(ask.columns or DEFAULT)
    if hosts and not ask.columns:
        keys.insert(1, "host")
    tags = {case.metric.tag for case in cases if case.metric}
    uniform = len(tags) == 1 and not ask.columns
    if uniform:
        keys.remove("metric")
    kinds = [kind(key) for key in keys]
    columns = []
    for each in kinds:
        column = each.column
        if column.key == "value" and uniform:
            title = safe(next(iter(tags)), 30)
            column = column._replace(title=title, width=max(7, min(len(title), 12)), keep_end=True)
        elif column.key == "metric" and len(tags) < 2:
            column = column._replace(drop=5)
        elif column.key == "status" and ask.width < NARROW:
            column = column._replace(title="", width=1)
        if column.key == ask.sort:
            arrow = "▼" if ask.descending else "▲"
            room = max(column.width, len(column.title) + 1)
            column = column._replace(title=column.title + arrow, width=room)
        columns.append(column)
    return kinds, tuple(columns)


def _grouped(cases: list[RowCase], ask: RunsAsk) -> list[tuple[str, list[RowCase]]]:
    """(name of the group, its runs), in the order of their first runs."""
    groups: dict[str, list[RowCase]] = {}
    for case in cases:
        groups.setdefault(_group_of(case.run, ask.group), []).append(case)
    return list(groups.items())


def _group_of(run: Run, by: str) -> str:
    if by == "folder":
        return run.id.rpartition("/")[0] or "."
    if by == "group":
        return run.group
    have = flatten(run.hparams).get(by[1:])
    return f"{by[1:]} = {'–' if have is None else units.number(have) if isinstance(have, float) else have}"


def _group_row(name: str, members: list[RowCase], columns: tuple[ViewColumn, ...], folded: bool) -> ViewRow:
    """A group's name, how many runs it has and how they stand, and the mean and spread of their metric."""
    counts = Counter(case.run.status for case in members)
    spans = words(
        text(name, "accent"),
        Span(f"  {units.plural(len(members), 'run')}", "muted"),
        Span(_spread(members), "plain"),
        *(
            Span(f" · {n} {STATUS_WORDS[name]}", STATUS_TONES[name])
            for name, n in counts.items()
            if name in ("crashed", "stalled", "running")
        ),
    )
    cells: list[Words] = []
    for column in columns:
        sign = text("▸" if folded else "▾", "accent")
        cells.append(sign if column.key == "status" else spans if column.key == "run" else ())
    return ViewRow(GroupKey(name), tuple(cells), wide="run")


def _spread(members: list[RowCase]) -> str:
    """ "  val/auc 0.8512 ± 0.0021", where all have one metric."""
    metrics = [case.metric for case in members if case.metric and math.isfinite(case.metric.last)]
    if not metrics or len({metric.tag for metric in metrics}) > 1:
        return ""
    values = [metric.last for metric in metrics]
    message = f"  {safe(metrics[0].tag, 24)} {figure(math.fsum(values) / len(values))}"
    return message if len(values) < 2 else f"{message} ± {figure(statistics.stdev(values))}"


class _BuiltRow(NamedTuple):
    """What a row was made of; it holds run and comparison, so that no other can take their place."""

    run: Run
    comparison: Comparison | None
    facts: RunRowFacts
    age: str
    metric: object
    shape: object

    def same_as(self, other: _BuiltRow) -> bool:
        """Whether the same row comes of it."""
        parts = self.run is other.run and self.comparison is other.comparison and self.metric is other.metric
        return parts and (self.facts, self.age, self.shape) == (other.facts, other.age, other.shape)


def _row(case: RowCase, kinds: list[RunColumn], ask: RunsAsk) -> ViewRow:
    short = ask.width < NARROW
    cells = [status(case.run, short) if each.column.key == "status" else each.cell(case) for each in kinds]
    return ViewRow(case.run.key, tuple(map(_grey, cells) if case.facts.lost else cells))


def _grey(cell: Words) -> Words:
    """What a machine told that does not answer now."""
    return tuple(span._replace(tone="faint") for span in cell)


def _prefixes(roots: Sequence[str], with_hosts: bool) -> dict[str, str]:
    """What stands before a run's id to tell its root: not what the host's column says already."""
    names = root_names(roots)
    if not with_hosts:
        return names
    on = Counter(map(host_of, roots))
    return {
        root: "" if on[host_of(root)] == 1 else name.removeprefix(f"{host_of(root)}/")
        for root, name in names.items()
    }


def _note(snapshot: Snapshot, cases: list[RowCase], ask: RunsAsk) -> Words:
    """ "8 of 57 shown", what of the filter means nothing, and how many are hidden."""
    every = len(snapshot.situation.runs)
    parts: list[Span] = []
    if len(cases) != every:
        parts.append(Span(f"{len(cases):,} of {every:,} shown", "info"))
    hidden = sum(run.key in ask.hidden for run in snapshot.situation.runs) if ask.hidden else 0
    if hidden and not ask.with_hidden:
        parts.append(Span(f"  {hidden} hidden (X shows them)", "muted"))
    complaint = parse(ask.filter).complaint if ask.filter else ""
    if complaint:
        parts.append(Span(("  " if parts else "") + safe(complaint, 80), "warn"))
    return tuple(parts)


def is_baseline(snapshot: Snapshot, run: Run) -> bool:
    """Whether a run is what its root is compared against, alone or in a group."""
    baseline = snapshot.situation.baselines.get(run.root)
    if baseline is None or baseline.kind not in ("run", "group"):
        return False
    return baseline.name == run.id if baseline.kind == "run" else fnmatchcase(run.id, baseline.name)


def mark_tone(marked: Iterable[RunKey], key: RunKey) -> Tone | None:
    """The colour of a marked run's curve, None when it is not marked."""
    for i, other in enumerate(marked):
        if other == key:
            return SERIES[i % len(SERIES)]
    return None


def common_folder(ids: list[str]) -> str:
    """The folders that all runs lie in, with the last slash: what a table need not repeat."""
    if len(ids) < 2:
        return ""
    first, last = min(ids), max(ids)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return first[: first.rfind("/", 0, shared) + 1]


def no_match(line: str, snapshot: Snapshot) -> tuple[Words, ...]:
    """What stands in place of runs that a filter lets pass."""
    unknown = ", ".join(unknown_names(line, snapshot.situation.runs))
    return (
        text(f"no run matches “{line}”"),
        *([text(f"no run has a metric or hyperparameter {safe(unknown, 60)}")] if unknown else []),
        text("escape clears the filter, Tab completes names", "muted"),
    )


def _nothing(snapshot: Snapshot, ask: RunsAsk) -> tuple[Words, ...]:
    if ask.filter and snapshot.situation.runs:
        return no_match(ask.filter, snapshot)
    if snapshot.watch.phase != "live":
        return (text("looking for runs …", "muted"),)
    if any(mark.endswith(ROOT_GONE) for mark in snapshot.watch.degraded):
        which = "the" if len(snapshot.situation.roots) == 1 else "a"
        return (
            text(f"{which} watched folder is gone", "warn"),
            text("its runs appear again as soon as it is back", "muted"),
        )
    how = "they appear as soon as a training writes its first file below the watched roots;"
    return (text("no runs here yet"), text(f"{how} runwatch demo shows how", "muted"))


def summary(snapshot: Snapshot) -> Words:
    """Counts by status, those that matter first: "3 running · 1 crashed · 12 runs"."""
    runs = snapshot.situation.runs
    states = (run.status for run in runs)
    return tally(states, ("crashed", "stalled", "running"), STATUS_TONES, units.plural(len(runs), "run"))
