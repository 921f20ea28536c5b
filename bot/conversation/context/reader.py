"""The context that a character reads before it speaks: conversation, memory, and the current situation."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.company import PlayedCharacter
from bot.conversation.config import TranscriptLimits
from bot.conversation.context.situation import Setting, Staging
from bot.conversation.context.transcript import recall
from bot.conversation.decision import Reason
from bot.conversation.perception import Perception
from bot.conversation.text.names import clean_text, speaker_label
from bot.conversation.types import Quote, Quoted, Recollection, Utterance
from bot.core.clock import Clock
from bot.prompts import fill
from database import Database, UnitOfWork
from database.models import CueRow, Seat
from memory.attachments import attachments_of
from memory.recall import RecallSearch

LONGEST_QUOTE = 500
"""The maximum number of letters that a prompt shows of a reply's target."""
AWAY = timedelta(minutes=1)
"""The minimum delay that is mentioned to people."""


async def never(_db: UnitOfWork, _heard: Utterance) -> bool:
    """The default: no reply is a voice message."""
    return False


class ContextReader:
    """Reads the whole context of a reply in one transaction, except for semantic search."""

    def __init__(
        self,
        database: Database,
        finding: RecallSearch,
        staging: Staging,
        perception: Perception,
        *,
        extent: TranscriptLimits,
        tokens: Callable[[str], int],
        clock: Clock,
    ) -> None:
        self._database = database
        self._finding = finding
        self._staging = staging
        self._perception = perception
        self._extent = extent
        self._tokens = tokens
        self._clock = clock
        self.is_spoken: Callable[[UnitOfWork, Utterance], Awaitable[bool]] = never
        """Says whether the answer to a message is to be a voice message."""

    async def read(
        self,
        role: PlayedCharacter,
        heard: Sequence[Utterance],
        *,
        cue: CueRow | None = None,
        emotes: Iterable[str] = (),
        before: int | None = None,
        through: int | None = None,
        answers: bool = True,
    ) -> Recollection:
        """Return a character's context for `heard`, the newest message last.

        `cue` is its reason to speak where nobody asked it: its words then stand behind all lines. With
        `before`, only lines before that place in the log are read; with `through`, nothing that came in after
        that message. A reply that `answers` somebody may ask about something earlier.
        """
        now, newest = self._clock.now(), heard[-1]
        where = newest.where
        await self._perception.read(heard)
        search = self._finding.search(heard)
        async with self._database.read(brief=True) as db:
            channel, seat = await db.channels.with_seat(where.channel_id, role.slug)
            remembered = await self._recall(db, role, seat, heard, before=before, through=through, now=now)
            remembered = replace(
                remembered,
                premium=await db.users.is_premium(newest.author_id),
                spoken=answers and cue is None and await self.is_spoken(db, newest),
            )
            material = await self._finding.read(db, role.slug, where, search, now=now)
            setting: Setting = await self._staging.read(
                db,
                role,
                where,
                channel=channel,
                heard=heard,
                cue=cue,
                emotes=emotes,
                replying=answers and cue is None,
            )
            replied_to = [
                (message, quote) for message in heard if (quote := self._perception.quote_of(message))
            ]
            quotes = await _quotes(db, role, replied_to) if replied_to else ()
            missed = await _missed(db, role, remembered, heard, now=now) if answers and cue is None else ""
            if cue is not None and answers:
                remembered = await _up_to_now(db, remembered, where.channel_id)
        until = channel.unsendable_until if channel else None
        remembered = replace(
            remembered,
            sendable=until is None or until <= now,
            quotes=quotes,
            listening=frozenset(self._perception.listening),
        )
        if remembered.sights or quotes:
            remembered = await self._perception.look(remembered, heard)
        recalled = await self._finding.found(
            material,
            search,
            shown=remembered.head.ids,
            said_before=min((line.said_at for line in remembered.lines), default=now),
        )
        remembered = replace(remembered, recalled=recalled)
        remembered = await self._staging.staged(role, remembered, setting, seat)
        if not missed:
            return remembered
        stage = remembered.stage
        return replace(remembered, stage=replace(stage, notes=(*stage.notes, missed)))

    async def recall(
        self, db: UnitOfWork, role: PlayedCharacter, heard: Sequence[Utterance], *, before: int, now: datetime
    ) -> Recollection:
        """Return the transcript and its preamble, as they are for an answer to `heard`."""
        seat = await db.channels.seat(heard[-1].where.channel_id, role.slug)
        return await self._recall(db, role, seat, heard, before=before, now=now)

    async def _recall(
        self,
        db: UnitOfWork,
        role: PlayedCharacter,
        seat: Seat | None,
        heard: Sequence[Utterance],
        *,
        before: int | None,
        through: int | None = None,
        now: datetime,
    ) -> Recollection:
        return await recall(
            db,
            heard,
            seat,
            character=role.character,
            now=now,
            extent=self._extent,
            tokens=self._tokens,
            before=before,
            through=through,
        )

    async def stands(self, db: UnitOfWork, remembered: Recollection) -> bool:
        """Say whether the search results are still known, in the same words."""
        return await self._finding.stands(db, remembered.recalled)


async def _quotes(
    db: UnitOfWork, role: PlayedCharacter, replied_to: Sequence[tuple[Utterance, Quote]]
) -> tuple[Quoted, ...]:
    """Return the targets of replies in their current state; nothing by people whom admins denied.

    A character doesn't see lines from its own absence. For lines that left the log the audience is unknown:
    they are shown as the reply's author sees them.
    """
    house = HouseRules(await db.channels.rules(replied_to[-1][0].where.guild_id))
    found = []
    for reply, quote in replied_to:
        line = await db.messages.get(quote.message_id)
        audience = await db.casts.members(line.cast_id) if line else None
        unknown = line is None and house.denied_roles  # nobody knows whether its author has a denied role
        if house.ignores(quote.author_id) or unknown or (audience is not None and role.slug not in audience):
            continue
        if line is not None:
            attached, text = attachments_of(line.attachments), clean_text(line.text)[:LONGEST_QUOTE]
            quote = replace(quote, text=text, attachments=attached)  # noqa: PLW2901
        by = speaker_label(reply.author_name, reply.author_id)
        found.append(Quoted(by, speaker_label(quote.author_name, quote.author_id), quote))
    return tuple(found)


async def _missed(
    db: UnitOfWork,
    role: PlayedCharacter,
    remembered: Recollection,
    heard: Sequence[Utterance],
    *,
    now: datetime,
) -> str:
    """Return the note about messages from the program's downtime; "" without any."""
    since = min(message.sent_at for message in heard)
    for line in reversed(remembered.lines):
        if line.mine:
            break
        if line.of_picture:  # described long after it was sent
            continue
        since = min(since, line.said_at)
    if now - since < AWAY:
        return ""
    missed = await db.turns.heard_late(
        heard[-1].where.channel_id, since=since, by=AWAY, stale=Reason.STALE.name
    )
    if not missed:
        return ""
    return fill("missed", name=role.name, count=str(len(missed)), ago=_in_words(now - missed[0]))


def _in_words(ago: timedelta) -> str:
    hours, minutes = divmod(round(ago.total_seconds() / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


async def _up_to_now(db: UnitOfWork, remembered: Recollection, channel_id: int) -> Recollection:
    """Return the context of words that answer no message: they stand behind all lines.

    Others may have heard more than the speaker, and their transcripts must only grow.
    """
    last, floor = await db.reminders.last_position(), await db.channels.highest_floor(channel_id)
    return replace(remembered, heard_through=max(remembered.heard_through, last, floor // 2))
