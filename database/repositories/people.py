"""All data about a person across the tables: count, export, erase, import."""

import hashlib
from array import array
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from database.models import (
    Archived,
    Audit,
    BondChange,
    BondRow,
    CallRow,
    Channel,
    Claim,
    CueRow,
    Draft,
    Fact,
    FactChange,
    Guise,
    HouseRule,
    IdentityLine,
    LoreLine,
    MessageRow,
    Musing,
    MusingSource,
    Nickname,
    PartRow,
    Remark,
    Reminder,
    Row,
    Scene,
    Seat,
    State,
    Stirring,
    Summary,
    SummarySource,
    Ticket,
    TraitShift,
    Turn,
    User,
    Vectors,
    VoiceChoice,
    Window,
)
from database.repositories import Repository, table_of, values_of
from database.repositories.affinities import AffinityRepository
from database.repositories.audits import AuditRepository
from database.repositories.characters import CharacterRepository
from database.repositories.leftovers import holds
from database.repositories.remarks import RemarkRepository

_AT_ONCE = 5_000


class Holdings(NamedTuple):
    """Number of a person's rows, or items of packed rows, in each store."""

    lines: int
    answers: int
    echoes: int
    archived: int
    core: int
    facts: int
    changes: int
    embeddings: int
    notes: int
    reminders: int
    played: int
    bonds: int
    thoughts: int
    tickets: int
    names: int
    decisions: int
    calls: int


class EchoingReplies(NamedTuple):
    """Replies that name or repeat a person: turns (pledged or said), messages and channels."""

    turn_ids: set[int]
    message_ids: set[int]
    channel_ids: set[int]


class Remaining(NamedTuple):
    """Data that an erasure keeps by rule: the person's acts as an admin, admins' acts about them, bans."""

    acts: int
    told_of: int
    bans: int


