"""An app with our themes and a person's own, which are taken anew as soon as they are saved."""

from __future__ import annotations

from pathlib import Path

from textual.app import App

from runwatch.ui.themes import ANSI_THEME, DEFAULT_THEME, load_themes, shipped_themes, stamp_of, tones_of

_LOOK_EVERY_S = 1.0


class ThemedApp(App[None]):
    """``own_themes``: the names of the themes that can be chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.own_themes: tuple[str, ...] = ()
        self._themes_folder: Path | None = None
        self._themes_stamp: tuple[tuple[str, int], ...] = ()
        self._styled_for = ""

    def take_themes(self, folder: Path | None, name: str) -> list[str]:
        """Load the themes, a person's own in ``folder`` too, and take the one ``name`` ("": ours for
        this terminal); what is wrong with them."""
        self._themes_folder = folder
        notices = self._load_all(folder)
        few = self.console.color_system == "standard" and not self.no_color
        fallback = ANSI_THEME if few and ANSI_THEME in self.own_themes else DEFAULT_THEME
        chosen = name or fallback
        if chosen not in self.available_themes:
            notices.append(f"theme {chosen} is not known; known: {', '.join(sorted(self.own_themes))}")
            chosen = fallback
        if chosen in self.available_themes:
            self.theme = chosen
        self.stylesheet.set_variables(self.get_css_variables())
        self._styled_for = self.theme
        return notices

    def refresh_css(self, animate: bool = True) -> None:
        """Textual asks for this once at each start, for the theme that all styles were just parsed with."""
        needed, self._styled_for = self._styled_for != self.theme, ""
        if needed:
            super().refresh_css(animate)

    def follow_themes(self) -> None:
        """Look at the person's own themes again and again from now on."""
        if self._themes_folder is not None:
            self._themes_stamp = stamp_of(self._themes_folder)
            self.set_interval(_LOOK_EVERY_S, self._reload_themes)

    def _reload_themes(self) -> None:
        assert self._themes_folder is not None
        stamp = stamp_of(self._themes_folder)
        if stamp == self._themes_stamp:
            return
        self._themes_stamp = stamp
        for notice in self._load_all(self._themes_folder):
            self.notify(notice, severity="warning", markup=False)
        self._watch_theme(self.theme)

    def _load_all(self, folder: Path | None) -> list[str]:
        loaded = load_themes(shipped_themes(), *([folder] if folder else []))
        for theme in loaded.themes.values():
            self.register_theme(theme)
        self.own_themes = tuple(loaded.themes)
        return list(loaded.notices)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {f"rw-{tone}": colour for tone, colour in tones_of(self.current_theme).items()}
