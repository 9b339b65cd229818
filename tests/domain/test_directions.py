from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwatch.domain.directions import core_words, direction_of, is_placeholder, judged, split_of

FIXTURE = Path(__file__).parents[1] / "fixtures" / "metrics" / "metric_directions.json"
STATED = json.loads(FIXTURE.read_text())["directions"]
WORDS = {"higher": "max", "lower": "min", None: None}


@pytest.mark.parametrize("name", STATED)
def test_agrees_with_the_reference_list(name: str) -> None:
    wanted = WORDS[STATED[name]]
    allowed = {wanted, "min"} if name == "eval_runtime" else {wanted}
    assert direction_of(name) in allowed


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("rank_test_score", None),
        ("mean_test_score", "max"),
        ("std_test_score", None),
        ("split0_test_neg_log_loss", "max"),
        ("rank_0/loss", "min"),
        ("seed_42/train_loss", "min"),
        ("AverageEpRet", "max"),
        ("coco/bbox_mAP", "max"),
        ("bbox/AP", "max"),
        ("eval_top1", "max"),
        ("top1_error", "min"),
        ("loss_cls", "min"),
        ("loss_rate", None),
        ("loss_fn", None),
        ("val/dice_coef", "max"),
        ("neg_log_likelihood", "min"),
        ("sparse_categorical_crossentropy", "min"),
        ("time_to_accuracy", None),
        ("val_loss_delta", None),
        ("rollout/ep_rew_mean", "max"),
        ("train/approx_kl", None),
        ("train/entropy_loss", None),
        ("train/explained_variance", "max"),
        ("loss/train/loss", "min"),
        ("metrics/accuracy_top1", "max"),
        ("eval_rouge1", "max"),
        ("test-mlogloss", "min"),
        ("gpu.0.memory", None),
        ("val/mIoU", "max"),
        ("mean_average_precision", "max"),
        ("average_precision", "max"),
        ("word_error_rate", "min"),
        ("val_sensitivity", "max"),
        ("hp_metric", None),
        ("_runtime", None),
        ("", None),
        ("///", None),
        ("F1Score", "max"),
        ("AUC:type=Mu", "max"),
        ("davies_bouldin", "min"),
        ("word_information_preserved", "max"),
        ("loss_scale", None),
        ("momentum", None),
        ("cosine_similarity", None),
        ("Accuracy (%)", "max"),
        ("val/acc_%", "max"),
        ("WER (%)", "min"),
        ("AUC-ROC", "max"),
        ("R²", "max"),
        ("val/r^2", "max"),
        ("1-acc", None),
        ("1 - AUC", None),
        ("1-NN accuracy", "max"),
        ("recall@10", "max"),
        ("si-sdr", "max"),
        ("L1Loss", "min"),
        ("d_loss", "min"),
        ("d2_absolute_error_score", "max"),
        ("v_measure_score", "max"),
        ("anomaly_score", "max"),
        ("recall_at_5", "max"),
        ("precision_at_k", "max"),
        ("WordInfoLost", "min"),
    ],
)
def test_direction(name: str, wanted: str | None) -> None:
    assert direction_of(name) == wanted


def test_the_configuration_wins_over_the_file_which_wins_over_the_name() -> None:
    assert direction_of("loss", stated="max") == "max"
    assert direction_of("loss", stated="max", override="min") == "min"
    assert direction_of("hp_metric", stated="max") is None
    assert direction_of("hp_metric", override="max") == "max"


@given(st.text(max_size=40))
def test_every_name_has_an_answer(name: str) -> None:
    assert direction_of(name) in ("max", "min", None)
    assert isinstance(judged(name), bool)


@given(
    st.sampled_from(["loss", "accuracy", "rmse", "roc_auc", "lr"]),
    st.sampled_from(["val_", "train/", "best_eval_"]),
)
def test_a_split_in_front_changes_nothing(name: str, prefix: str) -> None:
    assert direction_of(prefix + name) == direction_of(name)


def test_names_that_a_tracker_allows_only_without_brackets() -> None:
    """Ultralytics' ``metrics/mAP50(B)`` and ``(M)`` in MLflow."""
    assert (
        direction_of("metrics/mAP50B") == direction_of("metrics/mAP50M") == direction_of("mAP50(B)") == "max"
    )


def test_placeholders_effort_and_splits() -> None:
    assert is_placeholder("hp_metric") and is_placeholder("version_0/hp_metric") and is_placeholder("_step")
    assert not is_placeholder("val_loss")
    assert judged("val/loss") and judged("accuracy") and judged("lr")
    assert (
        not judged("eval_samples_per_second")
        and not judged("train_steps_per_second")
        and not judged("latency_p95_ms")
        and not judged("gpu_memory")
    )
    assert (
        split_of("val_loss") == split_of("validate_loss") == "validation"
        and split_of("train/loss") == "train"
        and split_of("loss") is None
    )
    assert core_words("best_val_F1-macro") == ("f1", "macro")
