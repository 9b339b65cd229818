from __future__ import annotations

import json
import math
import struct
import zlib
from pathlib import Path

import eventfiles as ev
import numpy as np
import pytest
from growing import grown
from harness import FIXTURES, Session, claims, read_all
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwatch.domain.operations import Evidence, HParams, Label, Started, Stated, Writer
from runwatch.readers import wandb

EXPECTED = json.loads((FIXTURES / "expected_events.json").read_text())
CASES = [name for name in EXPECTED if name.startswith("wandb")]
RUN = "wandb/run-20260101_000000-abc"
FILE = f"{RUN}/run-abc.wandb"
HEADER = b":W&B\xe1\xbe\x00"
tmp = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def blocks(*records: bytes) -> bytes:
    """A run file of these records, cut into fragments at the block borders."""
    out = bytearray(HEADER)
    for record in records:
        kind, rest = 1, record
        while True:
            left = 32768 - len(out) % 32768
            if left < 7:
                out += bytes(left)
                left = 32768
            piece, rest = rest[: left - 7], rest[left - 7 :]
            last = not rest
            kind = (1 if last else 2) if kind == 1 else (4 if last else 3)
            body = bytes((kind,)) + piece
            out += struct.pack("<IH", zlib.crc32(body), len(piece)) + body
            if last:
                break
            kind = 2
    return bytes(out)


def item(key: str | list[str], value: str) -> bytes:
    names = ev.sub(1, key.encode()) if isinstance(key, str) else b"".join(ev.sub(2, k.encode()) for k in key)
    return names + ev.sub(16, value.encode())


def history(step: int, *items: bytes, wall: float = ev.WALL) -> bytes:
    own = (item(["_step"], str(step)), item(["_timestamp"], repr(wall)), item(["_runtime"], "1.5"))
    return ev.sub(2, b"".join(ev.sub(1, one) for one in (*items, *own)))


def finished(code: int) -> bytes:
    return ev.sub(18, ev.number(1, code) if code else b"")


def put(root: Path, data: bytes, name: str = FILE) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("case", CASES)
def test_real_files_read_as_expected(case: str) -> None:
    session = read_all(wandb, FIXTURES / case)
    assert session.problems == []
    (run,) = EXPECTED[case]["runs"]
    (told,) = session.runs.values()
    assert list(session.runs) == [run["id"].partition("/")[2]]
    only_in_the_summary = {"best_acc"} if case in ("wandb-finished", "wandb-nan") else set()
    assert told.series.keys() == run["metrics"].keys() | only_in_the_summary
    for tag, metric in run["metrics"].items():
        points = told.series[tag]
        assert (points.steps[-1], len(points)) == (metric["last_step"], metric["count"])
        np.testing.assert_allclose(points.values[-1], float(metric["last"]), rtol=1e-12)
        assert int(np.sum(~np.isfinite(points.values))) == metric["nonfinite"]
    assert run["hparams"].items() <= told.hparams.items()
    code = run["exit_code"]
    ended = [] if code is None else ["finished" if code == 0 else "crashed"]
    assert [said.status for said in told.of(Evidence)] == ["running", *ended]


def metric(pattern: str, axis: str) -> bytes:
    return ev.sub(12, ev.sub(2, pattern.encode()) + ev.sub(4, axis.encode()))


def test_rows_stand_at_the_step_that_the_trainer_names() -> None:
    """Lightning's logger leaves W&B to count its rows; the second folder is a resumed run's."""
    (told,) = read_all(wandb, FIXTURES / "wandb-lightning").runs.values()
    steps = [23, 27, 31, 35, 39]
    first, second = (source["train/loss"][0] for source in told.sources.values())
    assert (first.steps.tolist(), second.steps.tolist()) == ([3, 7, 11, 15, 19, 23], steps)
    np.testing.assert_allclose(second.values, [1 / (step + 1) for step in steps])
    assert set(told.series) == {"train/loss", "val/loss"}
    assert told.series["val/loss"].steps.tolist() == [11, 23, 35]


