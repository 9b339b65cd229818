"""Two models on one task of lm-evaluation-harness: the samples decide, pair by pair. The files are those that
the tool wrote (tests/fixtures/makers/lm_eval_tasks.sh), with more documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from pytest import approx
from test_compare_command import as_json, called, place

__all__ = ["place"]

MODEL = Path(__file__).parents[1] / "fixtures" / "runs" / "lm-eval" / "tiny-model"
STAMP = "2026-11-30T01-12-23.669335"


def evaluated(
    root: Path, model: str, right: Sequence[float], first: int = 0, told: float | None = None
) -> None:
    """A model's folder, with one document a value of ``acc``."""
    folder = root / model
    folder.mkdir(parents=True)
    results = json.loads((MODEL / f"results_{STAMP}.json").read_text())
    mean = sum(right) / len(right) if told is None else told
    results["results"] = {"mytask": {"alias": "mytask", "acc,none": mean, "acc_stderr,none": 0.05}}
    (folder / f"results_{STAMP}.json").write_text(json.dumps(results))
    line = json.loads((MODEL / f"samples_mytask_{STAMP}.jsonl").read_text().splitlines()[0])
    lines = [
        json.dumps({**line, "doc_id": first + i, "doc_hash": f"{first + i:064x}", "acc": value})
        for i, value in enumerate(right)
    ]
    (folder / f"samples_mytask_{STAMP}.jsonl").write_text("\n".join(lines) + "\n")


def compared(capsys: pytest.CaptureFixture[str], place: Path) -> dict[str, object]:
    _, found = as_json(
        capsys, str(place / "out/b"), "--baseline", str(place / "out/a"), "--primary", "mytask/acc"
    )
    return next(one for one in found["metrics"] if one["name"] == "mytask/acc")


def test_samples_settle_what_two_means_cannot(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    evaluated(place / "out", "a", [1.0] * 150 + [0.0] * 50)
    evaluated(place / "out", "b", [1.0] * 158 + [0.0] * 42)
    found = compared(capsys, place)
    assert (found["verdict"], found["n"], found["method"], found["test"]) == (
        "better",
        200,
        "agresti-min",
        "mcnemar-midp",
    )
    assert found["delta"] == approx(0.04) and found["p_value"] == approx(2**-8, rel=1e-6)
    shift, se = 8 / 202, (9 - 64 / 202) ** 0.5 / 202
    assert found["ci"] == approx([shift - 1.96 * se, shift + 1.96 * se])
    _, out, _ = called(capsys, str(place / "out/b"), "--baseline", str(place / "out/a"))
    assert "over 200 samples" in out


def test_graded_samples_are_a_paired_t(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    from scipy import stats

    a = [(i * 7 % 10) / 10 for i in range(40)]
    b = [value + 0.01 + 0.02 * (i % 2) for i, value in enumerate(a)]
    evaluated(place / "out", "a", a)
    evaluated(place / "out", "b", b)
    found = compared(capsys, place)
    assert found["method"] == "paired-t"
    assert found["p_value"] == approx(stats.ttest_rel(b, a).pvalue)


def test_only_samples_of_both_sides_count_and_that_is_said(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    evaluated(place / "out", "a", [1.0] * 50 + [0.0] * 50)
    evaluated(place / "out", "b", [1.0] * 60 + [0.0] * 40, first=20)
    found = compared(capsys, place)
    assert found["n"] == 80 and "the 80 samples that both sides have" in str(found["note"])
    assert (found["baseline"], found["candidate"]) == (approx(30 / 80), approx(60 / 80))


@pytest.mark.parametrize("told", [0.5, 7.3])
def test_a_metric_that_is_no_mean_of_its_samples_is_compared_as_a_number(
    capsys: pytest.CaptureFixture[str], place: Path, told: float
) -> None:
    evaluated(place / "out", "a", [0.9] * 40, told=told)
    evaluated(place / "out", "b", [0.9] * 40)
    assert compared(capsys, place)["method"] is None


def test_few_samples_and_other_documents_are_no_verdict(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    evaluated(place / "out", "a", [0.0] * 6)
    evaluated(place / "out", "b", [1.0] * 6)
    found = compared(capsys, place)
    assert found["verdict"] == "unknown" and "10 are needed" in str(found["reason"])
