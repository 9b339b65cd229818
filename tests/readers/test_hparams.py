from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path

import pytest
from growing import rewritten, summaries
from harness import claims, read_all, reading_of, stat_of
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.operations import HParams
from runwatch.readers import hparams
from runwatch.readers.base import SourceFile


def told(root: Path, name: str, text: str | bytes) -> list[HParams]:
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    session = read_all(hparams, root)
    return session.runs["."].of(HParams) if session.runs else []


def problem(root: Path, name: str, text: bytes) -> str:
    (root / name).write_bytes(text)
    session = read_all(hparams, root)
    assert not session.runs
    (found,) = session.problems
    assert found.file == name
    return found.message


def test_nested_as_written(tmp_path: Path) -> None:
    (said,) = told(tmp_path, "params.yaml", "lr: 1e-3\nmodel:\n  depth: 3\n  layers: [4, 8]\nname: null\n")
    assert said.values == {"lr": 0.001, "model": {"depth": 3, "layers": [4, 8]}, "name": None}
    assert said.section == "hparams"


def test_numbers_that_json_has_not(tmp_path: Path) -> None:
    (said,) = told(tmp_path, "params.json", '{"missing": NaN, "limit": -Infinity, "n": 3}')
    assert math.isnan(said.values["missing"])  # type: ignore[arg-type]
    assert said.values["limit"] == -math.inf


@pytest.mark.parametrize(
    ("name", "text", "section", "values"),
    [
        ("args.json", '{"a": 1}', "hparams", {"a": 1}),
        ("hyp.yaml", "lr0: 0.01", "hparams", {"lr0": 0.01}),
        ("train_config.yml", "a: b", "hparams", {"a": "b"}),
        ("config.json", '{"model_type": "bert", "layers": 2}', "config", {"model_type": "bert", "layers": 2}),
        ("config.json", '{"layers": 2}', "hparams", {"layers": 2}),
        ("requirements.txt", "torch==2.5.1  # gpu\nnumpy>=2\n-r other.txt\n", "environment",
         {"packages": {"torch": "2.5.1", "numpy": ">=2"}}),
        ("git_commit.txt", "abc123\n", "environment", {"git": "abc123"}),
        ("environment.yml", "name: x\n", "environment", {"name": "x"}),
    ],
)  # fmt: skip
def test_sections(tmp_path: Path, name: str, text: str, section: str, values: dict[str, object]) -> None:
    (said,) = told(tmp_path, name, text)
    assert (said.section, said.values) == (section, values)


def test_tags_that_would_build_objects_are_text(tmp_path: Path) -> None:
    marker = tmp_path / "made"
    text = (
        "path: !!python/object/apply:pathlib.PosixPath [data, x]\n"
        "optimizer: !!python/name:torch.optim.Adam ''\n"
        "betas: !!python/tuple [0.9, 0.99]\n"
        f"evil: !!python/object/apply:os.mkdir ['{marker}']\n"
        "own: !Mine {a: 1}\n"
    )
    (said,) = told(tmp_path, "hparams.yaml", text)
    assert said.values["path"] == "pathlib.PosixPath(data, x)"
    assert said.values["optimizer"] == "torch.optim.Adam"
    assert said.values["betas"] == [0.9, 0.99]
    assert said.values["own"] == "!Mine(a=1)"
    assert isinstance(said.values["evil"], str)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("config.yaml", b"a: &x [1]\nb: *x\n", "line 2: aliases are refused"),
        ("config.yaml", b"[" * 300 + b"]" * 300, "nested deeper than 100"),
        ("config.yaml", b"a: 1\n" * 300_000, "larger than 1 MiB"),
        ("config.yaml", b"a: 1\nb: [\n", "line 3"),
        ("config.json", b'{"a": 1,', "line 1, column 9"),
        ("config.json", b"[" * 200_000, "nested deeper than 100"),
        ("config.json", b" " * (5 << 20), "larger than 4 MiB"),
    ],
)
def test_what_is_refused_says_why(tmp_path: Path, name: str, text: bytes, words: str) -> None:
    assert words in problem(tmp_path, name, text)


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "params.json"
    path.write_text("{}")
    (claim,) = claims(hparams, tmp_path)
    path.unlink()
    os.mkfifo(path)
    reading = reading_of(hparams, claim, SourceFile(str(tmp_path), "params.json", stat_of(path)))
    assert reading.problems[0].message == "not a regular file, skipped"


def test_claims_join_a_run_and_make_none(tmp_path: Path) -> None:
    for name in ("params.yaml", "data.json", "tokenizer_config.json", "results.yaml", "notes.txt"):
        (tmp_path / name).write_text("{}")
    (claim,) = claims(hparams, tmp_path)
    assert (claim.files, claim.format, claim.role) == (("params.yaml",), "", "part")


def test_what_wandb_wraps_is_left_to_its_reader(tmp_path: Path) -> None:
    files = tmp_path / "offline-run-20260101_000000-abc" / "files"
    files.mkdir(parents=True)
    for name in ("config.yaml", "requirements.txt"):
        (files / name).write_text("")
    (claim,) = claims(hparams, tmp_path)
    assert [file.rpartition("/")[2] for file in claim.files] == ["requirements.txt"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
VERSION = st.tuples(st.dictionaries(st.text(max_size=4), VALUES, min_size=1, max_size=3), st.integers(1, 9))


@settings(max_examples=30, deadline=None)
@given(st.lists(VERSION, min_size=1, max_size=4))
def test_torn_versions_between_change_nothing(versions: list[tuple[dict[str, object], int]]) -> None:
    import json

    wholes = [json.dumps(value).encode() for value, _ in versions]
    torn = [part for whole, (_, cut) in zip(wholes, versions, strict=True) for part in (whole[:-cut], whole)]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        assert rewritten(hparams, root, "params.json", torn) == rewritten(
            hparams, root, "params.json", wholes[-1:]
        )


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from(["config.yaml", "config.json", "requirements.txt", "commit.txt"])
)
def test_garbage_never_raises(data: bytes, file: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / file).write_bytes(data)
        summaries(read_all(hparams, Path(name)))
