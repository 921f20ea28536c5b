"""Embeddings, packed by owner: one row holds what one search reads."""

from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import bindparam, delete, func, select

from database.models import Archived, Fact, Vectors
from database.repositories import Repository, table_of
from database.repositories.consents import Mode, agreed

Kind = Literal["fact", "line"]
PART = 256
"""Items in one row, all of which are rewritten when one changes."""


class Packed(NamedTuple):
    """The embeddings of owners' items: `rows` holds the same number of bytes for each id, in their order."""

    ids: "array[int]"
    rows: bytes


_VECTORS = table_of(Vectors).c
_OF = (
    select(_VECTORS.ids, _VECTORS.rows)
    .where(
        _VECTORS.kind == bindparam("kind"),
        _VECTORS.owner_id.in_(bindparam("owner_ids", expanding=True)),
        _VECTORS.model == bindparam("model"),
    )
    .order_by(_VECTORS.owner_id, _VECTORS.character, _VECTORS.part)
    .execution_options(long=True)
)
_UNDER = _OF.where(_VECTORS.character.in_(bindparam("characters", expanding=True)))


class EmbeddingRepository(Repository):
    """The vectors table. An owner is a person, for each character, or a channel, with the character "".

    Only texts of people who agreed are embedded, by the consent mode in force (D03).
    """

    async def of(
        self,
        kind: Kind,
        owner_ids: Collection[int],
        model: str,
        *,
        characters: Collection[str] | None = None,
    ) -> Packed:
        """Return the embeddings of owners' items made by a model, for some characters or all."""
        ids: array[int] = array("q")
        rows = []
        asked: dict[str, Any] = {"kind": kind, "owner_ids": list(owner_ids), "model": model}
        query = _OF
        if characters is not None:
            query, asked["characters"] = _UNDER, list(characters)
        for packed, data in await self._session.execute(query, asked):
            ids.frombytes(packed)
            rows.append(data)
        return Packed(ids, b"".join(rows))

    async def put(
        self, kind: Kind, owner_id: int, model: str, items: Mapping[int, bytes], *, character: str = ""
    ) -> None:
        """Store embeddings of an owner's items, replacing earlier ones."""
        if not items:
            return
        await self.drop(kind, [owner_id], items.keys(), character=character)
        last = await self._last(kind, owner_id, character, model)
        left = list(items.items())
        if last is not None and (room := PART - len(last.ids) // 8) > 0:
            added, left = left[:room], left[room:]
            last.ids += array("q", [item for item, _ in added]).tobytes()
            last.rows += b"".join(row for _, row in added)
        part = last.part + 1 if last is not None else 0
        for begin in range(0, len(left), PART):
            self._session.add(_row(kind, owner_id, character, model, part, left[begin : begin + PART]))
            part += 1
        await self._session.flush()

    async def drop(
        self, kind: Kind, owner_ids: Collection[int], ids: Collection[int], *, character: str | None = None
    ) -> None:
        """Delete the embeddings of items of owners, by whichever model."""
        gone = set(ids)
        query = select(Vectors).where(Vectors.kind == kind, Vectors.owner_id.in_(owner_ids))
        if character is not None:
            query = query.where(Vectors.character == character)
        for row in await self._session.scalars(query):
            there = array("q", row.ids)
            kept = [index for index, item in enumerate(there) if item not in gone]
            if len(kept) == len(there):
                continue
            if not kept:
                await self._session.delete(row)
                continue
            size = len(row.rows) // len(there)
            row.rows = b"".join(row.rows[size * index : size * (index + 1)] for index in kept)
            row.ids = array("q", [there[index] for index in kept]).tobytes()
        await self._session.flush()

    async def drop_owner(self, kind: Kind, owner_id: int) -> int:
        """Delete all embeddings of an owner's items; return their number."""
        query = select(Vectors).where(Vectors.kind == kind, Vectors.owner_id == owner_id)
        rows = list(await self._session.scalars(query))
        for row in rows:
            await self._session.delete(row)
        await self._session.flush()
        return sum(len(row.ids) // 8 for row in rows)

    async def drop_other_models(self, model: str) -> None:
        """Delete embeddings of all other models, which no query can be compared with."""
        await self._session.execute(delete(Vectors).where(Vectors.model != model))

    async def counts(self, model: str, mode: Mode) -> tuple[int, int]:
        """Return the number of items with an embedding of a model, and the number that should have one."""
        made = select(func.coalesce(func.sum(func.length(Vectors.ids)), 0)).where(Vectors.model == model)
        facts = select(func.count()).select_from(Fact).where(agreed(Fact.person_id, mode))
        lines = select(func.count()).select_from(Archived)
        total = [int(await self._session.scalar(query) or 0) for query in (made, facts, lines)]
        return total[0] // 8, total[1] + total[2]

    async def owners(self, mode: Mode) -> list[tuple[Kind, int, str]]:
        """Return all owners of items, as (kind, owner, character)."""
        theirs = select(Fact.person_id, Fact.character).where(agreed(Fact.person_id, mode))
        found = await self._session.execute(theirs.distinct())
        places = await self._session.scalars(select(Archived.channel_id).distinct())
        facts: list[tuple[Kind, int, str]] = [("fact", row[0], row[1]) for row in found]
        return [*facts, *(("line", channel_id, "") for channel_id in places)]

    async def missing(
        self, kind: Kind, owner_id: int, model: str, mode: Mode, *, character: str = ""
    ) -> list[tuple[int, str]]:
        """Return (id, text) of an owner's items without an embedding of a model."""
        there = set((await self.of(kind, [owner_id], model, characters=[character])).ids)
        query = select(Archived.id, Archived.text).where(Archived.channel_id == owner_id)
        if kind == "fact":
            query = select(Fact.id, func.coalesce(Fact.search_text, Fact.text)).where(
                Fact.person_id == owner_id, Fact.character == character, agreed(Fact.person_id, mode)
            )
        return [(row[0], row[1]) for row in await self._session.execute(query) if row[0] not in there]

    async def _last(self, kind: Kind, owner_id: int, character: str, model: str) -> Vectors | None:
        query = select(Vectors).where(
            Vectors.kind == kind,
            Vectors.owner_id == owner_id,
            Vectors.character == character,
            Vectors.model == model,
        )
        return await self._session.scalar(query.order_by(Vectors.part.desc()).limit(1))


def _row(
    kind: Kind, owner_id: int, character: str, model: str, part: int, items: Sequence[tuple[int, bytes]]
) -> Vectors:
    return Vectors(
        kind=kind,
        owner_id=owner_id,
        character=character,
        model=model,
        part=part,
        ids=array("q", [item for item, _ in items]).tobytes(),
        rows=b"".join(row for _, row in items),
    )
