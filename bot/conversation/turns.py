"""Stored replies: enqueued before delivery, settled after it, and resumed after a crash."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.attention.throttle import place_of
from bot.conversation.context.lineage import drawn_on
from bot.conversation.decision import Decision, Reason, Trace, trace_json
from bot.conversation.text.split import split
from bot.conversation.types import GrownReply, Part, Recollection, Reply, Utterance
from bot.llm.types import ModelCall
from database import UnitOfWork
from database.models import CallRow, CueRow, MessageRow, PartRow, Remark, Turn
from memory.attachments import json_of
from memory.places import Place, Where
from personas.initiative import RemarkKind
from personas.relations.affinity import Interaction
from personas.relations.bonds import Tone
from personas.relations.signs import register_of
from personas.rhythm import hour_of

UNSENDABLE_FOR = timedelta(minutes=5)
UNSENDABLE_LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Pledge:
    """A stored reply to deliver: `parts` are those not posted yet.

    `tempo` multiplies its typing speed. A reply that has `grown` is displayed before delivery: it needs no
    typing time, and unfinishable parts are deleted.
    """

    turn_id: int
    channel_id: int
    trigger_id: int
    addressee_id: int
    parts: tuple[Part, ...]
    pledged_at: datetime
    tempo: float = 1.0
    grown: bool = False


class Posted(NamedTuple):
    """A posted part: the message id, and the time."""

    number: int
    message_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Occasion:
    """Links of a reply to others: `then` are the cues of the next speakers, `cue` is its own.

    `kind` is its reaction to another character's line, and `tone` the tone of the person's message. `topic`
    is an interest of the character that the message mentions. `grown` displays it already.
    """

    then: tuple[CueRow, ...] = ()
    cue: CueRow | None = None
    kind: Interaction | None = None
    tone: Tone | None = None
    toned: int = 0
    """The message with that tone: the newest may be deleted before the reply is stored."""
    topic: str | None = None
    grown: GrownReply | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """An utterance with the decision about it, its trace, and its cost."""

    utterance: Utterance
    decision: Decision
    trace: Trace
    calls: tuple[ModelCall, ...] = ()


def parts_of(text: str, *, mark: str, limit: int, spoken: bool = False) -> tuple[Part, ...]:
    """Split a reply into messages.

    The nonce is derived from the answered message, its `mark`, so the same part has the same nonce after a
    restart, and Discord posts it once (faults A9; at most 25 characters).
    """
    return tuple(
        Part(number, piece, f"{mark}.{number}", spoken=spoken)
        for number, piece in enumerate(split(text, limit), 1)
    )


def parts_of_grown(parts: Sequence[Part], grown: GrownReply) -> tuple[Part, ...]:
    """Return the parts of a reply as changes of the messages that display it."""
    shown = tuple(
        replace(shown_part, text=part.text, todo=None if part.text == shown_part.text else "edit")
        for part, shown_part in zip(parts, grown.parts, strict=False)
    )
    superfluous = tuple(replace(part, text="", todo="delete") for part in grown.parts[len(parts) :])
    return (*shown, *parts[len(shown) :], *superfluous)


async def pledge(
    db: UnitOfWork,
    heard: Sequence[Decided],
    remembered: Recollection,
    reply: Reply,
    *,
    character: str,
    limit: int,
    at: datetime,
    cast_id: int | None = None,
    occasion: Occasion = Occasion(),
) -> Pledge:
    """Store the reply, the answered messages and its cost, and count it if it answers bots.

    The cues of the next speakers are stored with it; a reply to a cue answers no message.
    """
    trigger, decision = heard[-1].utterance, heard[-1].decision
    tone = occasion.tone if occasion.toned == trigger.message_id else None
    # In private, a reply from one person's words is deleted with that person anyway.
    alone = trigger.where.place.private and _is_only_of(trigger.author_id, remembered)
    turn = Turn(
        channel_id=trigger.where.channel_id,
        trigger_id=trigger.message_id,
        addressee_id=trigger.author_id,
        character=character,
        reason=decision.reason.name,
        heard_through=remembered.heard_through,
        pledged_at=at,
        fallback=reply.fallback,
        cast_id=cast_id,
        tone=tone,
        register=register_of(trigger.text) if tone else None,
        topic=occasion.topic,
        drew_on=None if alone else drawn_on(reply.text, remembered),
        spoken=remembered.spoken and not reply.fallback,
    )
    mark = f"q{occasion.cue.id}" if occasion.cue else f"r{trigger.message_id}"
    grown = occasion.grown or GrownReply((), mark)
    parts = parts_of_grown(parts_of(reply.text, mark=grown.mark, limit=limit, spoken=turn.spoken), grown)
    turn_id = await db.turns.pledge(turn, [(part.number, part.text, part.nonce) for part in parts])
    if grown.parts:
        await _take_over(db, turn, turn_id, grown, parts)
    if (cue := occasion.cue) is not None:
        trace = trace_json(heard[-1].trace)
        await db.cues.close(cue.id, ended="spoke", turn_id=turn_id, kind=occasion.kind, trace=trace)
    else:
        await close(db, heard, at=at, turn_id=turn_id)
        await _overtake(db, trigger, remembered, turn_id=turn_id, at=at)
        await count_bots(db, [message.utterance for message in heard], replied_at=at)
    if occasion.then:
        await db.cues.add(occasion.then)
    await _take_seat(db, turn, remembered, begins_at=max(remembered.floor, reply.floor))
    await note_reply_calls(db, reply.calls, turn, turn_id, remembered)
    if remembered.stage.asked_back is not None and not reply.fallback:
        why = {"place": remembered.stage.asked_back, "turn": turn_id}
        await db.remarks.add(
            Remark(turn.channel_id, character, at, RemarkKind.FOLLOW_UP, remembered.stage.asked_whom, why)
        )
    return Pledge(
        turn_id,
        turn.channel_id,
        turn.trigger_id,
        turn.addressee_id,
        tuple(part for part in parts if part.message_id is None or part.todo),
        at,
        remembered.stage.tempo,
        grown=occasion.grown is not None,
    )


async def _take_over(
    db: UnitOfWork, turn: Turn, turn_id: int, grown: GrownReply, parts: Sequence[Part]
) -> None:
    """Turn the messages that displayed a reply from drafts into parts of it."""
    posted = [(part.number, part.message_id, part.todo) for part in parts if part.message_id is not None]
    await db.turns.shown_as(turn_id, posted, turn.pledged_at)
    await db.drafts.close(turn.channel_id, turn.character, [part.nonce for part in grown.parts])


def _is_only_of(person_id: int, remembered: Recollection) -> bool:
    """Say whether all remembered sources belong to this person, including sources of earlier replies."""
    return _people_in(remembered) <= {person_id, None}


def _people_in(remembered: Recollection) -> set[int | None]:
    """Return the owners of the remembered words and facts; None stands for nobody."""
    people: set[int | None] = {known.person_id for known in (*remembered.head.known, *remembered.fresh)}
    for lines in (remembered.lines, remembered.recalled):
        people |= {line.person_id for line in lines} | {source for line in lines for source in line.drew_on}
    return people


async def _take_seat(db: UnitOfWork, turn: Turn, remembered: Recollection, *, begins_at: int) -> None:
    """Store the start and the preamble of a transcript, and the state of lorebooks."""
    seat = (turn.channel_id, turn.character)
    if not remembered.seated:
        await db.channels.take_seat(*seat)
    if begins_at > remembered.begun:
        await db.channels.begin_transcript(*seat, begins_at)
    if remembered.head.renewed and remembered.head.at is not None:
        await db.channels.show_at_head(*seat, remembered.head.at, remembered.head.people)
    if remembered.stage.lore is not None:
        await db.channels.keep_lore(*seat, remembered.stage.lore)


async def _overtake(
    db: UnitOfWork, trigger: Utterance, remembered: Recollection, *, turn_id: int, at: datetime
) -> None:
    """Close earlier messages of the same person in the channel: this reply has read them too."""
    waiting = await db.turns.waiting_of(
        trigger.author_id,
        trigger.where.channel_id,
        before=trigger.message_id,
        through=remembered.heard_through,
    )
    for message_id in set(waiting) - remembered.listening:
        await db.turns.close(message_id, reason=Reason.ANSWERED.name, at=at, turn_id=turn_id)


async def count_bots(db: UnitOfWork, heard: Sequence[Utterance], *, replied_at: datetime | None) -> None:
    """Count a reply for each answered bot; without a time, count a call without an answer."""
    for bot_id, where in {message.author_id: message.where for message in heard if message.from_bot}.items():
        await db.bots.count(place_of(where), bot_id, replied_at=replied_at)


async def close(
    db: UnitOfWork, decided: Sequence[Decided], *, at: datetime, turn_id: int | None = None
) -> None:
    """Store the decisions about messages, with traces and costs (C18)."""
    for item in decided:
        await db.turns.close(
            item.utterance.message_id,
            reason=item.decision.reason.name,
            at=at,
            trace=trace_json(item.trace),
            turn_id=turn_id,
        )
        await note_calls(
            db, item.calls, item.trace.voted_for, turn_id=turn_id, message_id=item.utterance.message_id
        )


async def note(
    db: UnitOfWork,
    heard: Utterance,
    *,
    at: datetime,
    gapless: bool = True,
    cast_id: int | None = None,
    unheard: bool = False,
) -> HouseRules | None:
    """Claim a message and write it into the log; None if it was claimed before (faults A2).

    Return the server rules of the place. `cast_id` is the audience of characters.

    Only a `gapless` message, with nothing unread before it, moves the channel's watermark: at a gap the
    watermark has to stay until the gap was fetched, or a crash would lose its messages. If the admins forbid
    reading, or the message is `unheard`, only the claim is stored: no words, no names (C15, C91, D03). A
    person's message resets the limits for bots of the channel (F034).
    """
    where = heard.where
    rules = HouseRules(await db.channels.rules(where.guild_id))
    await note_place(db, where, heard=heard.message_id if gapless else 0)
    claimed = await db.turns.claim(
        heard.message_id, where.channel_id, author_id=heard.author_id, at=at, aloud=heard.aloud
    )
    if not claimed:
        return None
    if unheard or (rules.rules and rules.forbids(heard)):
        return rules
    if where.place is Place.GUILD and not heard.from_bot:
        await db.bots.rearm(place_of(where))
    if where.place is Place.GUILD:
        await db.channels.count_messages(where.channel_id, hour_of(at))
    names = {0: heard.account_name or heard.author_name}
    if where.guild_id is not None:
        names[where.guild_id] = heard.author_name
    await db.users.note(heard.author_id, names, is_bot=heard.from_bot, at=at)
    await db.messages.add(
        MessageRow(
            id=heard.message_id,
            channel_id=where.channel_id,
            author_id=heard.author_id,
            author_name=heard.author_name,
            text=heard.text,
            sent_at=heard.sent_at,
            from_bot=heard.from_bot,
            reply_to=heard.reply_to,
            cast_id=cast_id,
            attachments=json_of(heard.attachments),
        )
    )
    return rules


async def note_place(db: UnitOfWork, where: Where, *, heard: int = 0) -> None:
    """Store a place's current names, and the last message that was read (`heard`) there without a gap."""
    await db.channels.note(
        where.channel_id,
        place=where.place,
        name=where.name,
        guild_id=where.guild_id,
        guild_name=where.guild_name,
        parent_id=where.parent_id,
        age_restricted=where.age_restricted,
        public=where.public,
        heard=heard,
    )