def test_a_step_is_declared_for_all_metrics_or_known_by_its_name(tmp_path: Path) -> None:
    rows = [
        history(i, item("loss", "1"), item("env.frames", str(1000 * i)), wall=ev.WALL + i) for i in (1, 2)
    ]
    bare = history(3, item("final", "0.5"))
    for declared, expected in (
        ([metric("*", "env\\.frames")], ([1000, 2000], [2000])),
        ([metric("*", "epoch")], ([1, 2], [3])),
        ([metric("loss", "env\\.frames")], ([1, 2], [3])),
        ([], ([1, 2], [3])),
    ):
        put(tmp_path, blocks(*declared, *rows, bare))
        series = read_all(wandb, tmp_path).runs[RUN].series
        assert (series["loss"].steps.tolist(), series["final"].steps.tolist()) == expected
        assert ("env.frames" in series) == (expected[1] == [3])


def test_what_the_run_record_says() -> None:
    (told,) = read_all(wandb, FIXTURES / "wandb-finished").runs.values()
    assert {label.key: label.value for label in told.of(Label)} == {"project": "demo", "name": "finished-run"}
    (started,) = told.of(Started)
    assert started.at == pytest.approx(1795575340.9, abs=1)
    assert told.of(Writer) == [Writer("vm", None, started.at)]
    environment = {
        k: v for said in told.of(HParams) if said.section == "environment" for k, v in said.values.items()
    }
    assert environment["python"] == "CPython 3.11.7"


def test_values_of_every_kind(tmp_path: Path) -> None:
    typed = (
        ev.sub(1, b"count") + ev.number(5, -3),
        ev.sub(1, b"number") + b"\x31" + struct.pack("<d", 0.1),
        ev.sub(1, b"flag") + ev.number(4, 1),
        ev.sub(1, b"text") + ev.sub(7, b"5"),
        ev.sub(1, b"deep") + ev.sub(8, b'{"a": {"b": 2}}'),
    )
    texts = (
        item("nan", "NaN"),
        item("inf", '"-Infinity"'),
        item("word", '"hello"'),
        item("yes", "true"),
        item("list", "[1, 2]"),
        item("media", '{"_type": "histogram", "bins": 3}'),
        item(["val", "acc"], "0.5"),
        item("val2", '{"acc": 0.25, "img": {"_type": "image", "size": 1}}'),
        item("broken", "{"),
        item("huge", "1e400"),
    )
    put(tmp_path, blocks(history(7, *typed, *texts)))
    series = read_all(wandb, tmp_path).runs[RUN].series
    got = {tag: points.values[0] for tag, points in series.items()}
    assert math.isnan(got.pop("nan"))
    assert got == {
        "count": -3.0,
        "number": 0.1,
        "deep/a/b": 2.0,
        "inf": -math.inf,
        "val/acc": 0.5,
        "val2/acc": 0.25,
        "huge": math.inf,
    }
    assert series["count"].steps.tolist() == [7]
    assert series["count"].wall_times.tolist() == [ev.WALL]


def test_the_step_may_stand_in_its_own_field(tmp_path: Path) -> None:
    put(tmp_path, blocks(ev.sub(2, ev.sub(1, item("loss", "1")) + ev.sub(2, ev.number(1, 9)))))
    points = read_all(wandb, tmp_path).runs[RUN].series["loss"]
    assert points.steps.tolist() == [9]
    assert np.isnan(points.wall_times).all()


def test_a_defined_goal_states_the_direction(tmp_path: Path) -> None:
    metric = ev.sub(12, ev.sub(1, b"val.acc") + ev.sub(4, b"epoch") + ev.number(8, 2))
    cost = ev.sub(12, ev.sub(1, b"train/cost") + ev.sub(7, ev.number(1, 1)))
    both = ev.sub(12, ev.sub(1, b"spread") + ev.sub(7, ev.number(1, 1) + ev.number(2, 1)))
    put(tmp_path, blocks(metric, cost, both))
    told = read_all(wandb, tmp_path).runs[RUN]
    assert told.of(Stated) == [
        Stated("val.acc", "max"),
        Stated("val/acc", "max"),
        Stated("train/cost", "min"),
    ]


def test_configuration_nests_by_its_keys(tmp_path: Path) -> None:
    updates = (
        item(["model", "depth"], "4"),
        item(["model", "width"], "8"),
        item("lr", "0.1"),
        item("_wandb", "{}"),
    )
    put(tmp_path, blocks(ev.sub(5, b"".join(ev.sub(1, one) for one in updates))))
    assert read_all(wandb, tmp_path).runs[RUN].hparams == {"model": {"depth": 4, "width": 8}, "lr": 0.1}


