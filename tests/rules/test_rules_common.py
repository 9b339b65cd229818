"""Laws that every rule holds, whoever wrote it: tried on the samples as they are found on disk."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from runwatch.demo.copying import copy as copy_samples
from runwatch.domain.finding import SEVERITIES, Finding
from runwatch.domain.situation import Situation
from runwatch.monitor.once import load
from runwatch.rules.engine.options import options_of
from runwatch.rules.engine.registry import Rule, load_rules, traits_of

SAMPLES = Path(__file__).parents[2] / "sample_runs"
RULES, _ = load_rules()
NAMES = {rule.NAME for rule in RULES}


@pytest.fixture(scope="module")
def situation(tmp_path_factory: pytest.TempPathFactory) -> Situation:
    root = tmp_path_factory.mktemp("samples") / "clinic"
    patch = pytest.MonkeyPatch()
    for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        patch.setenv(variable, str(tmp_path_factory.mktemp("home")))
    copy_samples(SAMPLES, root, time.time())
    found = load([str(root)]).snapshot.situation
    patch.undo()
    assert found.runs and found.data and found.comparisons and found.health
    return found


def findings(rule: Rule, situation: Situation) -> list[Finding]:
    options: Mapping[str, object] = options_of(rule, situation.options)
    return list(rule.evaluate(situation, options))


def keys(found: list[Finding]) -> set[tuple[tuple[str, str], str]]:
    return {(finding.key, finding.severity) for finding in found}


def test_the_samples_give_most_kinds_of_findings(situation: Situation) -> None:
    assert len({finding.rule for rule in RULES for finding in findings(rule, situation)}) >= 4


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.NAME)
class TestEveryRule:
    def test_says_what_it_is(self, rule: Rule) -> None:
        traits = traits_of(rule)
        assert rule.DESCRIPTION.endswith(".") and rule.HOLD >= 0 and rule.KEEP >= 0
        assert all(traits.words) and traits.topic in ("", "drift", "regression", "end")
        assert set(traits.subjects) <= {"data", "models", "host"}
        assert (traits.explains | traits.explained_by) - {rule.NAME} <= NAMES

    def test_is_silent_where_nothing_is(self, rule: Rule) -> None:
        assert findings(rule, Situation(1e9, "box")) == []
        assert findings(rule, Situation(1e9, "box", ("/r",))) == []

    def test_says_the_same_twice_and_changes_nothing(self, rule: Rule, situation: Situation) -> None:
        before = copy.deepcopy((situation.health, situation.options, situation.unreadable))
        first, second = findings(rule, situation), findings(rule, situation)
        assert first == second
        assert before == (situation.health, situation.options, situation.unreadable)

    def test_does_not_depend_on_the_order_of_what_it_sees(self, rule: Rule, situation: Situation) -> None:
        expected = keys(findings(rule, situation))
        for seed in range(3):
            runs, data = list(situation.runs), list(situation.data)
            random.Random(seed).shuffle(runs)
            random.Random(seed).shuffle(data)
            assert keys(findings(rule, replace(situation, runs=tuple(runs), data=tuple(data)))) == expected

    def test_tells_nothing_new_of_what_it_sees_twice(self, rule: Rule, situation: Situation) -> None:
        twice = replace(situation, runs=situation.runs * 2, data=situation.data * 2)
        assert keys(findings(rule, twice)) == keys(findings(rule, situation))

    def test_a_run_alone_has_the_troubles_it_has_among_others(self, rule: Rule, situation: Situation) -> None:
        expected = [finding for finding in findings(rule, situation) if finding.run is not None]
        for run in situation.runs:
            mine = findings(rule, replace(situation, runs=(run,)))
            told = {f.key for f in mine if f.run == run.key}
            assert told == {f.key for f in expected if f.run == run.key}

    def test_findings_can_be_told(self, rule: Rule, situation: Situation) -> None:
        later = replace(situation, now=situation.now + 61.0)
        again = {finding.key for finding in findings(rule, later)}
        for finding in findings(rule, situation):
            assert finding.rule == rule.NAME and finding.severity in SEVERITIES
            assert "\n" not in finding.summary and finding.summary and finding.title and finding.advice
            assert finding.key in again, "the key of a trouble does not move with the clock"
