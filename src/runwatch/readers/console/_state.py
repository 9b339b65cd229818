"""Small state machines over console lines: how the process fares, how far it is, which numbers it printed.

Their memory is a JSON-able dict that the cursor carries, so any split of a log gives the same end."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from runwatch.domain.borders import JsonDict
from runwatch.domain.directions import split_of
from runwatch.domain.operations import EpochAt, Evidence, HParams, Length, Operation
from runwatch.domain.points import Points
from runwatch.readers.common.epoch_steps import Epochs, Iterations
from runwatch.readers.common.point_log import PointLog
from runwatch.readers.console._lines import LineProgress, parse, settings, settings_line
from runwatch.readers.console._tables import Tables
from runwatch.text.console import TRACEBACK, crash_words

_EXCEPTION = re.compile(r"[A-Za-z_][\w.]{0,200}(?::|$)")
_CHAINED = ("During handling of the above", "The above exception was the direct cause")
_MOST_BARS = 20
_PLACES = 1000  # a share of an epoch as a step
_SECOND_HAND = ("ChildFailedError", "CalledProcessError", "ProcessRaisedException", "ProcessExitedException")


END = re.compile(
    r"^\{.{0,400}'train_runtime': |^Stopped by overfitting detector|`Trainer\.fit` stopped: "
    r"|^submitit INFO .{0,80} - (?:Job completed successfully|Exiting after successful completion)"
    r"|^\d{1,9} epochs completed in \d|\bdone training in \d|Saved pipeline to output directory"
    r"|^finished run$"
    r"|^Epoch \d{1,9}: early stopping|^No improvement since epoch \d{1,9}: early stopping"
    r"|\bSignaling Trainer to stop\.|^Stopping since \S{1,80} has not improved in the last \d"
    r"|\bEarlyStopping: Training stopped early|\bfor \d{1,9} consecutive epochs\. Stopping\."
)
_MOST_SETTINGS = 500


def _is_training(progress: LineProgress) -> bool:
    """Whether a line shows that training goes on, and no evaluation after its end."""
    placed = (progress.step or progress.epoch) is not None
    redrawn = progress.kind == "bar" and progress.at_end
    return (
        placed
        and not progress.held_out
        and not redrawn
        and any(split_of(name) in (None, "train") for name, _ in progress.pairs)
    )


class Lines:
    """What each line says, alone or as a row of the table that it stands in."""

    def __init__(self, state: JsonDict) -> None:
        self._tables = Tables(state.setdefault("tables", {}))

    def parsed(self, text: str) -> LineProgress | None:
        return self._tables.row(text) or parse(text)


class ConsoleHealth:
    """Crashed or ended by the log's own words, withdrawn when progress follows.

    State: ``why`` the words of a crash, ``end`` those of the end; ``open`` what stands before each line of
    the traceback that we are in; ``bar`` a progress bar drawn after the crash (a dying bar is redrawn once:
    two states make a resume); ``said``."""

    def __init__(self, state: JsonDict, file: str) -> None:
        self._state = state
        self._name = file.rpartition("/")[2]

    def feed(self, text: str, progress: LineProgress | None) -> None:
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
        elif END.search(text):
            self._state["end"] = text.strip()[:200]
        elif progress is not None:
            if "end" in self._state and _is_training(progress):
                del self._state["end"]
            if "why" in self._state:
                self._note_progress(progress)

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

    def _note_progress(self, progress: LineProgress) -> None:
        if progress.kind == "bar":
            shown = [progress.epoch, progress.batch, progress.batches]
            if self._state.setdefault("bar", shown) == shown:
                return
        elif progress.kind == "keras" and progress.epoch is None:
            return  # the epoch in which it died
        self._state.pop("why", None)
        self._state.pop("bar", None)

    def operations(self) -> Iterable[Operation]:
        why, end = self._state.get("why"), self._state.get("end")
        if (why or end) == self._state.get("said"):
            return
        self._state["said"] = why or end
        if why is not None:
            yield Evidence("crashed", f"{self._name}: {why}", by="console")
        elif end is not None:
            yield Evidence("finished", f"{self._name}: {end}", by="console")
        else:
            yield Evidence(None, f"{self._name}: training went on", by="console")


class PlannedLength:
    """Planned lengths (``epoch 3/10``, ``step 100/6000``) and how far the epochs are.

    State: ``lines`` read so far, ``epochs`` the planned number, ``first`` the smallest epoch seen,
    ``steps`` the planned steps."""

    def __init__(self, state: JsonDict) -> None:
        self._state = state
        self._epochs: list[float] = []
        self._planned = False

    def feed(self, text: str, progress: LineProgress | None) -> None:
        if progress is None:
            return
        if progress.total_steps and not progress.held_out:
            self._planned = self._planned or progress.total_steps != self._state.get("steps")
            self._state["steps"] = progress.total_steps
        elif progress.total_steps == 0 and self._state.get("steps"):  # another training has begun
            self._planned, self._state["steps"] = True, 0
        if progress.epoch is not None and progress.epochs:
            self._state["current"] = [progress.epoch, progress.epochs]
            self._note(progress, int(progress.epoch))
        elif progress.kind == "keras" and progress.epoch is None and "current" in self._state:
            epoch, epochs = self._state["current"]
            self._note(progress._replace(epochs=epochs), int(epoch))
        elif progress.kind == "table" and progress.epoch is not None and "current" in self._state:
            epoch, _ = self._state["current"]
            if progress.epoch in (epoch - 1, epoch) and not progress.held_out:
                self._epochs.append(float(epoch))  # fastai: its row ends the epoch of the bars above

    def _note(self, progress: LineProgress, epoch: int) -> None:
        before = (self._state.get("epochs"), self._state.get("first"))
        self._state["epochs"] = progress.epochs
        first = 0 if progress.first_epoch == 0 else epoch
        self._state["first"] = min(first, self._state.get("first", first))
        self._planned = self._planned or before != (progress.epochs, self._state["first"])
        done = self._done(progress, epoch)
        if self._epochs[-1:] != [done]:
            self._epochs.append(done)

    @staticmethod
    def _done(progress: LineProgress, epoch: int) -> float:
        """The epoch as far as it is certain: one that is under way counts by its share."""
        if progress.pairs and progress.at_end:
            return float(epoch)
        share = progress.batch / progress.batches if progress.batch is not None and progress.batches else 0.0
        return max(epoch - 1 + share, 0.0)

    def operations(self) -> Iterable[Operation]:
        if self._planned:
            from_zero = self._state.get("first", 1) == 0
            epochs = self._state.get("epochs")
            planned = epochs + 1 if epochs and from_zero else epochs
            yield Length(self._state.get("steps"), planned, first_epoch=0 if from_zero else 1)
        if self._epochs:
            yield EpochAt(Points.of([round(_PLACES * epoch) for epoch in self._epochs], self._epochs))


class ConsoleNumbers:
    """Points. State: ``lines`` read so far, ``epoch`` the last one named, ``first`` the number of the first
    one, ``row`` how many lines gave numbers without a place; ``train`` the last step of the training,
    ``total`` its length; ``told`` the names told there, and whether by a line with a counter; ``keras`` the
    batches of the epoch's own bar, ``after`` that another bar followed it (an evaluation); ``laps`` the
    last batch and the finished rounds of bars, by their length."""

    def __init__(self, state: JsonDict, prefix: str) -> None:
        self._state = state
        self._prefix = prefix
        self._log = PointLog()
        self._settings: dict[str, object] = {}

    def feed(self, text: str, progress: LineProgress | None) -> None:
        self._log.next_row()
        if progress is None:
            if settings_line(text) and len(self._settings) < _MOST_SETTINGS:
                self._settings |= settings(text)
            return
        if progress.epoch is not None:
            self._state["epoch"] = progress.epoch
            self._state.pop("keras", None)
            self._state.pop("after", None)
        if progress.kind == "keras":
            self._see_bar(progress)
        if not progress.pairs or (progress.kind == "keras" and not progress.at_end):
            if progress.kind == "line" and progress.step is not None and progress.epoch is None:
                self._state["train"] = self._step(progress)  # a heading: the lines below it stand there
            return
        if progress.kind == "bar" and progress.batch == 0:
            return  # a new bar bears what the one before it showed last
        step = self._step(progress)
        if not progress.held_out:
            self._state["train"] = step
        if progress.epoch is not None and progress.epochs is None and progress.kind != "table":
            self._log.epoch(step, progress.epoch)
        for name, value in progress.pairs if progress.kind != "bar" else self._shown(progress):
            self._log.add(f"evaluate/{name}" if self._state.get("after") else name, step, value)

    def _shown(self, progress: LineProgress) -> Iterable[tuple[str, float]]:
        """What a bar tells anew: it goes on showing the last validation until the next one."""
        shown = self._state.get("shown", {})
        for name, value in progress.pairs:
            known = shown.get(name)
            if progress.at_end or known != value or split_of(name) in (None, "train"):
                yield name, value
            if name in shown or len(shown) < _MOST_BARS:
                shown[name] = value
        self._state["shown"] = shown

    def _see_bar(self, progress: LineProgress) -> None:
        """After the bar of an epoch came to its end, one of another length is that of ``evaluate``."""
        known = self._state.get("keras")
        if known is not None and (progress.batches != known or not progress.at_end):
            self._state["after"] = True
        elif progress.at_end:
            self._state["keras"] = progress.batches

    def _step(self, progress: LineProgress) -> int:
        if progress.held_out and "train" in self._state and not self._same_axis(progress):
            return int(self._state["train"])
        if progress.step is not None:
            if progress.total_steps and not progress.held_out:
                self._state["total"] = progress.total_steps
            return self._arrive(progress, self._counted(progress.step, progress.epoch))
        whole = progress.epoch is not None and progress.epoch == int(progress.epoch)
        if whole and progress.batch is not None and progress.batches and progress.kind != "table":
            epoch = int(progress.epoch or 0)
            done = max(epoch - self._first(progress, epoch), 0) * progress.batches
            return self._arrive(progress, done + progress.batch)
        if progress.epoch is None and progress.kind == "bar" and progress.batch is not None:
            return self._laps(progress.batch, progress.batches or 0)
        if progress.epoch is None and progress.kind == "line" and self._state.get("tables", {}).get("names"):
            return int(self._state.get("train", 0))
        if (
            progress.kind == "line"
            and (progress.epoch or 0) <= self._state.get("train", -1)
            and "told" in self._state
        ):
            return self._uncounted_step(progress)
        if "epoch" in self._state:
            return self._epochs(self._state["epoch"])
        self._state["row"] = self._state.get("row", 0) + 1
        return int(self._state["row"]) - 1

    def _arrive(self, progress: LineProgress, step: int) -> int:
        """A line with a counter: those without one stand where it is."""
        if not progress.held_out:
            self._state["told"] = {name: True for name, _ in progress.pairs}
        return step

    def _uncounted_step(self, progress: LineProgress) -> int:
        """A line without a counter among such with one: an epoch's, or one of no place. What would say the
        same as a line before it at that step has a step of its own."""
        told, names = self._state["told"], [name for name, _ in progress.pairs]
        step = int(self._state["train"])
        if any(name in told and (progress.epoch is None or not told[name]) for name in names):
            told, step = {}, step + 1
        self._state["told"] = told | dict.fromkeys(names, False)
        return step

    def _same_axis(self, progress: LineProgress) -> bool:
        """Whether a line of validation names the step of the training, and not its own batches."""
        return progress.step is not None and progress.total_steps in (None, 0, self._state.get("total"))

    def _first(self, progress: LineProgress, epoch: int) -> int:
        """The number of the first epoch: by the form of the line, else as the log begins."""
        if "first" not in self._state or epoch == 0:
            usual = 1 if progress.epochs or epoch == 1 else 0
            known = usual if progress.first_epoch is None else progress.first_epoch
            self._state["first"] = 0 if epoch == 0 else known
        return int(self._state["first"])

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
        steps = iterations.steps(np.array([step], dtype=np.int64), np.array([at]))
        self._state["iterations"] = iterations.state()
        return int(steps[0])

    def operations(self) -> Iterable[Operation]:
        yield from self._log.operations(self._prefix)
        if self._settings:
            yield HParams(self._settings)
