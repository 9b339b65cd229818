"""The filter of runs in ``[[rules]]`` and ``[alerts]``."""

from __future__ import annotations

from pathlib import Path

import pytest
from trees import write_csv

from runwatch.config.settings import ConfigError
from runwatch.domain.finding import Finding
from runwatch.domain.run import RunKey
from runwatch.monitor.alerting import filtered
from runwatch.monitor.once import Loaded, load

RULE = """[[rules]]
when = "train_loss < 10"
name = "low"
"""


def look(root: Path, configuration: str) -> Loaded:
    for run in ("a", "b", "debug"):
        write_csv(root, run)
    (root / "runwatch.toml").write_text(configuration)
    return load([str(root)])


@pytest.mark.parametrize(
    ("where", "expected"),
    [("", {"a", "b", "debug"}), ("!debug", {"a", "b"}), ("name:a", {"a"}), ("/^[ab]$/ val_loss>5", set())],
)
def test_a_rule_speaks_of_the_runs_that_its_filter_means(
    tmp_path: Path, where: str, expected: set[str]
) -> None:
    found = look(tmp_path, RULE + f"where = '{where}'\n").snapshot.findings
    assert {f.run.id for f in found if f.rule == "low" and f.run is not None} == expected


@pytest.mark.parametrize(
    ("configuration", "place", "complaint"),
    [
        (RULE + 'where = "status:gone"', "line 4: rules[0].where", "status:gone is not one of running"),
        (RULE + "where = '/(a/'", "line 4: rules[0].where", "not a valid pattern"),
        ('[alerts]\non = "info"\nfilter = "age<soon"', "line 3: alerts.filter", "soon is not a duration"),
    ],
)
def test_a_filter_that_means_nothing_is_a_complaint_with_its_line(
    tmp_path: Path, configuration: str, place: str, complaint: str
) -> None:
    write_csv(tmp_path, "a")
    own = tmp_path / "own.toml"
    own.write_text(configuration)
    with pytest.raises(ConfigError) as raised:
        load([str(tmp_path)], str(own))
    assert f"own.toml: {place}: " in str(raised.value) and complaint in str(raised.value)


def finding(root: Path, run: str | None) -> Finding:
    key = None if run is None else RunKey(str(root), run)
    return Finding("r", "critical", run or "disk", "", "said", "title", "advice", root=str(root), run=key)


def test_alerts_speak_of_the_runs_that_their_filter_means_and_of_what_is_no_run(tmp_path: Path) -> None:
    runs = look(tmp_path, "").snapshot.situation.runs
    found = [finding(tmp_path, name) for name in ("a", "debug", None)]
    told = filtered(found, "!debug", runs, 0.0)
    assert [f.run.id if f.run else None for f in told] == ["a", None]
    assert filtered(found, "", runs, 0.0) == found
