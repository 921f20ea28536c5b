"""What people see of what is known of them: in pages, as a picture, as it was, and behind a reply."""

from dataclasses import dataclass

from bot.browsing import Browsing
from bot.clock import Clock
from bot.conversation.conversation import Conversation
from bot.mapping import Maps
from bot.provenance import Provenance
from bot.timetravel import TimeTravel
from database import Database


@dataclass(frozen=True, slots=True)
class Views:
    """Looking at what one character knows; `time_travel` alone changes any of it."""

    browsing: Browsing
    maps: Maps
    time_travel: TimeTravel
    provenance: Provenance


def views_of(conversation: Conversation, database: Database, clock: Clock) -> Views:
    """Return the views of what the character of a conversation knows."""
    character = conversation.character
    browsing = Browsing(database, character.slug)
    return Views(
        browsing,
        Maps(database, character, conversation.meaning, clock, browsing),
        TimeTravel(database, character.slug, clock, dump=conversation.memories.dump),
        Provenance(database, character),
    )
