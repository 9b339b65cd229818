"""More findings than there is room for, old ones, silenced ones."""

import pytest
from msgspec.structs import replace
from worlds import DAY, NOW, TODAY, World, finding

from runwatch.tasks.todotxt import complete, parse, with_tag

A, B = finding("a"), finding("b")


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


def test_the_line_for_the_rest_is_as_urgent_as_the_worst_of_them():
    world = World()
    world.look(*[finding(f"s{n:02}", "critical") for n in range(22)], finding("mild"))
    group = next(line for line in world.lines if "and 3 more findings" in line)
    assert group.startswith("(A) ") and " @plan " in group


@pytest.mark.parametrize("first", "xy")
def test_what_has_waited_longest_takes_the_next_room(first):
    many = [finding(f"s{n:02}") for n in range(20)]
    waiting = sorted([finding("x"), finding("y")], key=lambda one: one.scope != first)
    world = World()
    world.look(*many, waiting[0])
    world.look(*many, *waiting)
    world.look(*many[1:], *waiting)
    assert [world.state(one) for one in waiting] == ["open", "pending"]


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


def test_a_raised_priority_makes_no_room_under_the_cap():
    many = [finding(f"run-{i:02}") for i in range(20)]
    world = World()
    world.look(*many)
    world.look(replace(many[0], severity="critical"), *many[1:], B)
    assert len(world.lines) == 21 and "and 1 more finding, open" in world.lines[-1]


def test_the_first_look_leaves_old_trouble_alone():
    old, young = replace(A, since=NOW - 8 * DAY), replace(B, since=NOW - 6 * DAY)
    world = World()
    step = world.look(old, young, first=True)
    assert [B.fingerprint in line for line in world.lines] == [True] and step.older == 1
    assert world.look(old, young).older == 1
    world.look(young)
    world.look(A, young)
    assert len(world.lines) == 2, "it fired anew"


def test_old_trouble_that_gets_worse_is_no_old_trouble_any_more():
    old = replace(A, since=NOW - 8 * DAY)
    world = World()
    assert world.look(old, first=True).older == 1
    assert world.look(replace(old, severity="critical")).older == 0
    assert world.state(A) == "open" and not world.records[A.fingerprint].older


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
