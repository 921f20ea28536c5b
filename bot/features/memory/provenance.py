"""What a reply drew on, as far as one person may know: facts, earlier talk, the model, the cost (C67)."""

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
    """What the calls for a reply came to; `cost` is in US dollars, None where a price is not known."""

    models: tuple[str, ...]
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class Origins:
    """What a reply drew on, for the eyes of one person.

    `found` and `known` are facts about them: found by search, or at the head of the prompt. Of `others`
    there is only the count, and so of facts that are `gone` since. `lore` names entries of lorebooks.
    `spots` are earlier messages that they may see; `unseen` counts the rest. `perceived` are pictures, files
    and voice messages. `musings` are the character's own thoughts: everybody there may know of them.
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
    """How many things of one kind a reply perceived, on which messages, and what describing them cost.

    `cost` is in US dollars, None where it is not known, or nothing was described.
    """

    kind: AttachmentKind
    count: int
    message_ids: tuple[int, ...]
    cost: float | None = None


class Provenance:
    """Looks up where replies come from."""

    def __init__(self, database: Database, company: Company) -> None:
        self._database = database
        self._company = company

    async def of(self, claim: Claim, turn: Turn, asker_id: int) -> Origins:
        """Return what a reply drew on, for the eyes of who asks."""
        trace = Trace.from_json(claim.trace or {})
        role = self._company.by_slug.get(turn.character)
        ids = tuple(dict.fromkeys((*trace.recalled, *trace.known)))
        async with self._database.read() as db:
            facts = {one.id: one for one in await db.memories.these(ids)}
            lines = await db.archive.these(trace.lines)
            musings = await db.musings.these(trace.musings) if trace.musings else []
            perceived = await _perceived(db, trace.saw)
            calls = [one for one in await db.calls.of_turn(turn.id) if one.purpose == "reply"]
        own = [one for one in facts.values() if one.person_id == asker_id]
        seen = [one for one in lines if asker_id == one.author_id or one.channel_id == claim.channel_id]
        return Origins(
            role.name if role else turn.character,
            found=tuple(one for one in own if one.id in trace.recalled),
            known=tuple(one for one in own if one.id not in trace.recalled),
            others=len(facts) - len(own),
            gone=len(ids) - len(facts),
            lore=trace.lore,
            spots=tuple(_spot(one) for one in sorted(seen, key=lambda line: line.id)),
            unseen=len(lines) - len(seen),
            spent=_spent(calls),
            perceived=perceived,
            musings=tuple(one for one in musings if one.removed_at is None),
        )


async def _perceived(db: UnitOfWork, saw: Sequence[str]) -> tuple[Perceived, ...]:
    """Return what a reply perceived, by kind; what describing cost is known while the log has the message."""
    by_kind: dict[str, list[int]] = {}
    for kind, message_id in (one.split() for one in saw):
        by_kind.setdefault(kind, []).append(int(message_id))
    found = []
    for kind, message_ids in by_kind.items():
        lines = [await db.messages.get(one) for one in dict.fromkeys(message_ids)]
        attached = [each for line in lines if line for each in attachments_of(line.attachments)]
        costs = [each.cost for each in attached if each.cost is not None and kind == AttachmentKind.PICTURE]
        different = tuple(dict.fromkeys(message_ids))
        found.append(
            Perceived(AttachmentKind(kind), len(message_ids), different, sum(costs) if costs else None)
        )
    return tuple(found)


async def decision_about(db: UnitOfWork, message_id: int) -> tuple[Claim, Turn | None] | None:
    """Return a decision by the message that it is about, or by one that it became; None if there is none."""
    if found := await db.turns.decided(message_id):
        return found
    turn = await db.turns.of_message(message_id)
    if turn is None:
        return None
    if cue := await db.cues.of_turn(turn.id):  # nobody asked it: the characters decided among themselves
        return Claim(
            message_id=cue.message_id,
            channel_id=cue.channel_id,
            claimed_at=cue.made_at,
            open=False,
            reason=Reason.CUE.name,
            trace=cue.trace and {**cue.trace, "cue": cue.reason},
        ), turn
    if remark := await db.remarks.of_turn(turn.id, turn.channel_id):  # nobody said anything to it
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
    costs = [one.cost for one in calls]
    return ReplyCost(
        tuple(dict.fromkeys(one.model for one in calls)),
        len(calls),
        sum(_read(one) for one in calls),
        sum(one.output_tokens or 0 for one in calls),
        None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def _read(call: CallRow) -> int:
    cached = call.cache_read_tokens + call.cache_write_5m_tokens + call.cache_write_1h_tokens
    return (call.input_tokens or 0) + cached
