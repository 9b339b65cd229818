"""The life of a finding's task, in a file that is looked at again and again."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from worlds import DAY, TODAY, World, day, finding

from runwatch.tasks.todotxt import complete, parse, reopen, with_tag

A, B = finding("a"), finding("b")


def test_a_finding_opens_a_line_and_says_so():
    world = World("mine")
    world.look(A)
    assert world.lines == (
        "mine",
        f"(B) {TODAY} val/auc of a regressed +a @runs rw:{A.fingerprint} by:runwatch",
    )
    assert world.events == ["opened by runwatch"]
    world.look(A)
    assert world.last.edits == {} and world.events == []


def test_it_waits_for_as_long_as_its_rule_holds():
    world = World(timing={A.rule: (120.0, 600.0)})
    world.look(A)
    assert world.lines == () and world.state(A) == "pending"
    world.look(A, after=110)
    assert world.lines == ()
    world.look()
    assert world.records == {}
    world.look(A)
    world.look(A, after=119)
    assert world.lines == ()
    world.look(A, after=1)
    assert world.state(A) == "open"


def test_an_unconfirmed_finding_waits():
    world = World()
    world.look(replace(A, confirmed=False))
    assert world.lines == ()
    world.look(A)
    assert len(world.lines) == 1


def test_info_opens_nothing():
    world = World()
    world.look(replace(A, severity="info"))
    assert world.lines == () and world.records == {}


def test_it_resolves_after_being_clear_for_long_enough():
    world = World(timing={A.rule: (0.0, 600.0)})
    world.look(A)
    line = world.lines[0]
    world.look()
    world.look(after=599)
    assert world.lines == (line,)
    world.look(A)
    world.look()
    world.look(after=600)
    assert world.lines == (complete(line, TODAY, auto=True),)
    assert world.state(A) == "resolved" and world.events == ["resolved by runwatch"]


def test_missing_data_is_not_clear():
    world = World()
    world.look(A)
    before = world.lines
    world.look(unreadable=frozenset({"a"}), after=DAY)
    world.look(unreadable=frozenset({"."}), after=DAY)
    assert world.lines == before and world.state(A) == "open"
    deep = finding("exp/a/b")
    world.look(A, deep)
    world.look(A, unreadable=frozenset({"exp/a"}))
    assert world.state(deep) == "open"
    world.look(A, unreadable=frozenset({"exp/ax"}))
    assert world.state(deep) == "resolved"


def test_inhibited_findings_keep_their_state():
    world = World()
    world.look(A)
    world.look(replace(B, also=(A.fingerprint,)), after=DAY)
    assert world.state(A) == "open"


def test_a_crash_does_not_clear_by_itself():
    crash = finding("a", "critical", rule="run-crashed", subject="", lasting=True)
    world = World()
    world.look(crash)
    world.look(after=30 * DAY)
    assert world.state(crash) == "open"
    world.look(replace(crash, severity="info"))
    assert world.state(crash) == "resolved"


def test_it_fires_again_within_14_days_on_the_same_line():
    world = World()
    world.look(A)
    world.look()
    world.look(A, after=13 * DAY)
    assert len(world.lines) == 1
    task = parse(world.lines[0])
    assert (task.done, task.priority, task.tags["n"], task.created) == (False, "B", "2", TODAY)
    assert "res" not in task.tags and world.events == ["reopened by runwatch"]
    world.look()
    world.look(A)
    assert parse(world.lines[0]).tags["n"] == "3"


def test_later_it_is_a_new_line_and_the_old_one_stays():
    world = World()
    world.look(A)
    world.look()
    old = world.lines[0]
    world.look(A, after=15 * DAY)
    assert world.lines[0] == old and len(world.lines) == 2
    assert parse(world.lines[1]).created == day(world.at)
    world.look(A)
    assert len(world.lines) == 2 and world.state(A) == "open"
    world.look()
    assert world.lines[0] == old and parse(world.lines[1]).state == "resolved"


def test_done_by_a_person_is_silent_while_it_holds():
    world = World()
    world.look(A)
    world.lines = [complete(world.lines[0], TODAY)]
    world.look(A)
    assert world.events == ["done by person"]
    done = world.lines
    world.look(A, after=6.9 * DAY)
    assert world.lines == done
    world.look(A, after=0.2 * DAY)
    assert parse(world.lines[0]).tags["n"] == "2" and world.state(A) == "open"


def test_done_comes_back_when_it_worsens():
    world = World()
    world.look(A)
    world.lines = [complete(world.lines[0], TODAY)]
    world.look(A)
    world.look(replace(A, severity="critical"))
    assert world.events == ["reopened by runwatch"] and world.state(A) == "open"


def test_done_comes_back_when_it_fires_anew():
    world = World()
    world.look(A)
    world.lines = [complete(world.lines[0], TODAY)]
    world.look(A)
    world.look()
    world.look(A)
    assert world.events == ["reopened by runwatch"]
    assert len(world.lines) == 1


@pytest.mark.parametrize("archive", [True, False])
def test_a_line_taken_away_never_comes_back_while_it_holds(archive):
    world = World("mine")
    world.look(A)
    if archive:
        world.archived = (complete(world.lines[1], TODAY),)
    world.lines = ["mine"]
    for _ in range(40):
        world.look(A, after=DAY)
        assert world.lines == ("mine",)
    assert world.state(A) == ("done" if archive else "dismissed")
    world.look()
    world.look(A)
    assert len(world.lines) == 2


def test_a_line_that_is_gone_for_a_moment_is_not_dismissed():
    world = World()
    world.look(A)
    line = world.lines
    world.lines = []
    world.look(A, after=1)
    assert world.lines == ()
    world.lines = line
    world.look(A, after=1)
    assert world.state(A) == "open" and world.events == []


def test_snoozed_until_its_day_and_pierced_by_a_critical():
    world = World()
    world.look(A)
    world.lines = [with_tag(world.lines[0], "t", (TODAY + timedelta(3)).isoformat())]
    world.look(A)
    assert world.state(A) == "snoozed" and world.events == ["snoozed by person"]
    snoozed = world.lines
    world.look(A, after=DAY)
    assert world.lines == snoozed
    world.look(A, after=3 * DAY)
    assert world.state(A) == "open" and world.lines == snoozed
    world.lines = [with_tag(world.lines[0], "t", "2099-01-01")]
    world.look(A)
    world.look(replace(A, severity="critical"))
    task = parse(world.lines[0])
    assert (task.threshold, task.priority) == (None, "A")
    world.lines = [with_tag(world.lines[0], "t", "2099-01-01")]
    world.look(replace(A, severity="critical"))
    assert world.state(A) == "snoozed"


def test_a_persons_text_and_priority_win():
    world = World()
    world.look(A)
    mine = f"(D) {TODAY} my own words +x who:ana rw:{A.fingerprint} by:runwatch"
    world.lines = [mine]
    world.look(A)
    assert world.events == ["edited by person"]
    world.look(replace(A, severity="critical"))
    assert world.lines == (mine,)
    world.look()
    assert world.lines == (complete(mine, TODAY, auto=True),)


def test_getting_worse_raises_our_own_priority():
    world = World()
    world.look(A)
    world.look(replace(A, severity="critical"))
    assert parse(world.lines[0]).priority == "A"
    world.look(A)
    assert parse(world.lines[0]).priority == "A"


@pytest.mark.parametrize("key", ["rw", "by"])
def test_taking_a_task_over(key):
    world = World()
    world.look(A)
    taken = with_tag(world.lines[0], key, None)
    world.lines = [taken]
    for _ in range(3):
        world.look(A)
    if key == "by":  # it still says which finding it is about
        world.look(replace(A, severity="critical"))
    world.look()
    assert world.lines == (taken,)


def test_opened_again_by_hand_it_is_not_closed_behind_ones_back():
    world = World()
    world.look(A)
    world.look()
    world.lines = [reopen(world.lines[0])]
    world.look()
    assert world.events == ["reopened by person"]
    world.look(after=DAY)
    assert world.state(A) == "open"
    world.look(A)
    world.look()
    assert world.state(A) == "resolved"


def test_of_two_equal_lines_the_first_counts():
    world = World()
    world.look(A)
    line = world.lines[0]
    world.lines = [line, "between", line]
    world.look()
    assert world.lines == (complete(line, TODAY, auto=True), "between", line)
    world.look(after=DAY)
    assert world.lines[2] == line


def test_another_machine_wrote_the_line():
    world = World()
    world.look(A)
    other = World(*world.lines)
    other.look(A)
    assert other.lines == world.lines and other.state(A) == "open"
    other.look()
    world.lines = other.lines
    world.look(A)
    assert world.lines == other.lines, "the two would take turns for ever"


def test_lost_state_does_not_bring_old_lines_back():
    line = complete(f"2026-09-01 x rw:{A.fingerprint} by:runwatch", TODAY)
    world = World(line)
    world.look(A)
    assert world.lines == (line,) and world.state(A) == "done"
    world = World()
    world.archived = (line,)
    world.look(A)
    assert world.lines == ()
    world = World(line.replace(str(TODAY), "2026-08-01"))
    world.look(A)
    assert len(world.lines) == 2


def test_a_finding_without_a_title_is_called_by_its_summary():
    world = World()
    world.look(replace(A, title=""))
    assert A.summary in world.lines[0] and world.records[A.fingerprint].title == A.summary


def test_done_and_then_milder_stays_done():
    world = World()
    worst = replace(A, severity="critical")
    world.look(worst)
    world.lines = [complete(world.lines[0], TODAY)]
    for severity in ("critical", "warning", "info"):
        world.look(replace(A, severity=severity))
        assert world.state(A) == "done" and world.lines[0].startswith("x ")


def test_done_again_is_silent_again():
    """What a person finishes stays finished while it holds, however often it has come back before."""
    world = World()
    for number in range(1, 4):
        world.look(A)
        assert parse(world.lines[0]).tags.get("n", "1") == str(number)
        world.lines = [complete(world.lines[0], day(world.at))]
        for _ in range(5):
            world.look(A)
            assert world.state(A) == "done"
        world.look()


def test_opened_by_hand_it_closes_by_itself_only_after_it_fired_once_more():
    world = World()
    for _ in range(2):
        world.look(A)
        world.look()
        assert world.state(A) == "resolved"
        world.lines = [reopen(world.lines[0])]
        for _ in range(3):
            world.look(after=DAY)
            assert world.state(A) == "open"


def test_getting_worse_is_no_news_of_its_own():
    world = World()
    world.look(A)
    world.look(replace(A, severity="critical"))
    assert world.events == [] and world.state(A) == "open"


def test_what_was_not_looked_at_is_not_clear():
    world = World()
    world.look(A)
    world.look(unjudged=frozenset({A.rule}), after=DAY)
    assert world.state(A) == "open"
    world.look(unjudged=frozenset({"another-rule"}), after=DAY)
    assert world.state(A) == "resolved"


def test_a_snoozed_task_that_clears_is_closed_and_comes_back_without_its_day():
    world = World()
    world.look(A)
    world.lines = [with_tag(world.lines[0], "t", "2099-01-01")]
    world.look(A)
    for _ in range(2):
        world.look(A)
        assert (world.state(A), world.events) == ("snoozed", [])
    world.look()
    assert world.state(A) == "resolved"
    world.look(A)
    assert world.state(A) == "open" and parse(world.lines[0]).threshold is None


def test_a_line_finished_by_hand_before_14_days_is_history():
    for days, lines in ((14, 1), (15, 2)):
        world = World(complete(f"{TODAY} x rw:{A.fingerprint} by:runwatch", day(-days * DAY)))
        world.look(A)
        assert len(world.lines) == lines


def test_history_is_forgotten_after_14_days_and_not_before():
    for how in ("resolved", "done"):
        world = World()
        world.look(A)
        if how == "done":
            world.lines = [complete(world.lines[0], TODAY)]
            world.look(A)
        world.look()
        world.look(after=14 * DAY - 20)
        assert world.state(A) == how
        world.look(after=DAY)
        assert world.records == {}


def test_gone_for_five_seconds_it_is_deleted():
    for seconds, state in ((4.9, "open"), (5.0, "dismissed")):
        world = World()
        world.look(A)
        world.lines = []
        world.look(A, after=1)
        world.look(A, after=seconds)
        assert world.state(A) == state
