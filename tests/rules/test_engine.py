"""Options, failures, plug-ins, order."""

from __future__ import annotations

from importlib import metadata
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from runwatch.domain import plugins
from runwatch.domain.health import HealthSign
from runwatch.domain.machine import Disk, Machine
from runwatch.domain.run import Run
from runwatch.domain.situation import Situation
from runwatch.rules.engine.evaluation import evaluate_all, timing
from runwatch.rules.engine.options import check_options
from runwatch.rules.engine.registry import Traits, load_rules, traits_of

RULES, PROBLEMS = load_rules()
TRAITS = {rule.NAME: traits_of(rule) for rule in RULES}
GB = 10**9


def crashed(run_id: str, updated: float) -> Run:
    return Run("/r", run_id, (), "crashed", "boom", updated - 10, updated, 1, None, {})


def low_disk(**options: dict) -> Situation:
    disks = (Disk("/", 910 * GB, 90 * GB),)
    machine = Machine("box", 8, None, None, 1, 100, False, disks)
    return Situation(1000.0, "box", roots=("/r",), machine=machine, options=options)


def test_the_built_in_rules_load_without_problems() -> None:
    assert PROBLEMS == () and [rule.NAME for rule in RULES] == sorted(rule.NAME for rule in RULES)


def test_options_are_checked_with_the_nearest_name() -> None:
    errors = check_options(
        RULES,
        {
            "disk-low": {"warning_percnt": 5, "critical_percent": "a", "enabled": 1, "hold": "soon"},
            "disk-lo": {},
            "run-stalled": {"critical_after": "2h", "severity": "urgent", "ignore": ["a/*", 3]},
            "gpu-idle": {"after": "10m", "keep": 5, "severity": "info", "ignore": "box"},
        },
    )
    assert [error.partition(":")[0] for error in errors] == [
        "rules.disk-low.warning_percnt", "rules.disk-low.critical_percent", "rules.disk-low.enabled",
        "rules.disk-low.hold", "rules.disk-lo", "rules.run-stalled.severity", "rules.run-stalled.ignore",
    ]  # fmt: skip
    assert "'warning_percent'" in errors[0] and "'disk-low'" in errors[4]


def test_a_rule_is_tuned_silenced_or_switched_off() -> None:
    assert len(evaluate_all(low_disk(), RULES).findings) == 1
    assert evaluate_all(low_disk(**{"disk-low": {"enabled": False}}), RULES).findings == ()
    assert evaluate_all(low_disk(**{"disk-low": {"warning_percent": 5}}), RULES).findings == ()
    for glob in (["box"], ["no", "/"], "box*/", "b?x"):
        assert evaluate_all(low_disk(**{"disk-low": {"ignore": glob}}), RULES).findings == ()
    worse = evaluate_all(low_disk(**{"disk-low": {"severity": "critical"}}), RULES).findings
    assert [finding.severity for finding in worse] == ["critical"]
    spike = HealthSign("spike", "info", "loss", 1, 2, "loss jumped", {"points_ago": 1})
    run = crashed("a", 900.0)
    calm = Situation(1000.0, "box", ("/r",), (replace(run, status="finished"),), {run.key: (spike,)})
    raised = replace(calm, options={"loss-spike": {"severity": "critical"}})
    assert [finding.severity for finding in evaluate_all(raised, RULES).findings] == ["info"]


def test_timing_comes_from_the_rule_or_its_options() -> None:
    assert timing(RULES, {})["disk-low"] == (120.0, 600.0)
    assert timing(RULES, {})["run-crashed"][0] == 0.0
    assert timing(RULES, {"disk-low": {"hold": "0s", "keep": "1h"}})["disk-low"] == (0.0, 3600.0)
    assert timing(RULES, {"disk-low": {"hold": 0, "keep": 0}})["disk-low"] == (0.0, 0.0)
    assert timing(RULES, {"disk-low": {"hold": "", "keep": ""}})["disk-low"] == (120.0, 600.0)
    assert (
        check_options(RULES, {"disk-low": {"hold": "", "keep": 90, "ignore": ("a", "b"), "severity": ""}})
        == ()
    )


def test_a_rule_that_raises_is_a_problem_and_the_rest_goes_on() -> None:
    def evaluate(situation: Situation, options: object) -> None:
        raise ZeroDivisionError("boom")

    broken = SimpleNamespace(
        NAME="a-broken", DESCRIPTION="", DEFAULTS={}, HOLD=0.0, KEEP=0.0, MANY="", evaluate=evaluate
    )
    evaluated = evaluate_all(low_disk(), (broken, *RULES))
    assert [finding.rule for finding in evaluated.findings] == ["disk-low"]
    assert "boom" in evaluated.problems[0].message and "a-broken" in evaluated.problems[0].hint


