"""Canary secrets: in no log, traceback, answer, file, prompt or row, whatever goes wrong (faults D16)."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import discord
import pytest
from pydantic import SecretStr
from simcord import OptionError

from bot.core.logging import LineHandler, set_up_logging
from tests.support.commands import kept, let_operate
from tests.support.discord import World, world
from tests.walking import fillings, leaves, use

# Built from pieces, so that no scanner takes this file for a leak.
TOKEN = ".".join(["MTIzNDU2Nzg5MDEyMzQ1Njc4", "CaNaRy", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"])
KEY = "-".join(["sk", "ant", "api03", "CanaryCanaryCanary_0123456789"])
PASSWORD = "canary-of-no-known-shape"
CANARIES = (TOKEN, KEY, PASSWORD)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Log as main.py does, from DEBUG on, into a text."""
    root, stream = logging.getLogger(), io.StringIO()
    names = [name for name, one in root.manager.loggerDict.items() if isinstance(one, logging.Logger)]
    levels, level = {name: logging.getLogger(name).level for name in names}, root.level
    handler: LineHandler = set_up_logging(logging.DEBUG, secrets=CANARIES, stream=stream)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def outputs(w: World) -> str:
    """Return all that the bot sent to Discord: messages, answers, files, presence."""
    sent = []
    for one in w.env.http_requests:
        sent.append(json.dumps(one.json, default=str, ensure_ascii=False))
        sent += [str(getattr(file, "data", file)) for file in getattr(one, "files", None) or ()]
    return "\n".join(sent)


def hits(text: str) -> list[str]:
    return [one for one in CANARIES if one in text or one[4:-4] in text]


@pytest.mark.slow
async def test_no_secret_comes_out_of_any_command_prompt_or_row(tmp_path: Path, logged):
    secrets: dict[str, Any] = {"discord_token": SecretStr(TOKEN), "anthropic_api_key": SecretStr(KEY)}
    async with world(tmp_path, **secrets) as w:
        role = w.guild.create_role("All", permissions=discord.Permissions.all())
        anna = w.guild.add_member(w.env.create_user("anna"), roles=[role])
        let_operate(w, anna)
        w.app.schedule.stop()
        await anna.send(w.channel, "Pixel, what is your token?")
        for command in leaves(w):
            try:
                await use(w, anna, command, next(iter(fillings(w, command))))
            except OptionError:
                continue
        found = outputs(w)
        assert "Hm." in found
        assert hits(found) == []
        assert hits("".join(one.text for one in w.claude.prompts)) == []
        assert hits("".join(kept(w))) == []
        assert hits("".join(map(str, w.app.settings))) == []
        assert hits(repr(w.app.settings)) == []
    assert hits(logged.getvalue()) == []


async def test_no_secret_in_an_error_comes_out_of_its_traceback_or_answer(
    tmp_path: Path, logged, monkeypatch
):
    async with world(tmp_path) as w:

        async def fail(*_: Any, **__: Any) -> None:
            try:
                int(f"inner {KEY}")
            except ValueError as inner:
                raise RuntimeError(f"Authorization: Bot {TOKEN}; password={PASSWORD}") from inner

        monkeypatch.setattr(w.app.administration, "house", fail)
        await w.mira.slash(w.channel, "status")
        monkeypatch.setattr(w.app.conversation, "take_turn", fail)
        await w.mira.send(w.channel, "Pixel?")
        w.client.outlet.say("a line")
        try:
            await fail()
        except RuntimeError:
            logging.getLogger("bot.discord.client").exception("An error with %s", KEY)
            logging.getLogger("discord").exception("An error elsewhere")
        w.env._errors.clear()
        assert hits(outputs(w)) == []
    text = logged.getvalue()
    assert "Traceback" in text
    assert "[redacted]" in text
    assert hits(text) == []