async def note_reply_calls(
    db: UnitOfWork, calls: Sequence[ModelCall], turn: Turn, turn_id: int, remembered: Recollection
) -> None:
    """Book the calls for a reply; store the prompts with the people concerned, if the operator wants that."""
    await note_calls(db, calls, turn.character, turn_id=turn_id)
    people = [
        person_id for person_id in _people_in(remembered) | {turn.addressee_id} if person_id is not None
    ]
    for call in calls:
        if call.sent:
            await db.prompts.add(turn_id, call.sent, at=call.at, channel_id=turn.channel_id, people=people)


async def note_calls(
    db: UnitOfWork,
    calls: Sequence[ModelCall],
    character: str = "",
    *,
    turn_id: int | None = None,
    message_id: int | None = None,
) -> None:
    """Book calls, with a character if any; without the person, if that person was forgotten.

    `turn_id` or `message_id` tells the reply or the decision that they were made for.
    """
    for call in calls:
        usage = call.usage
        await db.calls.add(
            CallRow(
                at=call.at,
                purpose=call.purpose,
                model=call.model,
                outcome=call.outcome,
                seconds=call.seconds,
                input_tokens=usage.input,
                output_tokens=usage.output,
                cache_read_tokens=usage.cache_read,
                cache_write_5m_tokens=usage.cache_write_5m,
                cache_write_1h_tokens=usage.cache_write_1h,
                cost=call.cost,
                user_id=call.user_id,
                channel_id=call.channel_id,
                character=character or None,
                turn_id=turn_id,
                message_id=message_id,
            )
        )


