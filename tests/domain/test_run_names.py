"""A run in a list goes by its name, else by the shortest part of its path that tells it."""

from __future__ import annotations

from runwatch.domain.run import Run
from runwatch.domain.run_names import shown_names


def _shown(*runs: tuple[str, str]) -> list[str]:
    made = [
        Run("/data/root", id_, (), "unknown", "", None, None, None, None, {}, name=name) for id_, name in runs
    ]
    return list(shown_names(made).values())


def test_a_name_goes_before_a_path() -> None:
    assert _shown(("mlruns/0/0f1e2d3c4b5a69788796a5b4c3d2e1f0", "calm-fox"), ("a/b/exp-1", "")) == [
        "calm-fox",
        "exp-1",
    ]


def test_a_path_is_as_long_as_it_takes() -> None:
    shown = _shown(("a/x/exp", ""), ("a/y/exp", ""), ("b/other", ""), (".", ""))
    assert shown == ["x/exp", "y/exp", "other", "root"]


def test_folders_that_say_nothing_bring_the_one_above_along() -> None:
    shown = _shown(("runs/mlp/version_0", ""), ("yolo/detect/train", ""), ("out/2026-03-01_10-00-00", ""))
    assert shown == ["mlp/version_0", "detect/train", "out/2026-03-01_10-00-00"]


def test_a_name_that_several_bear_is_told_apart() -> None:
    assert _shown(("a/one", "child"), ("a/two", "child")) == ["child (one)", "child (two)"]
    one, two = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "a469f3c3a29149e5b0536d8e6231f21c"
    assert _shown((f"mlruns/0/{one}", "bad"), (f"mlruns/0/{two}", "bad")) == [
        "bad (0f1e2d3)",
        "bad (a469f3c)",
    ]
    told = _shown((f"store/mlflow.db#{one}", "bad"), (f"mlruns/66293379/{two}", "bad"), ("x/good", "good"))
    assert told == ["bad (store)", "bad (mlruns)", "good"]
    alike = _shown((f"0/{one}", "bad"), (f"0/{one[:-1]}1", "bad"))
    assert alike == [f"bad ({one})", f"bad ({one[:-1]}1)"], "a beginning that both have tells nothing"
    assert _shown(("a/b", "bad"), ("b/a", "bad")) == ["bad (a/b)", "bad (b/a)"], "no part is of one alone"
