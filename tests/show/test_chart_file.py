"""A chart written as SVG and CSV."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from runwatch.show.html.chart_file import chart_bytes, chart_text, stem
from runwatch.show.screen.chart import ChartBand, ChartLevel, ChartLine, ChartMark, ChartView

_SVG = "{http://www.w3.org/2000/svg}"


def line(name: str, y: list[float], x: list[float] | None = None) -> ChartLine:
    places = np.arange(len(y), dtype=float) if x is None else np.array(x)
    return ChartLine(name, "series1", places, np.array(y, dtype=float))


def svg(view: ChartView, title: str = "val/loss") -> ET.Element:
    return ET.fromstring(chart_text(view, title, "svg"))


def lines_of(root: ET.Element) -> list[str]:
    return [found.attrib["points"] for found in root.iter(f"{_SVG}polyline")]


def test_csv_has_every_point_in_full_and_says_nothing_where_there_is_no_value() -> None:
    shadow = line("", [9.0, 9.0])
    view = ChartView(
        1,
        (shadow, line("a", [0.1234567890123, np.nan, 3.0]), line("=b", [1.0], [7.5])),
        levels=(ChartLevel(0.5, "baseline"),),
    )
    assert list(csv.reader(io.StringIO(chart_text(view, "x", "csv")))) == [
        ["curve", "step", "value"],
        ["a", "0", "0.1234567890123"],
        ["a", "1", ""],
        ["a", "2", "3"],
        ["'=b", "7.5", "1"],
        ["baseline", "", "0.5"],
    ]
    assert chart_text(ChartView(1, (line("a", [1.0]),), x_axis="clock"), "x", "csv").startswith(
        "curve,unix_time,value"
    )


def test_svg_stands_alone_with_names_axes_gaps_and_marks() -> None:
    view = ChartView(
        1,
        (line("<a&b>\x1b", [1.0, 2.0, np.nan, 4.0, 3.0]),),
        bands=(ChartBand(np.array([0.0, 4.0]), np.array([1.0, 1.0]), np.array([2.0, 2.0])),),
        levels=(ChartLevel(2.5, "baseline"),),
        marks=(ChartMark(2.0, "✗", "bad", "NaN"),),
        state="smoothed 0.6",
    )
    root = svg(view)
    words = [found.text for found in root.iter() if found.text]
    assert {"val/loss (smoothed 0.6)", "<a&b>␛", "baseline", "✗", "NaN", "step", "0", "4"} <= set(words)
    assert [len(points.split()) for points in lines_of(root)] == [2, 2]
    assert len(list(root.iter(f"{_SVG}polygon"))) == 1


def test_a_log_chart_has_equal_factors_at_equal_distances() -> None:
    points = lines_of(svg(ChartView(1, (line("a", [1.0, 10.0, 100.0, -1.0]),), log=True)))
    y = [float(place.split(",")[1]) for place in points[0].split()]
    assert len(y) == 3 and y[0] - y[1] == pytest.approx(y[1] - y[2], abs=0.2)


def test_a_long_curve_keeps_its_spikes_and_stays_small() -> None:
    values = [0.0] * 100_000
    values[54_321] = 1.0
    text = chart_text(ChartView(1, (line("a", values),)), "x", "svg")
    assert len(text) < 200_000
    tops = [float(place.split(",")[1]) for place in lines_of(ET.fromstring(text))[0].split()]
    assert min(tops) == 40.0


@pytest.mark.parametrize(
    "y", [[], [np.nan], [1.0], [2.0] * 9, [1e308, -1e308], [5e-324, 1e-323], [-1.0, 0.0]]
)
@pytest.mark.parametrize("log", [False, True])
def test_odd_series_make_a_whole_file(y: list[float], log: bool) -> None:
    text = chart_text(ChartView(1, (line("a", y),), log=log), "x", "svg")
    ET.fromstring(text)
    assert "nan" not in text and "inf" not in text


def test_the_name_of_a_file_has_nothing_that_leads_elsewhere() -> None:
    assert [stem(name) for name in ("val/loss", "../../etc", "a b\n", "…")] == [
        "val-loss",
        "etc",
        "a-b",
        "chart",
    ]


def test_png_shows_the_curves_within_the_axes_in_their_colours() -> None:
    band = ChartBand(np.array([0.0, 3.0]), np.array([1.0, 1.0]), np.array([2.0, 2.0]))
    curves = tuple(line(f"c{i}", [float(i), i + 1.0, np.nan, i + 2.0]) for i in range(9))
    view = ChartView(1, curves, (band,), (ChartMark(1.0, "x", "bad", "NaN"),), (ChartLevel(0.5, "baseline"),))
    made = chart_bytes(view, "val/loss", "png")
    assert isinstance(made, bytes)
    with Image.open(io.BytesIO(made)) as image:
        assert image.size[0] == 1800
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    seen = {tuple(int(v) for v in colour) for colour in np.unique(pixels, axis=0)}
    for colour in ("0072b2", "d55e00", "009e73"):
        assert tuple(bytes.fromhex(colour)) in seen
    assert chart_bytes(view, "val/loss", "csv") == chart_text(view, "val/loss", "csv")


def test_without_pillow_png_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OSError, match=r"runwatch\[images\]"):
        chart_bytes(ChartView(1, (line("a", [1.0, 2.0]),)), "a", "png")
