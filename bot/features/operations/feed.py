"""Feed for operators: each heard line, the decision about it with its reason, and the answer's cost."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.conversation.attention.explain import RuleTrace, asked_of, facts_of, reason_in_words
from bot.conversation.company import Company
from bot.conversation.decision import Trace
from bot.llm.types import TokenEstimate
from database import Database, UnitOfWork
from database.models import CallRow
from database.repositories.feed import FeedLine, Outcome, Spent

PAGE = 50
PLACES = 24
_MENTION = re.compile(r"<@(\d{1,20})>")
HIDDEN = None
"""Placeholder for private content that is not revealed."""


@dataclass(frozen=True, slots=True)
class FeedPlace:
    """A place in the feed; `private` marks a conversation with one person."""

    id: int
    name: str
    server: str
    private: bool


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A line of the feed. `text` is HIDDEN for private conversations.

    `verdict` is answered, silent, failed or open; "" for a character's own line.
    """

    position: int
    message_id: int
    place: FeedPlace
    author: str
    author_id: int
    at: datetime
    text: str | None
    character: str | None
    verdict: str
    reason: str
    votes: tuple[str, ...]
    turn_id: int | None
    spent: Spent | None = None


@dataclass(frozen=True, slots=True)
class DrawnFact:
    """A fact available to a reply; `text` is None if it was told in private or is forgotten."""

    number: int | None
    whose: int | None
    text: str | None


@dataclass(frozen=True, slots=True)
class PromptBlock:
    """A block of a prompt: its role (system, user, assistant) and estimated tokens."""

    role: str
    text: str
    tokens: int
    cached: bool


