"""What people see of what is known of them: in pages, as a picture, as it was, and behind a reply."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.conversation.company import Role
from bot.conversation.pipeline import Conversation
from bot.core.clock import Clock
from bot.memory.browsing import Browsing
from bot.memory.mapping import Maps
from bot.memory.provenance import Provenance
from bot.memory.time_travel import TimeTravel
from database import Database


@dataclass(frozen=True, slots=True)
class Views:
    """Looking at what one character knows; `time_travel` alone changes any of it.

    `of` returns the same of another character, by its slug.
    """

    browsing: Browsing
    maps: Maps
    time_travel: TimeTravel
    provenance: Provenance
    of: Callable[[str], "Views"] = field(repr=False)


def views_of(conversation: Conversation, database: Database, clock: Clock) -> Views:
    """Return the views of what the bot's own character knows; those of others are made when asked for."""
    made: dict[str, tuple[Role, Views]] = {}

    def of(slug: str) -> Views:
        role = conversation.company.by_slug[slug]
        known = made.get(slug)
        if known is None or known[0] is not role:  # one who left and came back is another
            known = made[slug] = (role, _made(role))
        return known[1]

    def _made(role: Role) -> Views:
        browsing = Browsing(database, role.slug)
        dump = conversation.players[role.slug].mind.memories.dump
        return Views(
            browsing,
            Maps(database, role, conversation.meaning, clock, browsing),
            TimeTravel(database, role.slug, clock, dump=dump),
            Provenance(database, conversation.company),
            of,
        )

    return of(conversation.company.primary.slug)
