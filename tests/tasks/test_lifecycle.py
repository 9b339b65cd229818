from datetime import timedelta

import pytest
from msgspec.structs import replace
from worlds import DAY, NOW, TODAY, day, finding

from runwatch.tasks.document import Document
from runwatch.tasks.lifecycle import LifecycleInput, LifecycleStep, advance
from runwatch.tasks.todotxt import complete, parse, reopen, with_tag


class World:
    """A to-do file in memory that is looked at again and again."""

    def __init__(self, *lines: str, timing=None) -> None:
        self.document = Document(tuple((line, "\n") for line in lines))
        self.archived: tuple[str, ...] = ()
        self.records: dict = {}
        self.at = 0.0
        self.timing = timing or {}
        self.events: list[str] = []
        self.last: LifecycleStep | None = None

    def look(self, *findings, after: float = 10.0, **changes) -> LifecycleStep:
        self.at += after
        look = LifecycleInput(tuple(findings), NOW + self.at, day(self.at), self.timing, **changes)
        self.last = advance(self.records, self.lines, self.archived, look)
        self.records = dict(self.last.records)
        self.document = self.document.edited(self.last.edits.values())
        self.events = [f"{event.what} by {event.by}" for event in self.last.events]
        self._laws(look)
        return self.last

    def _laws(self, look: LifecycleInput) -> None:
        """What holds after every look, whatever happened before."""
        touched = [edit.old for edit in self.last.edits.values() if edit.old is not None]
        assert all("rw:" in line and "by:runwatch" in line for line in touched), "only lines of ours change"
        again = advance(self.records, self.lines, self.archived, look)
        assert (again.edits, again.events) == ({}, ()), "seen again, nothing happens again"
        lost = advance({}, self.lines, self.archived, look)
        to_do = {parse(line).fingerprint for line in self.lines if not parse(line).done}
        made = {parse(edit.new).fingerprint for edit in lost.edits.values() if edit.old is None}
        assert not made & to_do, "with nothing remembered no line is made twice"

    @property
    def lines(self) -> tuple[str, ...]:
        return self.document.texts

    @lines.setter
    def lines(self, lines) -> None:
        self.document = Document(tuple((line, "\n") for line in lines))

    def state(self, of) -> str | None:
        record = self.records.get(of.fingerprint)
        return record.state if record else None


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


def test_twenty_open_lines_and_one_for_the_rest():
    many = [finding(f"s{n:02}") for n in range(30)] + [finding("worst", "critical")]
    world = World()
    step = world.look(*many)
    assert step.beyond == 11 and len(world.lines) == 21
    assert "worst" in world.lines[0]
    group = world.lines[-1]
    assert "and 11 more findings, open runwatch" in group and group.startswith("(B) ")
    world.look(*many)
    assert world.lines[-1] == group
    world.look(*many[3:])
    tasks = [parse(line) for line in world.lines]
    assert sum(not task.done for task in tasks) == 21
    assert "and 8 more findings" in next(line for line in world.lines if "more finding" in line)
    for _ in range(3):
        world.look(*many[25:])
    tasks = [parse(line) for line in world.lines]
    assert {t.id for t in tasks if not t.done} == {f.fingerprint for f in many[25:]}
    assert world.last.beyond == 0


def test_a_deleted_group_line_stays_away():
    many = [finding(f"s{n:02}") for n in range(25)]
    world = World()
    world.look(*many)
    world.lines = world.lines[:-1]
    for _ in range(3):
        world.look(*many)
    assert len(world.lines) == 20


def test_the_first_look_leaves_old_trouble_alone():
    old, young = replace(A, since=NOW - 8 * DAY), replace(B, since=NOW - 6 * DAY)
    world = World()
    step = world.look(old, young, first=True)
    assert [B.fingerprint in line for line in world.lines] == [True] and step.older == 1
    assert world.look(old, young).older == 1
    world.look(young)
    world.look(A, young)
    assert len(world.lines) == 2, "it fired anew"


