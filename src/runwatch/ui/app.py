"""The app: composition only."""

from __future__ import annotations

import contextlib
import os
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ref

from textual import events
from textual.app import ScreenStackError
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.dom import NoScreen
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen
from textual.timer import Timer

from runwatch.domain.finding import Finding
from runwatch.domain.intents import AddTask, Intent, IntentAnswer, KeepView, MarkLooked
from runwatch.domain.situation import Snapshot
from runwatch.show.screen import findings as view_findings
from runwatch.show.screen.destinations import Destination, ShowFinding, ShowRuns
from runwatch.show.screen.tasks import TaskKey
from runwatch.show.screen.view import Tone
from runwatch.text.safe import safe
from runwatch.ui.bindings import hidden
from runwatch.ui.bridge import BellRequested, Bridge, ViewReady
from runwatch.ui.control_filter import ControlFilter
from runwatch.ui.host import T, Watching, Weight
from runwatch.ui.idle_keys import why_idle
from runwatch.ui.leaving import RESTART, LeavingApp
from runwatch.ui.messages import (
    BaselineAction,
    ExportRequested,
    NoteAction,
    Request,
    TakeBack,
    TaskAction,
    ViewFailed,
)
from runwatch.ui.panes.tasks import TasksPane
from runwatch.ui.screens.dashboard import Dashboard
from runwatch.ui.screens.live import LiveScreen
from runwatch.ui.selection import Selection
from runwatch.ui.settings import UiSettings
from runwatch.ui.textual_leaks import forget_closed_widgets
from runwatch.ui.themed import ThemedApp
from runwatch.ui.widgets.keys import Keys
from runwatch.ui.work import in_background

if TYPE_CHECKING:
    from runwatch.show.brief import Brief

_REFRESH_AGES_S = 15.0
_KEEP_AFTER_S = 0.5
_DEEPEST, _MOST_UNDO = 16, 100  # screens opened from each other, then each takes the place of the last
_SAID: dict[str, Tone] = {"information": "info", "warning": "warn", "error": "bad"}


