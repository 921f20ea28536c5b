"""The question whether the character may remember a person, asked in a channel (C51, C64)."""

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from discord import AllowedMentions, Object

from bot.conversation.types import Utterance
from bot.core.i18n import _
from bot.features.privacy.consent import Asking
from cogs._discord.panels import Button, Panel, Pen
from cogs._discord.posting import DISCORD_FAULTS, language_of_the_server
from memory.places import Place

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

POST_SECONDS = 30.0
FAMILY = "privacy"
"""The prefix of the ids of all buttons about privacy."""
ASKED_SECONDS = 30 * 24 * 3600.0
"""Seconds for which the buttons under the question work: nobody has to answer at once."""
ASKED = "asked"

SMALL_PRINT = _(
    "-# A yes means: I note facts from what you say and how we get on, and keep your lines to find them "
    "again. They come up where you said them; you see, take along and delete all of it. Without it I do none "
    "of that. /privacy says more."
)
NOTICE = _(
    "From what you say to me I note facts about you and how we get on, and keep your lines, to find them "
    "again. If you don't want that, say so: nothing else changes."
)
NOTICE_PRINT = _(
    "-# They come up where you said them; you see, take along and delete all of it. /privacy says more."
)
YES_BUT_OFF = _(
    "I keep your answer. Whoever runs this bot has switched remembering off for everybody, though, so I note "
    "nothing about anybody."
)
NO_TOLD = _(
    " What you told me yourself stays until you delete it: {count}. /memory list shows it, /memory "
    "delete_all deletes it."
)


def question_panel(asking: Asking, question: str, mention: str) -> Panel:
    """Return the question with its buttons, or a notice where the server's mode asks nobody."""
    explain = Button(_("What is kept?"), "what")
    if asking == "notice":
        text = f"{mention} {NOTICE}\n{NOTICE_PRINT}".strip()
        return Panel(text, (Button(_("Don't"), "no", (ASKED,)), explain), ASKED_SECONDS)
    # Both buttons look the same, so that neither answer is suggested.
    buttons = (Button(_("Yes, remember me"), "yes", (ASKED,)), Button(_("No"), "no", (ASKED,)), explain)
    return Panel(f"{mention} {question}\n{SMALL_PRINT}".strip(), buttons, ASKED_SECONDS)


async def ask(bot: "Masquerade", channel: "MessageableChannel", heard: Utterance, asking: Asking) -> None:
    """Ask the author of `heard` for consent, after the reply to them; only they are pinged and can answer.

    Others can read the question, so it is in the language of the server.
    """
    mention = f"<@{heard.author_id}>" if heard.where.place is Place.GUILD else ""
    pings = AllowedMentions(everyone=False, roles=False, users=[Object(heard.author_id)], replied_user=False)
    try:
        with language_of_the_server(channel):
            panel = question_panel(asking, bot.app.character.memory_question, mention)
            until = bot.app.clock.now() + timedelta(seconds=panel.seconds)
            view = Pen(FAMILY, heard.author_id, until).view(panel)
        async with asyncio.timeout(POST_SECONDS):
            await channel.send(panel.text, view=view, allowed_mentions=pings, suppress_embeds=True)
    except DISCORD_FAULTS as error:
        log.warning("Can't ask in channel %s: %s", heard.where.channel_id, type(error).__name__)
