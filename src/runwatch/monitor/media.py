"""What runs logged besides scalars: found and opened on request, on the caller's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import TYPE_CHECKING

from runwatch.domain.media import ImageFile, LoggedFile, MediaContent, MediaList, MediaSeries, Unshown
from runwatch.domain.run import Run, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.text.units import size

if TYPE_CHECKING:
    from runwatch.runs.media.index import RunMedia

_KEPT = 4
"""Runs whose places are remembered."""


Find = Callable[[RunKey], tuple[Run | None, Collection[str]]]
"""A run as it is now (None: gone), and the ids of its root's runs."""


def run_in(newest: Callable[[], Snapshot | None], key: RunKey) -> tuple[Run | None, Collection[str]]:
    """What ``Find`` gives, of the newest snapshot."""
    snapshot = newest()
    runs = snapshot.situation.runs if snapshot is not None else ()
    mates = {run.id: run for run in runs if run.root == key.root}
    return mates.get(key.id), frozenset(mates)


class Media:
    """Of the runs that were looked at last."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._known = lru_cache(_KEPT)(_new_media)
        self._lock = threading.Lock()

    def list_of(self, key: RunKey) -> MediaList:
        """What the run logged, as far as it was looked through by now."""
        run, others = self._find(key)
        if run is None:
            return MediaList()
        lock, media = self._of(key)
        with lock:
            return media.refresh(run.files, others)

    def contents(self, key: RunKey, series: MediaSeries, most: int | None = None) -> list[MediaContent]:
        """The items of ``series``, in order; no images and files of more than ``most`` bytes together."""
        lock, media = self._of(key)
        out: list[MediaContent] = []
        given = 0
        with lock:
            for item in series.items:
                content = media.content(series, item)
                if isinstance(content, ImageFile | LoggedFile) and most is not None:
                    given += len(content.data)
                    if given > most:
                        content = Unshown(f"larger than {size(most)}: look at it on its own machine")
                out.append(content)
        return out

    def _of(self, key: RunKey) -> tuple[threading.Lock, RunMedia]:
        with self._lock:
            return self._known(key)


def _new_media(key: RunKey) -> tuple[threading.Lock, RunMedia]:
    from runwatch.runs.media.base import MediaPlace
    from runwatch.runs.media.index import RunMedia

    return threading.Lock(), RunMedia(MediaPlace(key.root, key.id))
