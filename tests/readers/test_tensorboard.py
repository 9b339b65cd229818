from __future__ import annotations

import json
import math
import struct
import tracemalloc
from pathlib import Path

import eventfiles as ev
import numpy as np
import pytest
from growing import grown
from harness import FIXTURES, Session, claims, read_all
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwatch.config.settings import Settings
from runwatch.domain.operations import Evidence, HParams, Writer
from runwatch.monitor.reading import RootReader
from runwatch.readers import tensorboard

EXPECTED = json.loads((FIXTURES / "expected_events.json").read_text())
CASES = [name for name in EXPECTED if not name.startswith("wandb")]
FILE = "events.out.tfevents.1790000000.host.4711.0"
tmp = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def put(root: Path, data: bytes, folder: str = ".", name: str = FILE) -> Path:
    path = root / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("case", CASES)
def test_real_files_read_as_expected(case: str) -> None:
    session = read_all(tensorboard, FIXTURES / case)
    assert session.problems == []
    for run in EXPECTED[case]["runs"]:
        told = session.runs[run["id"].partition("/")[2] or "."]
        assert told.series.keys() == run["metrics"].keys()
        for tag, metric in run["metrics"].items():
            points = told.series[tag]
            assert (points.steps[-1], len(points)) == (metric["last_step"], metric["count"])
            np.testing.assert_allclose(points.values[-1], float(metric["last"]), rtol=1e-6)
            np.testing.assert_allclose(np.nanmin(points.values), metric["min"], rtol=1e-6)
    assert len(session.runs) == EXPECTED[case]["run_count"]


def test_add_hparams_belongs_to_the_run_above() -> None:
    told = read_all(tensorboard, FIXTURES / "tensorboard-finished").runs["."]
    assert {"lr": 0.001, "batch_size": 32.0, "optimizer": "adamw"}.items() <= told.hparams.items()
    assert told.of(Evidence) == []


def mixed(count: int, tf: bool = False, seed: int = 0) -> tuple[bytes, dict[str, list[tuple[int, float]]]]:
    """Interleaved tags of many lengths, some rare, with steps that cross the sizes of a varint."""
    make = ev.tf_scalar if tf else ev.scalar
    rng = np.random.default_rng(seed)
    out, truth = [ev.version()], {}
    for i in range(count):
        step = i * 37
        for j, tag in enumerate(("a", "loss/train", "loss/valid", "x" * 90)):
            if j < 3 or i % 7 == 0:
                value = float(np.float32(rng.standard_normal()))
                out.append(make(tag, step, value, ev.WALL + i + j * 1e-3))
                truth.setdefault(tag, []).append((step, value))
    return b"".join(out), truth


@pytest.mark.parametrize("tf", [False, True])
@pytest.mark.parametrize("count", [3, 30, 700])
def test_all_points_in_order_however_many(tmp_path: Path, tf: bool, count: int) -> None:
    data, truth = mixed(count, tf)
    put(tmp_path, data)
    series = read_all(tensorboard, tmp_path).runs["."].series
    for tag, points in truth.items():
        got = list(zip(series[tag].steps.tolist(), series[tag].values.tolist(), strict=True))
        assert got == points
    assert series["loss/train"].wall_times[2] == pytest.approx(ev.WALL + 2.001, abs=1e-6)


def test_steps_of_every_size_and_sign(tmp_path: Path) -> None:
    steps = [0, -5, -(2**63), 2**63 - 1, *(2**k + d for k in range(62) for d in (-1, 0, 1)), *range(500)]
    put(tmp_path, b"".join(ev.scalar("m", step, 1.0, ev.WALL) for step in steps))
    points = read_all(tensorboard, tmp_path).runs["."].series["m"]
    assert points.steps.tolist() == sorted(set(steps))


