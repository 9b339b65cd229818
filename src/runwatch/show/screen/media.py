"""Histograms, curves, texts and tables that a run logged, as they are shown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.media import (
    Histogram,
    ImageFile,
    LoggedFile,
    LoggedTable,
    LoggedText,
    MediaContent,
    MediaKind,
    MediaSeries,
    PrCurve,
    Unshown,
)
from runwatch.domain.points import FloatArray
from runwatch.show.screen.chart import ChartBand, ChartLine, ChartView
from runwatch.show.screen.view import Span, TableView, Tone, ViewColumn, ViewRow, Words, text
from runwatch.show.tabular import render
from runwatch.text.safe import safe
from runwatch.text.units import count, plural, size

_QUANTILES = (0.0, 0.067, 0.159, 0.309, 0.5, 0.691, 0.841, 0.933, 1.0)
"""Where a normal distribution has -1.5, -1, ... 1.5 standard deviations, as TensorBoard draws them."""
_MOST_MARKDOWN = 64 * 1024


class HeatView(NamedTuple):
    """Histograms over steps."""

    steps: tuple[int, ...]
    """Ascending."""
    low: float
    high: float
    shares: NDArray[np.float64]
    """A row a step: of its greatest density, in equal bins of ``low`` to ``high``."""


BINS = 96
Steps = Sequence[tuple[int, Histogram]]


def heat(steps: Steps) -> HeatView | None:
    """All of them on one scale; None when there is none."""
    if not steps:
        return None
    low = min(one.edges[0] for _, one in steps)
    high = max(one.edges[-1] for _, one in steps)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    grid = np.linspace(low, high, BINS + 1)
    rows = [np.diff(np.interp(grid, *_cumulative(one))) for _, one in steps]
    peaks = np.array([max(float(row.max()), 1e-300) for row in rows])
    return HeatView(tuple(step for step, _ in steps), low, high, np.stack(rows) / peaks[:, None])


def _cumulative(one: Histogram) -> tuple[FloatArray, FloatArray]:
    """Ascending edges, and how much lies below each. Bins of no width are a jump."""
    edges = np.array(one.edges)
    edges = np.maximum.accumulate(np.where(np.isfinite(edges), edges, 0.0))
    width = (edges[-1] - edges[0]) or 1.0
    edges = edges + np.arange(len(edges)) * width * 1e-12
    counts = np.nan_to_num(np.array(one.counts), nan=0.0, posinf=0.0, neginf=0.0)
    return edges, np.concatenate([[0.0], np.cumsum(np.maximum(counts, 0.0))])


def distribution(key: object, steps: Steps) -> ChartView:
    """The quantiles over steps."""
    x = np.array([step for step, _ in steps], dtype=np.float64)
    rows = np.array([_quantiles(one) for _, one in steps]).reshape(len(steps), len(_QUANTILES))
    named: dict[int, tuple[str, Tone]] = {
        8: ("greatest", "muted"),
        6: ("84%", "info"),
        4: ("median", "series1"),
        2: ("16%", "info"),
        0: ("least", "muted"),
    }
    lines = tuple(
        ChartLine(name, tone=tone, x=x, y=rows[:, i], selected=i == 4) for i, (name, tone) in named.items()
    )
    return ChartView(
        key=("distribution", key),
        lines=lines if len(x) else (),
        bands=(ChartBand(x, rows[:, 2], rows[:, 6]),),
    )


def _quantiles(one: Histogram) -> FloatArray:
    edges, below = _cumulative(one)
    if below[-1] <= 0:
        return np.full(len(_QUANTILES), np.nan)
    rising = np.concatenate([[True], np.diff(below) > 0])
    rising[:-1] |= rising[1:]  # the edge where a filled bin begins counts too
    quantiles: FloatArray = np.interp(np.array(_QUANTILES) * below[-1], below[rising], edges[rising])
    return quantiles


def bars(key: object, name: str, one: Histogram) -> ChartView:
    """One histogram as steps: counts, or where bins differ in width the density."""
    widths, counts = np.diff(one.edges), np.array(one.counts)
    equal = bool(np.all(np.abs(widths - widths[0]) <= 0.01 * widths[0]))
    heights = counts if equal else counts / np.maximum(widths, 1e-300) / max(counts.sum(), 1e-300)
    x = np.repeat(np.array(one.edges), 2)
    y = np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])
    line = ChartLine(name, tone="series1", x=x, y=y, selected=True)
    state = "counts" if equal else "density, bins differ in width"
    return ChartView(key=("bars", key), lines=(line,), x_axis="value", state=state)


def precision_recall(key: object, name: str, one: PrCurve) -> ChartView:
    """Precision over recall, in the unit square."""
    recall, precision = np.array(one.recall), np.array(one.precision)
    order = np.lexsort((-precision, recall))
    line = ChartLine(name, tone="series1", x=recall[order], y=precision[order], selected=True)
    return ChartView(
        key=("pr", key), lines=(line,), x_axis="value", square=True, state="precision over recall"
    )


def which_step(series: MediaSeries, at: int, width: int) -> Words:
    """Which of a tag's items (from 0) is looked at, on a slider where there are several."""
    item, n = series.items[at], len(series.items)
    step = "" if item.step is None else f"step {count(item.step)}"
    if n < 2:
        return text(step, "plain")
    out = f"  {plural(series.left_out, 'step')} between left out" if series.left_out else ""
    long = max(min(width - 44, 60), 6)
    knob = round(at / (n - 1) * (long - 1))
    return (
        Span("─" * knob, "accent"),
        Span("●", "strong"),
        Span("─" * (long - 1 - knob), "faint"),
        Span(f"  {step}  ", "plain"),
        Span(f"{at + 1} of {n}{out}", "muted"),
    )


