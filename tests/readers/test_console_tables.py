"""Consoles that print tables, and the lines of single tools: real logs, and what must come of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from growing import grown
from harness import FIXTURES, Told, claims, read_all, stat_of
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.operations import Append, Evidence, HParams, Length
from runwatch.readers import console
from runwatch.readers.base import SourceFile

CONSOLES = FIXTURES / "consoles"


def read_log(root: Path, text: bytes | str) -> Told:
    (root / "train.log").write_bytes(text if isinstance(text, bytes) else text.encode())
    runs = read_all(console, root, final=True).runs
    return runs.get(".", Told())


def ends(told: Told) -> dict[str, tuple[int, int, float]]:
    """How many points, and the last one, by tag."""
    return {tag: (len(p), int(p.steps[-1]), float(p.values[-1])) for tag, p in told.series.items()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("catboost-two-sets", {"test": (7, 59, 0.8226601), "test1": (7, 59, 0.7451923)}),
        ("spacy", {"LOSS TOK2VEC": (4, 30, 0.0), "LOSS NER": (4, 30, 0.0), "ENTS_F": (4, 30, 100.0),
                   "ENTS_P": (4, 30, 100.0), "ENTS_R": (4, 30, 100.0), "SCORE": (4, 30, 1.0)}),
        ("vw", {"average loss": (27, 2700, 0.0), "since last": (27, 2700, 0.0)}),
        ("ultralytics", {"box_loss": (2, 2, 2.563), "cls_loss": (2, 2, 3.621), "l1_loss": (2, 2, 0.09776),
                         "Box/P": (2, 2, 0.0), "Box/R": (2, 2, 0.0), "Box/mAP50": (2, 2, 0.0),
                         "Box/mAP50-95": (2, 2, 0.0)}),
        ("sklearn-boosting", {"Train Loss": (12, 30, 0.0481), "OOB Improve": (12, 30, 0.0055)}),
        ("sklearn-hist", {"train/loss": (4, 4, 0.39478), "val/loss": (4, 4, 0.39608)}),
        ("gensim", {"effective words/s": (3, 2, 1259873.0)}),
    ],
)  # fmt: skip
def test_a_real_log(tmp_path: Path, name: str, expected: dict[str, tuple[int, int, float]]) -> None:
    found = ends(read_log(tmp_path, (CONSOLES / f"{name}.log").read_bytes()))
    assert found == expected
    assert {claim.format for claim in claims(console, tmp_path)} == {"", "console"}


def test_the_end_of_catboost_and_of_keras_is_seen(tmp_path: Path) -> None:
    told = read_log(tmp_path, (CONSOLES / "catboost-two-sets.log").read_bytes())
    assert told.of(Length)[-1].steps == 59
    told = read_log(tmp_path, (CONSOLES / "keras.log").read_bytes())
    assert (told.of(Length)[-1].epochs, told.epoch) == (3, 3)


def test_the_length_of_a_catboost_training_is_not_the_next_ones(tmp_path: Path) -> None:
    text = (CONSOLES / "catboost-three-trainings.log").read_bytes()
    second = text.rindex(b"bestTest")
    assert read_log(tmp_path, text[:second]).of(Length)[-1].steps == 11
    assert read_log(tmp_path, text).of(Length)[-1].steps == 0
    whole = grown(console, tmp_path, "train.log", text, [])
    for cut in range(100, len(text), 97):
        assert grown(console, tmp_path, "train.log", text, [cut]) == whole


def test_a_table_without_a_length_ends_with_the_bar_above_it(tmp_path: Path) -> None:
    told = read_log(tmp_path, (CONSOLES / "fastai.log").read_bytes())
    assert ends(told)["accuracy"] == (2, 1, 0.975)
    assert (told.of(Length)[-1].epochs, told.of(Length)[-1].first_epoch, told.epoch) == (2, 1, 2)


def test_bars_that_show_old_values_again_are_no_points(tmp_path: Path) -> None:
    told = read_log(tmp_path, (CONSOLES / "lightning-tqdm.log").read_bytes())
    assert ends(told) == {"train_loss": (40, 40, 0.012), "val_loss": (5, 40, 0.00446)}
    assert told.series["val_loss"].steps.tolist() == [8, 16, 24, 32, 40] and told.epoch == 4
    assert told.of(Evidence)[-1].status == "finished"


def test_lightnings_rich_bar_counts_its_epochs_from_nothing(tmp_path: Path) -> None:
    told = read_log(tmp_path, (CONSOLES / "lightning-rich.log").read_bytes())
    assert (told.of(Length)[-1].epochs, told.of(Length)[-1].first_epoch, told.epoch) == (5, 0, 4)
    assert told.of(Evidence)[-1].status == "finished"
    line = "Epoch 1/29  ━━━━━━━━━╺━━━━━━━━ 4/8 0:00:00 • 0:00:01 34.81it/s v_num: 0.000 train_loss: 0.5\n"
    told = read_log(tmp_path, line)
    assert (told.of(Length)[-1].epochs, told.epoch) == (30, 0.5)


def test_a_training_that_stopped_at_a_broken_loss_did_not_finish(tmp_path: Path) -> None:
    log = (CONSOLES / "keras-nan.log").read_text()
    assert read_log(tmp_path, log).of(Evidence)[-1] == Evidence(
        "crashed", "train.log: Batch 0: Invalid loss, terminating training", by="console"
    )
    assert read_log(tmp_path, log + log.replace("Batch 0: Invalid loss, terminating training\n", "")).of(
        Evidence
    )[-1:] in ([], [Evidence(None, "train.log: training went on", by="console")])
    lightning = (
        "Epoch 3: 100%|██████████| 8/8 [00:00<00:00, 90.1it/s, v_num=0, val_loss=nan]\n"
        "Monitored metric val_loss = nan is not finite. Previous best value was 0.5.\n"
        "Epoch 3: 100%|██████████| 8/8 [00:00<00:00, 90.1it/s, v_num=0, val_loss=nan]\n"
    )
    assert read_log(tmp_path, lightning).of(Evidence)[-1].status == "crashed"


def test_a_real_log_of_hugging_face_ends_by_its_own_word(tmp_path: Path) -> None:
    said = read_log(tmp_path, (CONSOLES / "hf-finished.log").read_bytes()).of(Evidence)
    assert [evidence.status for evidence in said] == ["finished"]


def test_settings_are_hyperparameters_and_no_metrics(tmp_path: Path) -> None:
    told = read_log(tmp_path, (CONSOLES / "ultralytics.log").read_bytes())
    said = {key: value for found in told.of(HParams) for key, value in found.values.items()}
    assert (said["imgsz"], said["lr0"], said["cos_lr"], said["copy_paste_mode"]) == (64, 0.01, False, "flip")
    (tmp_path / "b").mkdir()
    lines = (
        "Namespace(batch_size=64, epochs=3, loss_weight=0.5, lr=0.1, momentum=0.9, name='x')\n"
        "{'lr': 0.1, 'loss_scale': 2.0, 'epochs': 3, 'amp': True, 'ema': False, 'seed': 1, 'a': 1, 'b': 2}\n"
    )
    told = read_log(tmp_path / "b", lines + "epoch 1 loss=0.5\n")
    assert ends(told) == {"loss": (1, 1, 0.5)}
    assert told.hparams["momentum"] == 0.9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  epoch    train_loss    valid_acc    cp     dur\n"
         "-------  ------------  -----------  ----  ------\n"
         "      1        \x1b[36m0.6905\x1b[0m       0.6150     +  0.0234\n"
         "      2        0.6405       0.6250        0.0134\n",
         {"train_loss": (2, 2, 0.6405), "valid_acc": (2, 2, 0.625)}),
        ("epoch     train_loss  valid_loss  accuracy  time    \n"
         "0         0.712        0.613       0.7       00:03\n"
         "1         0.512        #na#        0.8       00:03\n",
         {"train_loss": (2, 1, 0.512), "valid_loss": (1, 0, 0.613), "accuracy": (2, 1, 0.8)}),
        ("      Epoch   gpu_mem       box       obj       cls    labels  img_size\n"
         "      0/299     10.8G   0.0485   0.0301   0.0112   212    640: 100%|####| 16/16 [00:09<00:00]\n"
         "      1/299     10.8G   0.0385   0.0201   0.0102   212    640:  50%|##  | 8/16 [00:09<00:00]\n",
         {"box": (2, 1, 0.0385), "obj": (2, 1, 0.0201), "cls": (2, 1, 0.0102)}),
        ("----------------------\n| rollout/ |         |\n|    ep_rew_mean | 22.1 |\n| time/ |  |\n"
         "|    total_timesteps | 2048 |\n-----------------------\nEval num_timesteps=2500, "
         "episode_reward=30.40 +/- 10.20\nEpisode length: 30.40 +/- 10.20\n",
         {"rollout/ep_rew_mean": (1, 2048, 22.1), "Eval/episode_reward": (1, 2500, 30.4)}),
        ("Iteration 0, inertia 818.97.\nIteration 1, inertia 719.91.\n", {"inertia": (2, 1, 719.91)}),
        ("-4.5 per-word bound, 22.6 perplexity estimate based on a held-out corpus of 9 documents\n",
         {"per-word bound": (1, 0, -4.5), "perplexity": (1, 0, 22.6)}),
    ],
)  # fmt: skip
def test_tables_by_their_header(tmp_path: Path, text: str, expected: dict[str, object]) -> None:
    assert ends(read_log(tmp_path, text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mmseg - INFO - Iter(train) [  16000/160000]  lr: 9e-03  loss: 2.5\n"
         "mmseg - INFO - Iter(val) [500/500]    aAcc: 80.0  mIoU: 40.0  data_time: 0.01\n",
         {"train/lr": (1, 16000, 0.009), "train/loss": (1, 16000, 2.5), "val/aAcc": (1, 16000, 80.0),
          "val/mIoU": (1, 16000, 40.0)}),
        ("mmdet - INFO - Epoch [1][50/100]\tlr: 1e-02, loss: 2.5\n"
         "mmdet - INFO - Epoch [1][100/100]\tlr: 1e-02, loss: 1.5\n"
         "mmdet - INFO - Epoch(val) [1][5000]\tbbox_mAP: 0.25, bbox_mAP_50: 0.5\n",
         {"lr": (2, 100, 0.01), "loss": (2, 100, 1.5), "val/bbox_mAP": (1, 100, 0.25),
          "val/bbox_mAP_50": (1, 100, 0.5)}),
        ("| epoch 001 | loss 9.0 | num_updates 500\n| epoch 001 | valid on 'valid' subset | loss 8.5 | "
         "num_updates 500\n| epoch 001 | valid on 'test' subset | loss 8.75 | num_updates 500\n",
         {"loss": (1, 500, 9.0), "valid/loss": (1, 500, 8.5), "test/loss": (1, 500, 8.75)}),
        ("Train Epoch: 1 [59520/60000 (99%)]\tLoss: 0.25\n"
         "Test set: Average loss: 0.03, Accuracy: 99/100 (99%)\n",
         {"Loss": (1, 59520, 0.25), "Test/Average loss": (1, 59520, 0.03),
          "Test/Accuracy": (1, 59520, 0.99)}),
        ("step 10/100 loss: 0.5\n[Eval] step 10/100 acc: 0.9\n[Eval] step 3/7 f1: 0.8\n",
         {"loss": (1, 10, 0.5), "Eval/acc": (1, 10, 0.9), "Eval/f1": (1, 10, 0.8)}),
        ("Epoch 1/1\n7/7 - 1s - 2s/step - loss: 0.5\n313/313 - 1s - 2ms/step - loss: 0.75\n",
         {"loss": (1, 1, 0.5), "evaluate/loss": (1, 1, 0.75)}),
        ("Epoch 1, batch 50, loss[loss=0.5, ctc=0.25, over 9.00 frames. ], tot_loss[loss=0.75, ctc=0.5]\n",
         {"loss/loss": (1, 50, 0.5), "loss/ctc": (1, 50, 0.25), "tot_loss/loss": (1, 50, 0.75),
          "tot_loss/ctc": (1, 50, 0.5)}),
        ("epoch 3 | train: loss 0.5 acc 0.75 | val: loss 0.25 acc 0.875\n",
         {"train/loss": (1, 3, 0.5), "train/acc": (1, 3, 0.75), "val/loss": (1, 3, 0.25),
          "val/acc": (1, 3, 0.875)}),
        ("Epoch 0/1  ━━━━━━ 2/2 0:00:01 • 0:00:00 63.11it/s v_num: 0.000 train_loss: 0.5\n"
         "Epoch 1/1  ━━━━━━ 2/2 0:00:01 • 0:00:00 63.11it/s v_num: 0.000 train_loss: 0.25\n",
         {"train_loss": (2, 4, 0.25)}),
        ("{'loss': 1.5, 'epoch': 0.1, 'global_step/max_steps': '5/300', 'percentage': '1.67%'}\n",
         {"loss": (1, 5, 1.5)}),
    ],
)  # fmt: skip
def test_validation_stands_where_the_training_is(
    tmp_path: Path, text: str, expected: dict[str, object]
) -> None:
    assert ends(read_log(tmp_path, text)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "[I 2026-11-29 22:56:59,740] Trial 3 finished with value: 0.07 and parameters: {'loss_weight': 0.5}.",
        "best constant's loss = 0.25",
        "[neptune] [info   ] loss: 0.5 epoch 3",
        "bestTest = 0.78",
        "hyperparameters: lr0=0.01, iou_t=0.2, cls=0.5, loss_gain=0.05, epochs=3",
        '[tune-metric]: {"st_worker_timestamp": 1795992479.4, "st_worker_time": 1.1, "st_worker_iter": 0}',
        "step 3 total_steps: 300 percentage: 1.0 elapsed_time: 5",
    ],
)  # fmt: skip
def test_bookkeeping_is_no_metric(tmp_path: Path, line: str) -> None:
    assert ends(read_log(tmp_path, line + "\n")) == {}


LOGS = [path.read_bytes() for path in sorted(CONSOLES.glob("*.log")) if path.stat().st_size < 20_000]


@settings(max_examples=40, deadline=None)
@given(data=st.sampled_from(LOGS), cuts=st.lists(st.integers(0, 400) | st.integers(0, 8000), max_size=6))
def test_any_split_of_the_growth_gives_the_same(data: bytes, cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        assert grown(console, root, "train.log", data, cuts) == grown(console, root, "train.log", data, [])


def test_points_tell_the_lines_they_stood_on(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text(
        "hello\nEpoch 1/2\n7/7 - 1s - loss: 0.5\nEpoch 1/2\n7/7 - 1s - loss: 0.25\n"
    )
    (claim,) = (claim for claim in claims(console, tmp_path) if claim.format)
    source = SourceFile(str(tmp_path), "train.log", stat_of(tmp_path / "train.log"))
    (told,) = console.read(claim, source, None).operations.values()
    (loss,) = (one for one in told if isinstance(one, Append))
    assert (loss.points.steps.tolist(), loss.rows.tolist()) == ([1, 1], [3, 5])


@pytest.mark.parametrize(
    ("end", "after", "status"),
    [
        ("2 epochs completed in 0.001 hours.", "", "finished"),
        ("INFO | fairseq_cli.train | done training in 12.5 seconds", "", "finished"),
        ("\u2714 Saved pipeline to output directory", "out/model-last", "finished"),
        ("finished run", "average loss = 0.5", "finished"),
        ("{'train_runtime': '11.9', 'epoch': '3'}", "{'eval_loss': '0.5', 'epoch': '3'}", "finished"),
        ("{'train_runtime': '11.9', 'epoch': '3'}", "{'loss': '0.5', 'epoch': '0.1'}", None),
    ],
)  # fmt: skip
def test_the_words_of_the_end(tmp_path: Path, end: str, after: str, status: str | None) -> None:
    said = read_log(tmp_path, f"epoch 1 loss=0.5\n{end}\n{after}\n").of(Evidence)
    assert (said[-1].status if said else None) == status


def test_the_bars_of_inspect_ai_are_no_metrics(tmp_path: Path) -> None:
    line = "generate | Steps:   6/6 100% | Samples:   0/  6 | mockllm:  0/20 | HTTP retries: 0\n"
    assert not read_log(tmp_path, line).series
