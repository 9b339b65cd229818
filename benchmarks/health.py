"""Training health on simulated curves: false-alarm and detection rates, forecast error, and cost.

    python benchmarks/health.py [--curves 400] [--seed 20261] [--json]

The curves are power laws with heavy-tailed relative noise of 0.5 to 25 %, some with a warm-up, a
learning-rate drop, or cycles; the faults are put in at a known place. The tests' curves use other seeds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from runwatch.domain.points import Points
from runwatch.judge.health.forecast import forecast
from runwatch.judge.health.monitor import RunHealth
from runwatch.judge.health.rhythm import Rhythm

ABOVE_INFO = ("warning", "critical")
Rng = np.random.Generator
Floats = np.ndarray


def power_law(rng: Rng, n: int, noise: float, *, heavy: bool = True) -> Floats:
    """A healthy loss of n points with relative noise."""
    t = np.arange(1, n + 1)
    floor, height, power = rng.uniform(0.05, 2), rng.uniform(0.5, 3), rng.uniform(0.2, 0.9)
    draws = rng.standard_t(4, n) / np.sqrt(2) if heavy else rng.normal(size=n)
    return np.asarray((floor + height * t**-power) * np.exp(noise * draws))


def noise_of(rng: Rng) -> float:
    return float(np.exp(rng.uniform(np.log(0.005), np.log(0.25))))


def healthy(rng: Rng) -> dict[str, Floats]:
    n = int(rng.integers(150, 2000))
    loss = power_law(rng, n, noise_of(rng))
    shape = rng.choice(["plain", "plain", "warmup", "drop", "cycles"])
    if shape == "warmup":
        loss[: n // 20] *= np.linspace(1.3, 1, n // 20)
    elif shape == "drop":
        loss[n // 2 :] *= 0.7
    elif shape == "cycles":
        loss *= 1 + 0.1 * np.abs(np.sin(np.arange(n) / n * 12))
    return {"train/loss": loss}


def healthy_pair(rng: Rng) -> dict[str, Floats]:
    n = int(rng.integers(20, 120))
    noise = min(noise_of(rng), 0.1)
    return {"train/loss": power_law(rng, n, noise), "val/loss": 0.1 + power_law(rng, n, noise)}


def spiked(rng: Rng, factor: float = 3.0, width: int = 3) -> tuple[dict[str, Floats], int]:
    curves = healthy(rng)
    loss = curves["train/loss"]
    at = int(rng.integers(60, len(loss) - 20))
    loss[at : at + width] *= factor
    return curves, at


def diverging(rng: Rng, doubling: float) -> tuple[dict[str, Floats], int]:
    n = 1500
    loss = power_law(rng, n, noise_of(rng))
    at = int(rng.integers(300, 600))
    loss[at:] *= 2 ** (np.arange(n - at) / doubling)
    return {"train/loss": np.minimum(loss, 1e30)}, at


def overfitted(rng: Rng) -> tuple[dict[str, Floats], int]:
    n = int(rng.integers(40, 120))
    at = int(n * rng.uniform(0.25, 0.5))
    noise = float(np.exp(rng.uniform(np.log(0.002), np.log(0.02))))
    train, validation = power_law(rng, n, noise), power_law(rng, n, noise)
    train *= np.linspace(1, 0.6, n)
    validation[at:] *= 1 + rng.uniform(0.2, 0.6) * np.arange(n - at) / (n - at)
    return {"train/loss": train, "val/loss": validation}, at


def kinds(curves: dict[str, Floats], *, above_info: bool = True) -> set[str]:
    health = RunHealth()
    for tag, values in curves.items():
        health.feed(tag, Points.of(np.arange(len(values)), values))
    return {sign.kind for sign in health.signs() if sign.severity in ABOVE_INFO or not above_info}


def delay(curves: dict[str, Floats], at: int, kind: str) -> int | None:
    """Points from the fault to the first sign of it; None: never. A sign before the fault does not count."""
    health = RunHealth()
    total = max(len(values) for values in curves.values())
    for index in range(0, total, 10):
        for tag, values in curves.items():
            piece = slice(index, index + 10)
            health.feed(tag, Points.of(np.arange(total)[piece][: len(values[piece])], values[piece]))
        if index >= at and any(sign.kind == kind for sign in health.signs()):
            return min(index + 10, total) - at
    return None


def false_alarms(rng: Rng, make: Callable[[Rng], dict[str, Floats]], curves: int) -> dict[str, float]:
    """Share of healthy runs that show each kind, at the end of the run; "spike (info)" are marks."""
    seen: dict[str, int] = {}
    for _ in range(curves):
        run = make(rng)
        for kind in kinds(run):
            seen[kind] = seen.get(kind, 0) + 1
        for kind in kinds(run, above_info=False) & {"spike", "plateau"}:
            seen[f"{kind} (info)"] = seen.get(f"{kind} (info)", 0) + 1
    return {kind: count / curves for kind, count in sorted(seen.items())}


def ever_alarmed(rng: Rng, make: Callable[[Rng], dict[str, Floats]], curves: int) -> float:
    """Share of healthy runs that show anything above info at any look, a look every 10 points."""
    alarmed = 0
    for _ in range(curves):
        run, health = make(rng), RunHealth()
        total = max(len(values) for values in run.values())
        for index in range(0, total, 10):
            for tag, values in run.items():
                health.feed(
                    tag, Points.of(np.arange(index, min(index + 10, total)), values[index : index + 10])
                )
            if any(sign.severity in ABOVE_INFO for sign in health.signs()):
                alarmed += 1
                break
    return alarmed / curves


def detection(
    rng: Rng, make: Callable[[Rng], tuple[dict[str, Floats], int]], kind: str, curves: int
) -> dict[str, float]:
    """Share found, and the median delay in points."""
    delays = [delay(*make(rng), kind) for _ in range(curves)]
    found = [d for d in delays if d is not None]
    return {"found": len(found) / curves, "median_delay": float(np.median(found)) if found else float("nan")}


def forecasts(rng: Rng, curves: int) -> dict[str, dict[str, float]]:
    """Median relative error of the forecast and of the last value, and how often the range held."""
    rows: dict[str, dict[str, float]] = {}
    for share in (0.2, 0.5, 0.8):
        errors, naive, held, told = [], [], [], 0
        for _ in range(curves):
            n = int(rng.integers(200, 2000))
            loss = power_law(rng, n, min(noise_of(rng), 0.05), heavy=False)
            final = float(np.median(loss[-max(n // 50, 5) :]))
            seen = int(share * n) + 2
            health = RunHealth()
            health.feed("val/loss", Points.of(np.arange(seen), loss[:seen]))
            view = health.curve("val/loss")
            found = forecast("val/loss", view.trace, n, "min")  # type: ignore[union-attr,arg-type]
            if found.about is None or found.low is None or found.high is None:
                continue
            told += 1
            errors.append(abs(found.about - final) / final)
            naive.append(abs(float(np.median(loss[seen - 5 : seen])) - final) / final)
            held.append(found.low <= final <= found.high)
        rows[f"{share:.0%}"] = {
            "told": told / curves,
            "median_error": float(np.median(errors)),
            "last_value_error": float(np.median(naive)),
            "range_held": float(np.mean(held)),
        }
    return rows


def stalls(rng: Rng, runs: int) -> dict[str, float]:
    """Share of healthy runs (steps, an evaluation pause, checkpoints) that are called stalled at any time."""
    alarmed = {"without memory": 0, "with memory": 0}
    for _ in range(runs):
        step, pause = float(np.exp(rng.uniform(-2, 4))), float(np.exp(rng.uniform(3, 7)))
        gaps = np.where(
            np.arange(2000) % 200 == 199,
            pause * rng.uniform(0.7, 1.3, 2000),
            step * rng.lognormal(0, 0.2, 2000),
        )
        for name, memory in (("without memory", 0.0), ("with memory", pause)):
            rhythm, now = Rhythm(), 0.0
            rhythm.beat(now)
            for gap in gaps:
                if rhythm.silence(now + gap, earlier=memory).word == "stalled":
                    alarmed[name] += 1
                    break
                now += gap
                rhythm.beat(now)
    return {name: count / runs for name, count in alarmed.items()}


def slowing(rng: Rng, runs: int) -> dict[str, float]:
    """Share of runs called slow at any look: at a steady pace (step times with 5 to 60 % of noise, long
    pauses, a pace that wanders by 8 %), and at the end when the last third's steps take 1.8 times as long."""
    alarmed = found = 0
    for _ in range(runs):
        gaps = np.exp(rng.uniform(-2, 3)) * rng.lognormal(0, rng.uniform(0.05, 0.6), 3000)
        gaps[::200] += 50 * gaps[0]
        gaps *= np.repeat(rng.lognormal(0, 0.08, 30), 100)
        health, walls = RunHealth(), np.cumsum(gaps)
        for at in range(0, 3000, 50):
            piece = slice(at, at + 50)
            health.feed("loss", Points(np.arange(at, at + 50), walls[piece], np.ones(50)))
            if any(sign.kind == "slow" for sign in health.signs()):
                alarmed += 1
                break
        gaps[2000:] *= 1.8
        health = RunHealth()
        health.feed("loss", Points(np.arange(3000), np.cumsum(gaps), np.ones(3000)))
        found += any(sign.kind == "slow" for sign in health.signs())
    return {"false alarms": alarmed / runs, "found": found / runs}