def _plug_in(path: Path, name: str, **more: object) -> EntryPoint:
    """A rule as another package brings it, that fires once."""
    parts = {
        "NAME": name,
        "DESCRIPTION": "d.",
        "DEFAULTS": {"limit": 1, "names": []},
        "HOLD": 0.0,
        "KEEP": 0.0,
        "MANY": "",
    } | more
    text = "".join(f"{key} = {value!r}\n" for key, value in parts.items())
    text += "from runwatch.domain.finding import Finding\ndef evaluate(situation, options):\n"
    text += f"    yield Finding({name!r}, 'warning', '.', '', 's', 't', 'a', root='/r')\n"
    module = f"plug_in_{name.replace('-', '_')}"
    (path / f"{module}.py").write_text(text)
    return EntryPoint(name, module, "runwatch.rules")


def test_a_plug_in_is_a_rule_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = {
        "WORDS": ("one", "many"), "TOPIC": "drift", "PLAIN": "{name}.", "SUBJECTS": ["data"],
        "EXPLAINS": ["run-slow"], "EXPLAINED_BY": ["aa-plain"],
    }  # fmt: skip
    points = [_plug_in(tmp_path, "zz-full", **full), _plug_in(tmp_path, "aa-plain")]
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(plugins, "_may_be_any", lambda path: True)
    monkeypatch.setattr(metadata, "entry_points", lambda group: points)
    rules, problems = load_rules()
    assert problems == () and len(rules) == len(RULES) + 2
    assert [rule.NAME for rule in rules] == sorted(rule.NAME for rule in rules)
    mine = {rule.NAME: traits_of(rule) for rule in rules if rule.NAME in ("aa-plain", "zz-full")}
    assert mine["aa-plain"] == Traits(("aa plain", "aa plain"))
    assert mine["zz-full"] == Traits(
        ("one", "many"), "drift", "{name}.", ("data",), frozenset({"run-slow"}), frozenset({"aa-plain"})
    )
    (shown,) = evaluate_all(Situation(1e9, "box", roots=("/r",)), rules).findings
    assert shown.rule == "aa-plain" and len(shown.also) == 1
    assert check_options(rules, {"zz-full": {"limit": 2, "names": ["a"]}}) == ()
    assert check_options(rules, {"zz-full": {"limit": "x"}}) == ("rules.zz-full.limit: must be a number",)


def test_a_value_of_the_wrong_kind_is_as_good_as_none() -> None:
    for wrong in (
        {"warning_percent": "many"},
        {"enabled": "no"},
        {"ignore": 3},
        {"nosuch": 1},
        {"severity": "urgent"},
    ):
        (finding,) = evaluate_all(low_disk(**{"disk-low": wrong}), RULES).findings
        assert finding.severity == "warning"
    assert timing(RULES, {"disk-low": {"hold": "soon", "keep": True}})["disk-low"] == (120.0, 600.0)


def test_findings_are_ordered_by_severity_age_and_fingerprint() -> None:
    runs = (crashed("b", 500.0), crashed("a", 400.0), crashed("c", 500.0))
    found = evaluate_all(Situation(1000.0, "box", roots=("/r",), runs=runs), RULES).findings
    assert found[0].scope == "a"
    assert [f.fingerprint for f in found[1:]] == sorted(f.fingerprint for f in found[1:])
    turned = evaluate_all(Situation(1000.0, "box", roots=("/r",), runs=runs[::-1]), RULES[::-1]).findings
    assert [f.fingerprint for f in turned] == [f.fingerprint for f in found]


def test_plug_ins_load_each_in_its_own_try(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("gone", "no_such_module_anywhere", "runwatch.rules"),
        EntryPoint("half", "json", "runwatch.rules"),
        EntryPoint("twice", "runwatch.rules.disk_low", "runwatch.rules"),
    ]
    monkeypatch.setattr(plugins, "_may_be_any", lambda path: True)
    monkeypatch.setattr(metadata, "entry_points", lambda group: points)
    rules, problems = load_rules()
    assert [rule.NAME for rule in rules] == [rule.NAME for rule in RULES]
    assert [problem.file for problem in problems] == [point.value for point in points]
    assert "is taken" in problems[2].message and "it has no NAME, DESCRIPTION" in problems[1].message
