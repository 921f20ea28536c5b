"""How often other bots are answered, so that bots that talk to each other always come to an end (C22)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.turn import Utterance
from database.repositories.bots import BotTally


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How much the character has for bots until a person speaks again in the channel.

    `threshold` replies to one bot (F034), `energy` replies to all bots of a channel together, and
    `cooldown` seconds between two replies to the same bot (F035).
    """

    threshold: int = 3
    cooldown: float = 15.0
    energy: int = 12


@dataclass(frozen=True, slots=True)
class Tally:
    """Replies in this channel since a person spoke there: to this bot, and to all of them.

    `last` is when this bot was answered last, in whatever channel.
    """

    to_this_bot: int = 0
    to_bots: int = 0
    last: datetime | None = None

    def cooldown_left(self, patience: Patience, now: datetime) -> float:
        """Return the seconds before this bot may be answered again."""
        if self.last is None:
            return 0.0
        since = (now - self.last).total_seconds()
        # A clock that was set back must not keep a bot waiting for longer than the cooldown.
        return min(max(patience.cooldown - since, 0.0), patience.cooldown)


def tally_for(heard: Utterance, counted: Iterable[BotTally]) -> Tally:
    """Return the tally that matters for an utterance of a bot."""
    counted = list(counted)
    here = [one for one in counted if one.channel_id == heard.where.channel_id]
    to_this = [one for one in counted if one.bot_id == heard.author_id]
    return Tally(
        to_this_bot=sum(one.replies for one in here if one.bot_id == heard.author_id),
        to_bots=sum(one.replies for one in here),
        last=max((one.replied_at for one in to_this), default=None),
    )
