import json

from facts import FULL_DISK, HOUR, NOW, TODAY, finding, kept_facts, run, snapshot
from msgspec.structs import replace

from runwatch.show.text.status import chosen, status_json, status_line, still_there
from runwatch.store.snapshot_facts import SnapshotFacts
from runwatch.store.snapshot_facts import facts as facts_of

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
    assert status_line([BUSY], NOW + 90) == "rw 2 run 1! 2~ 1 open disk 5%"
    assert status_line([SnapshotFacts(NOW, 30.0, kept_facts())], NOW) == "rw idle ok"


def test_old_facts_show_their_age():
    assert status_line([BUSY], NOW + 91) == "rw 2 run 1! 2~ 1 open disk 5% (2m ago)"
    assert status_line([SnapshotFacts(NOW, 30.0, kept_facts())], NOW + 5 * HOUR) == "rw idle (5h ago)"
    assert status_line([], NOW) == "rw ?"


def test_tmux_colours():
    line = status_line([BUSY], NOW + HOUR, tmux=True)
    assert line.startswith("rw 2 run #[fg=red]1!#[default] #[fg=yellow]2~#[default] 1 open")
    assert status_line([], NOW, tmux=True) == "rw ?"


def test_json():
    answer = json.loads(json.dumps(status_json([BUSY], NOW + 10)))
    assert (answer["schema"], answer["age_s"], answer["old"]) == (1, 10.0, False)
    assert answer["findings"] == {"critical": 1, "warning": 2, "info": 0} and answer["tasks"]["open"] == 1
    assert status_json([], NOW)["at"] is None


def part(root: str, at: float = NOW, host: str = "here", **changes) -> SnapshotFacts:
    """What a process keeps that watches this root alone."""
    shot = snapshot(runs=[run("a", root=root)], **changes)
    situation = replace(shot.situation, roots=(root,), host=host)
    return SnapshotFacts(at, 30.0, facts_of(replace(shot, situation=situation), TODAY))


def test_the_worst_of_all_roots_whoever_wrote_last():
    bad = part("/bad", findings=[finding("run-crashed", "critical", root="/bad")])
    for rows in ([bad, part("/good", NOW - 5)], [part("/good"), bad]):
        assert status_line(chosen(rows, [], "here", NOW), NOW) == "rw 2 run 1!"
    assert status_line(chosen([bad, part("/good")], ["/good"], "here", NOW), NOW) == "rw 1 run ok"
    assert status_line(chosen([bad], ["/never"], "here", NOW), NOW) == "rw ?"


def test_one_of_the_roots_that_a_process_watches_together():
    shot = snapshot(
        runs=[run("a", root="/one"), run("b", root="/two")],
        findings=[finding("run-crashed", "critical", root="/two"), finding("disk-low", root="")],
        lines=["x"],
    )
    shot = replace(shot, situation=replace(shot.situation, roots=("/one", "/two")))
    kept = SnapshotFacts(NOW, 30.0, facts_of(shot, TODAY))
    assert status_line(chosen([kept], ["/two"], "here", NOW), NOW).startswith("rw 1 run 1!")
    assert status_line(chosen([kept], ["/one"], "here", NOW), NOW).startswith("rw 1 run 1~")
    assert status_line(chosen([kept], [], "here", NOW), NOW).startswith("rw 2 run 1! 1~")
    older = part("/two", NOW - 50, host=shot.situation.host)
    assert len(chosen([kept, older], [], "here", NOW)) == 2


def test_what_is_old_is_said_and_forgotten_after_a_week():
    rows = [part("/live"), part("/left", NOW - 2 * HOUR), part("/gone", NOW - 8 * 24 * HOUR)]
    assert status_line(chosen(rows, [], "here", NOW), NOW) == "rw 2 run ok (1 of 2 2h ago)"
    assert status_line(chosen(rows, ["/gone"], "here", NOW), NOW) == "rw 1 run (8d ago)"
    by_root = status_json(chosen(rows, [], "here", NOW), NOW)["by_root"]
    assert [(row["root"], row["old"]) for row in by_root] == [("/left", True), ("/live", False)]


def test_equal_paths_on_two_hosts_are_two_roots_and_this_host_is_meant():
    rows = [part("/r", host="there", findings=[finding(root="/r")]), part("/r", NOW - 1, host="here")]
    assert status_line(chosen(rows, ["/r"], "here", NOW), NOW) == "rw 1 run ok"
    assert status_line(chosen(rows, [], "here", NOW), NOW) == "rw 2 run 1~"


def test_a_to_do_file_that_roots_share_counts_once(tmp_path):
    shared = [part(root, lines=["one", "two"]) for root in ("/a", "/b")]
    for one in shared:
        one.facts["tasks"]["file"] = "/shared/todo.txt"
    assert " 2 open" in status_line(shared, NOW)


def test_a_root_that_was_deleted_no_longer_counts(tmp_path):
    kept, gone = part(str(tmp_path), NOW - HOUR), part(str(tmp_path / "gone"), NOW - HOUR)
    fresh, elsewhere = part(str(tmp_path / "lost")), part(str(tmp_path / "gone"), NOW - HOUR, host="there")
    assert still_there([kept, gone, fresh, elsewhere], "here", NOW) == [kept, fresh, elsewhere]
