"""Every theme can be read, and a broken file is said, not used."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from runwatch.ui.themes import (
    DEFAULT_TONES,
    ThemeError,
    contrast,
    load_themes,
    read_theme,
    shipped_themes,
    tones_of,
)

SHIPPED = load_themes(shipped_themes())
TEXT = ("plain", "strong", "muted", "good", "warn", "bad", "info", "accent", "key", "baseline")
SERIES = tuple(f"series{i}" for i in range(1, 7))


def tones(theme: Theme) -> dict[str, Color]:
    named = {tone: theme.variables.get(f"rw-{tone}", value) for tone, value in tones_of(theme).items()}
    return {tone: Color.parse(value) for tone, value in named.items()}


def own_colours() -> list[Theme]:
    foreign = [theme for theme in BUILTIN_THEMES.values() if not theme.ansi]
    return [theme for theme in [*SHIPPED.themes.values(), *foreign] if not theme.ansi]


def test_the_promised_themes_are_there_and_whole() -> None:
    assert SHIPPED.notices == ()
    promised = {
        "runwatch-dark",
        "runwatch-light",
        "runwatch-contrast",
        "runwatch-cb-dark",
        "runwatch-cb-light",
    }
    assert promised <= set(SHIPPED.themes)


@pytest.mark.parametrize("theme", own_colours(), ids=lambda theme: theme.name)
def test_text_and_signs_can_be_read(theme: Theme) -> None:
    found = tones(theme)
    ground = Color.parse(theme.to_color_system().generate()["background"])
    for tone in TEXT:
        assert contrast(found[tone], ground) >= 4.5, tone
    for tone in SERIES:
        assert contrast(found[tone], ground) >= 3, tone


@pytest.mark.parametrize(
    "theme", [t for t in SHIPPED.themes.values() if not t.ansi], ids=lambda theme: theme.name
)
def test_text_on_our_own_grounds_can_be_read(theme: Theme) -> None:
    found = tones(theme)
    panel = Color.parse(theme.to_color_system().generate()["panel"])
    for ground in (found["cursor"], found["cursor-blurred"], found["bar"], found["band"], panel):
        for tone in TEXT:
            assert contrast(found[tone], ground) >= 4.5, (tone, ground)
    for heat in ("heat0", "heat1", "heat2"):
        assert contrast(found["heat-ink-low"], found[heat]) >= 4.5, heat
    for heat in ("heat3", "heat4"):
        assert contrast(found["heat-ink"], found[heat]) >= 4.5, heat


@pytest.mark.parametrize("name", ["runwatch-cb-dark", "runwatch-cb-light"])
def test_good_and_bad_differ_in_blue_for_eyes_that_mix_red_and_green(name: str) -> None:
    found = tones(SHIPPED.themes[name])
    assert found["good"].b - found["good"].r > 60
    assert found["bad"].r - found["bad"].b > 60


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('primary = "notacolour"', "primary = 'notacolour' is not a colour"),
        ('name = "x"', "primary is missing"),
        ('primary = "red"\nprimry = "red"', "primry is not a key"),
        ('primary = "red"\n[tones]\nbadd = "red"', "tones.badd is not a tone"),
        ('primary = "red"\n[tones]\nbad = "#12"', "tones.bad = '#12' is not a colour"),
        ('primary = "red"\ntones = 3', "tones must be a table"),
        ("primary = ", "Invalid value"),
    ],
)
def test_a_broken_file_names_itself_and_the_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ThemeError, match=str(path)) as caught:
        read_theme(path)
    assert said in str(caught.value)


def test_a_persons_theme_wins_and_a_broken_one_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "runwatch-dark.toml").write_text('name = "runwatch-dark"\nprimary = "#123456"')
    (tmp_path / "b.toml").write_text("not toml")
    loaded = load_themes(shipped_themes(), tmp_path)
    assert loaded.themes["runwatch-dark"].primary == "#123456"
    assert len(loaded.notices) == 1 and "b.toml" in loaded.notices[0]


def test_a_theme_without_a_name_is_called_as_its_file(tmp_path: Path) -> None:
    (tmp_path / "dusk.toml").write_text('primary = "#88c0d0"')
    assert set(load_themes(tmp_path).themes) == {"dusk"}
    assert set(tones_of(load_themes(tmp_path).themes["dusk"])) == set(DEFAULT_TONES)
