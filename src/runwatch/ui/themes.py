"""Theme files: TOML, one a theme, checked on load; a person's own lie beside ours and win."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from runwatch.domain.borders import JsonDict
from runwatch.domain.errors import UserError

DEFAULT_THEME = "runwatch-dark"
ANSI_THEME = "runwatch-ansi"
DEFAULT_TONES: dict[str, str] = {
    "plain": "#d3dae3",
    "strong": "#f2f5f9",
    "muted": "#8f9bab",
    "faint": "#465263",
    "good": "#7fce8f",
    "warn": "#ebbc5c",
    "bad": "#f5817f",
    "info": "#74b6f7",
    "accent": "#5fd3c3",
    "key": "#74b6f7",
    "baseline": "#c9a6f5",
    "series1": "#5fd3c3",
    "series2": "#f0a35e",
    "series3": "#74b6f7",
    "series4": "#e58fc0",
    "series5": "#b5cf63",
    "series6": "#e6d66b",
    "heat0": "#1b2a2b",
    "heat1": "#25403c",
    "heat2": "#6b5420",
    "heat3": "#a8473f",
    "heat4": "#c05450",
    "heat-ink": "#ffffff",
    "heat-ink-low": "#c9d2dc",
    "band": "#2b2640",
    "cursor": "#1e344d",
    "cursor-blurred": "#1c2733",
    "frame": "#2c3746",
    "frame-focus": "#74b6f7",
    "bar": "#161c25",
}
"""Every tone a theme may set under ``[tones]``, with the value that holds where it does not."""

_COLOURS = [
    "primary",
    "secondary",
    "warning",
    "error",
    "success",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "boost",
]
_LEAST_CONTRAST = 4.5
"""WCAG's for text of normal size."""
_PLAIN = ("name", "label", "dark", "ansi", "author", "luminosity_spread", "text_alpha")


class ThemeError(UserError):
    """A theme file that cannot be used; the message names file and key."""


class Themes(msgspec.Struct, frozen=True):
    """The usable themes by name, and a notice for each file that is not."""

    themes: Mapping[str, Theme]
    notices: tuple[str, ...]


def load_themes(*folders: Path) -> Themes:
    """All themes of these folders; later folders win by name. A broken file is skipped with a notice."""
    themes: dict[str, Theme] = {}
    notices: list[str] = []
    for folder in folders:
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            try:
                theme = read_theme(path)
            except ThemeError as error:
                notices.append(str(error))
            else:
                if theme.name in themes and theme.name != path.stem:  # a copy that still bears the old name
                    theme = replace(theme, name=path.stem)
                themes[theme.name] = theme
    return Themes(themes, tuple(notices))


def stamp_of(folder: Path) -> tuple[tuple[str, int], ...]:
    """What changes when a theme file of this folder is written, comes or goes."""
    try:
        return tuple(sorted((path.name, path.stat().st_mtime_ns) for path in folder.glob("*.toml")))
    except OSError:
        return ()


