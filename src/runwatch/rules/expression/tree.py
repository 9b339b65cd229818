"""What an expression is made of, and what each part is worth for a run.

Conditions are true, false or unknown (None): a metric that a run does not have, or that is NaN, compares to
nothing. ``and`` and ``or`` follow Kleene; only true fires."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator

import msgspec

from runwatch.domain.run import Metric, Run

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
OF_A_METRIC: dict[str, Callable[[Metric, float], float | None]] = {
    "last": lambda metric, now: metric.last,
    "best": lambda metric, now: metric.best,
    "min": lambda metric, now: metric.min,
    "max": lambda metric, now: metric.max,
    "count": lambda metric, now: float(metric.count),
    "nonfinite": lambda metric, now: float(metric.nonfinite),
    "age": lambda metric, now: now - metric.last_time if metric.last_time is not None else None,
    "since_best": lambda metric, now: (
        float(metric.last_step - metric.best_step) if metric.best_step is not None else None
    ),
}
OF_A_RUN: dict[str, Callable[[Run, float], float | None]] = {
    "step": lambda run, now: run.step,
    "epoch": lambda run, now: run.epoch,
    "age": lambda run, now: now - run.updated if run.updated is not None else None,
    "duration": lambda run, now: (
        (run.updated if run.status != "running" and run.updated else now) - run.started
        if run.started is not None
        else None
    ),
    "progress": lambda run, now: run.progress.fraction,
    "speed": lambda run, now: run.progress.speed,
    "eta": lambda run, now: run.progress.eta[0] if run.progress.eta else None,
}
STATES: dict[str, Callable[[float], bool]] = {"nan": math.isnan, "inf": math.isinf, "finite": math.isfinite}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else math.nan,
}


class Number(msgspec.Struct, frozen=True):
    value: float

    def of(self, run: Run, now: float) -> float | None:
        return self.value

    def tags(self) -> Iterator[str]:
        return iter(())


class OfMetric(msgspec.Struct, frozen=True):
    """A function of one tag; the bare tag is its last value."""

    function: str
    tag: str

    def of(self, run: Run, now: float) -> float | None:
        metric = run.metrics.get(self.tag)
        return OF_A_METRIC[self.function](metric, now) if metric is not None else None

    def tags(self) -> Iterator[str]:
        yield self.tag


class OfRun(msgspec.Struct, frozen=True):
    """A fact of the run itself: step, epoch, age, … A metric of that name goes first."""

    name: str

    def of(self, run: Run, now: float) -> float | None:
        metric = run.metrics.get(self.name)
        return metric.last if metric is not None else OF_A_RUN[self.name](run, now)

    def tags(self) -> Iterator[str]:
        return iter(())


class Arithmetic(msgspec.Struct, frozen=True):
    sign: str
    left: Value
    right: Value

    def of(self, run: Run, now: float) -> float | None:
        left, right = self.left.of(run, now), self.right.of(run, now)
        return None if left is None or right is None else _ARITHMETIC[self.sign](left, right)

    def tags(self) -> Iterator[str]:
        yield from self.left.tags()
        yield from self.right.tags()


class CompareTerm(msgspec.Struct, frozen=True):
    sign: str
    left: Value
    right: Value

    def holds(self, run: Run, now: float) -> bool | None:
        left, right = self.left.of(run, now), self.right.of(run, now)
        if left is None or right is None or math.isnan(left) or math.isnan(right):
            return None
        return COMPARE[self.sign](left, right)

    def tags(self) -> Iterator[str]:
        yield from self.left.tags()
        yield from self.right.tags()


class Is(msgspec.Struct, frozen=True):
    """``val/loss is nan``."""

    value: Value
    state: str

    def holds(self, run: Run, now: float) -> bool | None:
        value = self.value.of(run, now)
        return None if value is None else STATES[self.state](value)

    def tags(self) -> Iterator[str]:
        return self.value.tags()


class HasStatus(msgspec.Struct, frozen=True):
    """``status is running``."""

    status: str

    def holds(self, run: Run, now: float) -> bool | None:
        return run.status == self.status

    def tags(self) -> Iterator[str]:
        return iter(())


class Not(msgspec.Struct, frozen=True):
    inner: Condition

    def holds(self, run: Run, now: float) -> bool | None:
        held = self.inner.holds(run, now)
        return None if held is None else not held

    def tags(self) -> Iterator[str]:
        return self.inner.tags()


class Every(msgspec.Struct, frozen=True):
    """All of the parts (``and``)."""

    parts: tuple[Condition, ...]

    def holds(self, run: Run, now: float) -> bool | None:
        held = [part.holds(run, now) for part in self.parts]
        return False if False in held else None if None in held else True

    def tags(self) -> Iterator[str]:
        for part in self.parts:
            yield from part.tags()


class Some(msgspec.Struct, frozen=True):
    """At least one of the parts (``or``)."""

    parts: tuple[Condition, ...]

    def holds(self, run: Run, now: float) -> bool | None:
        held = [part.holds(run, now) for part in self.parts]
        return True if True in held else None if None in held else False

    def tags(self) -> Iterator[str]:
        for part in self.parts:
            yield from part.tags()


Value = Number | OfMetric | OfRun | Arithmetic
Condition = CompareTerm | Is | HasStatus | Not | Every | Some