def test_silenced_findings_open_nothing_but_may_close():
    world = World()
    world.look(A)
    silenced = frozenset({A.fingerprint, B.fingerprint})
    world.look(A, B, silenced=silenced)
    assert len(world.lines) == 1
    world.look(B, silenced=silenced)
    assert world.state(A) == "resolved"
    world.look(B)
    assert world.state(B) == "open"


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


def test_old_trouble_that_gets_worse_is_no_old_trouble_any_more():
    old = replace(A, since=NOW - 8 * DAY)
    world = World()
    assert world.look(old, first=True).older == 1
    assert world.look(replace(old, severity="critical")).older == 0
    assert world.state(A) == "open" and not world.records[A.fingerprint].older


def test_a_raised_priority_makes_no_room_under_the_cap():
    many = [finding(f"run-{i:02}") for i in range(20)]
    world = World()
    world.look(*many)
    world.look(replace(many[0], severity="critical"), *many[1:], B)
    assert len(world.lines) == 21 and "and 1 more finding" in world.lines[-1]


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


@pytest.mark.parametrize("how", ["done", "deleted", "pending"])
def test_silenced_it_stays_away_even_when_it_gets_worse(how):
    world, worse, hush = World(), replace(A, severity="critical"), frozenset({A.fingerprint})
    if how != "pending":
        world.look(A)
        world.lines = [complete(world.lines[0], TODAY)] if how == "done" else []
        world.look(A)
        world.look(A)
    before = world.lines
    for _ in range(3):
        world.look(worse, silenced=hush)
        assert world.lines == before
    world.look(worse)
    assert world.state(A) == "open" and world.lines != before


def test_a_silenced_open_task_is_raised_once_it_is_no_longer_silenced():
    world, worse = World(), replace(A, severity="critical")
    world.look(A)
    world.look(worse, silenced=frozenset({A.fingerprint}))
    assert parse(world.lines[0]).priority == "B"
    world.look(worse)
    assert parse(world.lines[0]).priority == "A"


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


def test_only_what_is_to_do_now_counts_under_the_cap():
    """A snoozed task, one that a person took over and one that is done leave room."""
    many = [finding(f"s{n:02}") for n in range(20)]
    world = World()
    world.look(*many)
    lines = list(world.lines)
    lines[0] = with_tag(lines[0], "t", "2099-01-01")
    lines[1] = with_tag(lines[1], "by", None)
    lines[2] = complete(lines[2], TODAY)
    world.lines = lines
    more = [finding(f"t{n}") for n in range(4)]
    step = world.look(*many, *more)
    assert step.beyond == 1 and [world.state(f) for f in more].count("open") == 3


def test_the_count_of_the_rest_changes_in_place():
    many = [finding(f"s{n:02}") for n in range(24)]
    world = World()
    world.look(*many[:22])
    assert "and 2 more findings" in world.lines[-1]
    mine = world.lines[-1].replace("open runwatch", "open runwatch +mine")
    world.lines = [*world.lines[:-1], mine]
    world.look(*many)
    assert world.lines[-1] == mine.replace("and 2 more", "and 4 more") and len(world.lines) == 21
    world.look(*many[1:])
    assert mine.replace("and 2 more", "and 3 more") in world.lines
    assert "edited by person" not in world.events


