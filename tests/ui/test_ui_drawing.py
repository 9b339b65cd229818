"""Dots, axes, tables: what is drawn is what is there."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from runwatch.show.screen.chart import ChartBand, ChartLevel, ChartLine, ChartMark, ChartView
from runwatch.show.screen.view import Span, ViewColumn
from runwatch.text.safe import safe
from runwatch.ui.palette import Palette
from runwatch.ui.themes import DEFAULT_TONES
from runwatch.ui.widgets.axes import Axes, axes, nice_step, place, x_ticks
from runwatch.ui.widgets.braille import rasterised, reduced
from runwatch.ui.widgets.chart import draw, nearest, read_out
from runwatch.ui.widgets.table import layout
from runwatch.ui.widgets.words import fitted, width_of, wrapped

COLOURS = Palette(DEFAULT_TONES)
values = st.lists(st.floats(-1e300, 1e300) | st.sampled_from([float("nan")]), max_size=50)


def chart(y: list[float], **more: object) -> ChartView:
    line = ChartLine("a", "series1", np.arange(len(y), dtype=float), np.array(y, dtype=float))
    return ChartView(key=1, lines=(line,), **more)  # type: ignore[arg-type]


@given(values, st.integers(12, 90), st.integers(3, 30), st.booleans())
def test_any_series_makes_an_image_of_the_right_size(
    y: list[float], width: int, height: int, log: bool
) -> None:
    strips = draw(chart(y, log=log), width, height, COLOURS)
    assert [strip.cell_length for strip in strips] == [width] * height


@pytest.mark.parametrize("y", [[], [float("nan")] * 3, [1.0], [2.0] * 20, [1e308, -1e308], [5e-324, 1e-323]])
def test_odd_series(y: list[float]) -> None:
    text = "\n".join(strip.text for strip in draw(chart(y), 40, 10, COLOURS))
    drawn = any("⠀" < char <= "⣿" for char in text)
    assert drawn == bool(np.isfinite(y).any()) or "nothing to draw" in text


def test_a_log_scale_leaves_out_what_has_no_logarithm() -> None:
    shown = axes(chart([-1.0, 0.0, 1.0, 100.0], log=True))
    assert shown is not None and shown.log
    assert -0.2 < shown.y0 < 0 and 2 < shown.y1 < 2.2
    assert not axes(chart([-1.0, -5.0], log=True)).log  # type: ignore[union-attr]


def test_levels_bands_and_marks_are_drawn() -> None:
    x = np.array([0.0, 9.0])
    view = chart(
        list(range(10)),
        levels=(ChartLevel(5.0, "baseline"),),
        bands=(ChartBand(x, np.array([3.0, 3.0]), np.array([6.0, 6.0])),),
        marks=(ChartMark(5.0, "▲", "bad"),),
    )
    strips = draw(view, 60, 12, COLOURS)
    text = "\n".join(strip.text for strip in strips)
    assert "━ baseline" in text and "▲" in text
    shaded = [s for strip in strips for s in strip if s.style and s.style.bgcolor == COLOURS["band"].bgcolor]
    assert shaded


def test_without_colours_a_level_is_dots_and_no_blocks() -> None:
    drawn = draw(
        chart([0.0, 9.0], levels=(ChartLevel(5.0, "", "bad"),)), 60, 12, Palette(DEFAULT_TONES, grey=True)
    )
    dots = [s for strip in drawn for s in strip if any("⠀" < char <= "⣿" for char in s.text)]
    assert dots and not any(s.style and (s.style.reverse or s.style.underline) for s in dots)


@pytest.mark.parametrize("seed", range(20))
def test_the_reduced_line_covers_the_same_dots(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.where(rng.random(5000) < 0.1 * (seed % 3), np.nan, rng.normal(20, 5, 5000).clip(0, 39))
    x = np.linspace(0, 19, len(rows))
    every = rasterised(np.floor(x), rows, 10, 10)
    few = rasterised(*reduced(np.floor(x), rows, 20), 10, 10)
    finite = np.isfinite(rows)
    joined = rasterised(np.floor(x)[finite], rows[finite], 10, 10)
    stray = np.unpackbits((few & ~joined).ravel()).sum()
    assert stray <= (0 if finite.all() else 6)
    assert np.unpackbits(few.ravel()).sum() >= 0.9 * np.unpackbits(every.ravel()).sum()


def test_a_straight_line_has_no_gap() -> None:
    cells = rasterised(np.array([0.0, 39.0]), np.array([0.0, 39.0]), 20, 10)
    assert (cells.any(axis=1)).all()
    assert int(np.unpackbits(cells.ravel()).sum()) == 40


@pytest.mark.parametrize(
    ("rough", "step"), [(0.17, 0.2), (0.5, 0.5), (3, 5), (70, 100), (1e-9, 1e-9), (0, 1)]
)
def test_round_steps(rough: float, step: float) -> None:
    assert nice_step(rough) == pytest.approx(step)


@given(st.text(max_size=40), st.integers(1, 30), st.booleans(), st.booleans())
def test_words_take_exactly_their_room(text: str, width: int, right: bool, keep_end: bool) -> None:
    from runwatch.show.screen.view import text as made

    segments = fitted(made(text), width, COLOURS, right, keep_end)
    assert abs(sum(segment.cell_length for segment in segments) - width) <= 0


@given(st.text(st.sampled_from("a❤☕👩💻👍🏳🌈1é値\u200d\ufe0f\ufe0e\U0001f3fd\u20e3\u0301"), max_size=12))
def test_a_text_is_as_wide_as_its_characters_so_that_all_terminals_agree(text: str) -> None:
    shown = safe(text)
    assert cell_len(shown) == sum(map(cell_len, shown))


def test_what_is_too_long_loses_its_beginning_or_its_end() -> None:
    line = (Span("nightly/"), Span("exp-21"))
    assert "".join(s.text for s in fitted(line, 8, COLOURS)) == "nightly…"
    assert "".join(s.text for s in fitted(line, 8, COLOURS, keep_end=True)) == "…/exp-21"
    assert width_of(line) == 14


def test_columns_give_way_by_their_rank() -> None:
    columns = (
        ViewColumn("a", "a", 10),
        ViewColumn("b", "b", 10, drop=1),
        ViewColumn("c", "c", 10, grow=1, drop=2),
    )
    assert [c.key for c, _, _ in layout(columns, 100)[0]] == ["a", "b", "c"]
    assert [c.key for c, _, _ in layout(columns, 22)[0]] == ["a", "b"]
    assert [c.key for c, _, _ in layout(columns, 12)[0]] == ["a"]
    widths, gap = layout(columns, 100)
    assert sum(width for _, width, _ in widths) + 2 * gap == 100


def test_where_nothing_can_be_dropped_the_widest_column_gives_way() -> None:
    columns = (
        ViewColumn("name", "", 24, grow=1),
        ViewColumn("value", "", 9),
        ViewColumn("why", "", 50, grow=5),
    )
    assert [width for _, width, _ in layout(columns, 41)[0]] == [15, 9, 15]
    assert [width for _, width, _ in layout(columns, 5)[0]] == [3, 9, 3]


@given(st.text(st.sampled_from("ab é漢 "), max_size=60), st.integers(2, 20))
def test_words_that_wrap_lose_nothing(text: str, width: int) -> None:
    lines = wrapped((Span(text), Span(" end")), width)
    told = ["".join(span.text for span in line) for line in lines]
    assert " ".join(told).split() == (text + " end").split()
    for i, said in enumerate(told):
        last = i == len(told) - 1
        assert cell_len(said.rstrip() if last else said) <= width or " " not in said.strip()


@pytest.mark.parametrize("low, high", [(0.98715, 0.98735), (1000.1, 1000.4), (0.984, 0.9892), (-3.0, 5.0)])
def test_the_labels_of_an_axis_tell_its_values_apart(low: float, high: float) -> None:
    lines = [strip.text for strip in draw(chart([low, high]), 60, 14, COLOURS)]
    said = [float(line.partition("┤")[0].replace(",", "")) for line in lines if "┤" in line]
    rows = [i for i, line in enumerate(lines) if "┤" in line]
    assert len(said) > 1 and len(set(said)) == len(said)
    per_row = (said[0] - said[-1]) / (rows[-1] - rows[0])
    for value, row in zip(said, rows, strict=True):
        assert value == pytest.approx(said[0] - (row - rows[0]) * per_row, abs=per_row)


def test_steps_that_are_large_and_near_each_other_are_written_out() -> None:
    x = np.array([1_000_000.0, 1_000_300.0])
    view = ChartView(key=1, lines=(ChartLine("a", "series1", x, x),))
    foot = draw(view, 60, 10, COLOURS)[-1].text
    assert foot.split() == ["└1,000,000", "1,000,100", "1,000,200", "1,000,300"]


@pytest.mark.parametrize("last", [4, 9, 60, 1_000, 48_000, 7_000_000])
def test_an_axis_with_room_has_five_round_places_or_more(last: int) -> None:
    x = np.array([0.0, float(last)])
    view = ChartView(key=1, lines=(ChartLine("a", "series1", x, x),))
    labels = draw(view, 100, 12, COLOURS)[-1].text.strip("└ ").removesuffix("step").split()
    assert len(labels) >= 5 and len(set(labels)) == len(labels)


def reading(view: ChartView, cell: int, width: int = 100) -> str:
    return "".join(span.text for span in read_out(view, cell, width, 12))


def test_the_cursor_reads_every_curve_at_one_place() -> None:
    x = np.arange(101.0)
    own = ChartLine("mine", "series1", x, x / 10, selected=True)
    view = ChartView(
        key=1, lines=(ChartLine("base", "baseline", x[:51], x[:51]), ChartLine("", "faint", x, x), own)
    )
    assert reading(view, 0) == " step 0   ━ mine 0   ━ base 0"
    last = reading(view, 10_000)
    assert last.startswith(" step 100   ━ mine 10") and last.endswith("base –"), "base ends at 50"
    drawn = [strip.text for strip in draw(view, 100, 12, COLOURS, cursor=20)]
    assert drawn[0].startswith(reading(view, 20)) and sum("│" in line[21:] for line in drawn[1:]) >= 5


@pytest.mark.parametrize("width", [24, 28, 36])
def test_where_there_is_little_room_the_name_gives_way_to_the_value(width: int) -> None:
    x = np.arange(601.0)
    own = ChartLine("runs/champion-seed-3", "series1", x, x / 601 + 0.5, selected=True)
    view = ChartView(key=1, lines=(own, ChartLine("baseline", "baseline", x, x)))
    said = reading(view, 3, width)
    assert width_of((Span(said),)) <= width and re.search(r"━ .*0\.\d{4} …$", said), said


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40, unique=True), st.floats(-2e6, 2e6))
def test_the_nearest_point_is_read(places: list[float], at: float) -> None:
    x = np.array(sorted(places))
    assert abs(x[nearest(x, at)] - at) == pytest.approx(np.abs(x - at).min())


def test_the_legend_begins_with_the_run_one_looks_at_and_says_how_it_is_drawn() -> None:
    x = np.arange(5.0)
    others = tuple(ChartLine(f"a run of a long name {i}", "series2", x, x) for i in range(6))
    mark = ChartMark(2.0, "↺", "info", "restart")
    own = ChartLine("mine", "series1", x, x, selected=True)
    view = ChartView(key=1, lines=(*others, own), marks=(mark,), state="log, smoothed 0.9")
    top = draw(view, 80, 12, COLOURS)[0].text
    assert top.startswith(" ━ mine   ↺ restart   ━ a run") and top.rstrip().endswith("log, smoothed 0.9")
    assert "↺ restart" in draw(chart([1, 2, 3], marks=(mark,)), 80, 12, COLOURS)[0].text
    level = ChartLine("baseline, 3 runs, at their end", "series2", x, x)
    last = draw(ChartView(key=1, lines=(own, level)), 36, 12, COLOURS)[0].text
    assert last.rstrip() == " ━ mine   ━ baseline, 3 runs…"


def test_a_band_has_edges_finer_than_a_cell() -> None:
    x = np.array([0.0, 9.0])
    flat = ChartLine("a", "series1", x, np.array([0.0, 16.0]))
    heights = {}
    for high in np.linspace(6.0, 8.0, 9):
        band = ChartBand(x, np.array([0.0, 0.0]), np.array([high, high]))
        strips = draw(ChartView(key=1, lines=(flat,), bands=(band,)), 40, 10, COLOURS)
        heights[high] = sum(strip.text.count("▄") > 5 for strip in strips)
    assert set(heights.values()) == {0, 1}, "an edge ends at half a cell or at a whole one"


def test_curves_without_colour_differ_by_their_dashes() -> None:
    x = np.arange(200.0)
    view = ChartView(key=1, lines=tuple(ChartLine(f"r{i}", "series1", x, x * 0 + i) for i in range(3)))
    plain = [strip.text for strip in draw(view, 80, 16, COLOURS, mono=True)]
    rows = ["".join("#" if "⠀" < c <= "⣿" else " " for c in line[6:]) for line in plain]
    rows = [row for row in rows if "#" in row]
    assert len(rows) == 3 and len(set(rows)) == 3


@pytest.mark.parametrize("width", range(2, 32))
def test_a_cut_never_leaves_part_of_a_number(width: int) -> None:
    said = (Span("rose by 0.3125 IQR to 1,234.5 and on"),)
    for keep_end in (False, True):
        shown = "".join(segment.text for segment in fitted(said, width, COLOURS, keep_end=keep_end))
        assert len(shown) == width
        assert set(re.findall(r"[\d.,]*\d", shown)) <= {"0.3125", "1,234.5"}, shown


def test_thresholds_have_as_many_ticks_as_steps() -> None:
    shown = Axes(0.0, 1.0, 0.0, 1.0, False)
    assert len(x_ticks(shown, "value", 60)) >= 5
    assert place(0.25, "value") == "0.2500" and place(3.0, "batch") == "batch 3"
    assert [label for _, label in x_ticks(Axes(1.0, 4.0, 0.0, 1.0, False), "batch", 60)] == [
        "1",
        "2",
        "3",
        "4",
    ]
