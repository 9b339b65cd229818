"""Each quality check finds its fault, and none speaks on good data."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from msgspec.structs import replace
from scipy import stats

from runwatch.cli import main
from runwatch.data.formats.base import ColumnBlock
from runwatch.data.grid import make_column, make_grid
from runwatch.data.profile import Counter
from runwatch.data.row_facts import digest
from runwatch.data.sample import to_numpy
from runwatch.domain.drift import QualityCheck
from runwatch.domain.profile import NamedProfile, RowFacts, TableProfile
from runwatch.judge.quality.arrivals import expected_every, late_by
from runwatch.judge.quality.case import QualityCase
from runwatch.judge.quality.checks.duplicates import expected_repeats
from runwatch.judge.quality.checks.leakage import association
from runwatch.judge.quality.run import all_checks, examine, verdict

N = 3000


def good(seed: int = 0, n: int = N) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "age": rng.normal(40, 10, n).clip(0.5),
        "city": rng.choice(["Oslo", "Rome", "Lima"], n, p=[0.5, 0.3, 0.2]),
        "label": rng.integers(0, 2, n),
        "name": [f"person number {i} of {rng.integers(10**6)}" for i in range(n)],
    }


def profile(columns: dict[str, Any], grid=None) -> TableProfile:
    arrays = [(name, pa.array(values, from_pandas=True)) for name, values in columns.items()]
    grid = grid or make_grid(
        make_column(n, a, role="target" if n == "label" else "feature") for n, a in arrays
    )
    counter = Counter(grid)
    counter.add(ColumnBlock(len(arrays[0][1]), arrays))
    return counter.result(tuple(sorted((name, str(a.type)) for name, a in arrays)))


REFERENCE = profile(good())


def case(columns: dict[str, Any], **more: Any) -> QualityCase:
    current = profile(columns, REFERENCE.grid)
    sample = {name: to_numpy(pa.array(values, from_pandas=True)) for name, values in columns.items()}
    return QualityCase(current, REFERENCE, sample, **more)


def faults(columns: dict[str, Any], **more: Any) -> dict[tuple[str, str], QualityCheck]:
    return {(one.check, one.column): one for one in examine(case(columns, **more))}


def changed(**columns: Any) -> dict[str, Any]:
    return {**good(1), **columns}


def test_good_data_has_no_faults() -> None:
    assert faults(good(1)) == {}
    assert verdict(()) == "ok"


def test_every_fault_says_what_to_do() -> None:
    bad = changed(age=np.full(N, np.nan), city=["Paris"] * N)
    found = examine(case(bad))
    assert found and all(one.summary and one.advice for one in found)
    assert verdict(found) == "critical" and found[0].severity == "critical"


def test_schema() -> None:
    columns = changed(Age_=good(1)["age"])
    del columns["age"]
    found = faults(columns)
    assert found["schema-change", "age"].severity == "critical"
    assert "renamed to 'Age_'" in found["schema-change", "age"].advice
    assert found["schema-change", "Age_"].severity == "info"


def test_types() -> None:
    found = faults(changed(age=[f"{v:.1f}" for v in good(1)["age"]]))
    assert found["type-change", "age"].severity == "warning"
    whole = faults(changed(age=good(1)["age"].astype(np.int64)))
    assert whole["type-change", "age"].severity == "info"
    narrow = faults(changed(age=good(1)["age"].astype(np.float32)))
    assert ("type-change", "age") not in narrow


def test_missing() -> None:
    age = good(1)["age"].copy()
    age[: N // 20] = np.nan
    assert faults(changed(age=age))["missing-values", "age"].severity == "warning"
    age[: N // 4] = np.nan
    assert faults(changed(age=age))["missing-values", "age"].severity == "critical"


def test_duplicates_of_rows_and_keys() -> None:
    facts = RowFacts(N, N // 5, {"id": 3}, {"id": ("7",)})
    found = faults(good(1), facts=facts)
    assert found["duplicates", ""].severity == "critical"
    assert found["duplicates", "id"].samples == ("7",)
    assert not faults(good(1), facts=RowFacts(N, 1, {"id": 0}))


def test_expected_repeats_are_those_of_rarefaction() -> None:
    """Of four rows two are alike: any two of them are the same row in one of six draws."""
    facts = RowFacts(4, 1, occurring=((1, 2), (2, 1)))
    assert [expected_repeats(facts, rows) for rows in (1, 2, 3, 4)] == pytest.approx([0, 1 / 6, 1 / 2, 1])


def test_constant() -> None:
    assert ("constant", "age") in faults(changed(age=np.full(N, 40.0)))
    assert faults(changed(city=["Rome"] * N))["constant", "city"].samples == ("Rome",)


def test_range() -> None:
    age = good(1)["age"].copy()
    age[3] = -999.0
    assert "-999" in faults(changed(age=age))["out-of-range", "age"].summary
    age[3] = np.inf
    assert faults(changed(age=age))["out-of-range", "age"].severity == "critical"


def test_new_and_vanished_categories() -> None:
    city = np.array(good(1)["city"], dtype=object)
    city[:200] = "Paris"
    found = faults(changed(city=city))["categories", "city"]
    assert found.samples == ("Paris",) and found.severity == "critical"
    city = np.where(np.array(good(1)["city"]) == "Lima", "Oslo", good(1)["city"])
    assert "gone" in faults(changed(city=city))["categories", "city"].summary


def test_a_new_whole_number_is_named_and_the_known_ones_are_not() -> None:
    level = np.random.default_rng(0).integers(0, 4, N)
    reference = profile({"level": level})
    now = np.where(np.arange(N) < 60, 7, level)
    fault = next(
        one
        for one in examine(
            QualityCase(profile({"level": now}, reference.grid), reference, {"level": now * 1.0})
        )
        if one.check == "categories"
    )
    assert fault.samples == ("7",) and fault.summary.startswith("the value 7 in 2")


def test_change_of_unit() -> None:
    found = faults(changed(age=good(1)["age"] * 12 * 10))["unit-change", "age"]
    assert found.severity == "critical" and found.evidence["factor"] == pytest.approx(120, rel=0.25)


@pytest.mark.parametrize("factor", [12, 24, 60, 100, 1000, 3600, 86400])
def test_a_usual_change_of_unit_is_named(factor: int) -> None:
    found = faults(changed(age=good(1)["age"] * factor))["unit-change", "age"]
    assert found.advice == f"check the unit at the source, perhaps a factor of {factor:,}"


def test_mixed_types() -> None:
    age = [f"{v:.1f}" for v in good(1)["age"]]
    age[:40] = ["unknown"] * 40
    found = faults(changed(age=age))["mixed-types", "age"]
    assert found.samples == ("unknown",) and found.severity == "warning"
    half = faults(changed(city=[str(i) if i % 50 else "n/k" for i in range(N)]))
    assert half["mixed-types", "city"].samples == ("n/k",)
    comma = faults(changed(city=[f"{i % 9},5" for i in range(N)]))
    assert "decimal comma" in comma["mixed-types", "city"].summary


def test_encodings() -> None:
    name = list(good(1)["name"])
    name[0], name[1] = "caf\u00c3\u00a9", "bad\x07bell"
    found = examine(case(changed(name=name)))
    assert {one.samples[0] for one in found if one.check == "encoding"} == {"caf\u00c3\u00a9", "bad\x07bell"}
    fine = faults(changed(name=["\u00c5ngstr\u00f6m " + n for n in good(1)["name"]]))
    assert ("encoding", "name") not in fine


def test_leakage() -> None:
    columns = good(1)
    leak = columns["label"] + np.random.default_rng(2).normal(0, 0.01, N)
    assert ("leakage", "age") in faults({**columns, "age": leak})
    assert ("leakage", "age") in faults({**columns, "age": columns["label"] * 1.0})
    told = np.where(columns["label"] == 1, "Oslo", "Rome")
    assert ("leakage", "city") in faults({**columns, "city": told})


def test_the_strength_of_a_leak_is_scipys() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 30, 900).astype(float), rng.integers(0, 2, 900).astype(float)
    auc = stats.mannwhitneyu(x[y == 1], x[y == 0]).statistic / ((y == 1).sum() * (y == 0).sum())
    assert association(x, y) == pytest.approx(abs(2 * auc - 1))
    many = x + rng.integers(0, 40, 900)
    assert association(x, many) == pytest.approx(stats.spearmanr(x, many).statistic)


def history(rows: list[int], every: float = 3600.0) -> list[NamedProfile]:
    empty = profile(good(2, 20), REFERENCE.grid)
    return [NamedProfile(f"b{i}", replace(empty, rows=n), when=i * every) for i, n in enumerate(rows)]


def test_volume() -> None:
    past = history([N, N + 50, N - 20, N, N])
    assert faults(good(1), history=past) == {}
    half = faults(good(1, N // 3), history=past)
    assert "half-empty" in half["volume", ""].summary
    double = faults(good(1, 2 * N), history=past)
    assert "double" in double["volume", ""].summary
    assert faults(good(1, 0))["volume", ""].severity == "critical"


def test_lateness_by_the_sources_own_rhythm() -> None:
    times = [i * 3600.0 for i in range(8)]
    assert expected_every(times) == 3600.0
    assert late_by(times, times[-1] + 3700) is None
    assert late_by(times, times[-1] + 9000) == pytest.approx(5400)
    assert expected_every([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]) is None
    assert late_by(times[:3], 1e9) is None
    past = history([N] * 7)
    for periods, severity in ((3, "warning"), (5, "critical")):
        found = faults(good(1), history=past, arrived=7 * 3600.0, now=(7 + periods) * 3600.0)
        assert "overdue" in found["volume", ""].summary and found["volume", ""].severity == severity


def test_expectations() -> None:
    expect = {
        "rows": {"min": 10, "max": 100},
        "fresh_within": "1h",
        "colour": 1,
        "columns": {
            "age": {"min": 1, "max": 50, "missing": 0.0, "type": "numeric"},
            "city": {"values": ["Oslo", "Rome"], "pattern": "^[A-Z]"},
            "absent": {},
            "optional": {"required": False},
            "name": {"unique": True, "pattern": "^someone"},
            "label": {"type": "text"},
        },
    }
    facts = RowFacts(N, 0, {"name": 2}, {"name": ("person",)})
    found = examine(case(good(1), expect=expect, facts=facts, arrived=0.0, now=7200.0))
    said = [f"{one.column}: {one.summary}" for one in found if one.check == "expectations"]
    for part in (
        "at most 100",
        "2 h old",
        "'colour'",
        "age: ",
        "city: 1 value is",
        "absent: ",
        "label: ",
        "name: 2",
    ):
        assert any(part in line for line in said), part
    assert not any("optional" in line for line in said)
    assert any("do not match" in line and line.startswith("name") for line in said)


def test_checks_without_a_reference() -> None:
    columns = good(3)
    columns["void"] = np.full(N, np.nan)
    found = examine(QualityCase(profile(columns), sample={}))
    assert {(one.check, one.column) for one in found} == {("missing-values", "void")}


def test_checks_are_found_by_listing() -> None:
    assert len({one.NAME for one in all_checks()}) == len(all_checks()) >= 11


def test_row_digests() -> None:
    floats = digest(pa.array([1.0, 1.0, -0.0, 0.0, None, float("nan"), float("nan")]))
    assert floats[0] == floats[1] and floats[2] == floats[3] and floats[5] == floats[6]
    assert len({floats[0], floats[2], floats[4], floats[5]}) == 4
    words = digest(pa.array(["a", "b", "a", None]))
    assert words[0] == words[2] != words[1] and words[3] not in words[:3]


@pytest.mark.parametrize(
    ("column", "rules", "said"),
    [
        ("x", {"min": "0"}, "min = '0' cannot be checked"),
        ("x", {"missing": "5%"}, "missing = '5%' cannot be checked"),
        ("c", {"values": "abc"}, "values = 'abc' cannot be checked"),
        ("c", {"min": 0}, "min and max cannot be checked: the column is categorical"),
        ("x", {"pattern": "^[0-9]+$"}, "its pattern cannot be checked: the column holds numbers, not text"),
        ("k", {"values": [0, 1, 2]}, "1 value is not allowed"),
        ("k", {"values": [0, 1, 2, 3]}, ""),
    ],
)
def test_no_hard_rule_is_passed_over_in_silence(tmp_path, column: str, rules: dict, said: str) -> None:
    lines = "".join(f"{i / 7},{'abc'[i % 3]},{i % 4}\n" for i in range(600))
    (tmp_path / "now.csv").write_text("x,c,k\n" + lines)
    body = "".join(f"{key} = {json.dumps(value)}\n" for key, value in rules.items())
    (tmp_path / "e.toml").write_text(f"[data.expect.columns.{column}]\n{body}")
    out = io.StringIO()
    with redirect_stdout(out):
        code = main(["quality", str(tmp_path / "now.csv"), "--expect", str(tmp_path / "e.toml"), "--json"])
    found = [f for f in json.loads(out.getvalue())["findings"] if f["check"] == "expectations"]
    assert [f["summary"] for f in found] == ([said] if said else [])
    assert code == (2 if said else 0)
