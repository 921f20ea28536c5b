"""Lore that the conversation triggers, worded for the prompt's end (F105, C32, C33, C34)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from bot.conversation.company import PlayedCharacter
from bot.conversation.context.transcript import written
from bot.conversation.text.names import indented
from bot.conversation.types import Aside, Line
from bot.core.tasks import spawn
from bot.prompts import fill
from database.models import Seat
from memory.meaning import DEADLINE, Meaning
from personas.lorebooks.model import Lorebook, Position, Ref
from personas.lorebooks.scanning import meanings, scan
from personas.lorebooks.select import ScanContext
from personas.lorebooks.state import LoreState
from personas.macros import Macros, expand

if TYPE_CHECKING:
    from memory.sentence_models import Vectors

FEW_ENTRIES = 2_000
"""The maximum number of entries searched on the event loop: they take less than a millisecond."""
MOST_LINES = 100
"""The number of latest lines that lorebooks may search."""
SHELVES = 16
"""The number of characters whose lore vectors are cached."""


@dataclass(frozen=True, slots=True)
class Lore:
    """The contribution of lorebooks to one prompt, their state after it, and the names of the entries."""

    notes: tuple[str, ...] = ()
    asides: tuple[Aside, ...] = ()
    state: Mapping[str, Any] | None = None
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Meanings:
    """The semantic entries of a character's books, with a vector each."""

    refs: tuple[Ref, ...]
    vectors: "Vectors"


class Bookshelf:
    """Looks up lore; `budget` is its limit in tokens in a prompt."""

    def __init__(self, meaning: Meaning, *, tokens: Callable[[str], int], budget: int, rng: Random) -> None:
        self._meaning = meaning
        self._tokens = tokens
        self._budget = budget
        self._rng = rng
        self._making: dict[tuple[int, ...], asyncio.Task[_Meanings | None]] = {}
        self._at_hand: OrderedDict[tuple[int, ...], tuple[Mapping[str, Lorebook], _Meanings]] = OrderedDict()

    async def look_up(
        self, role: PlayedCharacter, lines: Sequence[Line], *, seat: Seat | None, user: str, fresh: int
    ) -> Lore:
        """Return the lore for a character's reply.

        `lines` are those of its transcript; the last `fresh` are new since its last look-up.
        """
        books = role.playing.lorebooks
        if not books or not self._budget:
            return Lore()
        state = LoreState.from_json(seat.lore if seat else None)
        turn = (state.turn or 0) + 1
        talk = [written(line) for line in lines[-MOST_LINES:]]
        look = partial(
            scan,
            books,
            talk,
            state=state,
            turn=turn,
            rng=Random(f"{role.slug} {turn} {talk[-1] if talk else ''}"),
            tokens=self._tokens,
            budget=self._budget,
            near=await self._near(books, talk),
            scene=ScanContext(fresh=fresh, replies=turn - 1),
        )
        few = sum(len(book.entries) for book in books.values()) <= FEW_ENTRIES
        found = look() if few else await asyncio.to_thread(look)
        texts: list[str] = []
        asides: list[Aside] = []
        for active in found.entries:
            text = self.expanded(active.entry.content, role, user)
            if active.entry.position is Position.DEPTH and active.entry.depth:
                asides.append(Aside(active.entry.depth, fill("lore", name=role.name, entries=indented(text))))
            else:
                texts.append(indented(text))
        notes = (fill("lore", name=role.name, entries="\n".join(texts)),) if texts else ()
        names = tuple(f"{book}: {uid}" for book, uid in (active.ref for active in found.entries))
        return Lore(notes, tuple(asides), found.state.to_json(), names)

    def expanded(self, text: str, role: PlayedCharacter, user: str) -> str:
        """Return a character's text with its macros expanded."""
        return expand(text, Macros(char=role.name, user=user, seed=role.slug), rng=self._rng)

    async def _near(self, books: Mapping[str, Lorebook], talk: Sequence[str]) -> dict[Ref, float]:
        """Return the similarity of the latest lines to each semantic entry (C33); nothing without a model."""
        asked = meanings(books)
        if not asked or not talk or not self._meaning.model:
            return {}
        shelf = await self._meanings(books, asked)
        query = await self._meaning.encode([talk[-1]], deadline=DEADLINE)
        if shelf is None or query is None:
            return {}
        near = shelf.vectors @ query[0]
        return {ref: float(value) for ref, value in zip(shelf.refs, near, strict=True)}

    async def _meanings(self, books: Mapping[str, Lorebook], asked: Mapping[Ref, str]) -> _Meanings | None:
        key = tuple(id(book) for book in books.values())
        kept = self._at_hand.get(key)
        if kept is not None:
            return kept[1]
        making = self._making.get(key)
        if making is None:
            making = spawn(self._make(key, books, asked), name="Embedding lore")
            self._making[key] = making
            making.add_done_callback(lambda _: self._making.pop(key, None))
        done, _ = await asyncio.wait({making}, timeout=DEADLINE)
        return (
            making.result() if done else None
        )  # thousands of entries take a while: until then entries match by words

    async def _make(
        self, key: tuple[int, ...], books: Mapping[str, Lorebook], asked: Mapping[Ref, str]
    ) -> _Meanings | None:
        vectors = await self._meaning.encode(list(asked.values()))
        if vectors is None:
            return None
        found = _Meanings(tuple(asked), vectors)
        self._at_hand[key] = (books, found)  # with the books, so that no other books get their ids meanwhile
        while len(self._at_hand) > SHELVES:
            self._at_hand.popitem(last=False)
        return found
