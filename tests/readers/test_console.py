from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from growing import grown, summaries
from harness import FIXTURES, Session, claims, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.operations import Evidence, Length
from runwatch.readers import console, limits

CONSOLES = FIXTURES / "consoles"
ERROR = b'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    g()\nValueError: bad shard\n'


def said(root: Path, text: bytes, name: str = "train.log") -> Session:
    (root / name).write_bytes(text)
    return read_all(console, root)


def evidence(root: Path, text: bytes, name: str = "train.log") -> Evidence | None:
    runs = said(root, text, name).runs
    found = runs["."].of(Evidence) if runs else []
    return found[-1] if found else None


def numbers(root: Path, text: bytes) -> dict[str, list[tuple[int, float]]]:
    runs = said(root, text).runs
    series = runs["."].series if runs else {}
    return {
        tag: [(int(s), float(v)) for s, v in zip(p.steps, p.values, strict=True)] for tag, p in series.items()
    }


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("consolelog-crashed/train.log",
         "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB."),
        ("consoles/lightning-csv-crashed.log",
         "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"),
        ("consoles/hf-crashed.log", "ValueError: could not decode sample 4711 of shard-00003.tar"),
        ("sacred-runs/console-fail.txt", "ZeroDivisionError: mask sums to zero"),
        ("hydra-multirun/console.txt", "ValueError: width 99 is not supported"),
    ],
)  # fmt: skip
def test_a_real_traceback_is_evidence(tmp_path: Path, file: str, words: str) -> None:
    found = evidence(tmp_path, (FIXTURES / file).read_bytes())
    assert found is not None
    assert (found.status, found.by) == ("crashed", "console")
    assert found.reason == f"train.log: {words}"


@pytest.mark.parametrize("name", ["xgboost-finished", "catboost-killed"])
def test_a_real_log_without_an_end_is_no_evidence(tmp_path: Path, name: str) -> None:
    assert evidence(tmp_path, (CONSOLES / f"{name}.log").read_bytes()) is None


@pytest.mark.parametrize(
    "line",
    [
        "Killed",
        "./run.sh: line 3: 12345 Killed                  python train.py",
        "Segmentation fault (core dumped)",
        "slurmstepd: error: *** JOB 88 ON n1 CANCELLED AT 2026-03-01T10:00:00 DUE TO TIME LIMIT ***",
        "[rank1]:[E ProcessGroupNCCL.cpp:563] [Rank 1] Watchdog caught collective operation timeout: X",
        "RuntimeError: NCCL communicator was aborted: timeout",
        "  exitcode  : 1 (pid: 3811)  exit code: -9",
        "slurmstepd: error: Detected 1 oom_kill event in StepId=88.batch",
        "Fatal Python error: Bus error",
    ],
)
def test_words_of_death(tmp_path: Path, line: str) -> None:
    found = evidence(tmp_path, f"epoch 1 loss=0.5\n{line}\n".encode())
    assert found is not None
    assert found.status == "crashed"
    assert line.strip() in found.reason


@pytest.mark.parametrize(
    "line",
    [
        "killed the old worker pool: none",
        "exit code: 0",
        "Process skilled",
        "see fault.py",
        "timeout=30 nccl",
    ],
)
def test_ordinary_words_are_no_death(tmp_path: Path, line: str) -> None:
    assert evidence(tmp_path, f"epoch 1 loss=0.5\n{line}\n".encode()) is None


def test_numbers_after_the_error_withdraw_it(tmp_path: Path) -> None:
    found = evidence(tmp_path, ERROR + b"resuming\nepoch 4 loss=0.2\n")
    assert found is None or found.status is None


