import json
import re
import unicodedata
from datetime import datetime

import pytest
from facts import DAY, FULL_DISK, HOUR, NASTY, NOW, SLOW, drifting, finding, kept_facts, run
from hypothesis import given
from hypothesis import strategies as st

from runwatch.domain.task import TaskEvent
from runwatch.show import brief as show

CONTROLS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def event(what: str, at: float, by: str = "runwatch", name: str = "f") -> tuple[str, TaskEvent]:
    return "r", TaskEvent(name, NOW + at, what, by, f"text of {name}", "warning")


BUSY = {
    "runs": [
        run("old", "finished", updated=-3 * DAY, started=-4 * DAY),
        *(run(f"fin{n}", "finished", updated=-HOUR) for n in range(6)),
        run("bad", "crashed", updated=-HOUR, status_reason="CUDA out of memory"),
        run("stuck", "stalled", updated=-HOUR),
        run("going", progress=SLOW),
    ],
    "findings": [
        finding("run-crashed", "critical", "bad", subject=""),
        finding(scope="going", since=NOW - HOUR),
        finding("data-drifted", scope="orders", summary="age moved", run=None),
        finding("disk-low", "warning", "host", summary="/data is nearly full"),
        finding("loss-spike", "info", "going"),
    ],
    "lines": ["(A) one", "two due:2026-11-24", "three due:2026-11-25", "four t:2027-01-01", "x five"],
    "disks": [FULL_DISK],
    "looked": NOW - 4 * HOUR,
}


def test_one_of_a_kind_is_said_in_the_singular():
    faults = [finding("data-quality", scope=name, run=None) for name in ("a", "b", "c")]
    headlines = [show.compose(kept_facts(findings=faults[:n]), [], NOW).headline for n in (1, 2)]
    assert headlines == ["1 data fault", "2 data faults"]


def test_a_summary_loses_its_asides_before_its_figure():
    said = (
        "small worse than champion-seed-*, eval_auc −0.0048 (0.9820 against 0.9868 at step 300, 95% interval)"
    )
    brief = show.compose(kept_facts(findings=[finding("metric-regressed", summary=said, run=None)]), [], NOW)
    [line] = [line for line in brief.lines if line.label == "regressed"]
    assert line.words == "small worse than champion-seed-*, eval_auc −0.0048"


def test_a_busy_day_in_twelve_lines():
    brief = show.compose(kept_facts(**BUSY), [event("opened", -HOUR), event("done", -60, "person")], NOW)
    lines = show.text(brief)
    assert lines[0].startswith(
        "runwatch, since you last looked, 18:00: 1 run crashed, 1 run stalled, 6 runs finished, 1 regressed"
    )
    assert brief.headline.endswith("1 regressed, 1 drifted, 1 disk low, 1 running")
    body = dict(re.split(r"\s+", line.strip(), maxsplit=1) for line in lines[1:])
    assert body["crashed"] == "bad (CUDA out of memory)"
    assert body["finished"] == "fin0, fin1, fin2, fin3 and 2 more"
    assert body["running"] == "going (50%, ends in 2 h)"
    assert body["regressed"].startswith("going: val/auc") and body["drifted"] == "age moved"
    assert body["tasks"] == "3 open, 1 overdue, 1 due today, 1 closed since"
    assert body["disk"] == "/data 95% full, full in 5 h"
    assert len(lines) <= 12 and "week" not in body


def test_nothing_happened():
    brief = show.compose(
        kept_facts(runs=[run("old", "finished", updated=-3 * DAY, started=-4 * DAY)]), [], NOW
    )
    assert show.text(brief) == [
        "runwatch, since yesterday 22:00: nothing new",
        "  tasks      nothing pending",
    ]
    assert not show.worth_showing(brief)
    assert show.worth_showing(show.compose(kept_facts(**BUSY), [], NOW))


def test_old_facts_say_how_old_they_are():
    facts = kept_facts(runs=[run("a")])
    assert "(as of 3h ago)" in show.text(show.compose(facts, [], NOW + 3 * HOUR, fresh_for=90))[0]
    assert "as of" not in show.text(show.compose(facts, [], NOW + 60, fresh_for=90))[0]


def test_the_week_says_who_closed_what_and_how_long_it_took():
    history = [
        event("opened", -6 * DAY, name="a"),
        event("opened", -5 * DAY, name="b"),
        event("resolved", -5 * DAY + HOUR, name="b"),
        event("done", -6 * DAY + 3 * HOUR, "person", "a"),
        event("opened", -HOUR, name="c"),
    ]
    brief = show.compose(kept_facts(), history, NOW, since=NOW - 7 * DAY)
    assert (
        "  week       tasks: 3 opened, 2 closed (1 by a person, 1 cleared by itself), typically in 3 h"
        in show.text(brief)
    )


