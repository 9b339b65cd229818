"""What build servers read: Markdown for a pull request, JUnit's XML, GitHub's annotations."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from facts import NASTY
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from runwatch.domain.comparison import Comparison, MetricComparison
from runwatch.show.ci import CiCase, CiReport, CiTable, markdown_text, render_ci
from runwatch.show.compare import comparison_report
from runwatch.text.safe import safe

CASES = (
    CiCase("auc", "critical", "0.7, was 0.8", group="metrics"),
    CiCase("f1", "warning", "100% worse: a, b", group="metrics", file="pred,1.csv"),
    CiCase("loss", "info", "a spike"),
    CiCase("ece", "unknown", "too few rows"),
    CiCase("mcc", "ok", "fine"),
)
SLICES = CiTable("Slices", ("s", "n"), [("x", "1")])
WORSE = "▼ worse: b against a"
REPORT = CiReport("compare", "critical", WORSE, "auc: lower", CASES, (SLICES,), ("a note",), "worse: …")
EMPTY = CiReport("check", "unknown", "unknown: nothing could be read")
levels = st.sampled_from(["ok", "info", "warning", "critical", "unknown"])
texts = st.text(max_size=40) | st.just(NASTY)


def junit(report: CiReport, fail_on: str = "warning") -> ET.Element:
    return ET.fromstring(render_ci([report], "junit", fail_on))


@pytest.mark.parametrize(
    ("fail_on", "failures"), [("info", 3), ("warning", 2), ("critical", 1), ("never", 0)]
)
def test_junit_fails_what_the_exit_code_counts(fail_on, failures):
    suite = junit(REPORT, fail_on).find("testsuite")
    assert suite is not None and suite.get("failures") == str(failures)
    assert len(suite.findall("testcase/failure")) == failures and len(suite.findall("testcase/skipped")) == 1
    first = suite.findall("testcase")[0]
    assert (first.get("classname"), first.get("name")) == ("runwatch.compare.metrics", "auc")


def test_nothing_judged_is_an_error_and_not_a_green_build():
    suite = junit(EMPTY).find("testsuite")
    assert suite is not None and (suite.get("errors"), suite.get("tests")) == ("1", "1")
    assert suite.find("testcase/error") is not None


def test_junit_is_read_by_a_real_consumer():
    junitparser = pytest.importorskip("junitparser")
    (suite,) = junitparser.JUnitXml.fromstring(render_ci([REPORT], "junit", "warning"))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (5, 2, 0, 1)
    assert [case.name for case in suite if not case.is_passed and not case.is_skipped] == ["auc", "f1"]


made_up = st.builds(CiCase, name=texts, level=levels, message=texts, detail=texts, group=texts, file=texts)


@given(st.lists(made_up), texts)
def test_any_text_makes_well_formed_answers(cases, words):
    report = CiReport(
        "check", "warning", words, words, cases, (CiTable(words, ("a",), [(words,)]),), (words,)
    )
    suite = junit(report).find("testsuite")
    assert suite is not None and len(suite) == int(suite.get("tests") or 0)
    github = render_ci([report], "github", "warning").splitlines()
    assert all(re.fullmatch(r"::(error|warning|notice) [^\n]*::[^\n]*|and \d+ more", line) for line in github)


@given(texts)
def test_markdown_says_the_words_and_nothing_else(words):
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(f"### {markdown_text(words)}")
    plain = "".join(ET.fromstring(f"<r>{rendered}</r>").itertext())
    shown = safe(words).strip()
    assert plain.strip() == re.sub(r" *#+$", "", shown) or plain.strip() == shown


def test_annotations_escape_and_name_the_file():
    lines = render_ci([REPORT], "github", "warning").splitlines()
    assert lines[0] == "::error title=runwatch compare::▼ worse: b against a"
    assert lines[1] == "::error title=metrics auc::0.7, was 0.8"
    assert lines[2] == "::warning file=pred%2C1.csv,title=metrics f1::100%25 worse: a, b"
    assert len(lines) == 5
    assert render_ci([REPORT], "github", "never").splitlines()[1].startswith("::warning")


def test_markdown_has_verdict_tables_notes_and_legend():
    made = render_ci([REPORT], "markdown", "warning")
    html = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(made)
    for part in (
        "<h3>▼ worse: b against a</h3>",
        "<strong>Slices</strong>",
        "<table>",
        "<li>a note</li>",
        "<sub>",
    ):
        assert part in html


@pytest.mark.parametrize(
    ("method", "level"), [("delong", "critical"), ("curve-mad", "warning"), (None, "warning")]
)
def test_a_metric_is_as_bad_as_the_comparison_that_it_decides(method, level):
    ci = None if method is None else (-0.2, -0.1)
    metric = MetricComparison(
        "auc",
        direction="max",
        baseline=0.9,
        candidate=0.8,
        delta=-0.1,
        verdict="worse",
        reason="",
        primary=True,
        ci=ci,
        method=method,
    )
    report = comparison_report(Comparison("b", "a", "worse", "", (metric,)))
    assert (report.level, report.cases[0].level) == (level, level)
