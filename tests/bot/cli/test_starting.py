"""The door: a fresh clone, what its first start may meet, and what is said then."""

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.settings.envfile import read_env
from tests.outside import clone, environment, terminal
from tests.world.claude_server import ScriptedClaude
from tests.world.discord_server import DiscordServer

TOKEN = "loopback.bot.token"
KEY = "sk-ant-scripted"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="terminals and signals as on Unix")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return clone(tmp_path / "app")


# --- setup ------------------------------------------------------------------------------------------


@pytest.fixture
async def connected(app: Path) -> AsyncIterator[dict[str, str]]:
    """An environment in which Discord and Claude can be asked whether token and key are right."""
    async with DiscordServer(check_schema=False) as discord, ScriptedClaude() as claude:
        yield environment(app.parent, discord.base_url, ANTHROPIC_BASE_URL=claude.base_url)


async def test_setup_in_a_fresh_clone_takes_wrong_answers_and_writes_the_right_ones(app, connected):
    async with terminal(app, ["setup"], connected) as person:
        await person.answer("Discord token", "wrong.token")
        await person.see("does not accept this token")
        await person.answer("Discord token", TOKEN)
        await person.answer("Claude key", "sk-wrong")
        await person.see("refuses this key")
        await person.answer("Claude key", KEY)
        await person.answer("Number or name", "nix")
        await person.see("Did you mean nyx?")
        await person.answer("Number or name", "nyx")
        assert await person.ended() == 0, person.shown
    written = read_env(app / "config.env").values
    example = read_env(app / "config.env.example").values
    assert written == example | {"discord_token": TOKEN, "anthropic_api_key": KEY, "character": "nyx"}
    assert stat.S_IMODE((app / "config.env").stat().st_mode) == 0o600
    assert TOKEN not in person.shown
    assert KEY not in person.shown
    assert "Start it:      python main.py" in person.shown


async def test_what_is_typed_ahead_while_setup_checks_is_not_shown(app, connected):
    async with terminal(app, ["setup"], connected) as person:
        await person.see("1 of 3: Discord")
        person.type(f"wrong.token\r{TOKEN}\r{KEY}\rnyx\r")
        assert await person.ended() == 0, person.shown
    assert read_env(app / "config.env").values["anthropic_api_key"] == KEY
    for secret in ("wrong.token", TOKEN, KEY):
        assert secret not in person.shown


async def test_what_setup_can_not_write_it_shows_so_that_nothing_typed_is_lost(app, connected):
    async with terminal(app, ["setup"], connected) as person:
        await person.answer("Discord token", TOKEN)
        await person.answer("Claude key", KEY)
        await person.see("Number or name")
        (app / "config.env").write_text('discord_token="one\ntwo"\n', encoding="utf-8")
        await person.answer("Number or name", "nyx")
        assert await person.ended() == 78, person.shown
    lines = f"discord_token={TOKEN}\nanthropic_api_key={KEY}\ncharacter=nyx\n"
    assert lines in person.shown
    assert "can't be changed safely" in person.shown.splitlines()[-1]
    assert "Traceback" not in person.shown
    assert (app / "config.env").read_text(encoding="utf-8") == 'discord_token="one\ntwo"\n'