def test_evidence_given_before_is_withdrawn_when_it_resumes(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    log.write_bytes(b"epoch 3 loss=0.3\n" + ERROR)
    session = read_all(console, tmp_path)
    assert session.runs["."].of(Evidence)[-1].status == "crashed"
    with log.open("ab") as out:
        out.write(b"epoch 3 loss=0.29\n")
    assert session.look().runs["."].of(Evidence)[-1].status is None


def test_a_bar_that_dies_with_its_process_withdraws_nothing(tmp_path: Path) -> None:
    bar = b"Epoch 3:  40%|####      | 12/30 [00:01<00:02, 8.1it/s, loss=0.31]"
    found = evidence(tmp_path, bar + b"\n" + ERROR + b"\r" + bar + b"\n")
    assert found is not None
    assert found.status == "crashed"
    later = bar.replace(b"12/30", b"13/30")
    found = evidence(tmp_path, bar + b"\n" + ERROR + b"\r" + bar + b"\r" + later + b"\n")
    assert found is None or found.status is None


def test_the_cause_is_named_and_not_its_messenger(tmp_path: Path) -> None:
    second = b'Traceback (most recent call last):\n  File "run.py"\ntorch.ChildFailedError: \n'
    ranked = b"".join(b"[rank1]: " + line + b"\n" for line in ERROR.splitlines())
    found = evidence(tmp_path, ranked + second)
    assert found is not None
    assert found.reason == "train.log: ValueError: bad shard"


def test_pytorch_examples(tmp_path: Path) -> None:
    series = numbers(tmp_path, (FIXTURES / "consolelog-crashed" / "train.log").read_bytes())
    assert series["Loss"][:3] == [(0, 2.2021), (10, 1.8535), (20, 1.5813)]
    assert series["val/Acc@1"] == [(40, 60.0), (90, 61.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("step 250: train loss 2.4, val loss 2.5\n", {"train/loss": [(250, 2.4)], "val/loss": [(250, 2.5)]}),
        ("iter 7: loss 2.5, time 120.3ms, mfu 3.2%\n", {"loss": [(7, 2.5)], "mfu": [(7, 3.2)]}),
        ("Epoch 2/3\ntrain Loss: 0.2 Acc: 0.9\nval Loss: 0.3 Acc: 0.8\n",
         {"train/Loss": [(2, 0.2)], "train/Acc": [(2, 0.9)], "val/Loss": [(2, 0.3)], "val/Acc": [(2, 0.8)]}),
        ("Test set: Average loss: 0.03, Accuracy: 9900/10000 (99%)\n",
         {"Test/Average loss": [(0, 0.03)], "Test/Accuracy": [(0, 0.99)]}),
        ("Epoch [3/10], Step [100/600], Loss: 0.3\n", {"Loss": [(1300, 0.3)]}),
        ("Epoch 1/2\n1/2 ━━ 1s 9ms/step - loss: 0.9\r2/2 ━━ 1s 9ms/step - loss: 0.6 - val_loss: 0.7\n",
         {"loss": [(1, 0.6)], "val_loss": [(1, 0.7)]}),
        ("{'loss': '0.69', 'epoch': '0.6'}\n{'loss': '0.5', 'epoch': '1.2'}\n",
         {"loss": [(0, 0.69), (1, 0.5)]}),
        ("\x1b[32mINFO\x1b[0m epoch=4 loss=\x1b[1m0.25\x1b[0m\n", {"loss": [(4, 0.25)]}),
        ("[Epoch 3/10] [Batch 5/20] [D loss: 0.5] [G loss: 1.2]\n",
         {"D loss": [(45, 0.5)], "G loss": [(45, 1.2)]}),
        ("iteration 100/ 500 | learning rate: 1.0E-05 | lm loss: 9.2E+00 |\n",
         {"learning rate": [(100, 1e-05)], "lm loss": [(100, 9.2)]}),
        ("{'loss': 3.0, 'epoch': 0.5}\n{'loss': 2.0, 'epoch': 1.0}\n{'eval_loss': 2.5, 'epoch': 1.0}\n"
         "{'loss': 1.0, 'epoch': 1.5}\n",
         {"loss": [(0, 3.0), (1, 2.0), (2, 1.0)], "eval_loss": [(1, 2.5)]}),
        ("Epoch:  50%|###   | 1/2 [00:02<00:02, 2.1s/it, val_loss=1.25]\n", {"val_loss": [(1, 1.25)]}),
        ("INFO | train_inner | epoch 002:    100 / 1000 loss=7.5, num_updates=1100, lr=2.5e-05\n"
         "INFO | valid | epoch 002 | valid on 'valid' subset | loss 8.5 | num_updates 2000\n",
         {"train_inner/loss": [(1100, 7.5)], "train_inner/lr": [(1100, 2.5e-05)],
          "valid/loss": [(2000, 8.5)]}),
        ('INFO | valid | {"epoch": 1, "valid_loss": "13.5", "valid_num_updates": "200"}\n',
         {"valid_loss": [(200, 13.5)]}),
        ("Train: 1 [  50/1251 (  4%)]  Loss: 6.5 (6.75)  LR: 1.000e-05\n",
         {"Train/Loss": [(1301, 6.5)], "Train/LR": [(1301, 1e-05)]}),
        ("mmengine - INFO - Epoch(train)  [2][ 50/100]  lr: 1.0e-02  eta: 0:01:00  loss: 1.5\n"
         "mmengine - INFO - Epoch(val)  [2][10/10]  coco/bbox_mAP: 0.25\n",
         {"train/lr": [(150, 0.01)], "train/loss": [(150, 1.5)], "val/coco/bbox_mAP": [(150, 0.25)]}),
        ("[Train][Epoch 2/9][Iter: 10/50]top1: 0.25, loss: 6.5\n[Eval][Epoch 2][Avg]loss: 5.5\n",
         {"Train/top1": [(60, 0.25)], "Train/loss": [(60, 6.5)], "Eval/loss": [(60, 5.5)]}),
        ("| INFO | __main__:train:42 - step=10 loss=0.5\n", {"loss": [(10, 0.5)]}),
        ("train/loss=0.5, val/loss=0.75, step=3\n", {"train/loss": [(3, 0.5)], "val/loss": [(3, 0.75)]}),
        ("step: 10  loss: 8.5  tps: 5,123  lr: 0,5\n",
         {"loss": [(10, 8.5)], "tps": [(10, 5123.0)]}),
        ("Episode 10/500 | Reward: 12.5\nEpisode 20/500 | Reward: 22.5\n",
         {"Reward": [(10, 12.5), (20, 22.5)]}),
        ('{"step": 1, "loss": 0.5, "at": "2026-01-01"}\n', {"loss": [(1, 0.5)]}),
        ("node:0\tolmo.train:967\tINFO\t[step=10/7393,epoch=0] loss=2.5\n", {"loss": [(10, 2.5)]}),
        (" 50%|##  | 1/2 [00:01, loss=4]\n100%|####| 2/2 [00:01, loss=3]\n 50%|##  | 1/2 [00:01, loss=2]\n"
         "Eval: 100%|####| 9/9 [00:01, acc=0.5]\n100%|####| 2/2 [00:01, loss=1]\n",
         {"loss": [(1, 4), (2, 3), (3, 2), (4, 1)], "Eval/acc": [(3, 0.5)]}),
        ("parameters: 12000\nseed: 7, port: 8080\nlr: 0.1\n", {}),
    ],
)  # fmt: skip
def test_numbers_of_console_lines(tmp_path: Path, text: str, expected: dict[str, object]) -> None:
    assert numbers(tmp_path, text.encode()) == expected


def test_the_percent_of_a_bar_is_no_metric(tmp_path: Path) -> None:
    text = b"Train: 100%|####| 20/20 [00:02<00:00, 9.9it/s, loss=0.9]\nMap:  50%|##  | 1/2 [00:01]\n"
    assert numbers(tmp_path, text) == {"Train/loss": [(20, 0.9)]}


def test_two_logs_with_numbers_do_not_mix(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"epoch 1 loss=0.5\n")
    (tmp_path / "b.log").write_bytes(b"epoch 1 loss=0.7\n")
    assert set(read_all(console, tmp_path).runs["."].series) == {"a/loss", "b/loss"}
    (tmp_path / "b.log").write_bytes(b"listening\n")
    assert set(read_all(console, tmp_path).runs["."].series) == {"loss"}


def test_the_two_streams_of_one_job_are_one_story(tmp_path: Path) -> None:
    (tmp_path / "slurm-12.out").write_bytes(b"epoch 1 loss=0.5\n")
    (tmp_path / "slurm-12.err").write_bytes(b"epoch 2 loss=0.4\n")
    assert set(read_all(console, tmp_path).runs["."].series) == {"loss"}


def test_planned_epochs_are_reached_only_at_the_end_of_the_last(tmp_path: Path) -> None:
    run = said(tmp_path, b"Epoch 3/3\nloss: 0.4\n").runs["."]
    assert (run.of(Length)[-1].epochs, run.of(Length)[-1].first_epoch) == (3, 1)
    assert run.epoch == 2
    run = said(tmp_path, b"Epoch [3/3], Step [30/60], Loss: 0.3\n").runs["."]
    assert run.epoch == 2.5
    run = said(tmp_path, b"Epoch 3/3 loss=0.3\n").runs["."]
    assert run.epoch == 3


def test_jobs_of_a_batch_system_are_a_run_each_with_their_own_death(tmp_path: Path) -> None:
    for name, text in [
        ("slurm-9.out", ERROR),
        ("slurm-10.out", b"epoch 4 loss=0.2\n"),
        ("slurm-9.err", b"x\n"),
    ]:
        (tmp_path / name).write_bytes(text)
    runs = read_all(console, tmp_path).runs
    assert {run for run, told in runs.items() if told.of(Evidence)} == {"slurm-9"}
    assert set(runs["slurm-10"].series) == {"loss"}


@pytest.mark.parametrize(
    "names", [("run1.log", "run2.log"), ("2026-11-29_10-00-00.log", "2026-11-30_08-10-00.log")]
)
def test_trainings_whose_logs_differ_by_a_number_are_runs_of_their_own(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    for at, (name, text) in enumerate(
        zip(names, (b"epoch 1 loss=0.9\n" + ERROR, b"epoch 1 loss=0.2\n"), strict=True)
    ):
        (tmp_path / name).write_bytes(text)
        os.utime(tmp_path / name, (1000 + at, 1000 + at))
    runs = read_all(console, tmp_path).runs
    assert {name: bool(told.of(Evidence)) for name, told in runs.items()} == {
        names[0].removesuffix(".log"): True,
        names[1].removesuffix(".log"): False,
    }


def test_a_later_log_makes_the_death_of_an_earlier_one_past(tmp_path: Path) -> None:
    for at, (name, text) in enumerate([("try-9.out", ERROR), ("try-10.out", b"epoch 4 loss=0.2\n")]):
        (tmp_path / name).write_bytes(text)
        os.utime(tmp_path / name, (1000 + at, 1000 + at))
    assert not read_all(console, tmp_path).runs["."].of(Evidence)
    (tmp_path / "try-9.out").unlink()
    (tmp_path / "try-10.out").unlink()
    for at, (name, text) in enumerate([("rank_0.log", ERROR), ("rank_1.log", b"epoch 4 loss=0.2\n")]):
        (tmp_path / name).write_bytes(text)
        os.utime(tmp_path / name, (1000 + at, 1000 + at))
    assert read_all(console, tmp_path).runs["."].of(Evidence)[-1].status == "crashed"


def test_roles(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_bytes(b"starting\nlistening on port 80\n")
    assert {claim.role for claim in claims(console, tmp_path)} == {"part"}
    (tmp_path / "run.log").write_bytes(b"epoch 1 loss=0.5\n")
    assert [(c.role, c.format) for c in claims(console, tmp_path)] == [("lonely", ""), ("lonely", "console")]
    for told in (ERROR, b"Monitored metric val/loss did not improve. Signaling Trainer to stop.\n"):
        (tmp_path / "run.log").write_bytes(told)
        assert {claim.role for claim in claims(console, tmp_path)} == {"lonely"}


def test_what_is_no_console_log(tmp_path: Path) -> None:
    (tmp_path / "training.log").write_bytes(b"epoch,accuracy,loss\n0,0.5,0.7\n")
    (tmp_path / "model.txt").write_bytes(b"loss=0.5\n")
    (tmp_path / "debug.log").write_bytes(ERROR)
    assert claims(console, tmp_path) == []


def test_only_the_tail_of_a_large_log_is_read(tmp_path: Path) -> None:
    early = b"".join(b"epoch %d loss=0.5\n" % i for i in range(40_000))
    session = said(tmp_path, early + ERROR)
    steps = session.runs["."].series["loss"].steps
    assert len(early) > limits.LOG_TAIL
    assert 0 < len(steps) < 20_000
    assert steps[-1] == 39_999
    assert session.runs["."].of(Evidence)[-1].status == "crashed"
    assert [problem.message for problem in session.problems] == [
        "only the last 256 KiB were read for numbers"
    ]


def test_a_log_begun_anew_voids_what_the_old_one_said(tmp_path: Path) -> None:
    session = said(tmp_path, b"epoch 1 loss=0.9\n" + ERROR)
    (tmp_path / "train.log").write_bytes(b"epoch 7 loss=0.1\n")
    run = session.look().runs["."]
    assert list(run.series["loss"].steps) == [7]
    assert not run.of(Evidence)


LOGS = [path.read_bytes() for path in sorted(CONSOLES.glob("*.log"))] + [
    (FIXTURES / "consolelog-crashed" / "train.log").read_bytes(),
    b"".join(b"{'loss': %d, 'epoch': %.1f}\n" % (i, i / 2) for i in range(9)),
    b"".join(b"Epoch %d step %d loss: %d\n" % (i // 4, i % 4, i) for i in range(20)),
    b"".join(b"%d%%|##| %d/4 [00:01, loss=%d]\r" % (25 * (i % 5), i % 5, i) for i in range(20)) + b"\n",
]


@settings(max_examples=40, deadline=None)
@given(data=st.sampled_from(LOGS), cuts=st.lists(st.integers(0, 400) | st.integers(0, 8000), max_size=6))
def test_any_split_of_the_growth_gives_the_same(data: bytes, cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        assert grown(console, root, "train.log", data, cuts) == grown(console, root, "train.log", data, [])


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=400), st.text(alphabet="eEpoch 0123456789/:=[]%|losac.'\r\n-\x1b", max_size=300)
    )
)
def test_garbage_never_raises(data: bytes | str) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        raw = data if isinstance(data, bytes) else data.encode()
        (root / "x.log").write_bytes(raw)
        summaries(read_all(console, root, final=True))


def test_a_long_line_is_passed_over(tmp_path: Path) -> None:
    run = said(
        tmp_path, b"epoch 1 loss=0.5\nepoch 2 loss=0.4" + b"x" * 100_000 + b"\nepoch 3 loss=0.3\n"
    ).runs["."]
    assert list(run.series["loss"].steps) == [1, 3]


def test_the_end_that_a_log_tells_holds_until_training_goes_on(tmp_path: Path) -> None:
    done = b"epoch 2 loss=0.5\nsubmitit INFO (2026-03-02 10:00:00,000) - Job completed successfully\n"
    [told] = said(tmp_path, done).runs["."].of(Evidence)
    assert (told.status, told.by) == ("finished", "console")
    assert not said(tmp_path, done + b"epoch 3 loss=0.4\n").runs["."].of(Evidence)


@pytest.mark.parametrize(
    "name",
    [
        "nemo_log_globalrank-0_localrank-0.txt",
        "trainer_0_log.txt",
        "train-log.txt",
        "log-train-2026-11-29-10-00-00-0",
    ],
)
def test_logs_by_the_names_that_trainers_give_them(tmp_path: Path, name: str) -> None:
    assert said(tmp_path, b"epoch 1 loss 0.5\nepoch 2 loss 0.4\n", name).runs["."].series[
        "loss"
    ].steps.tolist() == [1, 2]


def test_a_log_of_powershell_is_utf_16(tmp_path: Path) -> None:
    text = "step 1 loss 2.0\r\nstep 2 loss 1.0\r\n".encode("utf-16")
    assert numbers(tmp_path, text) == {"loss": [(1, 2.0), (2, 1.0)]}
    whole = summaries(read_all(console, tmp_path))
    assert grown(console, tmp_path, "train.log", text, range(1, len(text), 3)) == whole