@pytest.mark.parametrize(("code", "status"), [(0, "finished"), (1, "crashed"), (255, "crashed")])
def test_the_exit_record_is_the_end(tmp_path: Path, code: int, status: str) -> None:
    put(tmp_path, blocks(history(1, item("loss", "1")), finished(code)))
    (said,) = read_all(wandb, tmp_path).runs[RUN].of(Evidence)
    assert (said.status, said.reason) == (status, f"W&B recorded exit code {code}")


def test_system_statistics_and_console_are_no_metrics(tmp_path: Path) -> None:
    put(tmp_path, blocks(ev.sub(7, ev.sub(3, item("cpu", "18"))), ev.sub(13, ev.sub(3, b"loss=0.1"))))
    assert read_all(wandb, tmp_path).runs == {}


def test_an_online_run_with_its_run_file_tells_its_points_once(tmp_path: Path) -> None:
    put(tmp_path, blocks(history(3, item("loss", "1"))))
    put(tmp_path, b'{"loss": 1, "best": 0.5, "_step": 3}', f"{RUN}/files/wandb-summary.json")
    put(
        tmp_path,
        b"lr:\n  desc: null\n  value: 0.1\n_wandb:\n  value: {}\nwandb_version: 1\n",
        f"{RUN}/files/config.yaml",
    )
    told = read_all(wandb, tmp_path).runs[RUN]
    assert told.series.keys() == {"loss"}
    assert told.hparams == {"lr": 0.1}
    assert [claim.role for claim in claims(wandb, tmp_path)] == ["run", "part"]


def test_a_summary_alone_stands_for_its_run(tmp_path: Path) -> None:
    body = {
        "val": {"acc": 99.5},
        "loss": "NaN",
        "img": {"_type": "image", "size": 5},
        "_step": 12,
        "_timestamp": ev.WALL,
    }
    path = put(tmp_path, json.dumps(body).encode(), f"{RUN}/files/wandb-summary.json")
    session = Session([wandb], tmp_path).look()
    path.write_bytes(b'{"val": {"acc"')
    series = session.look().runs[RUN].series
    assert {tag: points.steps.tolist() for tag, points in series.items()} == {"val/acc": [12], "loss": [12]}
    assert series["val/acc"].values.tolist() == [99.5]
    assert len(session.problems) == 1


def test_a_file_with_its_header_only_is_a_run_that_began(tmp_path: Path) -> None:
    for size in range(8):
        put(tmp_path, HEADER[:size])
        assert read_all(wandb, tmp_path).problems == []
    assert [claim.run_id for claim in claims(wandb, tmp_path)] == [RUN]


def test_a_foreign_file_is_said_once(tmp_path: Path) -> None:
    put(tmp_path, b"SQLite format 3\0")
    session = Session([wandb], tmp_path).look().look()
    assert [problem.message for problem in session.problems] == ["not a W&B run file"]


def rows(count: int) -> list[bytes]:
    return [
        history(s, item("loss", str(s / 8)), item(["val", "acc"], "0.5"), wall=ev.WALL + s)
        for s in range(count)
    ]


def test_a_record_over_many_blocks(tmp_path: Path) -> None:
    long = history(5, item("note", '"' + "x" * 200_000 + '"'), item("loss", "2.5"))
    put(tmp_path, blocks(*rows(300), long, *rows(2)))
    points = read_all(wandb, tmp_path).runs[RUN].series["loss"]
    assert (len(points), points.values[5]) == (300, 5 / 8)


def test_a_record_above_the_limit_is_skipped(tmp_path: Path) -> None:
    data = blocks(
        *rows(3), history(5, item("note", '"' + "x" * (20 << 20) + '"')), history(9, item("loss", "1"))
    )
    put(tmp_path, data)
    session = read_all(wandb, tmp_path)
    assert session.runs[RUN].series["loss"].steps.tolist() == [0, 1, 2, 9]
    assert ["MiB, skipped" in problem.message for problem in session.problems] == [True]


def test_zero_bytes_without_end_are_passed_over(tmp_path: Path) -> None:
    """A machine that lost its power leaves them; whoever waits for a record in them waits for ever."""
    before = blocks(*rows(3))
    zeros = bytes(-len(before) % 32768 + (20 << 20))
    put(tmp_path, before + zeros + blocks(history(9, item("loss", "1")))[len(HEADER) :])
    session = read_all(wandb, tmp_path)
    assert session.runs[RUN].series["loss"].steps.tolist() == [0, 1, 2, 9]
    assert {problem.message for problem in session.problems} == {
        "zero bytes where records should be, skipped"
    }