@pytest.mark.parametrize(
    ("dtype", "body", "value"),
    [
        (1, ev.sub(4, struct.pack("<f", 1.5)), 1.5),
        (1, ev.sub(5, struct.pack("<f", 1.5)), 1.5),
        (1, b"\x2d" + struct.pack("<f", 1.5), 1.5),
        (2, ev.sub(4, struct.pack("<d", 0.1)), 0.1),
        (2, ev.sub(6, struct.pack("<d", 0.1)), 0.1),
        (3, ev.number(7, -3), -3.0),
        (3, ev.sub(4, struct.pack("<i", -3)), -3.0),
        (9, ev.sub(10, ev.varint(-(2**40))), float(-(2**40))),
        (9, ev.sub(4, struct.pack("<q", 7)), 7.0),
        (19, ev.number(13, 0x3E00), 1.5),
        (19, ev.sub(4, struct.pack("<e", 1.5)), 1.5),
        (14, ev.number(13, 0x3FC0), 1.5),
        (14, ev.sub(4, b"\xc0\x3f"), 1.5),
        (1, ev.sub(4, struct.pack("<f", math.inf)), math.inf),
    ],
)
def test_tensor_scalars_of_every_type(tmp_path: Path, dtype: int, body: bytes, value: float) -> None:
    put(tmp_path, ev.frame(ev.event(ev.summary(ev.tensor("m", dtype, body)), step=4)))
    points = read_all(tensorboard, tmp_path).runs["."].series["m"]
    assert (points.steps.tolist(), points.values.tolist()) == ([4], [value])


def test_only_the_first_event_of_a_tag_need_name_the_plugin(tmp_path: Path) -> None:
    body = ev.sub(4, struct.pack("<f", 2.0))
    first = ev.frame(ev.event(ev.summary(ev.tensor("m", 1, body)), step=1))
    later = [ev.frame(ev.event(ev.summary(ev.tensor("m", 1, body, None)), step=s)) for s in range(2, 9)]
    other = ev.frame(ev.event(ev.summary(ev.tensor("image", 1, body, "images")), step=1))
    data = first + other + b"".join(later)
    whole = grown(tensorboard, tmp_path, FILE, data, [])
    assert len(whole["."]["points"]["m"]) == 8
    assert whole["."]["points"].keys() == {"m"}
    assert grown(tensorboard, tmp_path, FILE, data, range(0, len(data), 50)) == whole


def test_several_values_in_one_event(tmp_path: Path) -> None:
    put(tmp_path, ev.frame(ev.event(ev.summary(ev.simple("a", 1.0), ev.simple("b", 2.0)), step=3)) * 1)
    series = read_all(tensorboard, tmp_path).runs["."].series
    assert {tag: points.values.tolist() for tag, points in series.items()} == {"a": [1.0], "b": [2.0]}


def test_a_restart_forgets_later_points(tmp_path: Path) -> None:
    old = b"".join(ev.scalar("loss", s, 1.0) for s in range(10))
    new = b"".join(ev.scalar("loss", s, 2.0) for s in range(6, 8))
    put(tmp_path, old + ev.restart(6) + new)
    points = read_all(tensorboard, tmp_path).runs["."].series["loss"]
    assert points.steps.tolist() == list(range(8))
    assert points.values.tolist() == [1.0] * 6 + [2.0] * 2


def test_a_restart_in_a_resumed_run_reaches_the_earlier_file(tmp_path: Path) -> None:
    put(tmp_path, b"".join(ev.scalar("loss", s, 1.0, ev.WALL + s) for s in range(10)))
    later = ev.restart(4, ev.WALL + 20) + ev.scalar("loss", 4, 2.0, ev.WALL + 21)
    put(tmp_path, later, name="events.out.tfevents.1790000050.host.9.0")
    assert read_all(tensorboard, tmp_path).runs["."].series["loss"].steps.tolist() == [0, 1, 2, 3, 4]


def test_files_stand_in_the_order_of_their_first_event(tmp_path: Path) -> None:
    put(tmp_path, ev.scalar("m", 0, 1.0, ev.WALL + 9), name="events.out.tfevents.1790000000.host.1.0")
    put(tmp_path, ev.scalar("m", 0, 1.0, ev.WALL), name="events.out.tfevents.1790000000.host.2.0")
    (claim,) = claims(tensorboard, tmp_path)
    assert [file[-3:] for file in claim.files] == ["2.0", "1.0"]


