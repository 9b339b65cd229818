"""The expression language of ``[[rules]]``: what it means, and how it says what is wrong."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from runwatch.domain.run import Metric, Progress, Run
from runwatch.domain.situation import Situation
from runwatch.rules.engine.evaluation import evaluate_all, timing
from runwatch.rules.expression.custom import custom_rules
from runwatch.rules.expression.parser import parse
from runwatch.rules.expression.tokens import ExpressionError

NOW = 10_000.0


def metric(tag: str, last: float, **more: object) -> Metric:
    fields = {
        "best": last,
        "best_step": 5,
        "min": last,
        "max": last,
        "count": 10,
        "last_time": NOW - 60,
        **more,
    }
    return Metric(tag, last, 10, direction="min", format="csv", **fields)  # type: ignore[arg-type]


def run(run_id: str = "exp/a", status: str = "running", **values: float) -> Run:
    metrics = {tag.replace("__", "/"): metric(tag, value) for tag, value in values.items()}
    metrics |= {
        tag: metric(tag, 0.9)
        for tag in ("train's auc", "train's/auc", "loss on test", "it's on test", "one", "-")
    }
    return Run(
        "/root", run_id, ("csv",), status, "", NOW - 500, NOW - 100, 40, 2.0, metrics,  # type: ignore[arg-type]
    )  # fmt: skip


RUN = replace(
    run(val__loss=0.6, train__loss=0.2, bad=math.nan, far=math.inf),
    progress=Progress(fraction=0.4, speed=2.5, eta=(600.0, 500.0, 700.0)),
)
ENDED = replace(RUN, status="finished")


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ("val/loss > 0.5", True),
        ("val/loss > 0.6", False),
        ("val/loss >= 0.6", True),
        ("0.5 < val/loss", True),
        ("val/loss == 0.6 and train/loss != 0.2", False),
        ("val/loss < 0.1 or train/loss < 0.5", True),
        ("not val/loss < 0.1", True),
        ("val/loss > 0.5 and (train/loss > 1 or train/loss < 0.3)", True),
        ("val/loss > 2 * train/loss", True),
        ("val/loss - train/loss > 0.3", True),
        ("(val/loss - train/loss) / train/loss > 150%", True),
        ("val/loss > -1", True),
        ("bad is nan", True),
        ("bad is finite", False),
        ("far is inf and far is not nan", True),
        ("bad > 0", False),
        ("bad < 0", False),
        ("not bad > 0", False),
        ("missing > 0", False),
        ("not missing > 0", False),
        ("0 < missing", False),
        ("not 0 < missing", False),
        ("missing + 1 > 0 or 1 + missing > 0", False),
        ("not (missing > 0 or val/loss > 1)", False),
        ("not (missing > 0 and val/loss > 0)", False),
        ("not (missing > 0 and val/loss > 1)", True),
        ("missing > 0 or val/loss > 0.5", True),
        ('"train\'s auc" > 0.8', True),
        ("last('val/loss') > 0.5 and best(val/loss) < 1 and count(val/loss) == 10", True),
        ("min(val/loss) <= max(val/loss)", True),
        ("since_best(val/loss) == 5 and nonfinite(val/loss) == 0", True),
        ("age(val/loss) == 1m and age == 100s and step == 40 and epoch == 2", True),
        ("duration == 500s", True),
        ("progress == 40% and speed == 2.5 and eta == 10m", True),
        ("status is running", True),
        ("status is not running", False),
        ("val/loss > 0.5 on exp/*", True),
        ("val/loss > 0.5 on other/*", False),
        ("val/loss > 0.5 for 10m on other/*, exp/a", True),
        ("val/loss > 1 / 0", False),
        ("8 - 2 - 1 == 5 and 8 / 2 / 2 == 2 and 2 + 3 * 4 == 14", True),
        ("val/loss > 0.5  on  exp/*", True),
        ("(val/loss > 0.5)on exp/*", True),
        ("train's/auc > 0.8 on exp/*", True),
        ("'train\\'s auc' > 0.8 on exp/*", True),
        ("'it\\'s on test' > 0", True),
        ("not 0 < bad", False),
        ('"-" == 0.9 and -one == -0.9 and 1 - one == -(one - 1)', True),
        ('"loss on test" > 0', True),
        ("one > 0", True),
    ],
)
def test_what_an_expression_means(source: str, holds: bool) -> None:
    assert parse(source).holds(RUN, NOW) is holds


def test_a_run_that_is_over_lasted_until_it_last_wrote() -> None:
    assert parse("duration == 400s").holds(ENDED, NOW)
    assert parse("duration == 500s").holds(replace(ENDED, updated=None), NOW)


def test_a_metric_goes_before_a_fact_of_that_name() -> None:
    assert parse("step == 7").holds(replace(RUN, metrics={"step": metric("step", 7.0)}), NOW)


def test_for_and_on_are_read() -> None:
    expression = parse("val/loss > 0.5 for 1.5h on exp/*, a b/*")
    assert expression.hold == 5400
    assert expression.globs == ("exp/*", "a b/*")
    assert expression.tags == ("val/loss",)


@pytest.mark.parametrize(
    ("source", "column", "says"),
    [
        ("val/loss 0.5", 10, "comparison"),
        ("val/loss", 9, "comparison"),
        ("val/loss > ", 12, "metric, a number"),
        ("val/loss = 0.5", 10, '"=="'),
        ("val/loss > 0.5 && x > 1", 16, "in words"),
        ("val/loss > 0.5 for ten on x", 20, "duration"),
        ("val/loss > 0.5 for 10 on x", 20, "duration"),
        ("val/loss > 0.5 on ", 18, "glob"),
        ("val/loss > 0.5 on", 18, "glob"),
        ("and > 1", 1, "metric, a number"),
        ("x > )", 5, "metric, a number"),
        ("status running", 1, "status is running"),
        ('best "(" > 1', 6, "comparison"),
        ("val$ > 1", 4, "'$' is not allowed"),
        ("(x > 1) + 2 > 3", 9, "not '+'"),
        *[(f"x {sign} y", 3, "comparison") for sign in ('"<"', '"+"', '"is"')],
        ('x > 1 "and" y > 2', 7, "expected"),
        ('(x > 1 ")"', 8, '")"'),
        ('x > 1 "for" 5m', 7, "expected"),
        ("(val/loss > 0.5", 16, '")"'),
        ("bets(val/loss) > 1", 1, "did you mean 'best'"),
        ("best() > 1", 6, "name of a metric"),
        ("status is runing", 11, "did you mean 'running'"),
        ('"val/loss > 1', 1, "never closed"),
        ("x is big", 6, "nan"),
        ("3abc > 1", 1, "quotes"),
        ("val/loss > 0.5 on exp/* for 10m", 25, 'before "on"'),
        ("status == running", 1, "status is running"),
        ("val/loss != nan", 13, '"is nan"'),
        ("val/loss > 0.5 extra", 16, "expected"),
        ("", 1, "metric"),
        ("(" * 60 + "x > 1", 51, "deeply"),
    ],
)
def test_an_error_points_at_its_column(source: str, column: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(source)
    message, line, caret = str(caught.value).split("\n")
    assert caught.value.column == column and says in message
    assert line == "  " + source and caret == "  " + " " * (column - 1) + "^"


def test_a_thousand_characters_are_enough() -> None:
    assert not parse("x > 1".ljust(1000)).holds(RUN, NOW)
    with pytest.raises(ExpressionError, match="column 1: longer than 1000"):
        parse("x > 1".ljust(1001))


def test_the_metrics_of_a_condition_are_those_it_names() -> None:
    source = "not (a > 2 * b) or c is nan and status is running and (best(d) < step or e + f > 1 / g)"
    assert parse(source).tags == tuple("abcdefg")


def test_a_duration_may_have_several_units() -> None:
    assert parse("x > 1 for 1h30m").hold == 5400
    assert parse("age > 1d12h").holds(replace(RUN, updated=NOW - 130000), NOW)


@given(st.text(alphabet="val/los ><=!()'\"0.5m%and orfnti*+-,\x1b", max_size=60))
def test_any_text_is_an_expression_or_a_pointed_error(source: str) -> None:
    try:
        parse(source).holds(RUN, NOW)
    except ExpressionError as error:
        assert 1 <= error.column <= len(source) + 1


@dataclass
class Entry:
    when: str
    name: str = ""
    severity: str = "warning"
    advice: str = ""
    where: str = ""


def test_custom_rules_fire_hold_and_name_themselves() -> None:
    entries = [
        Entry("val/loss > 0.5 for 10m on exp/*", "Loss too high", "critical", "Stop it."),
        Entry("x >"),
    ]
    rules, problems = custom_rules(entries, root="/root")
    assert [rule.NAME for rule in rules] == ["loss-too-high"]
    assert problems[0].where == "rules[1]" and "^" in problems[0].message
    assert timing(rules, {})["loss-too-high"][0] == 600
    assert timing(rules, {"loss-too-high": {"hold": "1m"}})["loss-too-high"][0] == 60
    elsewhere = Run("/b", "exp/a", (), "running", "", None, None, None, None, RUN.metrics)
    found = evaluate_all(Situation(NOW, "h", runs=(RUN, elsewhere, run("other/a", val__loss=0.6))), rules)
    (finding,) = found.findings
    assert (finding.severity, finding.scope, finding.root, finding.advice) == (
        "critical", "exp/a", "/root", "Stop it.",
    )  # fmt: skip
    assert finding.subject == "val/loss" and finding.title == "Loss too high (exp/a)"
    assert "0.6" in finding.summary and "0.6" not in finding.title


def test_two_rules_of_one_name_are_a_problem_and_a_nameless_one_keeps_its_id() -> None:
    rules, problems = custom_rules([Entry("x > 1", "a"), Entry("x > 2", "a"), Entry("x > 3")])
    assert len(rules) == 2 and len(problems) == 1
    again, _ = custom_rules([Entry("x > 3")])
    assert again[0].NAME == rules[1].NAME and re.fullmatch("custom-[0-9a-f]{6}", again[0].NAME)


def test_a_rule_of_ones_own_may_be_about_some_runs_only_and_only_tell() -> None:
    entries = [Entry("val/loss > 0.5", "a", "info", where="status:finished"), Entry("x > 1", "disk low")]
    rules, problems = custom_rules(entries, taken=["disk-low"])
    assert [rule.NAME for rule in rules] == ["a"] and "'disk-low'" in problems[0].message
    ended = replace(ENDED, id="exp/b", name="ended")
    (finding,) = evaluate_all(Situation(NOW, "h", runs=(RUN, ended)), rules).findings
    assert (finding.scope, finding.severity, finding.since) == ("exp/b", "info", ended.updated)
    assert finding.advice and finding.summary == "a: val/loss = 0.6000"
    assert finding.evidence == {"when": "val/loss > 0.5", "val/loss": 0.6}
    (any_severity,), _ = custom_rules([Entry("duration > 1", severity="urgent")])
    (finding,) = evaluate_all(Situation(NOW, "h", runs=(RUN,)), [any_severity]).findings
    assert finding.severity == "warning" and finding.summary == "duration > 1"
