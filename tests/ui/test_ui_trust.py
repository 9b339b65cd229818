"""The board asks whether a configuration that was found may do more than lie in its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from eyes import OpenBoard

from runwatch import config
from runwatch.config import trust
from runwatch.monitor.trusting import asks
from runwatch.ui.leaving import RESTART
from runwatch.ui.settings import UiSettings


@pytest.fixture
def settings(tmp_path: Path) -> UiSettings:
    (tmp_path / "runwatch.toml").write_text('[alerts]\nwebhook = "https://evil.example/\\u001b]52;x"\n')
    return UiSettings(asks=asks(config.load((str(tmp_path),))))


async def test_yes_trusts_the_file_and_opens_the_board_again(board: OpenBoard, settings: UiSettings) -> None:
    async with board(asks=settings.asks) as it:
        await it.sees("wants to", "send alerts to evil.example", "Trust it as it is now")
        await it.press("t")
        await it.until(lambda: it.app.return_code == RESTART, "the restart")
    assert [one.digest for one in trust.trusted()] == [settings.asks[0].digest]


async def test_no_changes_nothing(board: OpenBoard, settings: UiSettings) -> None:
    async with board(asks=settings.asks) as it:
        await it.sees("Not now")
        await it.press("n")
        await it.sees("stays within its folder")
    assert trust.trusted() == []


async def test_on_a_narrow_screen_every_host_is_seen_in_full(board: OpenBoard, tmp_path: Path) -> None:
    hosts = ("hooks.slack.com.evil.example", "b.example")
    (tmp_path / "runwatch.toml").write_text(
        f'[alerts]\nwebhook = ["https://{hosts[0]}/x", "https://{hosts[1]}/y"]\n'
        'urls = ["mailto://me:secret@mail.example", "slack://secret-a/secret-b"]\n'
    )
    async with board(size=(40, 12), asks=asks(config.load((str(tmp_path),)))) as it:
        await it.sees("wants to")
        inside = "".join(line.split("│")[-3] if line.count("│") > 2 else "" for line in it.text.splitlines())
        seen = "".join(inside.split())
        assert all(host in seen for host in (*hosts, "mail.example", "slack:")), it.text
        assert "secret" not in seen
        await it.press("down", "down", "down", "enter")
        await it.sees("stays within its")