KIND_WORDS: dict[MediaKind, str] = {
    "picture": "image",
    "histogram": "histogram",
    "pr curve": "PR curve",
    "text": "text",
    "table": "table",
    "audio": "sound",
    "video": "video",
    "mesh": "3D object",
    "page": "page for a browser",
}
_SOUNDS, _VIDEOS = (".wav", ".mp3", ".ogg", ".flac"), (".mp4", ".webm", ".gif", ".ogg")
_SHAPES = (".obj", ".gltf", ".glb", ".stl", ".json", ".pdb", ".bin")
FILE_FORMS: dict[MediaKind, dict[str, str]] = {
    "picture": dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp"), "as it is"),
    "histogram": {".csv": "csv", ".md": "markdown"},
    "text": {".md": "markdown", ".txt": "markdown"},
    "table": {".csv": "csv", ".md": "markdown", ".tex": "latex"},
    "audio": dict.fromkeys(_SOUNDS, "as it is"),
    "video": dict.fromkeys(_VIDEOS, "as it is"),
    "mesh": dict.fromkeys(_SHAPES, "as it is"),
    "page": dict.fromkeys((".html", ".json"), "as it is"),
}
"""What each kind can be written as."""


def file_ending(kind: MediaKind, file: str) -> str:
    """The first ending, of an image its own where its name has one."""
    own = os.path.splitext(file.lower())[1]
    return own if own in FILE_FORMS[kind] else next(iter(FILE_FORMS[kind]))


def as_file(steps: Sequence[int | None], contents: Sequence[MediaContent], form: str) -> str | bytes:
    """What a file of that form holds. Raises OSError, in words, for what cannot be read."""
    match contents[-1] if contents else Unshown("it no longer exists"):
        case ImageFile(data):
            return data
        case LoggedFile(data):
            if not data:
                raise OSError(0, "there is no file of it")
            return data
        case LoggedText(text=words):
            return words
        case LoggedTable(columns, rows):
            return render(columns, rows, form)
        case Unshown(message):
            raise OSError(0, message)
    rows_of = [
        (str(step if step is not None else i), f"{low:.9g}", f"{high:.9g}", f"{many:.9g}")
        for i, (step, one) in enumerate(zip(steps, contents, strict=True))
        if isinstance(one, Histogram)
        for low, high, many in zip(one.edges, one.edges[1:], one.counts, strict=False)
    ]
    return render(("step", "from", "to", "count"), rows_of, form)


def unseen(one: LoggedFile) -> Words:
    """What is known of something that no terminal shows."""
    facts = [part for part in (one.about, size(len(one.data)) if one.data else "") if part]
    rest = "; x writes it into a file" if one.data else ""
    return (Span(f"  {', '.join(facts)}  ", "muted"), Span(f"not shown in a terminal{rest}", "info"))


def prose(one: LoggedText) -> str:
    """A text, each line made safe, cut to what can be rendered at once."""
    cut = one.text[:_MOST_MARKDOWN]
    lines = "\n".join(safe(line) for line in cut.splitlines())
    return lines if len(cut) == len(one.text) else f"{lines}\n\n… cut after {count(len(cut))} characters"


def logged_table(one: LoggedTable) -> TableView:
    """Its rows, as many as were read."""
    names = one.columns or tuple(f"{i + 1}" for i in range(max(map(len, one.rows), default=0)))
    widths = [
        max([len(name), *(len(row[i]) for row in one.rows[:50] if i < len(row))])
        for i, name in enumerate(names)
    ]
    columns = tuple(
        ViewColumn(f"c{i}", safe(name), min(max(widths[i], 3), 40), grow=int(widths[i] > 12), drop=i)
        for i, name in enumerate(names)
    )
    rows = tuple(
        ViewRow(n, tuple(text(row[i] if i < len(row) else "", width=400) for i in range(len(names))))
        for n, row in enumerate(one.rows)
    )
    note = text(f"the first {len(rows)} of {count(one.total)} rows", "muted") if one.total > len(rows) else ()
    return TableView(columns, rows, (text("a table without rows", "muted"),), note)