class PeopleRepository(Repository):
    """Reads and erases a person's data in all tables."""

    async def holdings(self, person_id: int) -> Holdings:
        """Count the stored data about a person."""
        mine = Fact.person_id == person_id
        return Holdings(
            lines=await self._count(MessageRow, MessageRow.author_id == person_id),
            answers=await self._count(MessageRow, MessageRow.turn_id.in_(_turns_to(person_id))),
            echoes=await self._echoes(person_id),
            archived=await self._count(Archived, _archived_of(person_id)),
            core=await self._count(Fact, mine, Fact.kept.is_(True)),
            facts=await self._count(Fact, mine, Fact.kept.is_(False)),
            changes=await self._count(FactChange, FactChange.person_id == person_id),
            embeddings=await self._embeddings(person_id),
            notes=await self._count(Summary, _notes_of(person_id)),
            reminders=await self._count(Reminder, Reminder.person_id == person_id),
            played=await self._played(person_id),
            bonds=await self._bonds(person_id),
            thoughts=await self._count(MusingSource, MusingSource.person_id == person_id),
            tickets=await self._count(Ticket, Ticket.opener_id == person_id),
            names=await self._count_names(person_id),
            decisions=await self._count(Claim, Claim.author_id == person_id),
            calls=await self._count(CallRow, CallRow.user_id == person_id),
        )

    async def remaining(self, person_id: int) -> Remaining:
        """Count the data that stays when everything else about a person is erased."""
        told = await self._session.scalars(
            select(Audit.detail).where(Audit.detail.contains(str(person_id)), Audit.actor_id != person_id)
        )
        banned = (HouseRule.kind == "denied user", HouseRule.target_id == person_id)
        return Remaining(
            acts=await self._count(Audit, Audit.actor_id == person_id),
            told_of=sum(holds(detail, person_id) for detail in told),
            bans=await self._count(HouseRule, *banned),
        )

    async def was_answered(
        self, person_id: int, message_id: int, *, reasons: Collection[str], times: int
    ) -> bool:
        """Return whether a person's message, like others before, was answered for one of the reasons.

        It needs `times` answers including this one: to this person, sent completely, and no fallbacks.
        """
        meant = (
            Turn.addressee_id == person_id,
            Turn.state == "said",
            Turn.fallback.is_(False),
            Turn.reason.in_(reasons),
        )
        answer = select(Turn.id).join(Claim, Claim.turn_id == Turn.id)
        answer = answer.where(Claim.message_id == message_id, Claim.author_id == person_id, *meant)
        if await self._session.scalar(answer) is None:
            return False
        return await self._count(Turn, *meant) >= times

    # Export.

    async def changes(self, person_id: int) -> list[FactChange]:
        """Return all changes of facts about a person, for any character, oldest first."""
        query = select(FactChange).where(FactChange.person_id == person_id).order_by(FactChange.id)
        return list(await self._session.scalars(query))

    async def facts(self, person_id: int) -> list[Fact]:
        """Return all characters' facts about a person."""
        query = select(Fact).where(Fact.person_id == person_id).order_by(Fact.character, Fact.number, Fact.id)
        return list(await self._session.scalars(query))

    async def lines(self, person_id: int) -> list[MessageRow]:
        """Return the logged messages of a person and the replies to them alone."""
        mine = MessageRow.author_id == person_id
        query = select(MessageRow).where(or_(mine, MessageRow.turn_id.in_(_turns_to(person_id))))
        return list(await self._session.scalars(query.order_by(MessageRow.position)))

    async def private_notes(self, person_id: int) -> list[Summary]:
        """Return summaries of a person's private talk."""
        private = select(Channel.id).where(Channel.place != "guild")
        query = select(Summary).where(
            _notes_of(person_id), or_(Summary.channel_id.is_(None), Summary.channel_id.in_(private))
        )
        return list(await self._session.scalars(query.order_by(Summary.id)))

    async def scenes(self, person_id: int) -> list[Scene]:
        """Return the scenes that a person started."""
        query = select(Scene).where(Scene.started_by == person_id).order_by(Scene.id)
        return list(await self._session.scalars(query))

    async def noted_channels(self, person_id: int) -> list[Channel]:
        """Return the channels with a current note by a person."""
        query = select(Channel).where(Channel.note_by == person_id, Channel.note.is_not(None))
        return list(await self._session.scalars(query.order_by(Channel.id)))

    async def words(self, person_id: int) -> list[str]:
        """Return the stored words of a person, and present and former facts about them."""
        said: list[str] = []
        for line in (MessageRow, Archived):
            said += await self._session.scalars(select(line.text).where(line.author_id == person_id))
        known = [{"text": fact.text, "quote": fact.quote} for fact in await self.facts(person_id)]
        known += [change.before or {} for change in await self.changes(person_id)]
        return said + [
            known_values[key] for known_values in known for key in ("text", "quote") if known_values.get(key)
        ]

    async def names(self, person_id: int) -> list[str]:
        """Return a person's present and former names and the personas they play."""
        went_by = select(Nickname.name).where(Nickname.user_id == person_id)
        played = select(Guise.name).where(Guise.user_id == person_id)
        return list(await self._session.scalars(went_by.union(played)))

    # Erasure.

    async def private_places(self, person_id: int) -> set[int]:
        """Return the channels with only a person and the character."""
        channel_ids = [
            select(MessageRow.channel_id).where(MessageRow.author_id == person_id),
            select(Turn.channel_id).where(Turn.addressee_id == person_id),
            select(Claim.channel_id).where(Claim.author_id == person_id),
            select(Archived.channel_id).where(_archived_of(person_id)),
            select(Fact.channel_id).where(Fact.person_id == person_id, Fact.scope == "dm"),
            select(Reminder.channel_id).where(Reminder.person_id == person_id),
        ]
        condition = or_(*(Channel.id.in_(ids) for ids in channel_ids))
        return set(await self._session.scalars(select(Channel.id).where(Channel.place != "guild", condition)))

    async def places(self, person_id: int) -> set[int]:
        """Return the channels with lines by a person, or replies to them, in the log."""
        condition = or_(MessageRow.author_id == person_id, MessageRow.turn_id.in_(_answered(person_id)))
        found = set(await self._session.scalars(select(MessageRow.channel_id).where(condition).distinct()))
        pledged = select(Turn.channel_id).where(Turn.addressee_id == person_id, Turn.state == "pledged")
        found |= set(await self._session.scalars(pledged))
        return found | (await self.echoing(person_id)).channel_ids

    async def echoing(self, person_id: int) -> EchoingReplies:
        """Return the replies to anybody that name or repeat a person."""
        turns = await self._drew_on(Turn, person_id)
        lines = await self._drew_on(MessageRow, person_id) | await self._drew_on(Archived, person_id)
        message_ids = set(lines)
        for batch in pieces(turns):
            posted = await self._session.scalars(select(PartRow.message_id).where(PartRow.turn_id.in_(batch)))
            message_ids |= {message_id for message_id in posted if message_id is not None}
        return EchoingReplies(set(turns), message_ids, {*turns.values(), *lines.values()})

    async def answers_in(self, channel_ids: Collection[int]) -> dict[int, str]:
        """Return the text of all characters' messages in some channels, by message id."""
        logged = (MessageRow.channel_id.in_(channel_ids), MessageRow.heard_through.is_not(None))
        archived = (Archived.channel_id.in_(channel_ids), Archived.mine.is_(True))
        said = dict((await self._session.execute(select(Archived.id, Archived.text).where(*archived))).all())
        return said | dict(
            (await self._session.execute(select(MessageRow.id, MessageRow.text).where(*logged))).all()
        )

    async def noted_places(self, person_id: int) -> set[int]:
        """Return the channels with summaries that contain anything of a person."""
        query = select(Summary.channel_id).where(_notes_of(person_id), Summary.channel_id.is_not(None))
        return {channel_id for channel_id in await self._session.scalars(query) if channel_id is not None}

    async def message_ids(self, person_id: int, private: Collection[int]) -> set[int]:
        """Return the messages that a person wrote or was answered with, and all in private channels."""
        turns = _answered(person_id)
        logged = or_(
            MessageRow.author_id == person_id,
            MessageRow.turn_id.in_(turns),
            MessageRow.channel_id.in_(private),
        )
        found = set(await self._session.scalars(select(MessageRow.id).where(logged)))
        posted = select(PartRow.message_id).where(PartRow.turn_id.in_(turns), PartRow.message_id.is_not(None))
        found |= {message_id for message_id in await self._session.scalars(posted) if message_id is not None}
        return found | set(await self._session.scalars(select(Archived.id).where(_archived_of(person_id))))

    async def memory_ids(self, person_id: int) -> set[int]:
        """Return the ids of present and former facts about a person."""
        now = select(Fact.id).where(Fact.person_id == person_id)
        past = select(FactChange.memory_id).where(FactChange.person_id == person_id)
        return set(await self._session.scalars(now.union(past)))

    async def erase(self, person_id: int, private: Collection[int]) -> None:
        """Erase the rest after a person's words and facts: their identity and presence.

        Claims stay without their author, so that no message is claimed again; calls stay in the accounts.
        """
        await self._session.execute(delete(Summary).where(_notes_of(person_id)))
        for model in (Turn, Draft):
            await self._session.execute(delete(model).where(model.addressee_id == person_id))
        for batch in pieces(await self._drew_on(Turn, person_id)):
            await self._session.execute(update(Turn).where(Turn.id.in_(batch)).values(drew_on=None))
        blank = {"author_id": 0, "open": False, "trace": None}
        await self._session.execute(update(Claim).where(Claim.author_id == person_id).values(**blank))
        await self._session.execute(update(CallRow).where(CallRow.user_id == person_id).values(user_id=None))
        await self._erase_from_traces(person_id)
        await self._erase_from_preambles(person_id)
        await self._erase_personas_and_scenes(person_id)
        await self._erase_relationships(person_id, private)
        await self._erase_from_tickets(person_id)
        await self._erase_private(private)
        await AuditRepository(self._session).without(person_id)
        await self._session.execute(delete(User).where(User.id == person_id))
        await self._anonymise_marks(person_id)

    async def _erase_private(self, channel_ids: Collection[int]) -> None:
        await self._session.execute(delete(Summary).where(Summary.channel_id.in_(channel_ids)))
        await AffinityRepository(self._session).forget_place(channel_ids)
        await self._session.execute(delete(Window).where(Window.channel_id.in_(channel_ids)))
        await self._session.execute(delete(Musing).where(Musing.channel_id.in_(channel_ids)))
        for model, value in ((CallRow, None), (Claim, 0)):
            in_channels = update(model).where(model.channel_id.in_(channel_ids))
            await self._session.execute(in_channels.values(channel_id=value))
        await self._session.execute(delete(Channel).where(Channel.id.in_(channel_ids)))

    async def _erase_from_traces(self, person_id: int) -> None:
        """Remove a person from other decisions' traces, where they were an addressee."""
        for table, key in ((Claim, Claim.message_id), (CueRow, CueRow.id)):
            query = select(key, table.trace).where(cast(table.trace, String).contains(str(person_id)))
            for row, trace in (await self._session.execute(query)).all():
                if person_id in (trace or {}).get("addressees", ()):
                    addressees = [
                        0 if addressee == person_id else addressee for addressee in trace["addressees"]
                    ]
                    kept = {**trace, "addressees": addressees}
                    await self._session.execute(update(table).where(key == row).values(trace=kept))

    async def _erase_relationships(self, person_id: int, private: Collection[int]) -> None:
        """Erase a person's relationships with characters and their part in characters' feelings."""
        for table in (BondRow, BondChange):
            await self._session.execute(delete(table).where(table.user_id == person_id))
        await RemarkRepository(self._session).without(person_id, private)
        await CharacterRepository(self._session).forget_who_stirred(person_id, private)

    async def _erase_from_preambles(self, person_id: int) -> None:
        query = select(Seat.channel_id, Seat.character, Seat.head_people).where(
            cast(Seat.head_people, String).contains(str(person_id))
        )
        for channel_id, character, people in (await self._session.execute(query)).all():
            if people and person_id in people:
                left = [other_id for other_id in people if other_id != person_id]
                seat = update(Seat).where(Seat.channel_id == channel_id, Seat.character == character)
                await self._session.execute(seat.values(head_people=left, head_at=None))

    async def _erase_personas_and_scenes(self, person_id: int) -> None:
        """Erase a person's personas, scenes and notes, and their name from additions to characters."""
        await self._session.execute(delete(Guise).where(Guise.user_id == person_id))
        await self._session.execute(delete(VoiceChoice).where(VoiceChoice.user_id == person_id))
        await self._session.execute(delete(Scene).where(Scene.started_by == person_id))
        noted = update(Channel).where(Channel.note_by == person_id)
        await self._session.execute(noted.values(note=None, note_by=None, note_depth=0))
        for table in (IdentityLine, LoreLine):
            laid_down = update(table).where(table.made_by == person_id)
            await self._session.execute(laid_down.values(made_by=0))

    async def _erase_from_tickets(self, person_id: int) -> None:
        """Erase the tickets that a person opened, and their name from tickets they closed."""
        await self._session.execute(delete(Ticket).where(Ticket.opener_id == person_id))
        closed = update(Ticket).where(Ticket.closed_by == person_id)
        await self._session.execute(closed.values(closed_by=None))

    async def _anonymise_marks(self, person_id: int) -> None:
        """Anonymise the records that an older program's files about a person were imported."""
        condition = or_(State.key.like(f"inherited % {person_id}"), State.key == f"inherited {person_id}")
        marks = await self._session.execute(select(State.key, State.value).where(condition))
        for key, value in marks.all():
            await self._session.execute(delete(State).where(State.key == key))
            row = self._insert(table_of(State)).values(key=blurred(key), value=value)
            await self._session.execute(row.on_conflict_do_nothing())

    # Import.

    async def owners(self, memory_ids: Collection[int]) -> dict[int, int]:
        """Return, by fact id, the person whom a present or former fact is about."""
        owners: dict[int, int] = {}
        for batch in pieces(memory_ids):
            now = select(Fact.id, Fact.person_id).where(Fact.id.in_(batch))
            past = select(FactChange.memory_id, FactChange.person_id).where(FactChange.memory_id.in_(batch))
            owners |= {row[0]: row[1] for row in await self._session.execute(now.union(past))}
        return owners

    async def put_back(self, facts: Sequence[Fact], changes: Sequence[FactChange]) -> None:
        """Insert facts and changes with their ids; the changes in order."""
        self._session.add_all(facts)
        await self._session.flush()
        if changes:
            await self._session.execute(
                insert(table_of(FactChange)), [values_of(change) for change in changes]
            )

    async def _embeddings(self, person_id: int) -> int:
        facts = select(func.coalesce(func.sum(func.length(Vectors.ids)), 0)).where(
            Vectors.kind == "fact", Vectors.owner_id == person_id
        )
        count = int(await self._session.scalar(facts) or 0) // 8
        lines = set(await self._session.scalars(select(Archived.id).where(_archived_of(person_id))))
        places = select(Archived.channel_id).where(_archived_of(person_id))
        packed = select(Vectors.ids).where(Vectors.kind == "line", Vectors.owner_id.in_(places))
        for ids in await self._session.scalars(packed):
            count += len(lines.intersection(array("q", ids)))
        return count

    async def _echoes(self, person_id: int) -> int:
        """Count the replies to others that name or repeat a person."""
        to_others = func.coalesce(MessageRow.turn_id, 0).not_in(_turns_to(person_id))
        found = await self._drew_on(MessageRow, person_id, to_others)
        return len(found | await self._drew_on(Archived, person_id, Archived.person_id != person_id))

    async def _drew_on(
        self, model: type[Turn | MessageRow | Archived], person_id: int, *where: ColumnElement[bool]
    ) -> dict[int, int]:
        """Return, by id, the channels of replies that name or repeat a person."""
        query = select(model.id, model.channel_id, model.drew_on).where(
            cast(model.drew_on, String).contains(str(person_id)), *where
        )
        found = (await self._session.execute(query)).all()
        return {row.id: row.channel_id for row in found if person_id in (row.drew_on or ())}

    async def _played(self, person_id: int) -> int:
        """Count a person's personas, voice settings, scenes and notes."""
        played = await self._count(Guise, Guise.user_id == person_id)
        played += await self._count(VoiceChoice, VoiceChoice.user_id == person_id)
        scenes = await self._count(Scene, Scene.started_by == person_id)
        return played + scenes + await self._count(Channel, Channel.note_by == person_id)

    async def _bonds(self, person_id: int) -> int:
        """Count a person's relationships with characters, their changes, and the person's other effects."""
        bonds = await self._count(BondRow, BondRow.user_id == person_id)
        changes = await self._count(BondChange, BondChange.user_id == person_id)
        remarks = await self._count(Remark, Remark.person_id == person_id)
        shifts = await self._count(TraitShift, TraitShift.person_id == person_id)
        moved = await self._count(Stirring, Stirring.person_id == person_id)
        return bonds + changes + remarks + shifts + moved

    async def _count_names(self, person_id: int) -> int:
        names = Row.metadata.tables["nicknames"]
        query = select(func.count()).select_from(names).where(names.c.user_id == person_id)
        return int(await self._session.scalar(query) or 0)

    async def _count(self, model: type[Row], *where: ColumnElement[bool]) -> int:
        return int(await self._session.scalar(select(func.count()).select_from(model).where(*where)) or 0)


