"""The app: composition only."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter

from runwatch.domain.situation import Snapshot
from runwatch.ui.bridge import Bridge, ViewReady, Watching
from runwatch.ui.choice import Choice
from runwatch.ui.fence import ControlFence
from runwatch.ui.screens.dashboard import Dashboard
from runwatch.ui.screens.live import LiveScreen
from runwatch.ui.settings import UiSettings
from runwatch.ui.themes import DEFAULT_THEME, DEFAULT_TONES, load_themes, shipped_themes


class RunwatchApp(App[None]):
    """The dashboard on top of something that watches. ``snapshot``: the newest that was shown."""

    TITLE = "runwatch"
    CSS_PATH = "styles/board.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", id="app.help", key_display="?"),
        Binding("colon,ctrl+p", "palette", "Palette", id="app.palette", key_display=":", show=False),
        Binding("q", "quit", "Quit", id="app.quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True, id="app.interrupt"),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, id="app.suspend"),
    ]

    def __init__(self, watching: Watching, settings: UiSettings) -> None:
        super().__init__()
        self.watching, self.settings = watching, settings
        self.choice = Choice()
        self.snapshot: Snapshot | None = None
        self.bridge = Bridge(self.post_message, settings.clock)
        self.crash: BaseException | None = None
        self._ticket = 0
        self._fence = ControlFence()
        folders = [shipped_themes(), *([settings.themes] if settings.themes else [])]
        loaded = load_themes(*folders)
        for theme in loaded.themes.values():
            self.register_theme(theme)
        self._notices = list(loaded.notices)
        self.theme = settings.theme or DEFAULT_THEME

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {f"rw-{tone}": colour for tone, colour in DEFAULT_TONES.items()}

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._fence]

    def get_default_screen(self) -> Dashboard:
        return Dashboard(self.choice)

    def _handle_exception(self, error: Exception) -> None:
        """Keep the error for the log: the terminal gets one line, not a page."""
        self.crash = self.crash or error
        super()._handle_exception(error)
        self._exit_renderables.clear()

    def on_mount(self) -> None:
        self.bridge.start()
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(getattr(signal, name), self.exit)
        self.call_after_refresh(self._start_watching)

    def _start_watching(self) -> None:
        self.run_worker(
            lambda: self.watching.start(self.bridge.publish), thread=True, exit_on_error=False, name="start"
        )

    def look(self, screen: LiveScreen) -> None:
        """From now on build and show this screen's view."""
        self._ticket = self.bridge.ask(screen.job())

    def on_view_ready(self, event: ViewReady) -> None:
        screen = self.screen
        self.snapshot = event.snapshot
        if event.ticket == self._ticket and isinstance(screen, LiveScreen):
            screen.paint(event.view)
