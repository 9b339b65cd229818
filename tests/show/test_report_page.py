import re
from html.parser import HTMLParser

import pytest
from facts import (
    BASELINE,
    HOUR,
    NASTY,
    NOW,
    SLOW,
    TODAY,
    Look,
    compared,
    drifting,
    finding,
    kept_facts,
    metric,
    run,
    snapshot,
)
from hypothesis import given
from hypothesis import strategies as st

from runwatch.domain.comparison import Baseline
from runwatch.domain.run import RunKey
from runwatch.show.brief import compose
from runwatch.show.html.report import html
from runwatch.show.html.svg import SvgCurve, curves, grid
from runwatch.store.snapshot_facts import facts


class Page(HTMLParser):
    VOID = ("meta", "link", "br", "rect", "path", "polyline")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


def page(**parts) -> str:
    shot = snapshot(**parts)
    return html(compose(facts(shot, TODAY), [], NOW), Look(shot))


FULL = {
    "runs": [run("a", progress=SLOW), run("base", "finished", updated=-HOUR), run("bad", "crashed")],
    "findings": [finding("run-crashed", "critical", "bad"), finding()],
    "lines": ["(A) fix it who:ana due:2026-11-26 rw:1 by:runwatch"],
    "data": [drifting()],
    "baselines": {"/runs": BASELINE},
    "comparisons": {RunKey("/runs", "a"): compared()},
}


def test_one_page_with_charts_and_plain_words():
    made = Page(page(**FULL))
    assert made.open == []
    tags = [tag for tag, _ in made.tags]
    assert tags.count("polyline") == 5 and tags.count("rect") == 3
    for words in (
        "worse: the difference is larger than chance explains",
        "has changed: predictions on it may be off",
        "age moved up by 4 years",
        "about 2 h left",
        "needs action now",
        "ana",
    ):
        assert words in made.words
    assert "rw:1" not in made.words


def test_curves_stand_against_a_group_of_seeds_however_it_spells_the_metric():
    seeds = [run(f"seed-{n}", "finished", metrics={"val_loss": metric("val_loss")}) for n in (1, 2, 3)]
    text = page(runs=[run("a"), *seeds], baselines={"/runs": Baseline("group", "seed-*", "")})
    made = Page(text[text.index("<h2>Curves") :].replace("</body></html>", ""))
    drawn = [attrs["class"] for tag, attrs in made.tags if tag == "polyline"]
    assert drawn == ["base"] * 3 + ["run"] + ["run"] * 3
    assert made.words.count("seed-* (baseline)") == 3 + 1


def test_no_outside_assets_and_no_script():
    text = page(**FULL)
    made = Page(text)
    assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in made.tags}
    assert all(not attrs.keys() & {"src", "href", "onload", "onclick"} for _, attrs in made.tags)
    assert "http" not in re.sub(r"http-equiv", "", text) and "url(" not in text


@pytest.mark.parametrize("where", ["run", "finding", "task", "data"])
def test_names_from_disk_are_escaped(where):
    parts = dict(FULL)
    if where == "run":
        parts["runs"] = [run(NASTY, status_reason=NASTY), run("base", "finished")]
    elif where == "finding":
        parts["findings"] = [finding(scope=NASTY, summary=NASTY, advice=NASTY)]
    elif where == "task":
        parts["lines"] = [NASTY.replace("\x1b", "").replace("\x07", "")]
    else:
        parts["data"] = [drifting(NASTY)]
    text = page(**parts)
    made = Page(text)
    assert "<script>" not in text and "\x1b" not in text and made.open == []
    assert "</title><script>" in made.words


@given(st.text(max_size=30))
def test_any_name_keeps_the_page_whole(name):
    made = Page(page(runs=[run(name)], findings=[finding(scope=name, summary=name)], data=[drifting(name)]))
    assert made.open == []
    assert not {"script", "img"} & {tag for tag, _ in made.tags}


def test_from_kept_facts_only():
    text = html(compose(kept_facts(**FULL), [], NOW + HOUR, fresh_for=90), None)
    assert "svg" not in [tag for tag, _ in Page(text).tags] and "as of 1h ago" in text


def test_an_empty_page_says_so():
    assert "Nothing is pending." in page()


def test_curves_need_finite_points():
    nan = float("nan")
    assert curves("t", [SvgCurve("a", [1, 2], [nan, nan], "run")]) == ""
    drawn = curves("t", [SvgCurve("a", list(range(100_000)), [float(n % 7) for n in range(100_000)], "run")])
    assert len(drawn) < 12_000 and "nan" not in drawn
    assert curves("t", [SvgCurve("a", [1, 2], [3.0, 3.0], "run")])


def test_a_grid_of_few_columns_is_not_blown_up_to_the_width_of_the_page():
    svg = grid("t", [("age", ["stable"])], ["one"])
    assert float(svg.partition("max-width:")[2].partition("px")[0]) < 300


def test_an_empty_grid_is_nothing():
    assert grid("t", [], []) == ""
