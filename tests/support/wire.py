"""What several tests stand on: wire."""

import re

from tests.world.process import BotProcess


def echo(request) -> str:
    """Answer with the number of the last message, so that answers can be counted."""
    return "answering " + re.findall(r"#(\d+)\?", request.text)[-1]


def lawful(bot: BotProcess) -> None:
    """Check what must hold after every story."""
    assert bot.discord.schema_faults == []
    assert bot.discord.unknown_requests == []
    posts = bot.discord.bot_messages
    assert all(message.allowed_mentions is not None for message in posts)
    assert "Traceback" not in bot.log, bot.log
