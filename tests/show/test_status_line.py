import json

from facts import FULL_DISK, HOUR, NOW, finding, kept_facts, run

from runwatch.show.text.status import status_json, status_line
from runwatch.store.snapshot_facts import SnapshotFacts

BUSY = SnapshotFacts(
    NOW,
    30.0,
    kept_facts(
        runs=[run("a"), run("b"), run("c", "finished")],
        findings=[finding("run-crashed", "critical"), finding(), finding(scope="b")],
        lines=["one", "x two"],
        disks=[FULL_DISK],
    ),
)


def test_one_line():
    assert status_line(BUSY, NOW + 90) == "rw 2 run 1! 2~ 1 open disk 5%"
    assert status_line(SnapshotFacts(NOW, 30.0, kept_facts()), NOW) == "rw 0 run ok"


def test_old_facts_show_their_age():
    assert status_line(BUSY, NOW + 91) == "rw 2 run 1! 2~ 1 open disk 5% (2m ago)"
    assert status_line(SnapshotFacts(NOW, 30.0, kept_facts()), NOW + 5 * HOUR) == "rw 0 run (5h ago)"
    assert status_line(None, NOW) == "rw ?"


def test_tmux_colours():
    line = status_line(BUSY, NOW + HOUR, tmux=True)
    assert line.startswith("rw 2 run #[fg=red]1!#[default] #[fg=yellow]2~#[default] 1 open")
    assert status_line(None, NOW, tmux=True) == "rw ?"


def test_json():
    answer = json.loads(json.dumps(status_json(BUSY, NOW + 10)))
    assert (answer["schema"], answer["age_s"], answer["old"]) == (1, 10.0, False)
    assert answer["findings"] == {"critical": 1, "warning": 2, "info": 0} and answer["tasks"]["open"] == 1
    assert status_json(None, NOW)["at"] is None