def test_a_damaged_record_costs_itself_alone(tmp_path: Path) -> None:
    data = bytearray(blocks(*rows(400)))
    at = data.index(b"2.5") - 1
    data[at + 1] ^= 1
    put(tmp_path, bytes(data))
    session = read_all(wandb, tmp_path)
    assert session.runs[RUN].series["loss"].steps.tolist() == [s for s in range(400) if s != 20]
    (problem,) = session.problems
    assert problem.where is not None
    assert at - 100 < int(problem.where.removeprefix("byte ")) < at


def test_a_damaged_length_costs_at_most_its_block(tmp_path: Path) -> None:
    data = bytearray(blocks(*rows(1200)))
    data[32768 + 400 : 32768 + 500] = b"\xff" * 100
    put(tmp_path, bytes(data))
    session = read_all(wandb, tmp_path)
    steps = session.runs[RUN].series["loss"].steps.tolist()
    assert steps[-1] == 1199
    assert len(steps) > 700
    assert session.problems


def test_a_step_beyond_64_bits_is_a_problem(tmp_path: Path) -> None:
    put(tmp_path, blocks(history(10**30, item("loss", "1")), history(2, item("loss", "1"))))
    session = read_all(wandb, tmp_path)
    assert session.runs[RUN].series["loss"].steps.tolist() == [2]
    assert "64 bits" in session.problems[0].message


MIXED = blocks(
    ev.sub(17, ev.sub(8, b"first") + ev.sub(13, b"host")),
    *rows(200),
    history(300, item("note", '"' + "y" * 70_000 + '"'), item("loss", "3")),
    *rows(90),
    finished(0),
)


@tmp
@given(cuts=st.lists(st.integers(0, len(MIXED)), max_size=8))
def test_any_split_of_the_growth_gives_the_same_runs(tmp_path: Path, cuts: list[int]) -> None:
    assert grown(wandb, tmp_path, FILE, MIXED, cuts) == grown(wandb, tmp_path, FILE, MIXED, [])


@tmp
@given(at=st.integers(7, len(MIXED) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed_and_never_invents_a_point(tmp_path: Path, at: int, bit: int) -> None:
    data = bytearray(MIXED)
    data[at] ^= 1 << bit
    put(tmp_path, bytes(data))
    session = read_all(wandb, tmp_path, final=True)
    for told in session.runs.values():
        points = told.series.get("loss")
        for step, value in () if points is None else zip(points.steps, points.values, strict=True):
            assert value == (3 if step == 300 else step / 8)


@tmp
@given(data=st.binary(max_size=300))
def test_garbage_never_raises(tmp_path: Path, data: bytes) -> None:
    for body in (
        data,
        HEADER + data,
        blocks(data),
        blocks(ev.sub(2, data), ev.sub(17, data), ev.sub(12, data)),
    ):
        put(tmp_path, body)
        read_all(wandb, tmp_path, final=True)


@tmp
@given(versions=st.lists(st.binary(max_size=80), max_size=3))
def test_garbage_beside_it_never_raises(tmp_path: Path, versions: list[bytes]) -> None:
    for version in versions:
        put(tmp_path, version, f"{RUN}/files/wandb-summary.json")
        put(tmp_path, version, f"{RUN}/files/config.yaml")
        read_all(wandb, tmp_path)


def summary(*items: bytes) -> bytes:
    return ev.sub(3, b"".join(ev.sub(1, one) for one in items))


def test_what_only_the_summary_holds_is_told_at_the_end(tmp_path: Path) -> None:
    table = item(["table", "_type"], '"table-file"')
    records = [
        summary(item(["best"], "0.5"), item(["loss"], "3")),
        history(4, item(["loss"], "3")),
        summary(
            table, item(["table", "nrows"], "9"), item(["val", "acc", "max"], "0.75"), item(["_runtime"], "1")
        ),
        summary(item(["table", "nrows"], "10"), item(["best"], "0.625")),
    ]
    data = blocks(*records)
    put(tmp_path, data)
    assert set(read_all(wandb, tmp_path).runs[RUN].series) == {"loss"}
    put(tmp_path, blocks(*records, finished(0)))
    told = read_all(wandb, tmp_path).runs[RUN]
    assert {tag: (int(p.steps[-1]), float(p.values[-1])) for tag, p in told.series.items()} == {
        "loss": (4, 3.0),
        "best": (4, 0.625),
        "val/acc/max": (4, 0.75),
    }