def test_epoch_is_an_attribute_not_a_metric(tmp_path: Path) -> None:
    put(tmp_path, b"".join(ev.scalar(tag, s, float(s)) for s in range(4) for tag in ("epoch", "loss")))
    told = read_all(tensorboard, tmp_path).runs["."]
    assert told.series.keys() == {"loss"}
    assert told.epoch == 3.0


def test_hparams_nest_as_written(tmp_path: Path) -> None:
    nested = ev.sub(5, ev.sub(1, ev.sub(1, b"depth") + ev.sub(2, ev.real(4.0))))
    listed = ev.sub(6, ev.sub(1, ev.real(0.9)) + ev.sub(1, ev.sub(3, b"x")))
    start = ev.session_start(
        {"model": nested, "betas": listed, "amp": ev.number(4, 1), "none": ev.number(1, 0)}
    )
    put(tmp_path, start)
    told = read_all(tensorboard, tmp_path).runs["."]
    assert told.hparams == {"model": {"depth": 4.0}, "betas": [0.9, "x"], "amp": True, "none": None}


@pytest.mark.parametrize(
    ("status", "after", "found"),
    [(1, 0.0, []), (1, 60.0, ["finished"]), (2, 60.0, ["crashed"]), (3, 0.0, ["running"])],
)
def test_a_session_end_is_evidence_unless_written_with_its_start(
    tmp_path: Path, status: int, after: float, found: list[str]
) -> None:
    put(tmp_path, ev.session_start({"lr": ev.real(1)}) + ev.session_end(status, ev.WALL + after))
    told = read_all(tensorboard, tmp_path).runs["."]
    assert [said.status for said in told.of(Evidence)] == found


@pytest.mark.parametrize(
    ("tag", "words", "section", "values"),
    [
        ("args/text_summary", '{"lr": 0.1, "n": null}', "hparams", {"lr": 0.1, "n": None}),
        ("config/text_summary", "lr: 0.1", "config", {"config": "lr: 0.1"}),
        (
            "hyperparameters/text_summary",
            "|param|value|\n|-|-|\n|lr|0.1|\n|anneal|True|\n|env|CartPole-v1|",
            "hparams",
            {"lr": 0.1, "anneal": True, "env": "CartPole-v1"},
        ),
    ],
)
def test_texts_that_hold_settings(
    tmp_path: Path, tag: str, words: str, section: str, values: dict[str, object]
) -> None:
    put(tmp_path, ev.frame(ev.event(ev.summary(ev.text(tag, words)))))
    told = read_all(tensorboard, tmp_path).runs["."]
    assert told.of(HParams) == [HParams(values, section)]


@pytest.mark.parametrize(
    ("name", "host", "pid"),
    [
        ("events.out.tfevents.1795574918.vm.12794.0", "vm", 12794),
        ("events.out.tfevents.1795575699.vm.19450.1.v2", "vm", 19450),
        ("events.out.tfevents.1795575299.vm", "vm", None),
        ("events.out.tfevents.1795575299.gpu1.cluster.local.77.3", "gpu1.cluster.local", 77),
        ("events.out.tfevents.1795575299.10.0.0.5.77.3", "10.0.0.5", 77),
        ("events.out.tfevents.1795575299.vm.77.3_rank1", "vm", 77),
        ("events.out.tfevents", None, None),
    ],
)
def test_the_writer_is_in_the_name(tmp_path: Path, name: str, host: str | None, pid: int | None) -> None:
    put(tmp_path, ev.version(), name=name)
    assert read_all(tensorboard, tmp_path).runs["."].of(Writer) == [Writer(host, pid, ev.WALL)]


POINT = ev.version() + ev.scalar("loss", 1, 0.5)


@pytest.mark.parametrize("count", [5, 800])
def test_a_wrong_data_checksum_costs_that_record_alone(tmp_path: Path, count: int) -> None:
    records = [ev.scalar("loss", s, float(s)) for s in range(count)]
    at = sum(map(len, records[:3]))
    data = bytearray(b"".join(records))
    data[at + 20] ^= 0x10
    put(tmp_path, bytes(data))
    session = read_all(tensorboard, tmp_path)
    assert session.runs["."].series["loss"].steps.tolist() == [s for s in range(count) if s != 3]
    assert [(p.file, p.where) for p in session.problems] == [(FILE, f"byte {at}")]
    assert "checksum" in session.problems[0].message


