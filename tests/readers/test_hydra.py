from __future__ import annotations

import tempfile
from pathlib import Path

from growing import rewritten, summaries
from harness import FIXTURES, claims, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.operations import HParams
from runwatch.readers import hydra

CASE = FIXTURES / "hydra-multirun"
JOBS = "multirun/2026-01-05/10-00-00"


def test_each_job_of_a_sweep_is_a_run_with_its_configuration() -> None:
    runs = read_all(hydra, CASE).runs
    assert sorted(runs) == [f"{JOBS}/{n}" for n in range(4)]
    config, overrides = (said for said in runs[f"{JOBS}/3"].of(HParams))
    assert config.values == {"lr": 0.3, "model": {"width": 99}}
    assert (overrides.section, overrides.values) == ("config", {"overrides": ["lr=0.3", "model.width=99"]})


def test_a_job_with_folders_of_its_own_gives_way_to_runs_in_them(tmp_path: Path) -> None:
    settings_folder = tmp_path / ".hydra"
    settings_folder.mkdir()
    (settings_folder / "config.yaml").write_text("lr: 1\n")
    assert [claim.role for claim in claims(hydra, tmp_path)] == ["run"]
    (tmp_path / "lightning_logs").mkdir()
    assert [claim.role for claim in claims(hydra, tmp_path)] == ["lonely"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.integers()), min_size=1, max_size=4),
    st.integers(1, 3),
)
def test_torn_versions_between_change_nothing(versions: list[dict[str, int]], cut: int) -> None:
    wholes = [
        "".join(f"{k}: {v}\n" for k, v in version.items()).encode() + b"end: [1]\n" for version in versions
    ]
    torn = [part for whole in wholes for part in (whole[: -cut - 1], whole)]
    file = "job/.hydra/config.yaml"
    with tempfile.TemporaryDirectory() as name:
        assert rewritten(hydra, Path(name), file, torn) == rewritten(hydra, Path(name), file, wholes[-1:])


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_never_raises(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / ".hydra"
        folder.mkdir()
        (folder / "config.yaml").write_bytes(data)
        (folder / "overrides.yaml").write_bytes(data)
        summaries(read_all(hydra, Path(name)))