@dataclass(frozen=True, slots=True)
class PromptView:
    """A reply's prompt in blocks, and the raw request body."""

    at: datetime
    model: str
    blocks: tuple[PromptBlock, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything known about a line: its decision, the sources of the answer, and its prompts.

    `prompts` is HIDDEN for a private conversation.
    """

    line: FeedEntry
    asked: tuple[RuleTrace, ...]
    facts: tuple[str, ...]
    calls: tuple[CallRow, ...]
    drawn: tuple[DrawnFact, ...]
    quotes: int
    lore: tuple[str, ...]
    prompts: tuple[PromptView, ...] | None

    @property
    def cost(self) -> float | None:
        """The total cost in US dollars; None if a price is unknown."""
        costs = [call.cost for call in self.calls]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


class Feed:
    """Reads the feed for operators. Private content is hidden unless its channel id is in `revealed`."""

    def __init__(self, database: Database, company: Company, tokens: TokenEstimate) -> None:
        self._database = database
        self._company = company
        self._tokens = tokens

    async def places(self) -> list[FeedPlace]:
        """Return the places with the latest activity."""
        async with self._database.read() as db:
            found = await db.feed.places(limit=PLACES)
        return [_place(*row) for row in found]

    async def lines(
        self,
        *,
        before: int | None = None,
        channel_id: int | None = None,
        person_id: int | None = None,
        outcome: Outcome | None = None,
        revealed: Collection[int] = (),
    ) -> list[FeedEntry]:
        """Return a page of the feed, newest first."""
        async with self._database.read() as db:
            rows = await db.feed.lines(
                before=before, channel_id=channel_id, person_id=person_id, outcome=outcome, limit=PAGE
            )
            spent = await db.feed.spent({row.turn_id for row in rows if row.character and row.turn_id})
        return [self._line(row, spent.get(row.turn_id or 0), revealed) for row in rows]

    async def detail(self, message_id: int, *, revealed: Collection[int] = ()) -> Detail | None:
        """Return everything known about a line; None if it is no longer in the log."""
        async with self._database.read() as db:
            rows = await db.feed.lines(message_id=message_id, limit=1)
            if not rows:
                return None
            row = rows[0]
            spent = await db.feed.spent([row.turn_id]) if row.turn_id else {}
            line = self._line(row, spent.get(row.turn_id or 0), revealed)
            trace = await _trace(db, row)
            calls = await db.calls.of_turn(row.turn_id) if row.turn_id else await db.calls.about(message_id)
            drawn = await _drawn(db, trace)
            named = await _in_names(db, facts_of(trace), row.guild_id) if trace.steps else ()
            sent = await db.prompts.of_turn(row.turn_id) if row.turn_id and row.character else []
        visible = not line.place.private or line.place.id in revealed
        return Detail(
            line,
            tuple(asked_of(trace, row.reason)),
            named,
            tuple(calls),
            tuple(drawn),
            len(trace.lines),
            trace.lore,
            tuple(self._prompt(at, body) for at, body in sent) if visible else HIDDEN,
        )

    async def body(self, message_id: int, number: int, *, revealed: Collection[int] = ()) -> bytes | None:
        """Return the raw request body of a prompt; None if it is not stored, or hidden."""
        detail = await self.detail(message_id, revealed=revealed)
        prompts = (detail.prompts or ()) if detail else ()
        return prompts[number].body if 0 <= number < len(prompts) else None

    def _line(self, row: FeedLine, spent: Spent | None, revealed: Collection[int]) -> FeedEntry:
        place = _place(row.channel_id, row.place, row.channel_name, row.guild_name)
        hidden = place.private and place.id not in revealed
        role = self._company.by_slug.get(row.character or "")
        trace = row.trace or {}
        return FeedEntry(
            row.position,
            row.message_id,
            place,
            role.name if role else row.author_name,
            row.author_id,
            row.sent_at,
            HIDDEN if hidden else row.text,
            row.character,
            _verdict(row),
            reason_in_words(row.reason, trace.get("cue", "")) if row.reason else "",
            tuple(trace.get("votes", ())),
            row.turn_id,
            spent if row.character else None,
        )

    def _prompt(self, at: datetime, body: bytes) -> PromptView:
        request = json.loads(body)
        blocks = [self._block("system", block) for block in _blocks(request.get("system"))]
        for message in request.get("messages", ()):
            blocks += [self._block(message["role"], block) for block in _blocks(message["content"])]
        return PromptView(at, str(request.get("model", "")), tuple(blocks), body)

    def _block(self, role: str, block: dict[str, Any]) -> PromptBlock:
        text = block.get("text") or f"[{block.get('type')}: {block.get('source', {}).get('data', '')}]"
        return PromptBlock(role, text, self._tokens(text), "cache_control" in block)


def _blocks(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return list(content or ())


def _place(channel_id: int, kind: str, name: str, server: str) -> FeedPlace:
    return FeedPlace(channel_id, name, server, private=kind != "guild")


def _verdict(row: FeedLine) -> str:
    if row.character or row.open is None:
        return ""
    if row.open:
        return "open"
    if row.fallback or row.reason in ("NO_ANSWER", "NO_VOTE"):
        return "failed"
    return "silent" if row.turn_id is None else "answered"


async def _trace(db: UnitOfWork, row: FeedLine) -> Trace:
    """Return the decision trace of a line; a character's own line has the trace of its trigger."""
    if row.trace is not None or not row.turn_id:
        return Trace.from_json(row.trace or {})
    turn = await db.turns.get(row.turn_id)
    claimed = await db.turns.decided(turn.trigger_id) if turn else None
    return Trace.from_json((claimed[0].trace if claimed else None) or {})


async def _in_names(db: UnitOfWork, facts: Iterable[str], guild_id: int | None) -> tuple[str, ...]:
    """Replace mentions in decision facts with names, where known."""
    told = list(facts)
    ids = {int(found) for fact in told for found in _MENTION.findall(fact)}
    known = await db.users.known_as(ids, guild_id=guild_id) if ids else []
    names = {person.user_id: person.names[0] for person in known}
    return tuple(_MENTION.sub(lambda found: names.get(int(found[1]), "the bot"), fact) for fact in told)


async def _drawn(db: UnitOfWork, trace: Trace) -> Iterator[DrawnFact]:
    ids: Sequence[int] = tuple(dict.fromkeys((*trace.recalled, *trace.known)))
    facts = {fact.id: fact for fact in await db.memories.these(ids)} if ids else {}
    drawn_facts = (facts.get(fact_id) for fact_id in ids)
    return (
        DrawnFact(None, None, None)
        if fact is None
        else DrawnFact(fact.number, fact.person_id, None if fact.private else fact.text)
        for fact in drawn_facts
    )
