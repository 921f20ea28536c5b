"""Provenance of a reply, as far as one person may know it: facts, earlier talk, model, cost (C67)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.conversation.company import Company
from bot.conversation.decision import Reason, Trace
from database import Database, UnitOfWork
from database.models import Archived, CallRow, Claim, Fact, Musing, Turn
from memory.attachments import AttachmentKind, attachments_of
from memory.browsing import Spot


@dataclass(frozen=True, slots=True)
class ReplyCost:
    """Total of the calls for a reply; `cost` is in US dollars, None if a price is unknown."""

    models: tuple[str, ...]
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class Origins:
    """What a reply drew on, as far as one person may see.

    `found` and `known` are facts about that person: found by search, or always in the prompt. For facts about
    `others`, and for facts `gone` since, there is only a count. `lore` names lorebook entries. `spots` are
    earlier messages that the person may see; `unseen` counts the rest. `perceived` are pictures, files and
    voice messages. `musings` are the character's own thoughts, which everybody there may know.
    """

    character: str
    found: tuple[Fact, ...] = ()
    known: tuple[Fact, ...] = ()
    others: int = 0
    gone: int = 0
    spots: tuple[Spot, ...] = ()
    unseen: int = 0
    spent: ReplyCost | None = field(default=None)
    lore: tuple[str, ...] = ()
    perceived: tuple["Perceived", ...] = ()
    musings: tuple[Musing, ...] = ()

    @property
    def own(self) -> tuple[Fact, ...]:
        return (*self.found, *self.known)


@dataclass(frozen=True, slots=True)
class Perceived:
    """Number and messages of perceived attachments of one kind, and the cost of describing them.

    `cost` is in US dollars; None if it is unknown or nothing was described.
    """

    kind: AttachmentKind
    count: int
    message_ids: tuple[int, ...]
    cost: float | None = None


class Provenance:
    """Looks up what replies drew on."""

    def __init__(self, database: Database, company: Company) -> None:
        self._database = database
        self._company = company

    async def of(self, claim: Claim, turn: Turn, asker_id: int) -> Origins:
        """Return what a reply drew on, as far as the asker may see."""
        trace = Trace.from_json(claim.trace or {})
        role = self._company.by_slug.get(turn.character)
        ids = tuple(dict.fromkeys((*trace.recalled, *trace.known)))
        async with self._database.read() as db:
            facts = {fact.id: fact for fact in await db.memories.these(ids)}
            lines = await db.archive.these(trace.lines)
            musings = await db.musings.these(trace.musings) if trace.musings else []
            perceived = await _perceived(db, trace.saw)
            calls = [call for call in await db.calls.of_turn(turn.id) if call.purpose == "reply"]
        own = [fact for fact in facts.values() if fact.person_id == asker_id]
        seen = [line for line in lines if asker_id == line.author_id or line.channel_id == claim.channel_id]
        return Origins(
            role.name if role else turn.character,
            found=tuple(fact for fact in own if fact.id in trace.recalled),
            known=tuple(fact for fact in own if fact.id not in trace.recalled),
            others=len(facts) - len(own),
            gone=len(ids) - len(facts),
            lore=trace.lore,
            spots=tuple(_spot(line) for line in sorted(seen, key=lambda line: line.id)),
            unseen=len(lines) - len(seen),
            spent=_spent(calls),
            perceived=perceived,
            musings=tuple(musing for musing in musings if musing.removed_at is None),
        )


async def _perceived(db: UnitOfWork, saw: Sequence[str]) -> tuple[Perceived, ...]:
    """Return what a reply perceived, by kind; costs are known while the log still has the message."""
    by_kind: dict[str, list[int]] = {}
    for kind, message_id in (seen.split() for seen in saw):
        by_kind.setdefault(kind, []).append(int(message_id))
    found = []
    for kind, message_ids in by_kind.items():
        lines = [await db.messages.get(message_id) for message_id in dict.fromkeys(message_ids)]
        attached = [attachment for line in lines if line for attachment in attachments_of(line.attachments)]
        costs = [
            attachment.cost
            for attachment in attached
            if attachment.cost is not None and kind == AttachmentKind.PICTURE
        ]
        unique_ids = tuple(dict.fromkeys(message_ids))
        found.append(
            Perceived(AttachmentKind(kind), len(message_ids), unique_ids, sum(costs) if costs else None)
        )
    return tuple(found)


async def decision_about(db: UnitOfWork, message_id: int) -> tuple[Claim, Turn | None] | None:
    """Return the decision about a message, or the one that led to it; None if there is none."""
    if found := await db.turns.decided(message_id):
        return found
    turn = await db.turns.of_message(message_id)
    if turn is None:
        return None
    if cue := await db.cues.of_turn(turn.id):  # no person triggered it, another character did
        return Claim(
            message_id=cue.message_id,
            channel_id=cue.channel_id,
            claimed_at=cue.made_at,
            open=False,
            reason=Reason.CUE.name,
            trace=cue.trace and {**cue.trace, "cue": cue.reason},
        ), turn
    if remark := await db.remarks.of_turn(turn.id, turn.channel_id):  # an unprompted remark
        return Claim(
            message_id=message_id,
            channel_id=turn.channel_id,
            claimed_at=turn.pledged_at,
            open=False,
            reason=turn.reason,
            trace=remark.why,
        ), turn
    return await db.turns.decided(turn.trigger_id)


def _spot(line: Archived) -> Spot:
    return Spot(line.guild_id, line.channel_id, line.id)


def _spent(calls: Sequence[CallRow]) -> ReplyCost | None:
    if not calls:
        return None
    costs = [call.cost for call in calls]
    return ReplyCost(
        tuple(dict.fromkeys(call.model for call in calls)),
        len(calls),
        sum(_read(call) for call in calls),
        sum(call.output_tokens or 0 for call in calls),
        None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def _read(call: CallRow) -> int:
    cached = call.cache_read_tokens + call.cache_write_5m_tokens + call.cache_write_1h_tokens
    return (call.input_tokens or 0) + cached
