"""A board over several machines: a column of hosts, a strip each, grey where one is lost."""

from __future__ import annotations

import made_up
from eyes import OpenBoard
from msgspec.structs import replace

from runwatch.domain.run import Run
from runwatch.domain.situation import HostLink, Snapshot, WatchState
from runwatch.show.screen import machine, runs


def fleet(*links: HostLink, machines: bool = True) -> Snapshot:
    """Two runs, on machines of those names."""
    found: tuple[Run, ...] = tuple(
        replace(run, root=f"{link.name}:/data/runs") for link, run in zip(links, made_up.runs(), strict=False)
    )
    names = {link.name: replace(made_up.machine(), host=link.name) for link in links} if machines else {}
    return made_up.snapshot(
        roots=tuple(run.root for run in found),
        runs=found,
        comparisons={},
        baselines={},
        machine=None,
        machines=names,
        watch=WatchState("live", hosts=links),
    )


LIVE = HostLink("gpu1", "live", made_up.NOW)
LOST = HostLink("gpu2", "lost", made_up.NOW - 12, "gpu2: Connection timed out")
BARE = HostLink("gpu3", "live", made_up.NOW, mirrored=True)


def tones(view, host: str) -> set[str]:
    (row,) = [row for row in view.rows if row.key.root.startswith(f"{host}:")]
    return {span.tone for cell in row.cells for span in cell}


def test_runs_have_a_host_and_those_of_a_lost_one_are_grey():
    view = runs.runs(fleet(LIVE, LOST), runs.RunsAsk(), made_up.NOW)
    assert [column.key for column in view.columns][:3] == ["status", "host", "run"]
    shown = {row.cells[1][0].text for row in view.rows}
    assert shown == {"gpu1", "gpu2"} and not any(":" in row.cells[2][0].text for row in view.rows)
    assert tones(view, "gpu2") == {"faint"} and tones(view, "gpu1") != {"faint"}


def test_without_other_machines_there_is_no_column_of_hosts():
    view = runs.runs(made_up.snapshot(), runs.RunsAsk(), made_up.NOW)
    assert "host" not in [column.key for column in view.columns]


def test_a_strip_a_machine_says_how_it_is_or_why_not():
    said = [
        "".join(span.text for span in line) for line in machine.strips(fleet(LIVE, LOST, BARE), made_up.NOW)
    ]
    assert said[0].startswith("gpu1") and "cpu" in said[0]
    assert said[1] == "gpu2  12s: Connection timed out"
    assert said[2].startswith("gpu3  mirrored")


def test_of_many_machines_those_that_need_a_look_are_shown():
    many = [HostLink(f"n{i}", "live", made_up.NOW) for i in range(39)]
    said = ["".join(s.text for s in line) for line in machine.strips(fleet(*many, LOST), made_up.NOW)]
    assert len(said) == machine.MOST_STRIPS
    assert any(line.startswith("gpu2") for line in said) and said[-1] == "36 more hosts, 36 live"


async def test_the_board_follows_machines_that_come_and_go(board: OpenBoard) -> None:
    async with board(fleet(LIVE, LOST, BARE), size=(140, 40)) as it:
        await it.sees("gpu2  12s: Connection timed out", "gpu3  mirrored", "host")
        it.watching.publish(replace(fleet(LIVE, replace(LOST, state="live")), version=2))
        await it.sees_not("Connection timed out")
        await it.sees_not("mirrored")