def test_json_has_the_fields_of_the_contract():
    brief = show.compose(kept_facts(**BUSY), [event("opened", -HOUR), event("resolved", -60)], NOW)
    answer = json.loads(json.dumps(show.as_json(brief), allow_nan=False))
    assert answer["schema"] == 1 and datetime.fromisoformat(answer["since"]).timestamp() == NOW - 4 * HOUR
    assert {name: sorted(ids) for name, ids in answer["runs"].items()} == {
        "finished": [f"fin{n}" for n in range(6)],
        "crashed": ["bad"],
        "running": ["going"],
        "stalled": ["stuck"],
        "new": ["bad", *(f"fin{n}" for n in range(6)), "going", "stuck"],
    }
    assert [f["severity"] for f in answer["findings"]] == ["critical", *["warning"] * 3, "info"]
    assert answer["tasks"]["open"] == 3
    assert [task["id"] for task in answer["tasks"]["new"]] == ["f"]
    assert [task["outcome"] for task in answer["tasks"]["resolved"]] == ["resolved"]
    assert answer["findings"][0].keys() >= {
        *("rule", "severity", "subject", "run", "summary", "evidence", "advice"),
        *("first_seen", "last_seen", "fingerprint"),
    }


def test_numbers_that_json_lacks():
    odd = finding(evidence={"loss": float("nan"), "curve": [1.0, float("inf")], "n": 3})
    answer = show.as_json(show.compose(kept_facts(findings=[odd]), [], NOW))
    assert answer["findings"][0]["evidence"] == {
        "loss": None,
        "loss_text": "nan",
        "curve": [1.0, None],
        "n": 3,
    }


def test_hostile_names_are_defused():
    brief = show.compose(
        kept_facts(runs=[run(NASTY)], findings=[finding(scope=NASTY, summary=NASTY)]), [], NOW
    )
    assert all(line.isprintable() for line in show.text(brief))
    page = show.markdown(brief)
    assert "<script>" not in page and "\x1b" not in page and "\\[/b\\]" in page and "\\`\\*" in page


@given(st.text(max_size=60))
def test_any_name_is_one_line(name):
    found = finding(scope=name, summary=name)
    for line in show.text(show.compose(kept_facts(runs=[run(name)], findings=[found]), [], NOW)):
        assert len(line) <= 110 and not {unicodedata.category(c) for c in line} & CONTROLS


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ("7d", 7 * 24),
        ("36h", 36),
        ("90min", 1.5),
        ("today", 22),
        ("yesterday", 46),
        ("18:04", 3 + 56 / 60),
        ("23:00", 23),
        ("2026-11-25T20:00", 2),
        ("2026-11-24", 46),
    ],
)
def test_since(words, hours):
    assert show.since_moment(words, NOW) == pytest.approx(NOW - hours * HOUR)


@pytest.mark.parametrize("words", ["", "soon", "25:00", "7x", "-7d", "99999-01-01", "99999999d"])
def test_no_moment(words):
    with pytest.raises(ValueError, match="is not a time"):
        show.since_moment(words, NOW)


def test_a_moment_ahead_is_none_since_which_things_happened():
    with pytest.raises(ValueError, match="is in the future"):
        show.since_moment("2030-01-01", NOW)


def test_drift_counts_as_attention():
    brief = show.compose(kept_facts(data=[drifting()]), [], NOW)
    assert brief.findings == []


def test_one_cause_is_one_line():
    crashed = [run(f"exp-{n}", "crashed", status_reason="CUDA out of memory") for n in range(6)]
    crashed.append(run("other", "crashed", status_reason="killed"))
    slow = [finding("run-slow", scope=f"exp-{n}", summary=f"exp-{n} is slow") for n in range(3)]
    said = show.compose(kept_facts(runs=crashed, findings=slow), [], NOW)
    lines = {line.label: line.words for line in said.lines}
    assert lines["crashed"] == ("exp-0, exp-1, exp-2, exp-3 and 2 more (CUDA out of memory), other (killed)")
    assert lines["attention"] == "exp-0 is slow (and 2 more runs)"


def test_runs_are_called_by_their_names():
    runs = [
        run("0/46a48e8a", "finished", updated=-HOUR, name="deep tree"),
        run("exp/plain", status_reason=""),
    ]
    findings = [
        finding(scope="0/46a48e8a", summary="deep tree worse than plain"),
        finding("loss-spike", scope="0/46a48e8a", summary="loss jumped"),
        finding("run-slow", scope="exp/plain", summary="plain is slow"),
    ]
    lines = {
        line.label: line.words
        for line in show.compose(kept_facts(runs=runs, findings=findings), [], NOW).lines
    }
    assert (lines["finished"], lines["regressed"]) == ("deep tree", "deep tree worse than plain")
    assert lines["attention"] == "deep tree: loss jumped; plain is slow"