def read_theme(path: Path) -> Theme:
    """One theme file. ``ThemeError`` names the file and the key when something in it is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ThemeError(f"theme {path}: {error}") from error
    tones = _table(path, raw, "tones")
    variables = _table(path, raw, "variables")
    _refuse_unknown(path, raw)
    colours = {key: _colour(path, key, raw[key]) for key in _COLOURS if key in raw}
    if "primary" not in colours:
        raise ThemeError(f"theme {path}: primary is missing")
    for tone, value in tones.items():
        if tone not in DEFAULT_TONES:
            raise ThemeError(f"theme {path}: tones.{tone} is not a tone; known: {', '.join(DEFAULT_TONES)}")
        _colour(path, f"tones.{tone}", value)
    return Theme(
        name=str(raw.get("name", path.stem)),
        dark=bool(raw.get("dark", True)),
        ansi=bool(raw.get("ansi", False)),
        **colours,  # type: ignore[arg-type]
        variables={
            **_ansi_needs(raw),
            **{f"rw-{tone}": str(value) for tone, value in tones.items()},
            **_strings(variables),
        },
    )


def _table(path: Path, raw: dict[str, object], key: str) -> JsonDict:
    table = raw.get(key, {})
    if not isinstance(table, dict):
        raise ThemeError(f"theme {path}: {key} must be a table")
    return table


def _ansi_needs(raw: dict[str, object]) -> dict[str, str]:
    """What Textual's styles refer to under a theme of the terminal's own colours."""
    if not raw.get("ansi"):
        return {}
    return dict(BUILTIN_THEMES["ansi-dark" if raw.get("dark", True) else "ansi-light"].variables)


def _strings(table: dict[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in table.items()}


def _refuse_unknown(path: Path, raw: dict[str, object]) -> None:
    for key in raw:
        if key not in (*_COLOURS, *_PLAIN, "tones", "variables"):
            raise ThemeError(f"theme {path}: {key} is not a key of a theme")


def _colour(path: Path, key: str, value: object) -> str:
    try:
        Color.parse(str(value))
    except ColorParseError as error:
        raise ThemeError(f"theme {path}: {key} = {value!r} is not a colour") from error
    return str(value)


def tones_of(theme: Theme) -> dict[str, str]:
    """The tones that hold under a theme which sets none itself: ours for dark ones, else made of its
    colours."""
    return DEFAULT_TONES if theme.name == DEFAULT_THEME else DEFAULT_TONES | _derived(theme)


def _derived(theme: Theme) -> dict[str, str]:
    """Tones made of a theme's own colours, every text tone moved towards the foreground until it can be
    read on the ground."""
    result = theme.to_color_system().generate()
    ground, ink = Color.parse(result["background"]), Color.parse(result["foreground"])
    if theme.ansi or ground.ansi is not None or ink.ansi is not None:
        return {}
    names = {"good": "success", "warn": "warning", "bad": "error", "info": "primary", "accent": "accent"}
    names |= {"key": "primary", "baseline": "secondary", "series1": "accent", "series2": "warning"}
    names |= {"series3": "primary", "series4": "error", "series5": "success", "series6": "secondary"}
    tones = {tone: _readable(Color.parse(result[name]), ground, ink) for tone, name in names.items()}
    tones |= {"plain": ink.hex, "strong": ink.hex, "muted": _readable(ink.blend(ground, 0.4), ground, ink)}
    red, amber = Color.parse(result["error"]), Color.parse(result["warning"])
    shades = {"faint": 0.3, "frame": 0.2, "bar": 0.05, "cursor-blurred": 0.1}
    tones |= {tone: ground.blend(ink, share).hex for tone, share in shades.items()}
    tones |= {"heat0": ground.blend(ink, 0.06).hex, "heat1": ground.blend(ink, 0.13).hex}
    tones |= {"heat2": ground.blend(amber, 0.35).hex, "heat3": ground.blend(red, 0.5).hex}
    tones |= {"heat4": ground.blend(red, 0.7).hex, "heat-ink": ink.hex, "heat-ink-low": ink.hex}
    primary = Color.parse(result["primary"])
    tones |= {"cursor": ground.blend(primary, 0.3).hex, "band": ground.blend(primary, 0.15).hex}
    return tones | {"frame-focus": primary.hex}


def contrast(one: Color, other: Color) -> float:
    """The WCAG contrast ratio of two colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Color) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _readable(colour: Color, ground: Color, ink: Color) -> str:
    for step in range(11):
        moved = colour.blend(ink, step / 10)
        if contrast(moved, ground) >= _LEAST_CONTRAST:
            return moved.hex
    return ink.hex


def shipped_themes() -> Path:
    """Where our own themes lie: beside the package in a wheel, at the top of a checkout."""
    here = Path(__file__).resolve().parents[1]
    inside = here / "themes"
    return inside if inside.is_dir() else here.parents[1] / "themes"
