"""Small state machines over console lines: how the process fares, how far it is, which numbers it printed.

Their memory is a JSON-able dict that the cursor carries, so any split of a log gives the same end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from runwatch.domain.operations import Append, Epoch, Evidence, Length, Operation
from runwatch.domain.points import Points
from runwatch.readers import limits
from runwatch.readers._console_lines import Progress, parse
from runwatch.readers._places import Epochs, Iterations
from runwatch.text.console import TRACEBACK, crash_words

_EXCEPTION = re.compile(r"[A-Za-z_][\w.]{0,200}(?::|$)")
_CHAINED = ("During handling of the above", "The above exception was the direct cause")
_MOST_BARS = 20
_SECOND_HAND = ("ChildFailedError", "CalledProcessError", "ProcessRaisedException", "ProcessExitedException")


class Health:
    """Crashed by the log's own words, withdrawn when progress follows.

    State: ``why`` the words; ``open`` what stands before each line of the traceback that we are in; ``bar``
    a progress bar drawn after the crash (a dying bar is redrawn once: two states make a resume); ``said``."""

    def __init__(self, state: dict[str, Any], file: str) -> None:
        self._state = state
        self._name = file.rpartition("/")[2]

    def feed(self, text: str) -> None:
        if TRACEBACK in text:
            self._state["open"] = text[: text.index(TRACEBACK)][:200]
            self._state.setdefault("why", TRACEBACK)
            self._state.pop("bar", None)
            return
        if "open" in self._state and self._in_traceback(text):
            return
        words = crash_words(text)
        if words is not None:
            self._state.setdefault("why", words)
        elif "why" in self._state:
            self._perhaps_resumed(text)

    def _in_traceback(self, text: str) -> bool:
        """True while the line belongs to the traceback; its last line is the reason."""
        body = text.removeprefix(self._state["open"])
        if not body.strip() or body[0] in " \t|+^":
            return True
        if body.startswith(_CHAINED):
            return True
        del self._state["open"]
        if _EXCEPTION.match(body) is None:
            return False
        known = self._state.get("why", TRACEBACK)
        if known == TRACEBACK or not any(name in body for name in _SECOND_HAND):
            self._state["why"] = body.strip()[:300]
        return True

    def _perhaps_resumed(self, text: str) -> None:
        said = parse(text)
        if said is None:
            return
        if said.kind == "bar":
            shown = [said.epoch, said.batch, said.batches]
            if self._state.setdefault("bar", shown) == shown:
                return
        self._state.pop("why", None)
        self._state.pop("bar", None)

    def operations(self) -> Iterable[Operation]:
        why = self._state.get("why")
        if why == self._state.get("said"):
            return
        self._state["said"] = why
        if why is None:
            yield Evidence(None, f"{self._name}: training went on after the error", by="console")
        else:
            yield Evidence("crashed", f"{self._name}: {why}", by="console")


class Plan:
    """Planned lengths (``epoch 3/10``, ``step 100/6000``) and how far the epochs are.

    State: ``epochs`` the planned number, ``first`` the smallest epoch seen, ``steps`` the planned steps."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._epoch: float | None = None
        self._planned = False

    def feed(self, text: str) -> None:
        lower = text.lower()
        if "epoch" not in lower and "step" not in lower and "iter" not in lower:
            return
        said = parse(text)
        if said is None:
            return
        if said.total_steps:
            self._planned = self._planned or said.total_steps != self._state.get("steps")
            self._state["steps"] = said.total_steps
        if said.epoch is not None and said.epochs:
            self._note(said, int(said.epoch))

    def _note(self, said: Progress, epoch: int) -> None:
        before = (self._state.get("epochs"), self._state.get("first"))
        self._state["epochs"] = said.epochs
        self._state["first"] = min(epoch, self._state.get("first", epoch))
        self._planned = self._planned or before != (said.epochs, self._state["first"])
        self._epoch = max(self._epoch or 0.0, self._done(said, epoch))

    @staticmethod
    def _done(said: Progress, epoch: int) -> float:
        """The epoch as far as it is certain: one that is under way counts by its share."""
        if said.pairs and said.at_end:
            return float(epoch)
        share = said.batch / said.batches if said.batch is not None and said.batches else 0.0
        return max(epoch - 1 + share, 0.0)

    def operations(self) -> Iterable[Operation]:
        if self._planned:
            from_zero = self._state.get("first", 1) == 0
            epochs = self._state.get("epochs")
            planned = epochs + 1 if epochs and from_zero else epochs
            yield Length(self._state.get("steps"), planned, first_epoch=0 if from_zero else 1)
        if self._epoch is not None:
            yield Epoch(self._epoch)


class Numbers:
    """Points. State: ``epoch`` the last one named, ``row`` how many lines gave numbers without a place;
    ``laps`` the last batch and the finished rounds of bars, by their length."""

    def __init__(self, state: dict[str, Any], prefix: str) -> None:
        self._state = state
        self._prefix = prefix
        self._points: dict[str, tuple[list[int], list[float]]] = {}

    def feed(self, text: str) -> None:
        said = parse(text)
        if said is None:
            return
        if said.epoch is not None:
            self._state["epoch"] = said.epoch
        if not said.pairs or (said.kind == "keras" and not said.at_end):
            return
        step = self._step(said)
        for name, value in said.pairs:
            tag = self._prefix + name
            if tag not in self._points and len(self._points) >= limits.TAGS:
                continue
            steps, values = self._points.setdefault(tag, ([], []))
            steps.append(step)
            values.append(value)

    def _step(self, said: Progress) -> int:
        if said.step is not None:
            return self._counted(said.step, said.epoch)
        whole = said.epoch is not None and said.epoch == int(said.epoch)
        if whole and said.batch is not None and said.batches:
            return int(said.epoch or 0) * said.batches + said.batch
        if said.epoch is None and said.kind == "bar" and said.batch is not None:
            return self._laps(said.batch, said.batches or 0)
        if "epoch" in self._state:
            return self._epochs(self._state["epoch"])
        self._state["row"] = self._state.get("row", 0) + 1
        return int(self._state["row"]) - 1

    def _laps(self, batch: int, batches: int) -> int:
        """A bar of the same length that starts again is the next epoch's."""
        laps = self._state.get("laps", {})
        last, done = laps.get(str(batches), (0, 0))
        done += batch < last
        if str(batches) in laps or len(laps) < _MOST_BARS:
            self._state["laps"] = {**laps, str(batches): [batch, done]}
        return int(done * batches + batch)

    def _epochs(self, epoch: float) -> int:
        """Whole epochs are steps; from the first fraction on they are counted."""
        epochs = Epochs(self._state.get("epochs counted", {}))
        steps, _ = epochs.steps(np.array([epoch]))
        self._state["epochs counted"] = epochs.state()
        return int(steps[0])

    def _counted(self, step: int, epoch: float | None) -> int:
        """A counter that starts again with each epoch goes on."""
        iterations = Iterations(self._state.get("iterations", {}), repeats=False)
        at = np.nan if epoch is None else epoch
        found = iterations.steps(np.array([step], dtype=np.int64), np.array([at]))
        self._state["iterations"] = iterations.state()
        return int(found[0])

    def operations(self) -> Iterable[Operation]:
        for tag, (steps, values) in self._points.items():
            yield Append(tag, Points.of(steps, values))
