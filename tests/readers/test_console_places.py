"""Where the numbers of a console stand: counters with separators, epochs beside steps, parts of the data."""

from __future__ import annotations

from pathlib import Path

import pytest
from growing import grown, summaries
from harness import Session, read_all

from runwatch.domain.operations import Length
from runwatch.readers import console

Series = dict[str, list[tuple[int, float]]]


def numbers(root: Path, text: str) -> tuple[Session, Series]:
    (root / "train.log").write_text(text)
    session = read_all(console, root)
    series = session.runs["."].series if session.runs else {}
    return session, {
        tag: [(int(s), float(v)) for s, v in zip(p.steps, p.values, strict=True)] for tag, p in series.items()
    }


CASES: dict[str, tuple[str, Series]] = {
    "thousands in the counter": (
        "step: 1,000/10,000 | loss: 1,234.5\nstep: 12,000/100,000 | loss: 0.5\n",
        {"loss": [(1000, 1234.5), (12000, 0.5)]},
    ),
    "a comma after the counter": ("step 1, loss 0.5\nstep 2,loss 0.4\n", {"loss": [(1, 0.5), (2, 0.4)]}),
    "parts in brackets (ESPnet)": (
        "1epoch results: [train] acc=0.35, loss=85, [valid] acc=0.5, loss=65, total_count=100\n",
        {"train/acc": [(0, 0.35)], "train/loss": [(0, 85)], "valid/acc": [(0, 0.5)], "valid/loss": [(0, 65)]},
    ),
    "parts in braces": (
        'INFO {"step": 100, "loss": 0.9}\n{"step": 200, "loss": 0.8, "val": {"loss": 0.85, "acc": 0.5}}\n',
        {"loss": [(100, 0.9), (200, 0.8)], "val/loss": [(200, 0.85)], "val/acc": [(200, 0.5)]},
    ),
    "an epoch's line among steps (flair)": (
        "epoch 1 - iter 10/20 - loss 3.0\nepoch 1 - iter 20/20 - loss 2.0\nEPOCH 1 done: loss 2.5\n"
        "DEV : loss: 1.5 - f1: 0.5\nepoch 2 - iter 10/20 - loss 1.0\n",
        {"loss": [(10, 3.0), (20, 2.5), (30, 1.0)], "DEV/loss": [(20, 1.5)], "DEV/f1": [(20, 0.5)]},
    ),
    "an epoch's line among batches (PaddleClas)": (
        "[Train][Epoch 1/20][Iter: 0/20] loss: 4.66\n[Train][Epoch 1/20][Iter: 10/20] loss: 3.66\n"
        "[Train][Epoch 1/20][Avg] top1: 0.1\n[Eval][Epoch 1][Avg] loss: 3.1\n"
        "[Train][Epoch 2/20][Iter: 0/20] loss: 2.66\n",
        {"Train/loss": [(0, 4.66), (10, 3.66), (20, 2.66)], "Train/top1": [(10, 0.1)],
         "Eval/loss": [(10, 3.1)]},
    ),
    "lines without a place among steps (OpenNMT)": (
        "Step 50/100000; acc: 5.2\nStep 100/100000; acc: 15.2\nTrain perplexity: 2000.1\n"
        "Train accuracy: 10.2\nValidation perplexity: 700.1\nStep 150/100000; acc: 20.5\n",
        {"acc": [(50, 5.2), (100, 15.2), (150, 20.5)], "Train/perplexity": [(100, 2000.1)],
         "Train/accuracy": [(100, 10.2)], "Validation/perplexity": [(100, 700.1)]},
    ),
    "rows without a place after one with": (
        "step 0 loss 9.0\nloss: 3.0\nloss: 2.0\nloss: 1.0\n",
        {"loss": [(0, 9.0), (1, 3.0), (2, 2.0), (3, 1.0)]},
    ),
    "a heading names the step (RSL-RL)": (
        "   Learning iteration 0/1500   \n Mean reward: 1.25\n Value function loss: 0.03\n-----\n"
        "   Learning iteration 1/1500   \n Mean reward: 2.25\n Value function loss: 0.02\n",
        {"Mean reward": [(0, 1.25), (1, 2.25)], "Value function loss": [(0, 0.03), (1, 0.02)]},
    ),
    "epoch and batch by form alone (DCGAN)": (
        "[0/25][0/1583]\tLoss_D: 1.7\tLoss_G: 4.7\n[0/25][50/1583]\tLoss_D: 0.1\tLoss_G: 3.7\n"
        "[1/25][0/1583]\tLoss_D: 0.04\tLoss_G: 2.7\n",
        {"Loss_D": [(0, 1.7), (50, 0.1), (1583, 0.04)], "Loss_G": [(0, 4.7), (50, 3.7), (1583, 2.7)]},
    ),
    "a number in brackets (CleanRL)": (
        "global_step=22, episodic_return=[22.]\nglobal_step=40, episodic_return=[18.]\n",
        {"episodic_return": [(22, 22.0), (40, 18.0)]},
    ),
    "updates (Marian)": (
        "[2026-11-29 10:00:01] Ep. 1 : Up. 500 : Sen. 22,432 : Cost 8.1234 : Time 30.12s\n"
        "[2026-11-29 10:00:41] [valid] Ep. 1 : Up. 1000 : cross-entropy : 120.12 : new best\n",
        {"Cost": [(500, 8.1234)], "valid/cross-entropy": [(1000, 120.12)]},
    ),
    "the place of a log call is no metric (YOLOX)": (
        "10:00:01 | INFO | yolox.core.trainer:258 - epoch: 1/300, iter: 10/1848, total_loss: 20.1\n",
        {"total_loss": [(10, 20.1)]},
    ),
    "batches of an unknown number (icefall)": (
        "Epoch 1, batch 0, loss[loss=7.5], lr: 3.00e-03\nEpoch 1, batch 50, loss[loss=1.5], lr: 3.00e-03\n"
        "Epoch 1, validation: loss=0.9\nEpoch 2, batch 0, loss[loss=1.2], lr: 3.00e-03\n",
        {"loss/loss": [(0, 7.5), (50, 1.5), (51, 1.2)], "lr": [(0, 0.003), (50, 0.003), (51, 0.003)],
         "validation/loss": [(50, 0.9)]},
    ),
    "the part behind the word epoch (Catalyst)": (
        "1/3 * Epoch (train) | loss: 0.9\n1/3 * Epoch (valid) | loss: 0.8\n2/3 * Epoch (train) | loss: 0.7\n",
        {"train/loss": [(1, 0.9), (2, 0.7)], "valid/loss": [(1, 0.8)]},
    ),
    "a heading names the batch (Composer)": (
        "[batch=10/100]:\n\t Train time/epoch: 0\n\t Train loss: 0.9\n[batch=20/100]:\n\t Train loss: 0.8\n",
        {"Train/loss": [(10, 0.9), (20, 0.8)]},
    ),
    "a name of a part and a number (nnU-Net)": (
        "10:00:01.1: Epoch 0 \n10:00:11.1: train_loss -0.1 \n10:00:11.1: val_loss -0.2 \n"
        "10:00:12.1: Epoch 1 \n10:00:22.1: train_loss -0.3 \n10:00:22.1: val_loss -0.35 \n",
        {"train_loss": [(0, -0.1), (1, -0.3)], "val_loss": [(0, -0.2), (1, -0.35)]},
    ),
    "the best so far is told once more (PaddleOCR)": (
        "epoch: [1/500], global_step: 20, loss: 2.3\ncur metric, precision: 0.5\n"
        "best metric, precision: 0.6, best_epoch: 1\n",
        {"loss": [(20, 2.3)], "precision": [(20, 0.5)]},
    ),
    "the level of a log call is no part of a name": (
        "INFO step 200: loss=0.4\nINFO Best accuracy: 0.81\n",
        {"loss": [(200, 0.4)], "Best accuracy": [(200, 0.81)]},
    ),
    "a counter behind a stroke (DeepSpeed)": (
        "epoch=0/micro_step=10/global_step=10, RunningAvgSamplesPerSec=12.3, MemAllocated=5.3GB\n",
        {"RunningAvgSamplesPerSec": [(10, 12.3)]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_numbers_stand_where_their_line_says(tmp_path: Path, kind: str) -> None:
    text, expected = CASES[kind]
    assert numbers(tmp_path, text)[1] == expected


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("step: 1,000/10,000 | loss: 1.5\n", 10_000),
        (" iteration       10/     200 | lm loss: 9.6E+00 |\n", 200),
        (" Learning iteration 1/1500 \n Mean reward: 2.25\n", 1500),
    ],
)
def test_the_planned_length_has_separators_and_blanks(tmp_path: Path, text: str, steps: int) -> None:
    session, _ = numbers(tmp_path, text)
    assert session.runs["."].of(Length)[-1].steps == steps


@pytest.mark.parametrize("kind", CASES)
def test_any_split_places_them_the_same(tmp_path: Path, kind: str) -> None:
    text = CASES[kind][0]
    (tmp_path / "train.log").write_text(text)
    whole = summaries(read_all(console, tmp_path))
    for cuts in (range(1, len(text), 3), range(7, len(text), 17)):
        assert grown(console, tmp_path, "train.log", text.encode(), cuts) == whole
