"""A stretch of an event file: bytes to operations."""

from __future__ import annotations

from array import array
from collections import defaultdict
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.borders import JsonDict
from runwatch.domain.operations import Evidence, HParams, Operation, PurgeFrom
from runwatch.domain.points import Points
from runwatch.readers import limits
from runwatch.readers.common.point_log import column
from runwatch.readers.common.protobuf import Malformed
from runwatch.readers.tensorboard._bulk import FEWEST, Chunk
from runwatch.readers.tensorboard._cycles import ScalarColumn
from runwatch.readers.tensorboard._event import Plugins, TfEvent, Value, parse
from runwatch.readers.tensorboard._hparams import from_text, session
from runwatch.readers.tensorboard._quick import Columns, Quick, Scalars
from runwatch.readers.tensorboard._record import FRAME, HEADER, data_is_sound, header, stepped_over, walk

CHUNK = 32768
"""Records looked at together: enough to make numpy's cost a record small, few enough to stay in cache."""

_SMALL = 16 * limits.KIB
"""A stretch of fewer bytes is read record by record."""

_MANY_STRANGE = 32

BREATH = 1.0
"""A session that ends well within so many seconds of its start was written whole by add_hparams: no end."""


class EventSlice:
    """Reads whole records from ``data``; afterwards ``operations()`` tells what they say.

    ``state``: the reader's memory from the last slice. ``used``: bytes understood; ``trouble``: why reading
    stopped there for good ("length", "zeros", "large") or "" (more bytes are awaited); ``size``: of the
    record that is too large; ``faults``: (offset in ``data``, message) of records skipped."""

    def __init__(self, data: bytes, state: JsonDict) -> None:
        self._data = data
        self._plugins = Plugins(state)
        self._quick = Quick()
        self._session: float | None = state.get("session")
        self._columns: Columns = defaultdict(list)
        self._loose: Scalars = defaultdict(list)
        self._restarts: list[tuple[int, int]] = []
        self._facts: list[Operation] = []
        self.used = 0
        self.trouble = ""
        self.size = 0
        self.faults: list[tuple[int, str]] = []
        self.first_wall: float | None = None
        self._read()

    def state(self) -> JsonDict:
        state = self._plugins.state()
        if self._session is not None:
            state["session"] = self._session
        return state

    def _read(self) -> None:
        """Known scalars first; once many records were something else, a chunk of whatever comes."""
        strange = 0
        while True:
            if self.first_wall is not None:
                self.used = self._quick.read(self._data, self.used, self._loose, self._columns)
            if strange < _MANY_STRANGE or len(self._data) - self.used < _SMALL:
                strange += 1
                if not self._checked_again():
                    return
                continue
            strange = 0
            walked = walk(self._data, self.used, CHUNK)
            broken = self._records(walked.starts)
            self.used = walked.next if broken is None else broken
            if (broken is not None or walked.stop) and not self._checked_again():
                return

    def _checked_again(self) -> bool:
        """Read the record at ``used`` on its own; False when reading ends there."""
        at = self.used
        if at + HEADER > len(self._data):
            return False
        record = header(self._data, at)
        if not record.sound:
            self.trouble = "length" if any(self._data[at : at + HEADER]) else "zeros"
            return False
        if record.size > limits.RECORD - FRAME:
            self.trouble, self.size = "large", record.size
            return False
        if at + FRAME + record.size > len(self._data):
            return False
        self._plain(at, record.size)
        self.used = at + FRAME + record.size
        return True

    def _records(self, starts: list[int]) -> int | None:
        """Read the records at ``starts``; the offset of the first whose header is wrong."""
        if len(starts) < FEWEST:
            return self._few(starts)
        chunk = Chunk(self._data, np.array(starts, dtype=np.int64))
        for found in chunk.columns(self._plugins):
            self._columns[found.tag].append(found)
        for at in np.sort(chunk.left).tolist():
            self._plain(at, header(self._data, at).size)
        return chunk.broken

    def _few(self, starts: list[int]) -> int | None:
        for at in starts:
            if not stepped_over(self._data, at):
                return at
            self._plain(at, header(self._data, at).size)
        return None

    def _plain(self, at: int, size: int) -> None:
        data = self._data
        if not data_is_sound(data, at, size):
            self.faults.append((at, "a record's checksum is wrong, record skipped"))
            return
        start = at + HEADER
        try:
            event = parse(data, start, start + size, self._plugins)
            self._take(at, event)
            self._quick.learn(data, at, size, event)
        except Malformed as error:
            self.faults.append((at, f"not an event ({error}), record skipped"))

    def _take(self, at: int, event: TfEvent) -> None:
        if self.first_wall is None and limits.EARLIEST <= event.wall < limits.LATEST:
            self.first_wall = event.wall
        if event.restart:
            self._restarts.append((at, event.step))
        for value in event.values:
            if value.kind == "scalar":
                self._loose[value.tag].append((at, event.step, event.wall, value.number))
            elif value.kind == "hparams":
                self._hparams(event.wall, value)
            elif value.kind == "text":
                hparams = from_text(value.tag, value.content)
                if hparams is not None:
                    self._facts.append(HParams(hparams[1], hparams[0]))

    def _hparams(self, wall: float, value: Value) -> None:
        event = session(value.content)
        if event is None:
            return
        if event.hparams is not None:
            if event.hparams:
                self._facts.append(HParams(event.hparams))
            if self._session is not None:
                self._facts.append(Evidence(None, "a new hparams session began"))
            self._session = wall
        elif event.status is not None:
            at_once = self._session is None or wall - self._session < BREATH
            if event.status != "finished" or not at_once:
                ended = wall if event.ended is None else event.ended
                self._facts.append(
                    Evidence(event.status, f"its hparams session says {event.status}", at=ended)
                )

    def operations(self, prefix: str) -> list[Operation]:
        """What the records say, points first; points around a restart in the order of the file."""
        series = self._series()
        out: list[Operation] = []
        if not self._restarts:
            return [*(column(tag, *columns, prefix) for tag, columns in series.items()), *self._facts]
        low = 0
        for at, step in [*self._restarts, (len(self._data), 0)]:
            for tag, (points, rows) in series.items():
                first, last = np.searchsorted(rows, (low, at))
                if last > first:
                    some = slice(first, last)
                    out.append(column(tag, points.where(some), rows[some], prefix))
            if at < len(self._data):
                out.append(PurgeFrom(step))
            low = at
        return out + self._facts

    @property
    def tags(self) -> list[str]:
        """The tags of all points; those read together first."""
        return list(dict.fromkeys((*self._columns, *self._loose)))

    def _series(self) -> dict[str, tuple[Points, NDArray[np.int64]]]:
        """By tag, the points in the order of the file, and the offsets of their records."""
        loose = self._loose_columns()
        made = {}
        for tag in self.tags[: limits.TAGS]:
            parts = [*self._columns.get(tag, ()), *([loose[tag]] if tag in loose else [])]
            if len(parts) == 1:
                _, rows, steps, walls, values = parts[0]
            else:
                rows, steps, walls, values = (
                    np.concatenate([part[i] for part in parts]) for i in range(1, 5)
                )
                if bool((rows[1:] < rows[:-1]).any()):
                    order = np.argsort(rows, kind="stable")
                    rows, steps, walls, values = rows[order], steps[order], walls[order], values[order]
            made[tag] = Points(steps, walls, values), rows
        return made

    def _loose_columns(self) -> dict[str, ScalarColumn]:
        """The points that were read one at a time, by tag: slices of one array for all."""
        if not self._loose:
            return {}
        at, step, wall, value = zip(*chain.from_iterable(self._loose.values()), strict=True)
        # half of np.array's time
        rows, steps = (np.frombuffer(array("q", numbers), np.int64) for numbers in (at, step))
        walls, values = (np.frombuffer(array("d", numbers), np.float64) for numbers in (wall, value))
        made, low = {}, 0
        for tag, known in self._loose.items():
            some = slice(low, low := low + len(known))
            made[tag] = ScalarColumn(
                tag, starts=rows[some], steps=steps[some], walls=walls[some], values=values[some]
            )
        return made