@pytest.mark.parametrize("count", [5, 800])
@pytest.mark.parametrize("header", [b"\xff" * 12, struct.pack("<QI", 1 << 62, 7), b"\x20" + b"\1" * 11])
def test_a_wrong_length_stops_the_file_until_it_is_replaced(
    tmp_path: Path, count: int, header: bytes
) -> None:
    good = b"".join(ev.scalar("loss", s, 1.0) for s in range(count))
    path = put(tmp_path, good + header + good)
    session = Session([tensorboard], tmp_path).look().look()
    assert len(session.runs["."].series["loss"]) == count
    assert [p.where for p in session.problems] == [f"byte {len(good)}"]
    path.write_bytes(ev.scalar("loss", 9, 3.0) * 2)
    assert session.look().runs["."].series["loss"].steps.tolist() == [9]
    assert len(session.problems) == 1


def test_too_many_tags_are_said(tmp_path: Path) -> None:
    put(tmp_path, b"".join(ev.scalar(f"t{i}", 1, 1.0) for i in range(10_003)))
    session = read_all(tensorboard, tmp_path)
    assert len(session.runs["."].series) == 10_000
    assert "10,000 tags" in session.problems[0].message


def test_an_absurd_length_with_a_right_checksum_stops_too(tmp_path: Path) -> None:
    size = struct.pack("<Q", 1 << 62)
    put(tmp_path, POINT + size + ev.masked(size) + b"abc")
    session = read_all(tensorboard, tmp_path)
    assert session.runs["."].series["loss"].steps.tolist() == [1]
    assert session.problems[0].where == f"byte {len(POINT)}"


def test_zeros_that_become_records_later_are_read_then(tmp_path: Path) -> None:
    path = put(tmp_path, POINT + bytes(64))
    session = Session([tensorboard], tmp_path).look()
    path.write_bytes(POINT + ev.scalar("loss", 2, 0.25))
    assert session.look().runs["."].series["loss"].steps.tolist() == [1, 2]


def test_a_record_above_the_limit_is_skipped_in_little_memory(tmp_path: Path) -> None:
    large = ev.frame(ev.event(ev.summary(ev.sub(1, b"image") + ev.sub(4, bytes(40 << 20)))))
    path = put(tmp_path, POINT + large[: 30 << 20])
    session = Session([tensorboard], tmp_path)
    tracemalloc.start()
    session.look()
    with path.open("ab") as out:
        out.write(large[30 << 20 :] + ev.scalar("loss", 2, 0.25))
    session.look()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert session.runs["."].series["loss"].steps.tolist() == [1, 2]
    assert "40 MiB" in session.problems[0].message
    assert peak < 64 << 20


