"""Claims, turns and pending parts, which make each reply happen exactly once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from database.models import Archived, Channel, Claim, MessageRow, PartRow, Turn, Variant
from database.repositories import Inserting, Repository, table_of, values_of

_claims, _turns, _parts = table_of(Claim), table_of(Turn), table_of(PartRow)
_messages = table_of(MessageRow)
_CLOSE = (
    update(_claims)
    .where(_claims.c.message_id == bindparam("message"), _claims.c.open.is_(True))
    .values(
        open=False,
        reason=bindparam("because"),
        turn_id=bindparam("turn"),
        trace=bindparam("kept"),
        decided_at=bindparam("at"),
    )
)
_STILL_OPEN = select(_claims.c.message_id).where(
    _claims.c.message_id.in_(bindparam("message_ids", expanding=True)), _claims.c.open.is_(True)
)
_WAITING_OF = (
    select(_claims.c.message_id)
    .join(_messages, _messages.c.id == _claims.c.message_id)
    .where(
        # Few open claims exist, but many belong to one channel: the sum stops the planner from using that
        # index.
        _claims.c.channel_id + 0 == bindparam("channel"),
        _claims.c.message_id < bindparam("message"),
        _claims.c.author_id == bindparam("author"),
        _claims.c.open.is_(True),
        _messages.c.position <= bindparam("through"),
    )
)
_PLEDGE, _PLEDGE_PARTS = insert(_turns), insert(_parts)
_GET = select(Turn).where(Turn.id == bindparam("turn"))
_WITH_PARTS = (
    select(Turn, PartRow)
    .outerjoin(PartRow, PartRow.turn_id == Turn.id)
    .where(Turn.id == bindparam("turn"))
    .order_by(PartRow.number)
)
_PARTS = select(PartRow).where(PartRow.turn_id == bindparam("turn")).order_by(PartRow.number)
_SAID = (
    update(_parts)
    .where(_parts.c.turn_id == bindparam("turn"), _parts.c.number == bindparam("part"))
    .values(message_id=bindparam("became"), said_at=bindparam("at"))
)
_SETTLE = (
    update(_turns)
    .where(_turns.c.id == bindparam("turn"), _turns.c.state == "pledged")
    .values(
        state=bindparam("ended"),
        settled_at=bindparam("at"),
        variant=bindparam("stands"),
        next_variant=None,
        # They have been counted once; erasing them avoids traces of the person and double counting.
        tone=None,
        register=None,
    )
)
_BLANK = (
    update(_parts)
    .where(_parts.c.turn_id == bindparam("turn"), _parts.c.number == bindparam("part"))
    .values(text="", todo=None, message_id=bindparam("became"), said_at=bindparam("at"))
)


class TurnRepository(Repository):
    """The claims, turns and parts tables."""

    async def claim(
        self, message_id: int, channel_id: int, *, author_id: int, at: datetime, aloud: bool = False
    ) -> bool:
        """Claim a message; return False if it was claimed before (faults A2)."""
        claim = {"message_id": message_id, "channel_id": channel_id, "claimed_at": at, "open": True}
        claim |= {"author_id": author_id, "aloud": aloud}
        result = await self._session.execute(_claim(self._insert), claim)
        return bool(result.rowcount)  # type: ignore[attr-defined]

    async def open_since(self, message_id: int) -> datetime | None:
        """Return when a message was claimed, if the decision about it is pending."""
        query = select(Claim.claimed_at).where(Claim.message_id == message_id, Claim.open.is_(True))
        return await self._session.scalar(query)

    async def open_claims(self, since: datetime, places: Collection[str]) -> list[Claim]:
        """Return open claims in `places` since a moment, oldest first."""
        query = (
            select(Claim)
            .join(Channel, Channel.id == Claim.channel_id)
            .where(Claim.open.is_(True), Claim.claimed_at >= since, Channel.place.in_(places))
            .where(Claim.aloud.is_(False))
            .order_by(Claim.message_id)
        )
        return list(await self._session.scalars(query))

    async def heard_late(
        self, channel_id: int, *, since: datetime, by: timedelta, stale: str
    ) -> list[datetime]:
        """Return the times since a moment of messages that arrived late and were not answered.

        Their claims are open, or were closed for the reason `stale`.
        """
        query = (
            select(MessageRow.sent_at, Claim.claimed_at)
            .join(Claim, Claim.message_id == MessageRow.id)
            .where(
                Claim.channel_id == channel_id,
                MessageRow.sent_at >= since,
                or_(Claim.open.is_(True), Claim.reason == stale),
            )
            .order_by(MessageRow.sent_at)
        )
        found = (await self._session.execute(query)).all()
        return [row.sent_at for row in found if row.claimed_at - row.sent_at >= by]

    async def decided(self, message_id: int) -> tuple[Claim, Turn | None] | None:
        """Return the claim of a message, and its turn; None if the message was never claimed."""
        query = (
            select(Claim, Turn)
            .outerjoin(Turn, Turn.id == Claim.turn_id)
            .where(Claim.message_id == message_id)
        )
        row = (await self._session.execute(query)).one_or_none()
        return (row[0], row[1]) if row else None

    async def answered_with(self, message_id: int) -> int | None:
        """Return the message that a reply answers, given a message of the reply."""
        query = select(Turn.trigger_id).join(PartRow, PartRow.turn_id == Turn.id)
        return await self._session.scalar(query.where(PartRow.message_id == message_id).limit(1))

    async def of_message(self, message_id: int) -> Turn | None:
        """Return the reply to which a message belongs."""
        query = select(Turn).join(PartRow, PartRow.turn_id == Turn.id)
        return await self._session.scalar(query.where(PartRow.message_id == message_id).limit(1))

    async def spoken_among(self, message_ids: Collection[int]) -> list[int]:
        """Return the messages that are parts of spoken replies."""
        query = select(PartRow.message_id).join(Turn, Turn.id == PartRow.turn_id)
        found = await self._session.scalars(query.where(PartRow.message_id.in_(message_ids), Turn.spoken))
        return [message_id for message_id in found if message_id is not None]

    async def newest_claim(self, channel_id: int) -> int | None:
        """Return the last claimed message of a channel."""
        return await self._session.scalar(
            select(Claim.message_id)
            .where(Claim.channel_id == channel_id)
            .order_by(Claim.message_id.desc())
            .limit(1)
        )

    async def close(
        self,
        message_id: int,
        *,
        reason: str,
        at: datetime,
        trace: Mapping[str, Any] | None = None,
        turn_id: int | None = None,
    ) -> None:
        """Record the final decision about a message.

        An earlier decision, for example because of a deletion, stands.
        """
        closed = {"message": message_id, "because": reason, "at": at, "kept": trace, "turn": turn_id}
        await self._session.execute(_CLOSE, closed)

    async def close_open(self, message_ids: Collection[int], *, reason: str, at: datetime) -> None:
        """Close the open claims of these messages with a reason."""
        await self._session.execute(
            update(Claim)
            .where(Claim.message_id.in_(message_ids), Claim.open.is_(True))
            .values(open=False, reason=reason, decided_at=at)
        )

    async def close_left_open(self, before: datetime, *, reason: str, at: datetime) -> None:
        """Close claims from before a moment that were left open, with a reason."""
        await self._session.execute(
            update(Claim)
            .where(Claim.open.is_(True), Claim.claimed_at < before)
            .values(open=False, reason=reason, decided_at=at)
        )

    async def end_calls(self, *, reason: str, at: datetime, channel_id: int | None = None) -> None:
        """Close open claims of messages spoken aloud, in one call or in all, with a reason."""
        spoken = update(Claim).where(Claim.open.is_(True), Claim.aloud.is_(True))
        if channel_id is not None:
            spoken = spoken.where(Claim.channel_id == channel_id)
        await self._session.execute(spoken.values(open=False, reason=reason, decided_at=at))

    async def was_aloud(self, message_id: int) -> bool:
        """Return whether a message was spoken aloud."""
        return bool(await self._session.scalar(select(Claim.aloud).where(Claim.message_id == message_id)))

    async def answers_message(self, turn: Turn) -> bool:
        """Return whether a reply answers a message, as opposed to a cue."""
        query = select(Claim.message_id).where(Claim.message_id == turn.trigger_id, Claim.turn_id == turn.id)
        return await self._session.scalar(query) is not None

    async def still_open(self, message_ids: Collection[int]) -> set[int]:
        """Return the messages whose claims are open."""
        return set(await self._session.scalars(_STILL_OPEN, {"message_ids": list(message_ids)}))

    async def waiting_of(self, author_id: int, channel_id: int, *, before: int, through: int) -> list[int]:
        """Return a person's undecided messages in a channel that are older than another.

        Only lines up to log position `through` count: later ones were not in the prompt.
        """
        asked = {"author": author_id, "channel": channel_id, "message": before, "through": through}
        return list(await self._session.scalars(_WAITING_OF, asked))

    async def drop_unsaid(self, trigger_ids: Collection[int], *, at: datetime) -> None:
        """Drop replies to messages of which no part was sent yet, and erase their words."""
        begun = select(PartRow.turn_id).where(PartRow.message_id.is_not(None))
        unsaid = select(Turn.id).where(
            Turn.trigger_id.in_(trigger_ids), Turn.state == "pledged", Turn.id.not_in(begun)
        )
        ids = list(await self._session.scalars(unsaid))
        await self._session.execute(update(PartRow).where(PartRow.turn_id.in_(ids)).values(text=""))
        await self._session.execute(
            update(Turn)
            .where(Turn.id.in_(ids))
            .values(state="dropped", settled_at=at, tone=None, register=None)
        )

    async def take_back(self, message_ids: Collection[int], *, at: datetime) -> bool:
        """Cancel pending actions on messages that are gone; return whether there were any.

        A take that was about to replace such a message is dropped as a whole.
        """
        affected = select(PartRow.turn_id).where(PartRow.message_id.in_(message_ids))
        revised = list(
            await self._session.scalars(
                select(Turn.id).where(
                    Turn.id.in_(affected), Turn.state == "pledged", Turn.next_variant.is_not(None)
                )
            )
        )
        blanked = await self._session.execute(
            update(PartRow)
            .where(or_(PartRow.message_id.in_(message_ids), PartRow.turn_id.in_(revised)), PartRow.text != "")
            .values(text="", todo=None)
        )
        await self._session.execute(
            update(Turn).where(Turn.id.in_(revised)).values(state="dropped", settled_at=at, next_variant=None)
        )
        return bool(blanked.rowcount)  # type: ignore[attr-defined]

    async def pledge(self, turn: Turn, parts: Sequence[tuple[int, str, str]]) -> int:
        """Store a reply before it is sent. `parts` are (number, text, nonce); returns the turn's id."""
        turn.begun_at = turn.pledged_at
        turn.letters = sum(len(text) for _, text, _ in parts)
        pledged = await self._session.execute(_PLEDGE, values_of(turn))
        turn_id = int(pledged.inserted_primary_key[0])  # type: ignore[attr-defined]
        rows = [PartRow(turn_id, number, text, nonce) for number, text, nonce in parts]
        if rows:
            await self._session.execute(_PLEDGE_PARTS, [values_of(row) for row in rows])
        return turn_id

    async def get(self, turn_id: int) -> Turn | None:
        return await self._session.scalar(_GET, {"turn": turn_id})

    async def with_parts(self, turn_id: int) -> tuple[Turn | None, list[PartRow]]:
        """Return a turn and its parts, ordered by number."""
        rows = (await self._session.execute(_WITH_PARTS, {"turn": turn_id})).all()
        return (rows[0][0] if rows else None), [row[1] for row in rows if row[1] is not None]

    async def pledged(self, places: Collection[str]) -> list[tuple[int, int]]:
        """Return (turn id, channel id) of unfinished replies in `places`, oldest first."""
        query = (
            select(Turn.id, Turn.channel_id)
            .join(Channel, Channel.id == Turn.channel_id)
            .where(Turn.state == "pledged", Channel.place.in_(places))
            .order_by(Turn.id)
        )
        return [(row.id, row.channel_id) for row in await self._session.execute(query)]

    async def parts(self, turn_id: int) -> list[PartRow]:
        return list(await self._session.scalars(_PARTS, {"turn": turn_id}))

    async def last_speaker(self, channel_id: int, *, to: int | None = None) -> tuple[str, datetime] | None:
        """Return the last speaking character in a channel, to a person or anybody, and when (C24)."""
        query = select(Turn.character, Turn.pledged_at).where(
            Turn.channel_id == channel_id, Turn.state != "dropped"
        )
        if to is not None:
            query = query.where(Turn.addressee_id == to)
        row = (await self._session.execute(query.order_by(Turn.id.desc()).limit(1))).first()
        return (row[0], row[1]) if row else None

    async def answers(self, character: str, *, since: datetime) -> int:
        """Count a character's replies since a moment (F109)."""
        query = select(func.count()).select_from(Turn)
        said = (Turn.character == character, Turn.state == "said", Turn.pledged_at >= since)
        return int(await self._session.scalar(query.where(*said)) or 0)

    async def posted(self, channel_id: int, *, after: int) -> set[int]:
        """Return the messages after another that are known parts of replies in a channel."""
        query = (
            select(PartRow.message_id)
            .join(Turn, Turn.id == PartRow.turn_id)
            .where(Turn.channel_id == channel_id, PartRow.message_id > after)
        )
        return {found for found in await self._session.scalars(query) if found is not None}

    async def said(self, turn_id: int, number: int, message_id: int, at: datetime) -> None:
        """Record that a part was posted, and its message."""
        posted = {"turn": turn_id, "part": number, "became": message_id, "at": at}
        await self._session.execute(_SAID, posted)

    async def settle(
        self,
        turn_id: int,
        *,
        state: str,
        at: datetime,
        variant: int,
        said: Mapping[int, tuple[int | None, datetime | None]],
    ) -> None:
        """End a turn as 'said' or 'dropped', and erase the text of its parts.

        `variant` is the current take; `said` maps part numbers to message ids and times.
        """
        ended = {"turn": turn_id, "ended": state, "at": at, "stands": variant}
        await self._session.execute(_SETTLE, ended)
        blanked = [
            {"turn": turn_id, "part": number, "became": became, "at": when}
            for number, (became, when) in said.items()
        ]
        if blanked:
            await self._session.execute(_BLANK, blanked)

    # Takes on a sent reply.

    async def last_to(self, person_id: int, channel_id: int, *, limit: int) -> list[Turn]:
        """Return the latest replies to a person in a channel that are still in the log, newest first."""
        asked = select(Claim.turn_id).where(
            Claim.channel_id == channel_id, Claim.author_id == person_id, Claim.turn_id.is_not(None)
        )
        query = (
            select(Turn)
            .where(
                Turn.channel_id == channel_id,
                Turn.id.in_(select(MessageRow.turn_id).where(MessageRow.channel_id == channel_id)),
                or_(Turn.addressee_id == person_id, Turn.id.in_(asked)),
            )
            .order_by(Turn.id.desc())
            .limit(limit)
        )
        return list(await self._session.scalars(query))

    async def answered_by(self, turn_id: int) -> list[int]:
        """Return the messages that a reply answers, oldest first."""
        query = select(Claim.message_id).where(Claim.turn_id == turn_id).order_by(Claim.message_id)
        return list(await self._session.scalars(query))

    async def variants(self, turn_id: int) -> list[Variant]:
        """Return all stored takes on a reply, by number."""
        query = select(Variant).where(Variant.turn_id == turn_id).order_by(Variant.number)
        return list(await self._session.scalars(query))

    async def add_variant(self, turn_id: int, parts: Sequence[str], *, at: datetime) -> int:
        """Store a take on a reply unless an equal one exists; return its number."""
        kept = await self.variants(turn_id)
        same = next((variant.number for variant in kept if variant.parts == list(parts)), None)
        if same is not None:
            return same
        number = max((variant.number for variant in kept), default=0) + 1
        row = Variant(turn_id=turn_id, number=number, parts=list(parts), made_at=at)
        await self._session.execute(insert(table_of(Variant)), values_of(row))
        return number

    async def count_takes(self, turn_id: int, *, rerolls: int = 0, swipes: int = 0) -> None:
        """Count further takes that were generated or chosen (F109)."""
        counted = {"rerolls": Turn.rerolls + rerolls, "swipes": Turn.swipes + swipes}
        await self._session.execute(update(Turn).where(Turn.id == turn_id).values(**counted))

    async def forget_variants(self, message_ids: Collection[int]) -> None:
        """Delete all takes on the replies to which some messages belong."""
        turn_ids = list(
            await self._session.scalars(select(PartRow.turn_id).where(PartRow.message_id.in_(message_ids)))
        )
        await self._session.execute(delete(Variant).where(Variant.turn_id.in_(turn_ids)))
        await self._session.execute(update(Turn).where(Turn.id.in_(turn_ids)).values(variant=1))

    async def one_take(self, turn_id: int) -> None:
        """Delete the takes on a reply: the current one becomes its first."""
        await self._session.execute(delete(Variant).where(Variant.turn_id == turn_id))
        await self._session.execute(update(Turn).where(Turn.id == turn_id).values(variant=1))

    async def prune_variants(self) -> None:
        """Delete the takes on replies that have left the log."""
        kept = select(MessageRow.turn_id).where(MessageRow.turn_id.is_not(None))
        pledged = select(Turn.id).where(Turn.state == "pledged")
        await self._session.execute(
            delete(Variant).where(Variant.turn_id.not_in(kept), Variant.turn_id.not_in(pledged))
        )

    async def revise(self, turn_id: int, texts: Sequence[str], *, variant: int, at: datetime) -> None:
        """Prepare a reply's change to another take: messages already posted are edited or deleted.

        Texts without a message are posted, each with its own nonce.
        """
        await self._session.execute(
            delete(PartRow).where(PartRow.turn_id == turn_id, PartRow.message_id.is_(None))
        )
        posted = await self.parts(turn_id)
        for part, text in zip(posted, texts, strict=False):
            part.text, part.todo = text, "edit"
        for part in posted[len(texts) :]:
            part.todo = "delete"
        await self._session.flush()
        last = max((part.number for part in posted), default=0)
        await self.extend(turn_id, texts[len(posted) :], after=last, mark=f"v{variant}", at=at)
        await self._session.execute(update(Turn).where(Turn.id == turn_id).values(next_variant=variant))

    async def extend(
        self, turn_id: int, texts: Sequence[str], *, after: int, mark: str, at: datetime
    ) -> None:
        """Add parts to a sent reply, to be sent next.

        Numbers are reused after a part was deleted. With a reused nonce, Discord would return the part posted
        some minutes ago instead of posting the new one, so the nonce includes the time.
        """
        moment = (
            int(at.timestamp() * 1000) % 0x1000000
        )  # four and a half hours: a nonce has 25 characters at most
        rows = [
            PartRow(turn_id, number, text, f"{mark}.{turn_id}.{number}.{moment:x}")
            for number, text in enumerate(texts, after + 1)
        ]
        if rows:
            await self._session.execute(_PLEDGE_PARTS, [values_of(row) for row in rows])
        await self._session.execute(
            update(Turn).where(Turn.id == turn_id).values(state="pledged", pledged_at=at, settled_at=None)
        )

    async def draw_on(self, turn: Turn, people: Sequence[int] | None) -> None:
        """Record that another take on a reply, or its continuation, names or repeats people."""
        drew_on = sorted({*(turn.drew_on or ()), *(people or ())})
        if drew_on == (turn.drew_on or []):
            return
        said = list(await self._session.scalars(select(MessageRow.id).where(MessageRow.turn_id == turn.id)))
        for table, ids in ((Turn, [turn.id]), (MessageRow, said), (Archived, said)):
            await self._session.execute(update(table).where(table.id.in_(ids)).values(drew_on=drew_on))

    async def recast(self, turn_id: int, cast_id: int) -> None:
        """Assign another cast of listeners to the unsent parts of a reply."""
        await self._session.execute(update(Turn).where(Turn.id == turn_id).values(cast_id=cast_id))

    async def done(self, turn_id: int, number: int, *, gone: bool) -> None:
        """Record that a part was edited, or that its message is gone."""
        here = (PartRow.turn_id == turn_id, PartRow.number == number)
        if gone:
            await self._session.execute(delete(PartRow).where(*here))
        else:
            await self._session.execute(update(PartRow).where(*here).values(text="", todo=None))

    async def shown_as(
        self, turn_id: int, parts: Sequence[tuple[int, int, str | None]], at: datetime
    ) -> None:
        """Record the messages that already show parts of a new reply, and the pending actions on them."""
        for number, message_id, todo in parts:
            here = (PartRow.turn_id == turn_id, PartRow.number == number)
            values = {"message_id": message_id, "todo": todo, "said_at": None if todo else at}
            await self._session.execute(update(PartRow).where(*here).values(**values))

    async def grew(self, turn_id: int, number: int, *, gone: bool, at: datetime) -> None:
        """Record that a message shows its whole part, or that it was deleted because its part is empty."""
        here = (PartRow.turn_id == turn_id, PartRow.number == number)
        if gone:
            await self._session.execute(delete(PartRow).where(*here))
        else:
            await self._session.execute(update(PartRow).where(*here).values(todo=None, said_at=at))

    async def abandon(
        self,
        before: datetime,
        *,
        channel_id: int | None = None,
        addressee_id: int | None = None,
        turn_ids: Collection[int] | None = None,
    ) -> None:
        """Drop unsent replies pledged up to a moment, and erase their words."""
        old = select(Turn.id).where(Turn.state == "pledged", Turn.pledged_at <= before)
        if channel_id is not None:
            old = old.where(Turn.channel_id == channel_id)
        if addressee_id is not None:
            old = old.where(Turn.addressee_id == addressee_id)
        if turn_ids is not None:
            old = old.where(Turn.id.in_(turn_ids))
        await self._session.execute(
            update(PartRow).where(PartRow.turn_id.in_(old)).values(text="", todo=None)
        )
        await self._session.execute(
            update(Turn)
            .where(Turn.id.in_(old))
            .values(state="dropped", settled_at=before, tone=None, register=None)
        )

    async def prune(self, before: datetime) -> None:
        """Delete claims and ended turns from before a moment; pledged turns stay."""
        await self._session.execute(delete(Claim).where(Claim.claimed_at < before))
        await self._session.execute(delete(Turn).where(Turn.state != "pledged", Turn.pledged_at < before))


@cache
def _claim(insert: Inserting) -> Any:
    return insert(_claims).on_conflict_do_nothing()
