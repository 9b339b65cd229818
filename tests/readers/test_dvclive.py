from __future__ import annotations

import json
import tempfile
from pathlib import Path

from expected import check
from growing import grown, rewritten, summaries
from harness import FIXTURES, claims, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.readers import dvclive, hparams

CASE = FIXTURES / "dvclive-finished"
TABLE = (CASE / "dvclive" / "plots" / "metrics" / "train" / "loss.tsv").read_bytes()


def plot(root: Path, tag: str, text: str, folder: str = "dvclive") -> None:
    path = root / folder / "plots" / "metrics" / f"{tag}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_real_run() -> None:
    session = read_all(dvclive, CASE)
    assert list(session.runs) == ["."]
    check("dvclive-finished", {"dvclive-finished": session.runs["."]}, hparams=False)
    assert session.problems == []
    assert read_all(hparams, CASE).runs["dvclive"].hparams == {"lr": 0.02, "model": {"depth": 3}}


def test_a_folder_of_another_name_is_the_run_itself(tmp_path: Path) -> None:
    plot(tmp_path, "loss", "step\tloss\n0\t0.5\n", folder="results")
    assert [claim.run_id for claim in claims(dvclive, tmp_path)] == ["results"]


def test_timestamps_and_bad_rows(tmp_path: Path) -> None:
    plot(
        tmp_path,
        "a/loss",
        "timestamp\tstep\tloss\n1700000000000\t0\tnan\n1\nx\t1\t0.5\n1700000002000\t2.5\t1\n",
    )
    session = read_all(dvclive, tmp_path)
    points = session.runs["."].series["a/loss"]
    assert list(points.steps) == [0, 1]
    assert points.wall_times[0] == 1.7e9
    assert [problem.where for problem in session.problems] == ["line 3", "line 5"]


def test_what_has_no_table_comes_from_the_last_values(tmp_path: Path) -> None:
    plot(tmp_path, "train/loss", "step\tloss\n0\t0.5\n")
    values = {"train": {"loss": 0.1}, "test": {"f1": 0.9, "name": "x"}, "step": 7}
    (tmp_path / "dvclive" / "metrics.json").write_text(json.dumps(values))
    series = read_all(dvclive, tmp_path).runs["."].series
    assert {tag: (int(p.steps[-1]), float(p.values[-1])) for tag, p in series.items()} == {
        "train/loss": (0, 0.5),
        "test/f1": (7, 0.9),
    }


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, len(TABLE)), max_size=6))
def test_any_split_of_the_growth_gives_the_same(cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root, file = Path(name), "dvclive/plots/metrics/train/loss.tsv"
        assert grown(dvclive, root, file, TABLE, cuts) == grown(dvclive, root, file, TABLE, [])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.dictionaries(st.sampled_from("abc"), st.floats(), min_size=1), st.integers(1, 9)),
        min_size=1,
        max_size=4,
    )
)
def test_torn_versions_between_change_nothing(versions: list[tuple[dict[str, float], int]]) -> None:
    wholes = [json.dumps({**values, "step": step}).encode() for step, (values, _) in enumerate(versions)]
    torn = [part for whole, (_, cut) in zip(wholes, versions, strict=True) for part in (whole[:-cut], whole)]
    file = "dvclive/metrics.json"
    with tempfile.TemporaryDirectory() as name:
        assert rewritten(dvclive, Path(name), file, torn) == rewritten(dvclive, Path(name), file, wholes[-1:])


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"step\tloss\n", b'{"step": ']))
def test_garbage_never_raises(data: bytes, start: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        plot(root, "x", "")
        (root / "dvclive" / "plots" / "metrics" / "x.tsv").write_bytes(start + data)
        (root / "dvclive" / "metrics.json").write_bytes(start + data)
        summaries(read_all(dvclive, root, final=True))
