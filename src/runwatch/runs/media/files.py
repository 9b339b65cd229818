"""Images that lie beside a run, known by their names alone: plots, MLflow's images, DVCLive's."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator

from runwatch.domain.media import ImageFile, MediaContent, MediaItem, MediaSeries
from runwatch.runs.media._logged_values import ENDINGS
from runwatch.runs.media.base import FoundMedia, MediaPlace, whole_file

NAME = "files"
_DEEPEST, _MOST_ENTRIES, _MOST_IMAGES = 5, 20_000, 5_000
_NUMBER = re.compile(r"\d+")
_MLFLOW = re.compile(r"(.+?)[%+]step[%+](\d{1,15})[%+]timestamp[%+](\d{1,15})[%+][0-9a-f-]+")


def walk(place: MediaPlace, others: Collection[str]) -> Iterator[FoundMedia]:
    """The images in the run's folder. Links are not followed, folders of ``others`` (ids of runs of this
    root) not entered; at most 5,000 images, 5 folders deep."""
    skipped = {os.path.normpath(os.path.join(place.root, run)) for run in others if run != place.run}
    waiting = [(place.folder, 0)] if os.path.isdir(place.folder) else []
    seen = images = 0
    while waiting and seen < _MOST_ENTRIES:
        here, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            continue
        seen += len(entries)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if depth < _DEEPEST and entry.path not in skipped and not entry.name.startswith("."):
                    waiting.append((entry.path, depth + 1))
            elif entry.name.lower().endswith(ENDINGS) and entry.is_file(follow_symlinks=False):
                images += 1
                if images <= _MOST_IMAGES:
                    yield _image(entry, place)


def _image(entry: os.DirEntry[str], place: MediaPlace) -> FoundMedia:
    """``tag``: the name without its last number, which is the step."""
    inside = os.path.relpath(entry.path, place.folder)
    file = os.path.relpath(entry.path, place.root)
    name, ending = os.path.splitext(inside)
    known = _MLFLOW.fullmatch(name)
    if known is not None:
        return FoundMedia("picture", known[1], MediaItem(int(known[2]), int(known[3]) / 1000, file))
    numbers = list(_NUMBER.finditer(name))
    if not numbers or len(numbers[-1].group()) > 15:
        return FoundMedia("picture", inside, MediaItem(None, None, file))
    last = numbers[-1]
    tag = f"{name[: last.start()]}*{name[last.end() :]}{ending}"
    return FoundMedia("picture", tag, MediaItem(int(last.group()), None, file))


def content(place: MediaPlace, series: MediaSeries, item: MediaItem) -> MediaContent:
    """The file."""
    return ImageFile(whole_file(place, place.folder, item.file))
