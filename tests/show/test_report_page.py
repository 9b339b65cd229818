import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from browser import PROGRAM, Browser
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
from msgspec.structs import replace

from runwatch.domain.comparison import Baseline, MetricComparison, ThresholdPoint
from runwatch.domain.run import RunKey
from runwatch.rules.engine.registry import load_rules, traits_of
from runwatch.show.brief import compose
from runwatch.show.costs import money
from runwatch.show.html.report import _STYLE, html
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
    made = Page(text[text.index("<h2>Curves") :].replace("</section>", "").replace("</body></html>", ""))
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


JARGON = re.compile(
    r"\b(IQR|AUC|auc|mcc|ece|ECE|rmse|psi|KS|p-value|effect|quantile|baseline|val/|95%|epoch|step \d)\b"
)


def first_page(text: str) -> str:
    made = Page(text.partition('<section class="appendix">')[0] + "</body></html>")
    return made.words.partition("}\n")[2].rpartition("}")[2] or made.words


def test_the_first_page_has_no_jargon_and_the_appendix_has_the_figures():
    text = page(**FULL)
    words = first_page(text)
    assert not JARGON.search(words), JARGON.search(words)
    assert "1 issue needs action now" in words and "The training bad has failed." in words
    assert "a is worse than the model in use." in words and "why bad" not in words
    appendix = text.partition('<section class="appendix">')[2]
    assert "val/auc 0.81, was 0.84" in appendix and "age moved up by 4 years" in appendix


def test_tasks_of_findings_are_told_in_plain_words_and_a_persons_own_in_theirs():
    regressed = finding("metric-regressed", "critical", "a", subject="val_loss")
    key = f"rw:{regressed.fingerprint}"
    lines = [
        f"(A) val_loss of a regressed against base +runs @models {key} by:runwatch",
        f"(B) ask Ana about the loss of a +runs @models {key}",
        "(C) call the clinic +screening @data rec:1w id:4",
    ]
    words = first_page(page(**{**FULL, "findings": [regressed], "lines": lines}))
    told = words.partition("What is being done")[2]
    assert "a is worse than the model in use." in told and "val_loss" not in told
    assert "ask Ana about the loss of a" in told and "call the clinic" in told
    assert not re.search(r"[+@]\w|\b(rec|id|rw):", told)


def test_what_it_costs_and_where_it_would_cost_least():
    points = tuple(ThresholdPoint(t, 0.5, 0.5, 0.5, c) for t, c in ((0.3, 40.0), (0.37, 12.5), (0.5, 30.0)))
    cost = MetricComparison("cost", "min", 25.0, 30.0, 5.0, "worse", "", ci=(1.0, 9.0))
    found = replace(
        compared(),
        metrics=(*compared().metrics, cost),
        thresholds=points,
        operating_threshold=0.5,
        cost_unit="€",
    )
    words = first_page(page(**{**FULL, "comparisons": {RunKey("/runs", "a"): found}}))
    assert "It costs € 30 per 1,000 cases; the model in use € 25." in words
    assert (
        "cost least, € 12.50, if cases with a score of 0.370 or more counted as positive (now: 0.500)."
        in words
    )
    assert money(replace(found, cost_unit="hours"), -2.0) == "−2 hours"


def _light(colour: str) -> float:
    value = colour.lstrip("#")
    value = "".join(2 * c for c in value) if len(value) == 3 else value
    parts = [int(value[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_all_words_can_be_read_in_light_dark_and_print():
    """WCAG 2.2, 1.4.3: a contrast of 4.5 to 1."""
    roots = re.findall(r":root\{([^}]*)\}", _STYLE)
    assert len(roots) == 3
    for root in roots:
        colours = dict(re.findall(r"--(\w+):(#[0-9a-f]+)", root.replace("\n", "")))
        ground = _light(colours["bg"])
        for name in ("fg", "muted", "bad", "warn", "good", "a", "b"):
            lighter, darker = sorted((_light(colours[name]), ground), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (name, colours[name], colours["bg"])


LONG = "a-training-with-a-name-that-has-no-blank-at-all/" + "seed" * 30
OUTSIDE = """[...document.body.querySelectorAll('*')]
  .filter(e => !e.closest('figure') && e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.tagName + ' ' + e.textContent.slice(0, 60))"""
COLOURS = """(() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walk.nextNode()) {
    const node = walk.currentNode, e = node.parentElement
    if (!node.data.trim() || e.tagName === 'title' || !e.getClientRects().length) continue
    const drawn = e.namespaceURI.endsWith('svg'), mark = e.classList.contains('mark')
    let ground = mark ? getComputedStyle(e.previousElementSibling).fill : 'rgba(0, 0, 0, 0)'
    for (let up = e; up && ground === 'rgba(0, 0, 0, 0)'; up = up.parentElement)
      ground = getComputedStyle(up).backgroundColor
    found.push([node.data.trim().slice(0, 40), getComputedStyle(e)[drawn ? 'fill' : 'color'], ground])
  }
  return found
})()"""


@pytest.fixture
def shown(tmp_path) -> Iterator[Callable[..., Browser]]:
    """Pages in Debian's Chromium."""
    if PROGRAM is None:
        pytest.skip("no Chromium here (apt install chromium)")
    browsers = []

    def show(**parts) -> Browser:
        browsers.append(made := Browser(tmp_path, page(**parts)))
        return made

    yield show
    for browser in browsers:
        browser.close()


def test_nothing_sticks_out_of_a_phone_in_a_real_browser(shown):
    long = {
        **FULL,
        "runs": [run(LONG, "crashed", status_reason=LONG), *FULL["runs"]],
        "findings": [finding("run-crashed", "critical", LONG), *FULL["findings"]],
        "lines": [f"(A) {LONG} who:{LONG}", *FULL["lines"]],
        "data": [drifting(LONG), drifting()],
    }
    browser = shown(**long)
    for width in (320, 360, 390):
        browser.wide(width)
        assert browser.value("document.documentElement.scrollWidth") <= width
        assert browser.value(OUTSIDE) == []


def _rgb(colour: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


@pytest.mark.parametrize(("scheme", "media"), [("light", "screen"), ("dark", "screen"), ("dark", "print")])
def test_all_that_a_real_browser_draws_can_be_read(shown, scheme, media):
    """WCAG 2.2, 1.4.3, by the colours that the browser computes."""
    browser = shown(**FULL)
    browser.scheme(scheme, media)
    drawn = browser.value(COLOURS)
    assert len(drawn) > 40
    for words, colour, ground in drawn:
        lighter, darker = sorted((_light(_rgb(colour)), _light(_rgb(ground))), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (words, colour, ground)


def test_it_prints(shown):
    browser = shown(**FULL)
    browser.scheme("dark", "print")
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    made = browser.pdf()
    assert made.startswith(b"%PDF") and len(made) > 5000


def test_every_rule_has_a_sentence_for_everybody() -> None:
    assert [rule.NAME for rule in load_rules()[0] if not traits_of(rule).plain] == []