def test_long_records_between_the_scalars(tmp_path: Path) -> None:
    sizes = [200, 255, 256, 300, 512, 700, 65_536 - 30, 65_536, 65_552, 131_072]
    out = []
    for s in range(600):
        out.append(ev.scalar("loss", s, float(s)))
        if s % 40 == 0:
            body = bytes(max(sizes[s // 40 % len(sizes)] - 40, 0))
            out.append(ev.frame(ev.event(ev.summary(ev.sub(1, b"h") + ev.sub(5, body)), step=s)))
    for exact in (65_536, 131_072):
        body = bytes(exact - 100)
        base = ev.event(ev.summary(ev.sub(1, b"h") + ev.sub(5, body)), step=1)
        out.insert(300, ev.frame(base + ev.sub(15, bytes(exact - len(base) - 2))))
    put(tmp_path, b"".join(out))
    session = read_all(tensorboard, tmp_path)
    assert session.problems == []
    assert session.runs["."].series["loss"].values.tolist() == [float(s) for s in range(600)]


def test_wall_times_beyond_reason_are_unknown(tmp_path: Path) -> None:
    put(tmp_path, b"".join(ev.scalar("m", s, 1.0, w) for s, w in enumerate((math.nan, 1e300, -5.0, ev.WALL))))
    reader = RootReader(str(tmp_path), Settings(), {"tensorboard": tensorboard})
    reader.scan()
    while reader.read_some(lambda: False):
        pass
    assert np.isnan(reader.points(".", "m").wall_times).tolist() == [True, True, True, False]
    problems = [one.message for data in reader.entries["."].memory.visible() for one in data.problems]
    assert problems == ["times before 1970 or after 2200, left out"]


MESSY = b"".join(
    (
        mixed(12)[0],
        ev.frame(ev.event(ev.summary(ev.text("args/text_summary", '{"lr": 1}')))),
        ev.restart(100),
        ev.session_start({"lr": ev.real(0.1)}),
        mixed(5, tf=True)[0],
        ev.session_end(1, ev.WALL + 50),
        mixed(130, seed=2)[0],
    )
)


@tmp
@given(cuts=st.lists(st.integers(0, len(MESSY)), max_size=8))
def test_any_split_of_the_growth_gives_the_same_runs(tmp_path: Path, cuts: list[int]) -> None:
    assert grown(tensorboard, tmp_path, FILE, MESSY, cuts) == grown(tensorboard, tmp_path, FILE, MESSY, [])


@settings(parent=tmp, max_examples=15)
@given(seed=st.integers(0, 1 << 30), flips=st.sampled_from([0, 0, 2, 20]))
def test_many_records_at_once_read_as_a_few_at_a_time(tmp_path: Path, seed: int, flips: int) -> None:
    data = ev.jumble(seed, 900, flips)
    few = grown(tensorboard, tmp_path, FILE, data, range(0, len(data), 6000))
    assert few == grown(tensorboard, tmp_path, FILE, data, [])


@settings(parent=tmp, max_examples=40)
@given(
    seed=st.integers(0, 1 << 30), flips=st.sampled_from([0, 0, 1, 9]), strangers=st.sampled_from([0, 1, 9])
)
def test_rounds_read_at_once_are_what_their_records_say(
    tmp_path: Path, seed: int, flips: int, strangers: int
) -> None:
    data = ev.rounds(seed, flips, strangers)
    few = grown(tensorboard, tmp_path, FILE, data, range(0, len(data), 3000))
    assert few == grown(tensorboard, tmp_path, FILE, data, [])


@tmp
@given(data=st.binary(max_size=300))
def test_garbage_never_raises(tmp_path: Path, data: bytes) -> None:
    for body in (
        data,
        ev.frame(data),
        POINT + data,
        ev.frame(ev.event(data)) + ev.frame(ev.event(ev.sub(5, data))),
    ):
        put(tmp_path, body)
        read_all(tensorboard, tmp_path, final=True)


@tmp
@given(at=st.integers(0, len(MESSY) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed_and_never_invents_a_point(tmp_path: Path, at: int, bit: int) -> None:
    known = {
        (tag, *point)
        for part in (mixed(12), mixed(5, tf=True), mixed(130, seed=2))
        for tag, points in part[1].items()
        for point in points
    }
    data = bytearray(MESSY)
    data[at] ^= 1 << bit
    put(tmp_path, bytes(data))
    session = read_all(tensorboard, tmp_path)
    for told in session.runs.values():
        for tag, points in told.series.items():
            pairs = zip(points.steps.tolist(), points.values.tolist(), strict=True)
            assert {(tag, *pair) for pair in pairs} <= known
    assert session.problems


@tmp
@given(at=st.integers(0, 40_000), bit=st.integers(0, 7))
def test_a_flipped_bit_among_many_records_costs_one(tmp_path: Path, at: int, bit: int) -> None:
    records = [ev.scalar(("loss", "acc")[s % 2], s, s / 3, ev.WALL + s) for s in range(900)]
    data = bytearray(b"".join(records))
    data[at % len(data)] ^= 1 << bit
    put(tmp_path, bytes(data))
    session = read_all(tensorboard, tmp_path)
    found = sum(map(len, session.runs["."].series.values())) if "." in session.runs else 0
    (problem,) = session.problems
    assert found == 899 or ("length" in problem.message and found < 900)
