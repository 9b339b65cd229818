"""Several lines of one finding, and lines that another machine wrote."""

import pytest
from worlds import DAY, TODAY, World, day, finding

from runwatch.tasks.todotxt import complete, parse, reopen, with_tag

A = finding("a")


class TestLinesOfOneFinding:
    """A finding has one line that counts; older ones and copies are history."""

    OLD = f"(B) 2026-08-01 old words @runs rw:{A.fingerprint} by:runwatch"

    def test_with_nothing_remembered_the_open_one_counts(self):
        world = World(complete(self.OLD, TODAY), self.OLD)
        world.look(A)
        assert world.lines == (complete(self.OLD, TODAY), self.OLD) and world.state(A) == "open"

    @pytest.mark.parametrize(("days", "state"), [(6, "done"), (8, "open")])
    def test_with_nothing_remembered_a_finished_one_asks_again_after_7_days(self, days, state):
        world = World(complete(self.OLD, day(-days * DAY)))
        world.look(A)
        assert world.state(A) == state and len(world.lines) == 1

    @pytest.mark.parametrize("order", [1, -1])
    def test_with_nothing_remembered_the_last_finished_one_counts(self, order):
        lines = [complete(self.OLD, day(-days * DAY)) for days in (1, 40)]
        world = World(*[*lines, "x " + self.OLD.partition(" ")[2].partition(" ")[2]][::order])
        world.look(A)
        assert world.state(A) == "done" and len(world.lines) == 3

    @pytest.mark.parametrize("order", [1, -1])
    def test_the_line_of_this_opening_is_told_by_its_day(self, order):
        world = World()
        world.look(A)
        world.look()
        world.look(A, after=15 * DAY)
        old, new = world.lines
        new = new.replace("regressed", "got worse")
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
        for days in range(8):
            assert one.state(A) == ("done" if days < 7 else "open")
            one.look(A, after=DAY)
        one.look()
        one.look(A)
        assert one.state(A) == "open" and parse(one.lines[0]).tags["n"] == "3"

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