class TestLinesOfOneFinding:
    """A finding has one line that counts; older ones and copies are history."""

    OLD = f"(B) 2026-08-01 old words @runs rw:{A.fingerprint} by:runwatch"

    def test_with_nothing_remembered_the_open_one_counts(self):
        world = World(complete(self.OLD, TODAY), self.OLD)
        world.look(A)
        assert world.lines == (complete(self.OLD, TODAY), self.OLD) and world.state(A) == "open"

    @pytest.mark.parametrize("order", [1, -1])
    def test_with_nothing_remembered_the_last_finished_one_counts(self, order):
        lines = [complete(self.OLD, day(-days * DAY)) for days in (1, 40)]
        world = World(*lines[::order])
        world.look(A)
        assert world.state(A) == "done" and len(world.lines) == 2

    @pytest.mark.parametrize("order", [1, -1])
    def test_the_line_of_this_opening_is_told_by_its_day(self, order):
        world = World()
        world.look(A)
        world.look()
        world.look(A, after=15 * DAY)
        old, new = world.lines
        world.lines = [reopen(old), new][::order]
        world.look(A)
        world.look()
        assert set(world.lines) == {reopen(old), complete(new, day(world.at), auto=True)}

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_later_line_of_another_machine_is_taken_up(self, order):
        world = World()
        world.look(A)
        world.look()
        newer = self.OLD.replace("2026-08-01", str(day(15 * DAY)))
        world.lines = [*world.lines, newer][::order]
        world.look(A, after=15 * DAY)
        assert len(world.lines) == 2 and world.state(A) == "open"
        world.look()
        assert all(parse(line).done for line in world.lines)

    @pytest.mark.parametrize(
        "copy", [OLD, complete(OLD, TODAY), with_tag(OLD.replace("2026-08-01", "2026-10-01"), "by", None)]
    )
    def test_other_copies_are_not(self, copy):
        world = World()
        world.look(A)
        world.lines = [complete(world.lines[0], TODAY), copy]
        before = world.lines
        for _ in range(3):
            world.look(A)
            assert world.lines == before and world.state(A) == "done"

    def test_a_line_without_a_day_may_be_ours(self):
        world = World()
        world.look(A)
        world.lines = [world.lines[0].replace(f"{TODAY} ", "")]
        world.look(A)
        world.look()
        assert world.state(A) == "resolved"


class TestAnotherMachine:
    """What another runwatch did to the shared file is followed, and told as runwatch's."""

    def pair(self) -> tuple[World, World]:
        one, other = World(), World()
        one.look(A)
        other.lines = one.lines
        other.look(A)
        return one, other

    def hand(self, giver: World, taker: World) -> None:
        taker.lines = giver.lines

    def test_closed_there_while_it_holds_here_it_is_done_until_it_clears(self):
        one, other = self.pair()
        other.look()
        self.hand(other, one)
        one.look(A)
        assert (one.state(A), one.events) == ("done", [])
        one.look(A)
        assert one.lines == other.lines
        one.look()
        one.look(A)
        assert one.state(A) == "open" and parse(one.lines[0]).tags["n"] == "2"

    def test_closed_there_when_it_is_clear_here_too_it_is_resolved(self):
        one, other = self.pair()
        other.look()
        self.hand(other, one)
        one.look()
        assert (one.state(A), one.events) == ("resolved", [])

    def test_opened_again_there_it_is_open_here_by_runwatch_and_closes_by_itself(self):
        one, other = self.pair()
        one.look()
        self.hand(one, other)
        other.look()
        other.look(A)
        self.hand(other, one)
        one.look(A)
        assert (one.state(A), one.events) == ("open", ["reopened by runwatch"])
        one.look()
        assert one.state(A) == "resolved"
        one.look(A)
        assert parse(one.lines[0]).tags["n"] == "3", "the openings of both count"

    def test_what_it_closed_and_put_away_is_resolved(self):
        one, other = self.pair()
        other.look()
        one.archived, one.lines = other.lines, []
        one.look()
        assert (one.state(A), one.events) == ("resolved", ["resolved by runwatch"])
        one.look(A)
        assert len(one.lines) == 1

    @pytest.mark.parametrize(
        ("n", "next_n"), [("3", "4"), ("0", "2"), ("x", "2"), ("²", "2"), ("9" * 9, "2")]
    )
    def test_openings_are_counted_on_from_the_line(self, n, next_n):
        world = World(complete(f"{TODAY} words rw:{A.fingerprint} by:runwatch n:{n}", TODAY, auto=True))
        world.look()
        world.look(A)
        world.look()
        world.look(A)
        assert parse(world.lines[0]).tags["n"] in (next_n, str(int(next_n) + 1))


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
