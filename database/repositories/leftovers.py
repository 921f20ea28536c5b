"""A look through every table for what is left of a person who was erased (C64, D15)."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from sqlalchemy import JSON, BigInteger, Column, Integer, String, Text, cast, func, literal, or_, select

from database.models import Row
from database.repositories import Repository
from database.types import FactValues

PERSON: Mapping[str, tuple[str, ...]] = {
    "archive": ("person_id", "author_id"),
    "bond_changes": ("user_id",),
    "bonds": ("user_id",),
    "calls": ("user_id",),
    "claims": ("author_id",),
    "consents": ("person_id",),
    "voice_choices": ("user_id",),
    "voice_consents": ("person_id",),
    "fact_changes": ("person_id",),
    "drafts": ("addressee_id",),
    "facts": ("person_id",),
    "guises": ("user_id",),
    "identity_lines": ("made_by",),
    "lore_lines": ("made_by",),
    "messages": ("author_id",),
    "musing_sources": ("person_id",),
    "nicknames": ("user_id",),
    "remarks": ("person_id",),
    "reminders": ("person_id",),
    "scenes": ("started_by",),
    "stirrings": ("person_id",),
    "summaries": ("person_id",),
    "summary_sources": ("author_id",),
    "tickets": ("opener_id", "closed_by"),
    "trait_shifts": ("person_id",),
    "turns": ("addressee_id",),
    "users": ("id",),
    "vectors": ("owner_id",),
}
"""The columns that say whose a row is."""
BELONGING = frozenset(
    {"channels", "cues", "fact_sources", "global_state", "musing_changes", "musings"}
    | {"parts", "prompts", "seats", "variants", "windows"}
)
"""Tables whose rows go, or are changed, with what they belong to."""
EXEMPT: Mapping[str, str] = {
    "affinities": "it says how characters get on with one another",
    "attendances": "it says which characters are in a channel",
    "audit": "what was done by administrators, and about whom, is kept for a year",
    "bot_replies": "it counts replies to bots",
    "cast_members": "it says which characters heard something",
    "casts": "it says which characters heard something",
    "character_days": "it counts what characters did, and not for whom",
    "conflicts": "it says what characters fall out about",
    "day_spending": "it says what a day cost, under marks that do not tell who anybody is",
    "encounters": "it says how characters spoke to one another",
    "feelings": "it says how a character feels",
    "growth": "it counts what a character said, and says how far its traits shifted",
    "house_rules": "who is denied by an admin would not be any more",
    "job_runs": "it says how the program's own jobs ran",
    "jobs": "it says how the program's own jobs fare",
    "rhythms": "it counts what is said in a channel by the hour",
    "system_prompts": "it holds what characters are told to be, and nothing that people said",
    "ticket_desks": "it says where tickets are opened",
    "milestones": "it says how far a character has grown",
}
"""Tables that an erasure leaves alone, and why."""
_WORDS = frozenset(
    {
        ("archive", "text"),
        ("drafts", "first_text"),
        ("fact_changes", "before"),
        ("facts", "quote"),
        ("channels", "note"),
        ("facts", "text"),
        ("identity_lines", "text"),
        ("lore_lines", "values"),
        ("messages", "text"),
        ("musing_changes", "before"),
        ("musings", "result"),
        ("musings", "text"),
        ("parts", "text"),
        ("reminders", "text"),
        ("scenes", "topic"),
        ("summaries", "text"),
        ("variants", "parts"),
    }
)
"""Columns with words: another person's may name anybody, and are theirs."""
SNOWFLAKE = 1 << 22
"""Ids of Discord's are above this: the same number elsewhere is no coincidence."""


FEWEST_LETTERS = 15
"""Eight words, and what stands between them."""


class EchoFinder(Protocol):
    """Knows somebody's words and names."""

    def repeated(self, text: str) -> bool: ...
    def stand_in(self, text: str) -> bool: ...


class Residue(NamedTuple):
    """What a look through every table found: what still holds a person's id or words, by table.

    `named` counts other people's words in which these, or a name of theirs, stand.
    """

    rows: dict[str, int]
    named: int


class LeftoversRepository(Repository):
    """Searches all tables."""

    async def residue(self, person_id: int, echoes: EchoFinder | None = None) -> Residue:
        """Look for somebody in every table, for their id only where it is not exempt.

        Of an id of Discord's every column is searched, of another only those that are meant for one.
        """
        rows: Counter[str] = Counter()
        named = 0
        for table in Row.metadata.sorted_tables:
            for column in table.columns:
                if (table.name, column.name) in _WORDS:
                    named += await self._written(column, person_id, echoes.stand_in if echoes else None)
                elif isinstance(column.type, BigInteger | Integer):
                    rows[table.name] += await self._numbered(column, person_id)
                else:
                    rows[table.name] += await self._written(
                        column, person_id, echoes.repeated if echoes else None, fewest=FEWEST_LETTERS
                    )
        return Residue(dict(+rows), named)

    async def _numbered(self, column: Column[Any], person_id: int) -> int:
        meant = column.name in PERSON.get(column.table.name, ())
        if column.table.name in EXEMPT or not (person_id >= SNOWFLAKE or meant):
            return 0
        where = column == literal(person_id, BigInteger)  # also where the column is too small for it
        query = select(func.count()).select_from(column.table).where(where)
        return int(await self._session.scalar(query) or 0)

    async def _written(
        self, column: Column[Any], person_id: int, echoed: Callable[[str], bool] | None, *, fewest: int = 1
    ) -> int:
        """Count the texts of a column in which an id or an echo stands; `fewest` letters make an echo."""
        if not isinstance(column.type, String | Text | JSON | FactValues):
            return 0
        text = cast(column, String)
        by_id = person_id >= SNOWFLAKE and column.table.name not in EXEMPT
        wanted = [text.contains(str(person_id))] if by_id else []
        wanted += [func.length(text) >= fewest] if echoed else []
        if not wanted:
            return 0
        texts = (await self._session.scalars(select(text).where(or_(*wanted)))).all()
        return await asyncio.to_thread(
            lambda: sum((by_id and holds(one, person_id)) or bool(echoed and echoed(one)) for one in texts)
        )


def holds(text: str, person_id: int) -> bool:
    """Say whether an id stands in a text, and is no part of a longer number."""
    return re.search(rf"(?<!\d){person_id}(?!\d)", text) is not None
