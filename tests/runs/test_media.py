"""What real tools logged beside scalars, found and opened (tests/fixtures/makers/media_runs.py: TensorFlow
2.21, tensorboardX 2.6.5, W&B 0.31.0, Trackio 0.43.0)."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from runwatch.domain.media import (
    Histogram,
    ImageFile,
    LoggedFile,
    LoggedTable,
    LoggedText,
    MediaItem,
    MediaList,
    MediaSeries,
    PrCurve,
    Unshown,
)
from runwatch.runs.media import base
from runwatch.runs.media._logged_values import found
from runwatch.runs.media.base import MediaPlace
from runwatch.runs.media.index import MOST_STEPS, RunMedia

MADE = Path(__file__).parent.parent / "fixtures" / "media"


def files_of(root: Path, run: str) -> list[str]:
    start = root / run.partition("#")[0]
    found = [start] if start.is_file() else [path for path in start.rglob("*") if path.is_file()]
    return [os.path.relpath(path, root) for path in found]


def looked(root: Path, run: str) -> tuple[RunMedia, MediaList]:
    media = RunMedia(MediaPlace(str(root), run))
    return media, media.refresh(files_of(root, run), ())


def told(listed: MediaList) -> dict[str, tuple[str, list[int | None]]]:
    return {one.tag: (one.kind, [item.step for item in one.items]) for one in listed.series}


def opened(root: Path, run: str, tag: str) -> object:
    media, listed = looked(root, run)
    series = next(one for one in listed.series if one.tag == tag)
    return media.content(series, series.items[-1])


def test_the_old_summaries_and_the_plug_ins_of_tensorboardx() -> None:
    _, listed = looked(MADE, "tensorboardx")
    assert told(listed) == {
        "samples": ("picture", [0, 3]),
        "layer/weights": ("histogram", [0, 3]),
        "val/pr": ("pr curve", [0, 3]),
        "notes": ("text", [0, 3]),
    }
    assert opened(MADE, "tensorboardx", "notes") == LoggedText("step **3**: all *well*")
    weights = opened(MADE, "tensorboardx", "layer/weights")
    assert isinstance(weights, Histogram)
    assert sum(weights.counts) == 500
    assert -4 < weights.edges[0] < weights.edges[-1] < 5
    curve = opened(MADE, "tensorboardx", "val/pr")
    assert isinstance(curve, PrCurve)
    assert len(curve.precision) == len(curve.recall) > 20
    assert min(curve.precision) > 0.3  # where nothing is called positive the file says 0


def test_the_plug_ins_of_tensorflow_by_the_folder_that_wrote_them() -> None:
    _, listed = looked(MADE, "tensorflow")
    assert told(listed) == {
        "train/samples": ("picture", [0, 3, 6, 9]),
        "train/samples #2": ("picture", [0, 3, 6, 9]),
        "train/dense/kernel": ("histogram", [0, 3, 6, 9]),
        "validation/dense/out": ("histogram", [0, 3, 6, 9]),
        "train/pr/pr_curves": ("pr curve", [12]),
        "train/notes": ("text", [0, 3, 6, 9]),
        "train/table": ("text", [12]),
    }
    assert opened(MADE, "tensorflow", "train/table") == LoggedTable(("name", "value"), (("depth", "4"),), 1)
    kernel = opened(MADE, "tensorflow", "train/dense/kernel")
    assert isinstance(kernel, Histogram)
    assert (len(kernel.counts), sum(kernel.counts)) == (20, 400)
    first, second = (opened(MADE, "tensorflow", f"train/samples{which}") for which in ("", " #2"))
    assert isinstance(first, ImageFile)
    assert isinstance(second, ImageFile)
    assert first.data.startswith(b"\x89PNG")
    assert first != second


def test_wandb_s_rows_say_the_step_whatever_its_file_names_say() -> None:
    media, listed = looked(MADE, "wandb-run")
    assert told(listed) == {
        "samples": ("picture", [0, 3, 6, 9]),
        "eval/pair": ("picture", [0, 3, 6, 9]),
        "eval/pair #2": ("picture", [0, 3, 6, 9]),
        "weights": ("histogram", [0, 3, 6, 9]),
        "given": ("histogram", [0, 3, 6, 9]),
        "answers": ("table", [0, 3, 6, 9]),
        "page": ("page", [0, 3, 6, 9]),
    }
    samples = next(one for one in listed.series if one.tag == "samples")
    assert "samples_6_" in samples.items[-1].file  # the row of step 9
    assert isinstance(media.content(samples, samples.items[-1]), ImageFile)
    assert opened(MADE, "wandb-run", "answers") == LoggedTable(
        ("question", "answer"), (("2+2", "9"), ("a|b", "x")), 2
    )
    given = opened(MADE, "wandb-run", "given")
    assert isinstance(given, Histogram)
    assert (len(given.edges), sum(given.counts)) == (11, 200)


def test_trackio_s_rows_and_the_files_beside_its_database() -> None:
    _, listed = looked(MADE, "trackio/media.db#first")
    assert {tag: kind for tag, (kind, _) in told(listed).items()} == {
        "samples": "picture",
        "spread": "histogram",
        "answers": "table",
        "words": "text",
    }
    assert opened(MADE, "trackio/media.db#first", "words") == LoggedText("# hello")
    assert opened(MADE, "trackio/media.db#first", "answers") == LoggedTable(
        ("question", "answer"), (("2+2", "9"),), 1
    )
    assert not looked(MADE, "trackio/media.db#other")[1].series


def test_sounds_and_meshes_are_named_with_what_is_known_of_them() -> None:
    _, listed = looked(MADE, "sounds")
    assert told(listed) == {"tone": ("audio", [0, 3]), "cloud_1": ("mesh", [0, 3])}
    tone = opened(MADE, "sounds", "tone")
    assert isinstance(tone, LoggedFile)
    assert tone.data.startswith(b"RIFF") and tone.about == "0.05 s at 8,000 Hz"
    assert opened(MADE, "sounds", "cloud_1") == LoggedFile(b"", "5 points")


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"_type": "audio-file", "path": "media/a.wav"}, [("audio", "x")]),
        ({"_type": "video-file", "path": "media/a.mp4"}, [("video", "x")]),
        ({"_type": "trackio.video", "file_path": "p/a.mp4"}, [("video", "x")]),
        ({"_type": "plotly-file", "path": "media/a.plotly.json"}, [("page", "x")]),
        (
            {"_type": "videos", "count": 2, "videos": 2 * [{"_type": "video-file", "path": "media/a.mp4"}]},
            [("video", "x"), ("video", "x #2")],
        ),
        (
            {"_type": "object3D", "filenames": ["a"], "objects": [{"_type": "object3D-file", "path": "a"}]},
            [("mesh", "x")],
        ),
        ({"_type": "audio", "count": 1, "audio": ["no object"]}, []),
        ({"_type": "graph-file", "path": "a.json"}, []),
    ],
)
def test_what_w_and_b_and_trackio_call_their_files(
    value: dict[str, object], named: list[tuple[str, str]]
) -> None:
    row = MediaItem(None, None, "run.wandb", 7, 9)
    assert [(one.kind, one.tag) for one in found("x", value, 1, None, row, "files")] == named


def test_what_grows_is_read_on_and_the_same_in_any_pieces(tmp_path: Path) -> None:
    source = next((MADE / "tensorboardx").iterdir())
    whole = source.read_bytes()
    copy = tmp_path / "run" / source.name
    copy.parent.mkdir()
    media = RunMedia(MediaPlace(str(tmp_path), "run"))
    for end in (0, 5, 3000, 9000, 9001, len(whole)):
        copy.write_bytes(whole[:end])
        listed = media.refresh([f"run/{source.name}"], ())
    assert told(listed) == told(looked(MADE, "tensorboardx")[1])


def test_a_file_written_anew_takes_back_what_it_said(tmp_path: Path) -> None:
    shutil.copytree(MADE / "tensorboardx", tmp_path / "run")
    name = next((tmp_path / "run").iterdir()).name
    media = RunMedia(MediaPlace(str(tmp_path), "run"))
    assert media.refresh([f"run/{name}"], ()).series
    (tmp_path / "run" / name).write_bytes(b"something else altogether, and not short at all")
    assert not media.refresh([f"run/{name}"], ()).series


def test_only_what_was_listed_is_opened(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    media, _ = looked(MADE, "tensorboardx")
    for file in ("../secret.png", "/etc/passwd", "tensorflow/train"):
        series = MediaSeries("picture", "samples", "files", (item := MediaItem(0, None, file),))
        assert media.content(series, item) == Unshown("it no longer exists")


def test_a_path_out_of_the_run_s_folder_is_not_followed(tmp_path: Path) -> None:
    shutil.copytree(MADE / "wandb-run", tmp_path / "run")
    folder = tmp_path / "run/files/media/images"
    shutil.rmtree(folder)
    Image.new("RGB", (2, 2)).save(tmp_path / "outside.png")
    folder.mkdir()
    media, listed = looked(tmp_path, "run")
    samples = next(one for one in listed.series if one.tag == "samples")
    (tmp_path / samples.items[-1].file).symlink_to(tmp_path / "outside.png")
    assert media.content(samples, samples.items[-1]) == Unshown(
        "it lies outside the run's folder: not opened"
    )


def test_what_is_too_large_or_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(MADE / "tensorboardx", tmp_path / "run")
    media, listed = looked(tmp_path, "run")
    samples = next(one for one in listed.series if one.tag == "samples")
    monkeypatch.setattr(base, "MOST_BYTES", 10)
    refused = media.content(samples, samples.items[0])
    assert isinstance(refused, Unshown)
    assert "larger than" in refused.message
    monkeypatch.undo()
    next((tmp_path / "run").iterdir()).write_bytes(b"")
    gone = media.content(samples, samples.items[0])
    assert gone == Unshown("its file has changed since it was found")


def test_images_beside_a_run_by_series_in_order_of_step(tmp_path: Path) -> None:
    uuid = "0123abcd-89ef-0123-4567-89abcdef0123"
    for name in (
        "media/sample_5.png",
        "media/sample_100.png",
        "confusion.jpg",
        "other/plot.png",
        f"artifacts/images/grid%step%7%timestamp%1796011463000%{uuid}.png",
        f"artifacts/images/grid%step%12%timestamp%1796011464000%{uuid}.png",
    ):
        path = tmp_path / "exp" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 2)).save(path)
    (tmp_path / "exp/link.png").symlink_to(tmp_path / "exp/confusion.jpg")
    media = RunMedia(MediaPlace(str(tmp_path), "exp"))
    assert told(media.refresh((), {"exp", "exp/other"})) == {
        "confusion.jpg": ("picture", [None]),
        "media/sample_*.png": ("picture", [5, 100]),
        "artifacts/images/grid": ("picture", [7, 12]),
    }


def test_of_many_steps_some_are_left_out_and_that_is_counted(tmp_path: Path) -> None:
    from runwatch.runs.media import index

    steps = index._MediaSteps()
    for step in range(10_000):
        steps.add(MediaItem(step, None, "f"))
    kept = [item.step or 0 for item in steps.items()]
    assert kept[0] == 0
    assert kept[-1] == 9_999
    assert MOST_STEPS < len(kept) <= 2 * MOST_STEPS + 1
    assert len(kept) + steps.left_out == 10_000
    gaps = {b - a for a, b in itertools.pairwise(kept[:-1])}
    assert gaps == {16}


def test_where_w_and_b_s_run_file_is_missing_its_summary_tells_of_the_last_row(tmp_path: Path) -> None:
    shutil.copytree(MADE / "wandb-run", tmp_path / "run")
    with_file = told(looked(tmp_path, "run")[1])
    assert with_file["samples"] == ("picture", [0, 3, 6, 9])
    next((tmp_path / "run").glob("*.wandb")).unlink()
    summary = {
        "_step": 9,
        "loss": 0.1,
        "samples": {"_type": "image-file", "path": "media/images/absent.png"},
        "weights": {
            "_type": "histogram",
            "values": [1, 2],
            "packedBins": {"min": -1, "size": 0.5, "count": 2},
        },
    }
    (tmp_path / "run/files/wandb-summary.json").write_text(json.dumps(summary))
    media, listed = looked(tmp_path, "run")
    found = {one.tag: one for one in listed.series if one.reader == "wandb"}
    assert [item.step for item in found["weights"].items] == [9]
    weights = media.content(found["weights"], found["weights"].items[0])
    assert weights == Histogram((-1.0, -0.5, 0.0), (1.0, 2.0))
    gone = media.content(found["samples"], found["samples"].items[0])
    assert gone == Unshown("cannot be read: No such file or directory")
