"""What one run logged besides scalars, kept as places in files and brought up to date when asked."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import cast, get_args

from runwatch.domain.media import MediaContent, MediaItem, MediaKind, MediaList, MediaSeries, Unshown
from runwatch.domain.plugins import modules_in
from runwatch.readers.base import Cursor, SourceFile
from runwatch.runs.media import files as image_files
from runwatch.runs.media.base import MOST_BYTES, FoundMedia, MediaPlace, MediaReader, MediaRefused
from runwatch.system.files import NotRegular, TooLarge
from runwatch.text.safe import safe
from runwatch.text.units import plural, size

MOST_STEPS, MOST_SERIES = 500, 2000
BUDGET_S = 1.0
_BY_FOLDER = frozenset(("tensorboard",))
"""Their folders are parts of a run (``train``, ``validation``); elsewhere they are its times."""
_ORDER: tuple[MediaKind, ...] = get_args(MediaKind)


@cache
def readers() -> Mapping[str, MediaReader]:
    """The media readers by name."""
    by_format: dict[str, MediaReader] = {}
    for module in modules_in("runwatch.runs.media"):
        if all(hasattr(module, name) for name in ("NAME", "takes", "scan", "content")):
            by_format[module.NAME] = cast(MediaReader, module)
    return by_format


class _MediaSteps:
    """The items of one tag in order of step. Of more than twice ``MOST_STEPS`` every second goes, and what
    comes between later; the newest is always among them."""

    def __init__(self) -> None:
        self._items: list[MediaItem] = []
        self._stride, self._seen, self.left_out = 1, 0, 0

    def add(self, item: MediaItem) -> None:
        """A step that is not past the newest ends what was there from it on: the run began again there."""
        if item.step is not None:
            while self._items and self._items[-1].step is not None and self._items[-1].step >= item.step:
                self._items.pop()
        if self._items and (self._seen - 1) % self._stride:
            self._items.pop()
            self.left_out += 1
        self._items.append(item)
        self._seen += 1
        if len(self._items) > 2 * MOST_STEPS:
            before = len(self._items)
            self._stride *= 2
            self._items = [*self._items[:-1:2], self._items[-1]]
            self.left_out += before - len(self._items)

    def drop(self, file: str) -> None:
        self._items = [one for one in self._items if one.file != file]

    def items(self) -> tuple[MediaItem, ...]:
        return tuple(self._items)


class RunMedia:
    """One run's. Not for two threads at once."""

    def __init__(self, place: MediaPlace) -> None:
        self._place = place
        self._cursors: dict[tuple[str, str], Cursor] = {}
        self._series: dict[tuple[str, str, MediaKind, str], _MediaSteps] = {}
        self._full = False
        self._newest = MediaList(whole=False)

    def refresh(self, files: Iterable[str], others: Collection[str]) -> MediaList:
        """All that is there by now; after ``BUDGET_S`` seconds what was seen so far (``whole`` False). Files
        that cannot be read are passed over: the run's own problems tell of them."""
        until = time.monotonic() + BUDGET_S
        whole = True
        for file in sorted(files):
            for reader in readers().values():
                if reader.takes(file):
                    whole = self._bring_up(reader, file, until) and whole
        self._newest = self._listed(others, whole)
        return self._newest

    def _bring_up(self, reader: MediaReader, file: str, until: float) -> bool:
        """Whether the file was looked through to its end."""
        key = (reader.NAME, file)
        more = True
        while more:
            try:
                source = SourceFile.now(self._place.root, file)
                known = self._cursors.get(key)
                if known is not None and known.stat == source.stat and known.offset >= source.stat.size:
                    return True
                scan = reader.scan(self._place, source, known)
            except (OSError, ValueError):
                return True
            if scan.fresh:
                for steps in self._series.values():
                    steps.drop(file)
            folder = "."
            if reader.NAME in _BY_FOLDER:
                folder = os.path.relpath(os.path.dirname(file) or ".", self._place.run or ".")
            for one in scan.found:
                self._take(reader.NAME, folder, one)
            more = scan.more and scan.cursor != known
            self._cursors[key] = scan.cursor
            if more and time.monotonic() > until:
                return False
        return True

    def _take(self, reader: str, folder: str, one: FoundMedia) -> None:
        key = (reader, folder, one.kind, one.tag)
        if key not in self._series and len(self._series) >= MOST_SERIES:
            self._full = True
            return
        self._series.setdefault(key, _MediaSteps()).add(one.item)

    def _listed(self, others: Collection[str], whole: bool) -> MediaList:
        folders: dict[str, set[str]] = {}
        for reader, folder, _, _ in self._series:
            folders.setdefault(reader, set()).add(folder)
        series = [
            MediaSeries(
                kind,
                tag=_in_folder(folder, tag, folders[reader]),
                reader=reader,
                items=steps.items(),
                left_out=steps.left_out,
            )
            for (reader, folder, kind, tag), steps in self._series.items()
            if steps.items()
        ]
        named = {item.file for one in series for item in one.items}
        lying: dict[str, list[MediaItem]] = {}
        for file in image_files.walk(self._place, others):
            if file.item.file not in named:
                lying.setdefault(file.tag, []).append(file.item)
        for tag, items in lying.items():
            items.sort(key=lambda item: (item.step or 0, item.file))
            series.append(MediaSeries("picture", tag, image_files.NAME, tuple(items)))
        series.sort(key=lambda one: (_ORDER.index(one.kind), one.tag))
        return MediaList(tuple(series), whole, self._notes(series))

    def _notes(self, series: list[MediaSeries]) -> tuple[str, ...]:
        notes = [f"more than {MOST_SERIES:,} tags, the rest is not shown"] if self._full else []
        if out := sum(one.left_out for one in series):
            notes.append(f"{plural(out, 'step')} between those shown left out")
        return tuple(notes)

    def content(self, series: MediaSeries, item: MediaItem) -> MediaContent:
        """One logged thing. Only what ``look`` has named is opened."""
        named = (series.reader, series.kind, series.tag)
        known = (one for one in self._newest.series if (one.reader, one.kind, one.tag) == named)
        if not any(item in one.items for one in known):
            return Unshown("it no longer exists")
        reader = readers().get(series.reader)
        try:
            if reader is None:
                return image_files.content(self._place, series, item)
            return reader.content(self._place, series, item)
        except MediaRefused as refused:
            return Unshown(str(refused))
        except TooLarge:
            return Unshown(f"larger than {size(MOST_BYTES)}: not opened")
        except NotRegular:
            return Unshown("not a regular file: not opened")
        except OSError as error:
            return Unshown(f"cannot be read: {error.strerror or error}")
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            return Unshown(f"cannot be understood: {safe(str(error), 100)}")


def _in_folder(folder: str, tag: str, folders: set[str]) -> str:
    """The tag, and where folders differ the one that it is from (``train/``, ``validation/``)."""
    return tag if folder == "." or len(folders) < 2 else f"{folder}/{tag}"
