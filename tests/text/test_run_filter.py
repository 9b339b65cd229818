"""One line says which runs are meant."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwatch.domain.run import Metric, Run
from runwatch.text.run_filter import completions, parse, unknown_names

NOW = 1_000_000.0
DAY = 86400.0


def metric(tag: str, last: float) -> Metric:
    return Metric(tag, last, 10, NOW, last, 10, last, last, 3, "min", "csv")


def run(id: str, status: str = "finished", age: float = 1.0, **more: object) -> Run:
    tags = {"val/loss": metric("val/loss", 0.25), "val/auc": metric("val/auc", 0.9)}
    started = NOW - age * DAY - 7200
    return Run("/r", id, ("wandb",), status, "", started, NOW - age * DAY, 1200, 3.0, tags, **more)  # type: ignore[arg-type]


RUNS = [
    run("sweep/seed-1", hparams={"lr": 1e-3, "optimizer": {"name": "adam"}}, labels={"group": "Nightly"}),
    run("sweep/seed-2", "crashed", 3.0, hparams={"lr": "0.01", "use_bn": True}),
    run("base/debug", "unknown", 9.0, name="first try"),
]


@pytest.mark.parametrize(
    "line, expected",
    [
        ("", "012"),
        ("seed", "01"),
        ("SEED -debug", "01"),
        ("!seed", "2"),
        ("-seed", "2"),
        ("status:crashed", "1"),
        ("status:cr,fin", "01"),
        ("status:ended?", "2"),
        ("!status:crashed sweep", "0"),
        ("tag:val/loss<0.3", "012"),
        ("tag:val/loss>0.3", ""),
        ("val/loss<0.3 age<2d", "0"),
        ("age>2d", "12"),
        ("age>=2d age<5d", "1"),
        ("took<3h", "012"),
        ("lr=1e-3", "0"),
        ("lr=0.001", "0"),
        ("lr>0.005", "1"),
        ("lr!=1e-3", "1"),
        ("name=adam", "0"),
        ("optimizer.name=ad*", "0"),
        ("use_bn=true", "1"),
        ("format:wandb", "012"),
        ("format:csv", ""),
        ("group:nightly", "0"),
        ("name:sweep/*", "01"),
        ('"first try"', "2"),
        (r"/seed-\d$/", "01"),
        ("!/seed/", "2"),
        ("step>1000 epoch<4", "012"),
        ("nosuch=1", ""),
        ("accuracy>0.5", ""),
        ("auc>0.5", "012"),
    ],
)
def test_a_line_and_the_runs_it_means(line: str, expected: str) -> None:
    found = parse(line)
    assert found.complaint == ""
    assert "".join(str(i) for i, one in enumerate(RUNS) if found.holds(one, NOW)) == expected


@pytest.mark.parametrize(
    "line, said",
    [
        ("age<soon", "soon is not a duration"),
        ("status:lost", "not one of running"),
        ("tag:val/loss<much", "much is not a number"),
        ("/[/", "is not a valid pattern"),
        ("status:", "needs a value"),
        ("val/loss<", "val/loss<: needs a value"),
        ("age>=", "age>=: needs a value"),
    ],
)
def test_what_means_nothing_is_said_and_hides_nothing(line: str, said: str) -> None:
    found = parse(line)
    assert said in found.complaint
    assert all(found.holds(one, NOW) for one in RUNS)


@given(st.text(max_size=60))
def test_any_text_is_a_filter(line: str) -> None:
    found = parse(line)
    for one in RUNS:
        assert found.holds(one, NOW) in (True, False)
    completions(line, RUNS)


def test_keys_and_values_are_completed() -> None:
    assert completions("sta", RUNS)[0] == "status:"
    assert completions("seed status:cr", RUNS) == ["seed status:crashed"]
    assert "lr=" in completions("l", RUNS)
    assert "!tag:val/loss" in completions("!tag:val/l", RUNS)
    assert completions("format:", RUNS) == ["format:wandb"]
    assert completions("", RUNS) == []


def test_a_name_without_its_split_is_the_only_metric_of_that_name() -> None:
    tags = {"train/loss": metric("train/loss", 0.2), "train/acc": metric("train/acc", 0.9)}
    both = {**tags, "test/acc": metric("test/acc", 0.7)}
    one, two = (msgspec.structs.replace(RUNS[0], metrics=own) for own in (tags, both))
    assert parse("loss<0.3").holds(one, NOW) and parse("tag:loss<0.3").holds(one, NOW)
    assert not parse("val/loss<0.3").holds(one, NOW), "another split is asked for"
    assert not parse("acc>0").holds(two, NOW), "which one is not said"
    assert parse("loss<0.3").holds(RUNS[0], NOW)


def test_what_no_run_has_is_named() -> None:
    line = "status:crashed lr=1 !tag:lose<3 nosuch=1 age<2d step>3 /a=b/ auc>0.5 loss<1"
    assert unknown_names(line, RUNS) == ["lose", "nosuch"]
    assert unknown_names("", RUNS) == []