async def settle(
    db: UnitOfWork,
    turn: Turn,
    parts: Sequence[PartRow],
    *,
    posted: Posted | None,
    me: int,
    name_of: Callable[[str], str],
    at: datetime,
) -> list[MessageRow] | None:
    """Make the posted parts history, and end the turn; return its new lines.

    None if it had ended before: settling twice changes nothing. `posted` is a part that is not recorded yet.

    A fallback is posted and forgotten. Of an interrupted reply, only the posted parts are kept.
    """
    if turn.state != "pledged":
        return None
    lines, whole = [], True
    said = {part.number: (part.message_id, part.said_at) for part in parts}
    if posted is not None:
        said[posted.number] = posted.message_id, posted.at
    for part in parts:
        message_id, said_at = said[part.number]
        whole = whole and message_id is not None and not part.todo
        # A part without a text is in the log already: the delivered reply is revised or continued. The same
        # is true of a failed revision: the channel still has the old text.
        if message_id is None or not part.text or part.todo or turn.fallback:
            continue
        line = MessageRow(
            id=message_id,
            channel_id=turn.channel_id,
            author_id=me,
            author_name=name_of(turn.character),
            text=part.text,
            sent_at=said_at or at,
            from_bot=True,
            reply_to=turn.trigger_id,
            turn_id=turn.id,
            heard_through=turn.heard_through,
            character=turn.character,
            cast_id=turn.cast_id,
            drew_on=turn.drew_on,
        )
        await db.messages.add(line)
        lines.append(line)
    await db.turns.settle(
        turn.id,
        state="said" if whole else "dropped",
        at=at,
        variant=(turn.next_variant if whole else None) or turn.variant,
        said=said,
    )
    return lines


async def refuse(db: UnitOfWork, channel_id: int, *, at: datetime) -> None:
    """Record that a channel refuses posts, for twice as long each time (faults A7)."""
    channel = await db.channels.get(channel_id)
    times = channel.refusals if channel else 0
    pause = min(UNSENDABLE_FOR * 2 ** min(times, 12), UNSENDABLE_LONGEST)
    await db.channels.refused(channel_id, until=at + pause)


async def unfinished(db: UnitOfWork, turn_id: int) -> Pledge | None:
    """Return the undelivered rest of a turn; None if it has ended."""
    turn = await db.turns.get(turn_id)
    if turn is None or turn.state != "pledged":
        return None
    parts = await db.turns.parts(turn_id)
    return Pledge(
        turn.id,
        turn.channel_id,
        turn.trigger_id,
        turn.addressee_id,
        tuple(
            Part(part.number, part.text, part.nonce, part.message_id, part.todo, turn.spoken)
            for part in parts
            if part.message_id is None or part.todo
        ),
        turn.pledged_at,
        grown=turn.next_variant is None and any(part.todo for part in parts),
    )
