"""What a run logged besides scalars: listed on a worker, opened one by one as it is looked at."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, ClassVar, TypeVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from runwatch.domain.media import (
    Histogram,
    ImageFile,
    LoggedFile,
    LoggedTable,
    LoggedText,
    MediaContent,
    MediaItem,
    MediaKind,
    MediaList,
    MediaSeries,
    PrCurve,
    Unshown,
)
from runwatch.domain.run import RunKey
from runwatch.runs.images import Pixels, can_decode, decoded
from runwatch.runs.media.base import MediaRefused
from runwatch.show.html.chart_file import stem
from runwatch.show.screen import media as views
from runwatch.show.screen.view import Span, Words, matches, text
from runwatch.text.units import plural, size
from runwatch.ui.bindings import hidden
from runwatch.ui.clipboard import copy
from runwatch.ui.host import host
from runwatch.ui.messages import ExportRequested
from runwatch.ui.widgets.chart import Chart
from runwatch.ui.widgets.heat import HeatWidget
from runwatch.ui.widgets.image import ImageWidget
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget
from runwatch.ui.work import fetch

if TYPE_CHECKING:
    from runwatch.ui.widgets.prompt import Prompt

_INSTALL = 'images are drawn by Pillow: pip install "runwatch[images]"'
_NOTHING = "this run logged nothing but numbers: no image, histogram, text, table or sound"
_WAYS = ("over steps", "quantiles", "at this step")
_MOST_AT_ONCE = 200
_ROOMY = 60
_EVERY_S = 2.0
"""A run that grows is looked through no more often."""
_Seen = MediaContent | tuple[Pixels, tuple[int, int], int]
W = TypeVar("W", bound=Widget)


class MediaPart(Vertical):
    """One thing at a time: ``left`` and ``right`` go through its steps, ``up`` and ``down`` through the tags,
    ``t`` to the next kind."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Step", id="media.earlier", tooltip="the step before", priority=True),
        hidden("right", "step(1)", "Step", "media.later", "next step", priority=True),
        hidden("home", "step(-100000)", "First step", "media.first", priority=True),
        hidden("end", "step(100000)", "Last step", "media.last", priority=True),
        Binding("down", "series(1)", "Next", id="media.next", tooltip="the next tag", priority=True),
        hidden("up", "series(-1)", "Previous", "media.previous", priority=True),
        Binding("t", "kind", "Kind", id="media.kind", tooltip="images, histograms, texts, tables in turn"),
        Binding("d", "way", "Draw", id="media.way", tooltip="histogram: over steps, quantiles, one step"),
        hidden("x", "export", "Export", "media.export", "this, as it was logged"),
        hidden("y", "copy", "Copy", "media.copy", "the text, or an image's path"),
        Binding("slash", "filter", "Filter", id="media.filter", key_display="/"),
    ]

    def __init__(self, key: RunKey, *, id: str) -> None:
        super().__init__(id=id)
        self._key = key
        self._listed = MediaList(whole=False)
        self._filter = ""
        self._chosen: tuple[MediaKind, str, str] | None = None
        self._at = -1
        self._way = 0
        self._version: object = None
        self._due: Timer | None = None
        self._wanted: object = None
        self._extra: Words = ()
        self._prose = ""
        self._histograms: tuple[object, list[tuple[int, Histogram]]] = (None, [])

    def compose(self) -> ComposeResult:
        yield LineWidget(wrap=True)
        with Vertical(id="media-body"):
            yield ImageWidget()
            yield HeatWidget()
            yield Chart()
            yield VerticalScroll(Static(id="media-text", markup=False))
            yield TableWidget()
        yield LineWidget()

    def on_mount(self) -> None:
        self._only(None)

    def update_from(self, version: int) -> None:
        """Look again when the run has changed."""
        if version != self._version:
            self._version = version
            if self._listed.series:
                self._due = self._due or self.set_timer(_EVERY_S, self._look)
            else:
                self._look()

    def _look(self) -> None:
        self._due = None
        if not self._listed.series:
            self._show_text(text("searching for what this run logged …", "muted"))
        watching, key = host(self).watching, self._key

        fetch(self, "media", lambda: watching.media(key), self._take)

    def _take(self, listed: MediaList) -> None:
        before = self._series()
        last = before is None or self._at >= len(before.items) - 1
        self._listed = listed
        if not listed.whole:
            self.set_timer(0.2, self._look)
        if last:
            self._at = 1 << 30
        self._draw()

    def _shown(self) -> list[MediaSeries]:
        return [
            one for one in self._listed.series if matches(self._filter, one.tag, views.KIND_WORDS[one.kind])
        ]

    def _series(self) -> MediaSeries | None:
        """What is looked at: the chosen, else the first of those that the filter leaves."""
        shown = self._shown()
        named = (one for one in shown if (one.kind, one.tag, one.reader) == self._chosen)
        return next(named, shown[0] if shown else None)

    def _draw(self) -> None:
        series = self._series()
        if series is None:
            self._only(None)
            self._wanted = None
            notes = text("; ".join(self._listed.notes), "warn") if self._listed.notes else ()
            message = f"nothing with “{self._filter}”" if self._filter else _NOTHING
            looking = () if self._listed.whole else text("looking further …  ", "muted")
            self._show_text((*looking, *(notes or text(message, "muted"))))
            return
        self._chosen = (series.kind, series.tag, series.reader)
        self._at = max(min(self._at, len(series.items) - 1), 0)
        room = self.query_one("#media-body").size
        way = self._way if series.kind == "histogram" else 0
        request = (series, series.items[self._at], room if series.kind == "picture" else None, way)
        if request != self._wanted:
            self._extra = ()
        self._say(series)
        if request == self._wanted:
            return
        self._wanted = request
        if series.kind == "histogram" and self._histograms[0] == series:
            self._paint(series, [])
            return
        self._open(series, request, room.width - 2, 2 * room.height)

    def _open(self, series: MediaSeries, request: object, width: int, height: int) -> None:
        """Read what is wanted, and decode an image, off the event loop."""
        if series.kind == "picture" and (not can_decode() or width < 1 or height < 1):
            self._only(None)
            return
        items: tuple[MediaItem, ...] = (series.items[self._at],)
        if series.kind == "histogram":
            by = -(-len(series.items) // _MOST_AT_ONCE)
            items = tuple(series.items[(len(series.items) - 1) % by :: by])
        watching, key = host(self).watching, self._key

        def get() -> list[tuple[MediaItem, _Seen]]:
            contents = watching.media_contents(key, replace(series, items=items))
            return [
                (item, _decoded(content, width, height))
                for item, content in zip(items, contents, strict=False)
            ]

        fetch(self, "media content", get, lambda shown: self._opened(request, shown))

    def _opened(self, request: object, shown: list[tuple[MediaItem, _Seen]]) -> None:
        series = self._series()
        if series is not None and request == self._wanted:
            self._paint(series, shown)

    def _paint(self, series: MediaSeries, shown: list[tuple[MediaItem, _Seen]]) -> None:
        content = shown[-1][1] if shown else None
        plain = self.app.no_color or host(self).settings.ascii_only
        match content:
            case Unshown(message):
                self._only(None)
                self._extra = (Span("  "), *text(message, "warn"))
            case (pixels, (width, height), length):
                self._only(ImageWidget).show(pixels, not plain)
                stored = f"  {size(length)}" if self.size.width >= _ROOMY else ""
                self._extra = text(f"  {width} × {height}{stored}", "muted")
            case LoggedFile():
                self._only(None)
                self._extra = views.unseen(content)
            case LoggedText():
                from rich.markdown import Markdown

                self._prose = views.prose(content)
                page = self._only(VerticalScroll).query_one(Static)
                page.update(Markdown(views.prose(content), hyperlinks=False, code_theme="ansi_dark"))
            case LoggedTable():
                self._only(TableWidget).show(views.logged_table(content))
                self._extra = text(f"  {plural(content.total, 'row')}", "muted")
            case PrCurve():
                chart = self._only(Chart)
                chart.title = series.tag
                chart.show(views.precision_recall(self._wanted, series.tag, content))
            case _:
                self._paint_histograms(series, shown)
        self._say(series)

    def _paint_histograms(self, series: MediaSeries, shown: list[tuple[MediaItem, _Seen]]) -> None:
        if self._histograms[0] != series:
            steps = itertools.count()
            histograms = [
                (item.step if item.step is not None else next(steps), seen)
                for item, seen in shown
                if isinstance(seen, Histogram)
            ]
            self._histograms = (series, histograms)
        steps_shown = self._histograms[1]
        if not steps_shown:
            self._only(None)
            return
        step = series.items[self._at].step
        at = max((i for i, (s, _) in enumerate(steps_shown) if step is not None and s <= step), default=0)
        if _WAYS[self._way] == "over steps":
            ascii_only = host(self).settings.ascii_only
            self._only(HeatWidget).show(views.heat(steps_shown), at, ascii_only)
            return
        chart = self._only(Chart)
        chart.title = series.tag
        if _WAYS[self._way] == "quantiles":
            chart.show(views.distribution(series, steps_shown))
        else:
            chart.show(views.bars((series, at), series.tag, steps_shown[at][1]))

    def _only(self, kind: type[W] | None) -> W:
        """Show the widget of this kind alone; it is what has the keys."""
        body = self.query_one("#media-body")
        self.can_focus = kind is None  # so that the keys go on to the next thing
        shown: Widget | None = self if kind is None else None
        for child in body.children:
            child.display = kind is not None and isinstance(child, kind)
            shown = child if child.display else shown
        if shown is not None and self.screen.focused in (None, self, *body.children) and self.display:
            shown.focus()
        return shown  # type: ignore[return-value]

    def _show_text(self, above: Words, below: Words = ()) -> None:
        first, second = self.query(LineWidget)
        first.show(above)
        second.show(below)

    def _say(self, series: MediaSeries) -> None:
        below = views.which_step(series, self._at, self.size.width)
        self._show_text((*self._about(series), *self._extra), below)

    def _about(self, series: MediaSeries) -> Words:
        shown = self._shown()
        at = shown.index(series) + 1
        which = f"{at} of {len(shown)}  " if len(shown) > 1 else ""
        filtered = f"  “{self._filter}”" if self._filter else ""
        refused = f"  {_INSTALL}" if series.kind == "picture" and not can_decode() else ""
        way = f", {_WAYS[self._way]}" if series.kind == "histogram" else ""
        return (
            Span(f"{which}{views.KIND_WORDS[series.kind]}{way}  ", "muted"),
            *text(series.tag, "strong"),
            Span(filtered, "info"),
            Span(refused, "warn"),
        )

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "filter":
            return True
        return bool(self._shown()) and not (action in ("step", "series") and self.query("Prompt"))

    def why_not(self, action: str) -> str:
        """Why the keys of what was logged do nothing."""
        return "there is nothing here"

    def action_step(self, by: int) -> None:
        self._at = max(self._at + by, 0)
        self._draw()

    def action_series(self, by: int) -> None:
        if (series := self._series()) is not None:
            shown = self._shown()
            self._go(shown[(shown.index(series) + by) % len(shown)])

    def action_kind(self) -> None:
        shown, series = self._shown(), self._series()
        if series is not None:
            at = shown.index(series)
            following = [*shown[at:], *shown[:at]]
            self._go(next((one for one in following if one.kind != series.kind), series))

    def action_way(self) -> None:
        self._way = (self._way + 1) % len(_WAYS)
        self._draw()

    def _go(self, series: MediaSeries) -> None:
        self._chosen = (series.kind, series.tag, series.reader)
        self._at = len(series.items) - 1
        self._draw()

    def action_copy(self) -> None:
        """Copy the text that is shown, else where the image lies."""
        if (series := self._series()) is not None:
            file = os.path.join(self._key.root, series.items[self._at].file)
            copy(self, self._prose if series.kind == "text" else file)

    def action_export(self) -> None:
        """Write what is shown into a file: images and texts as they were logged, histograms as rows."""
        series = self._series()
        if series is None or series.kind == "pr curve":
            host(self).say("there is nothing to export here")
            return
        watching, key = host(self).watching, self._key
        items = series.items if series.kind == "histogram" else (series.items[self._at],)
        exported = replace(series, items=items[-_MOST_AT_ONCE:])
        ending = views.file_ending(series.kind, items[-1].file)

        def make(form: str) -> str | bytes:
            steps = [item.step for item in exported.items]
            return views.as_file(steps, watching.media_contents(key, exported), form)

        step = items[-1].step if series.kind != "histogram" else None
        name = stem(series.tag if step is None else f"{series.tag} {step}") + ending
        self.post_message(ExportRequested(name, views.FILE_FORMS[series.kind], make))

    def action_filter(self) -> None:
        from runwatch.ui.widgets.prompt import Prompt

        if not self.query(Prompt):
            self.mount(Prompt("tags", self._filter, "media"))

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        event.stop()
        self._filter = event.text
        self._draw()

    def on_prompt_closed(self, event: Prompt.Closed) -> None:
        event.stop()
        self.focus_shown()

    def focus_shown(self) -> None:
        """Give the keys to what is shown."""
        shown = next((child for child in self.query_one("#media-body").children if child.display), self)
        shown.focus()


def _decoded(content: MediaContent, width: int, height: int) -> _Seen:
    if not isinstance(content, ImageFile):
        return content
    try:
        return (*decoded(content.data, width, height), len(content.data))
    except MediaRefused as refused:
        return Unshown(str(refused))