def cost(rng: Rng) -> dict[str, float]:
    """CPU seconds: 200 runs of 10 tags of 1,000 points; one tag of 1,000,000 points."""
    tags = [
        "train/loss",
        "val/loss",
        "train/acc",
        "val/acc",
        "val/auc",
        "val/f1",
        "lr",
        "grad_norm",
        "epoch",
        "fps",
    ]
    steps = np.arange(1000)
    pool = [Points(steps, steps * 1.0, power_law(rng, 1000, 0.05)) for _ in range(50)]
    begin = time.process_time()
    for run in range(200):
        health = RunHealth()
        for k, tag in enumerate(tags):
            health.feed(tag, pool[(run + k) % 50])
        health.signs()
    b200 = time.process_time() - begin
    steps = np.arange(1_000_000)
    points = Points(steps, steps * 0.1, power_law(rng, len(steps), 0.05))
    health, begin = RunHealth(), time.process_time()
    health.feed("train/loss", points)
    return {"200 runs x 10 tags x 1000": b200, "1 tag x 1000000": time.process_time() - begin}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=int, default=400)
    parser.add_argument("--seed", type=int, default=20261)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rng, n = np.random.default_rng(options.seed), options.curves
    result: dict[str, object] = {
        "false alarms, at the end": false_alarms(rng, healthy, n),
        "false alarms, pairs, at the end": false_alarms(rng, healthy_pair, n),
        "any alarm at any look": ever_alarmed(rng, healthy, n // 4),
        "any alarm at any look, pairs": ever_alarmed(rng, healthy_pair, n),
        "spike x2": detection(rng, lambda r: spiked(r, 2), "spike", n // 4),
        "spike x3": detection(rng, lambda r: spiked(r, 3), "spike", n // 4),
        "spike x10": detection(rng, lambda r: spiked(r, 10), "spike", n // 4),
        "divergence, doubling in 20": detection(rng, lambda r: diverging(r, 20), "diverged", n // 8),
        "divergence, doubling in 350": detection(rng, lambda r: diverging(r, 350), "diverged", n // 8),
        "overfitting": detection(rng, overfitted, "overfitting", n),
        "slow": slowing(rng, n // 2),
        "stalled, healthy runs": stalls(rng, n // 2),
        "forecast at": forecasts(rng, n // 4),
        "CPU seconds": cost(rng),
    }
    if options.json:
        print(json.dumps(result, indent=1))
        return
    for name, value in result.items():
        shown = (
            value if not isinstance(value, dict) else ", ".join(f"{k}: {_short(v)}" for k, v in value.items())
        )
        print(f"{name:36} {shown}")


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_short(v)}" for k, v in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