def blurred(key: str) -> str:
    """Return the anonymous key that replaces a key with a forgotten person's id."""
    return f"inherited, forgotten: {hashlib.blake2s(key.encode(), digest_size=16).hexdigest()}"


def _archived_of(person_id: int) -> ColumnElement[bool]:
    return or_(Archived.person_id == person_id, Archived.author_id == person_id)


def _notes_of(person_id: int) -> ColumnElement[bool]:
    drawn = select(SummarySource.summary_id).where(SummarySource.author_id == person_id)
    return or_(Summary.person_id == person_id, Summary.id.in_(drawn))


def _answered(person_id: int) -> Any:
    """Return the query for replies to a person, alone or with others."""
    claims = select(Claim.turn_id).where(Claim.author_id == person_id, Claim.turn_id.is_not(None))
    return select(Turn.id).where(or_(Turn.addressee_id == person_id, Turn.id.in_(claims)))


def _turns_to(person_id: int) -> Any:
    """Return the query for replies to a person and nobody else."""
    shared_turns = select(Claim.turn_id).where(Claim.author_id != person_id, Claim.turn_id.is_not(None))
    return select(Turn.id).where(Turn.addressee_id == person_id, Turn.id.not_in(shared_turns))


def pieces(ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for begin in range(0, len(ordered), _AT_ONCE):
        yield ordered[begin : begin + _AT_ONCE]
