"""Limits on answers to other bots, so that conversations between bots always end (C22)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.conversation.types import Utterance
from database.repositories.bots import BotTally
from memory.places import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The character's limits for bots until a person speaks again in the channel.

    `threshold` is the number of replies to one bot (F034), `energy` that of replies to all bots of a channel
    together, and `cooldown` the seconds between two replies to the same bot (F035).
    """

    threshold: int = 3
    cooldown: float = 15.0
    energy: int = 12


@dataclass(frozen=True, slots=True)
class ReplyTally:
    """Replies in this channel since a person spoke there: to this bot, and to all bots.

    `in_vain` counts bot messages there that cost a vote or an attempt, but got no answer: these cost energy
    as well. `last` is the time of the last answer to this bot, in any channel.
    """

    to_this_bot: int = 0
    to_bots: int = 0
    in_vain: int = 0
    last: datetime | None = None

    def cooldown_left(self, patience: Patience, now: datetime) -> float:
        """Return the seconds before this bot may be answered again."""
        if self.last is None:
            return 0.0
        since = (now - self.last).total_seconds()
        # A negative time means that the clock was set back: then nothing is known.
        return max(patience.cooldown - since, 0.0) if since >= 0 else 0.0


def place_of(where: Where) -> int:
    """Return the channel under which replies to bots are counted: a thread counts as its parent channel."""
    return where.parent_id or where.channel_id


def tally_for(heard: Utterance, counted: Iterable[BotTally]) -> ReplyTally:
    """Return the tally that applies to a bot's utterance."""
    counted = list(counted)
    in_channel = [tally for tally in counted if tally.channel_id == place_of(heard.where)]
    to_this = [tally for tally in counted if tally.bot_id == heard.author_id]
    return ReplyTally(
        to_this_bot=sum(tally.replies for tally in in_channel if tally.bot_id == heard.author_id),
        to_bots=sum(tally.replies for tally in in_channel),
        in_vain=sum(tally.in_vain for tally in in_channel),
        last=max((tally.replied_at for tally in to_this if tally.replied_at), default=None),
    )
