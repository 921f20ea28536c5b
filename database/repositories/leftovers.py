"""Search of all tables for traces of an erased person (C64, D15)."""

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
"""Columns with the id of the person a row belongs to."""
BELONGING = frozenset(
    {"channels", "cues", "fact_sources", "global_state", "musing_changes", "musings"}
    | {"parts", "prompts", "seats", "variants", "windows"}
)
"""Tables whose rows are deleted or changed along with the rows they belong to."""
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
"""Tables that an erasure leaves unchanged, and the reason."""
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
"""Columns with words: other people's words may mention anybody, and belong to their authors."""
SNOWFLAKE = 1 << 22
"""Discord's ids are above this, so an equal number elsewhere is no coincidence."""


FEWEST_LETTERS = 15
"""Minimum length of eight words with the spaces between them."""


class EchoFinder(Protocol):
    """Recognises a person's words and names."""

    def repeated(self, text: str) -> bool: ...
    def stand_in(self, text: str) -> bool: ...


class Residue(NamedTuple):
    """Result of a search: the number of rows that still contain a person's id or words, by table.

    `named` counts other people's texts that contain the person's words or name.
    """

    rows: dict[str, int]
    named: int


class LeftoversRepository(Repository):
    """Searches all tables."""

    async def residue(self, person_id: int, echoes: EchoFinder | None = None) -> Residue:
        """Search every table for a person, and for their id only in tables that are not exempt.

        A Discord id is searched in every column, another id only in columns for person ids.
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
        where = column == literal(person_id, BigInteger)  # avoids an overflow error in small columns
        query = select(func.count()).select_from(column.table).where(where)
        return int(await self._session.scalar(query) or 0)

    async def _written(
        self, column: Column[Any], person_id: int, echoed: Callable[[str], bool] | None, *, fewest: int = 1
    ) -> int:
        """Count a column's texts with an id or an echo; texts shorter than `fewest` contain no echo."""
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
            lambda: sum(
                (by_id and holds(content, person_id)) or bool(echoed and echoed(content)) for content in texts
            )
        )


def holds(text: str, person_id: int) -> bool:
    """Return whether a text contains an id that is no part of a longer number."""
    return re.search(rf"(?<!\d){person_id}(?!\d)", text) is not None