class RunwatchApp(ThemedApp, LeavingApp):
    """The dashboard on top of something that watches. ``snapshot``: the newest that was shown; ``crash``:
    what ended the app, if anything did; ``undos``: what takes the last changes back, the newest last."""

    TITLE = "runwatch"
    CSS_PATH: ClassVar[list[str]] = ["styles/board.tcss", "styles/details.tcss"]  # type: ignore[assignment]
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", id="app.help", key_display="?"),
        Binding("colon,ctrl+p", "palette", "Commands", id="app.palette", key_display=":"),
        hidden("u", "undo", "Undo", "app.undo", "the last change of a task or pin, or hiding"),
        hidden("n", "finding(1)", "Next finding", "app.next-finding"),
        hidden("N", "finding(-1)", "Previous finding", "app.previous-finding"),
        Binding("q", "quit", "Quit", id="app.quit"),
        hidden("ctrl+c", "quit", "Quit", "app.interrupt", priority=True),
        hidden("ctrl+z", "suspend_process", "Suspend", "app.suspend"),
    ]

    def __init__(self, watching: Watching, settings: UiSettings) -> None:
        super().__init__()
        forget_closed_widgets()
        self.watching, self.settings = watching, settings
        self.leaving_keys = ("ctrl+c", *settings.keymap.get("app.quit", "q").replace(" ", "").split(","))
        self.choice = Selection()
        self.snapshot: Snapshot | None = None
        self.bridge = Bridge(self.post_message, settings.clock)
        self.crash: BaseException | None = None
        self.undos: deque[Callable[[], object]] = deque(maxlen=_MOST_UNDO)
        self.briefs: Sequence[tuple[str, Brief]] = ()
        self.finding: tuple[str, str] | None = None
        self._walked: ref[LiveScreen] | None = None
        self._began, self._ticket = time.monotonic(), 0
        self._keeping: Timer | None = None
        self._asker: LiveScreen | None = None
        self._control_filter = ControlFilter(settings.ascii_only)
        self._notices = self.take_themes(settings.themes, settings.theme)

    def get_driver_class(self) -> type[Driver]:
        if os.name == "nt":
            return super().get_driver_class()
        from runwatch.ui.terminal import Terminal

        return Terminal

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._control_filter]

    def get_default_screen(self) -> Dashboard:
        return Dashboard(self.choice)

    def _handle_exception(self, error: Exception) -> None:
        """Keep the error for the log: the terminal gets one line, not a page. While the app leaves, widgets
        go before the last messages from threads are handled: that one finds them gone is no fault."""
        if not self.is_running and isinstance(error, (NoMatches, NoScreen, ScreenStackError)):
            return
        self.crash = self.crash or error
        super()._handle_exception(error)
        self._exit_renderables.clear()

    def on_mount(self) -> None:
        self._take_keymap()
        self.bridge.start()
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.obey_signals()
        for notice in self._notices:
            self.say(notice, "warning")
        self.call_after_refresh(self._start_watching)
        if self.settings.asks:
            self.call_after_refresh(self._ask_trust)
        self.set_interval(_REFRESH_AGES_S, self._refresh_ages)
        self.follow_themes()

    def _ask_trust(self) -> None:
        from runwatch.ui.trust_question import ask_trust

        ask_trust(self, self.settings.asks, lambda: self.exit(return_code=RESTART))

    def on_unmount(self) -> None:
        self.disobey_signals()
        self.bridge.stop()

    def _take_keymap(self) -> None:
        if self.settings.keymap:
            from runwatch.ui.keymap import checked

            keymap, notices = checked(self.settings.keymap)
            self.set_keymap(keymap)
            self._notices += notices

    def _start_watching(self) -> None:
        def start() -> None:
            self.watching.start(self.bridge.publish)
            for root in self.settings.roots[:1]:
                self.call_later(self._take_view, self.watching.saved_view(root))
            self.call_later(self._take_briefs, self.watching.briefs(lambda: not self.is_running))

        in_background(self, "watching could not be started", start)

    def _take_view(self, view: str) -> None:
        """How the board was arranged last."""
        self.choice.take(view)
        if self._board is not None:
            self._board.rearrange()

    @property
    def _board(self) -> Dashboard | None:
        """The lowest screen; None when leaving."""
        board = self.screen_stack[0] if self.screen_stack else None
        return board if isinstance(board, Dashboard) else None

    def save_view(self) -> None:
        """Remember how the board is arranged, a little later: several changes are often made in a row."""
        if self._keeping is not None:
            self._keeping.stop()
        self._keeping = self.set_timer(_KEEP_AFTER_S, self._keep_now)

    def _keep_now(self) -> None:
        self._keeping = None
        roots = self.snapshot.situation.roots if self.snapshot else ()
        for root in roots:
            self.watching.submit(KeepView(root, self.choice.kept()), lambda answer: None)

    def _take_briefs(self, briefs: Sequence[tuple[str, Brief]]) -> None:
        self.briefs = briefs
        if self._board is not None:
            self._board.show_briefs(self.briefs)

    def mark_seen(self) -> None:
        self.watching.submit(MarkLooked(), lambda answer: None)

    def _refresh_ages(self) -> None:
        if (live := self.live) is not None:
            if self.snapshot is None and isinstance(live, Dashboard):
                live.wait(time.monotonic() - self._began)
            live.ask()

    @property
    def live(self) -> LiveScreen | None:
        """The topmost screen that shows a view; dialogs over it do not count, nor does one that was just
        opened and has no widgets yet: as soon as it has, it asks itself."""
        made = (s for s in reversed(self.screen_stack) if isinstance(s, LiveScreen) and s.is_mounted)
        return next(made, None)

    def show_screen(self, screen: object) -> None:
        """From now on build and show this screen's view, if it is the one that is seen."""
        live = self.live
        if live is not None and live is screen:
            self._ticket, self._asker = self.bridge.ask(live.view()), live

    def on_view_ready(self, event: ViewReady) -> None:
        if not self.is_running:  # leaving: the widgets are being taken down
            return
        self.snapshot = event.snapshot
        live = self.live
        if event.ticket == self._ticket and live is not None and live is self._asker:
            live.painted = True
            live.take(event.view)
            live.call_after_refresh(self.bridge.drawn.set)

    def on_view_failed(self, event: ViewFailed) -> None:
        self.say(f"{event.what}: {event.error}", "error")
        if self.settings.log:
            with contextlib.suppress(OSError), self.settings.log.open("a", encoding="utf-8") as log:
                log.write("".join(traceback.format_exception(event.error)))

    def on_key(self, event: events.Key) -> None:
        """A key that nothing took: where it has an action that can't act now, say why."""
        if reason := why_idle(self.screen, event.key):
            self.say(reason)

    def on_bell_requested(self, event: BellRequested) -> None:
        """Straight to the terminal: what is drawn goes through the fence, a bell must not."""
        if self._driver is not None:
            self._driver.write(event.characters)
            self._driver.flush()

    def say(self, text: str, severity: Weight = "information") -> None:
        """A notice at the corner, in plain text."""
        self.notify(
            safe(text, 400), markup=False, severity=severity, timeout=4 if severity == "information" else 12
        )

    def notify(self, message: str, **how: Any) -> None:
        """In the line of the keys, where it covers nothing that a person reads; at the corner where there is
        no such line, or no room in it."""
        live = self.live
        bars = list(live.query(Keys)) if live is not None and live is self.screen else []
        severity = how.get("severity", "information")
        if not bars or not bars[0].show_message(message, _SAID[severity], float(how.get("timeout") or 4.0)):
            how.pop("markup", None)
            super().notify(message, markup=False, **how)

    def submit_intent(self, intent: Intent, undoing: bool = False) -> None:
        """Hand an intent to the monitor; its answer comes back as a notice."""
        from runwatch.ui.actions import baseline_before

        back = None if undoing else baseline_before(intent, self.snapshot)

        def answered(answer: IntentAnswer) -> None:
            self.call_later(self._take_answer, answer, back)

        self.watching.submit(intent, answered)

    def _take_answer(self, answer: IntentAnswer, back: Intent | None = None) -> None:
        """``back``: what takes it back where the answer brings no token."""
        from runwatch.ui.actions import undo_of

        if not answer.ok:
            self.say(answer.message, "error")
            return
        back = undo_of(answer, back)
        if back is not None:
            self.undos.append(partial(self.submit_intent, back, undoing=True))
        if isinstance(answer.intent, AddTask) and self._board is not None:
            self._board.query_one(TasksPane).go_to(TaskKey(answer.intent.root, answer.task))
        self.say(f"{answer.message} · u undoes it" if back else answer.message)

    def on_export_requested(self, event: ExportRequested) -> None:
        from runwatch.ui.exporting import export_to

        export_to(self.screen, event.name, event.forms, event.make)

    def open(self, request: Request) -> None:
        """Show what is asked for, or ask the person what belongs to it."""
        if isinstance(request, TakeBack):
            self.action_undo()
        elif isinstance(request, TaskAction | BaselineAction | NoteAction):
            from runwatch.ui.actions import perform

            perform(self, request)
        else:
            self._show(request)

    def _show(self, destination: Destination) -> None:
        from runwatch.ui.routes import screen_for

        screen = screen_for(self, destination)
        if screen is not None:
            (self.push_screen if len(self.screen_stack) <= _DEEPEST else self.switch_screen)(screen)
        elif isinstance(destination, ShowRuns):
            self.say("mark two or more runs with space first")

    def walk_to(self, key: tuple[str, str]) -> None:
        """Show what one finding is about; later steps go on from it."""
        finding = view_findings.place_of(self.snapshot, key) if self.snapshot else None
        if finding is not None:
            self._walk(finding)

    def action_finding(self, by: int) -> None:
        """Open what the next finding is about, in place of what the last step opened."""
        if not isinstance(self.screen, LiveScreen):
            return
        finding = view_findings.step(self.snapshot, self.finding, by) if self.snapshot else None
        if finding is None:
            self.say("there is no finding")
        else:
            self._walk(finding)

    def _walk(self, finding: Finding) -> None:
        from runwatch.show.screen.task import subject_of
        from runwatch.ui.routes import screen_for

        assert self.snapshot is not None
        self.finding = finding.key
        destination = subject_of(self.snapshot, finding) or ShowFinding(finding.key)
        screen = screen_for(self, destination)
        if not isinstance(screen, LiveScreen):
            return
        screen.finding = finding.key
        if self._walked is not None and self.screen is self._walked():
            self.switch_screen(screen)
        else:
            self.push_screen(screen)
        self._walked = ref(screen)

    def ask(self, dialog: Screen[T], then: Callable[[T | None], None]) -> None:
        """Put a question over the screen; ``then`` gets its answer, None when it was left."""
        self.push_screen(dialog, then)

    def action_undo(self) -> None:
        if self.undos:
            self.undos.pop()()
        else:
            self.say("nothing to undo")

    def take_theme(self, name: str) -> None:
        """Change the colours, until the app ends."""
        self.theme = name
        self.say(f'to keep it: theme = "{name}" under [ui] in runwatch.toml')

    def action_help(self) -> None:
        from runwatch.ui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_palette(self) -> None:
        from runwatch.ui.palette_commands import palette, perform

        if isinstance(self.screen, LiveScreen):
            self.push_screen(palette(self, self, self.screen), perform)

    async def action_quit(self) -> None:
        self.mark_seen()
        if self._keeping is not None:
            self._keep_now()
        self.leave_soon()
        self.exit()
