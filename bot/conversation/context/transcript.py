"""The past in a reply's prompt: the place's conversation, notes of older parts, facts about people."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain, groupby, zip_longest

from bot.conversation.config import TranscriptLimits
from bot.conversation.text.emotes import named
from bot.conversation.text.names import render_line, speaker_label
from bot.conversation.types import Episode, Head, Knowledge, Line, Recollection, Sight, Utterance
from database import UnitOfWork
from database.models import Fact, Seat
from database.repositories.messages import LoggedLine, Uncovered
from memory.attachments import READ, attachments_of, described, description_line
from memory.places import Where, audience_of
from personas.character import Character

WINDOW = timedelta(hours=24)
_label = lru_cache(maxsize=1024)(speaker_label)  # the same few people speak in line after line
KEPT_SHARE = 3  # a step leaves a third of the budget, so the cache holds until it is full again
MOST_LINES = 1_500  # the limit for lines of any length: only 2,000 are ever read
KNOWN_SHARE = 4  # facts about several people may take a quarter of the limit for one person's memories
MOST_PEOPLE = 25
"""The maximum number of people whose memories stand in one prompt's preamble."""
FRESH_TOKENS = 400
"""New facts stand at the prompt's end, and move to its preamble once they reach this size."""


@dataclass(frozen=True, slots=True)
class Present:
    """The people in a place: recent speakers (`spoke`), the latest last, and the `addressed` ones.

    `cold` says that the provider's cache of the place has expired.
    """

    spoke: Sequence[int]
    addressed: Collection[int]
    cold: bool


async def recall(
    db: UnitOfWork,
    heard: Sequence[Utterance],
    seat: Seat | None,
    *,
    character: Character,
    now: datetime,
    extent: TranscriptLimits,
    tokens: Callable[[str], int],
    before: int | None = None,
    through: int | None = None,
) -> Recollection:
    """Return the last 24 hours of a place within a budget (F043, C28), and their preamble.

    The transcript begins at a floor that stays the same until older lines are summarised, and then moves up
    in one step: a window that moved with every message would break the provider's cache each time. The
    messages in `heard`, which are answered now, stay in it as far as the budget allows. With `before`, only
    lines before that place in the log are read; with `through`, nothing that came in after that message.
    """
    where, addressed = heard[-1].where, {message.author_id for message in heard}
    floor = seat.floor if seat else 0
    rows = await db.messages.transcript(where.channel_id, character.slug, since=now - WINDOW, floor=floor)
    before = next((row.place + 2 for row in rows if row.id == through), before)
    rows = [row for row in rows if before is None or row.place < before]
    said = [line_of(row, character.slug) for row in rows]
    own = [row.sent_at for row, line in zip(rows, said, strict=True) if line.mine]
    answered = {message.message_id for message in heard}
    first = next((line.place for row, line in zip(rows, said, strict=True) if row.id in answered), None)
    pictured = [row for row in rows if row.attachments]
    sights = in_sight(rows, pictured, character.slug, addressed) if pictured else ()
    said = with_descriptions(said, pictured) if pictured else said
    sizes = [tokens(written(line)) for line in said]
    fresh = 1 if first is None else sum(line.place >= first for line in said)
    lines = fit(said, budget=extent.condensed * 5 // 4, tokens=tokens, sizes=sizes, fresh=fresh)
    floor = min((line.place for line in lines), default=0)
    lately = dict.fromkeys(row.author_id for row in reversed(rows) if row.heard_through is None)
    head, news = await read_head(
        db,
        where,
        seat,
        character=character.slug,
        present=Present(
            list(reversed(lately)), addressed, is_cold(max(own, default=None), now=now, kept=extent.cached)
        ),
        now=now,
        budget=extent.known if where.place.private else extent.known // KNOWN_SHARE,
        tokens=tokens,
    )
    return Recollection(
        lines=tuple(lines),
        floor=floor,
        heard_through=max((row.position for row in rows if row.heard_through is None), default=0),
        head=head,
        fresh=news,
        seated=seat is not None,
        begun=seat.floor if seat else 0,
        tokens=max(sum(sizes), extent.condensed + 1 if len(rows) >= MOST_LINES else 0),
        sights=sights,
        read=tuple(
            f"{attachment.kind.value} {row.id}"
            for row in pictured
            if row.id in answered
            for attachment in attachments_of(row.attachments)
            if attachment.kind in READ and attachment.text
        ),
    )


def in_sight(
    rows: Sequence[LoggedLine], pictured: Sequence[LoggedLine], character: str, addressed: Collection[int]
) -> tuple[Sight, ...]:
    """Return the pictures whose pixels a prompt may show: of the messages answered now and last.

    The current ones were sent by the addressees since the character's last line. The previous ones were sent
    by the previous addressee in the turn before, or belong to the target of their reply.
    """
    own = [row for row in rows if row.heard_through is not None and row.character in (character, None)]
    before, last = [0, 0, *dict.fromkeys(row.heard_through or 0 for row in own)][-2:]
    trigger = own[-1].reply_to if own else None
    answered = [row for row in rows if row.id == trigger]
    wanted = {row.id for row in pictured if row.position > last and row.author_id in addressed}
    for then in answered:
        wanted |= {
            row.id for row in pictured if before < row.position <= last and row.author_id == then.author_id
        }
        wanted |= {row.id for row in pictured if row.id == then.reply_to}
    return tuple(
        Sight(row.id, _label(row.author_name, row.author_id), attachment)
        for row in pictured
        if row.id in wanted
        for attachment in attachments_of(row.attachments)
        if attachment.pictured
    )


def with_descriptions(lines: Sequence[Line], pictured: Sequence[LoggedLine]) -> list[Line]:
    """Return lines with the descriptions of pictures, each at the place where the log ended at that time.

    They don't stand beside the picture, so that a prompt only grows at its end and the provider's cache
    holds.
    """
    told = [
        Line(
            place=2 * attachment.told_at,
            speaker=_label(row.author_name, row.author_id),
            text=description_line(attachment),
            mine=False,
            said_at=row.sent_at,
            person_id=row.author_id,
            of_picture=True,
        )
        for row in pictured
        for attachment in attachments_of(row.attachments)
        if attachment.shows
    ]
    return sorted([*lines, *told], key=lambda line: line.place)


def line_of(row: LoggedLine | Uncovered, character: str) -> Line:
    """Return a log row as a line of a character's transcript; other characters' lines count as others'.

    In lines for summaries, which are never cached, the description stands beside the picture.
    """
    told = row.attachments and isinstance(row, Uncovered)
    return Line(
        place=row.place,
        speaker=_label(row.author_name, row.author_id),
        text=described(row.text, attachments_of(row.attachments)) if told else row.text,
        mine=row.heard_through is not None and row.character in (character, None),
        said_at=row.sent_at,
        person_id=row.author_id if row.heard_through is None else None,
        drew_on=tuple(row.drew_on or ()),
    )


def fit(
    lines: Sequence[Line],
    *,
    budget: int,
    tokens: Callable[[str], int],
    sizes: Sequence[int] | None = None,
    fresh: int = 1,
) -> list[Line]:
    """Return the newest of `lines`: all if they fit the budget, else as many as fit a third of it.

    If many lines are `fresh`, as many of those as fit the whole budget, and at least one. `sizes` are the
    tokens of each line, if known.
    """
    sizes = [tokens(written(line)) for line in lines] if sizes is None else sizes
    if sum(sizes) <= budget:
        return list(lines)
    taken = kept = 0
    for number, size in enumerate(reversed(sizes), 1):
        taken += size
        if kept and taken > (budget if number <= fresh else budget // KEPT_SHARE):
            break
        kept += 1
    return list(lines[len(lines) - kept :])


def written(line: Line) -> str:
    """Return a line as it stands in the prompt: the character's own without a label, others' with one.

    Emotes stand there by name: that is how the character writes them.
    """
    text = named(line.text)
    return text if line.mine else render_line(line.speaker, text)


async def read_head(
    db: UnitOfWork,
    where: Where,
    seat: Seat | None,
    *,
    character: str,
    present: Present,
    now: datetime,
    budget: int,
    tokens: Callable[[str], int],
) -> tuple[Head, tuple[Knowledge, ...]]:
    """Return the preamble of a place's prompt, and the facts learned since it was written.

    It stays the same between two prompts, so that the cache holds. It is written anew when the cache has
    expired anyway, or when the new facts are too long for the prompt's end. With a budget of 0 it contains no
    memories.
    """
    people, addressed = present.spoke[-MOST_PEOPLE:], present.addressed
    private = next(iter(addressed), None) if where.place.private else None
    episodes = await read_episodes(db, where, character, person_id=private)
    shown = list(seat.head_people or ()) if seat else []
    # In a direct message all facts that the person told may be used, and nobody else's (D2).
    asked = {*addressed} if where.place.private else {*shown, *people, *addressed}
    memories = await db.memories.about(asked, character, audience_of(where)) if budget else []
    at = seat.head_at if seat else None
    if at is not None and not present.cold:
        old = [fact for fact in memories if fact.person_id in shown and fact.changed_at <= at]
        shown_ids, asked_about = {fact.id for fact in old}, {*shown, *addressed}
        new = [fact for fact in memories if fact.id not in shown_ids and fact.person_id in asked_about]
        if sum(tokens(fact.text) for fact in new) <= FRESH_TOKENS:
            old = within(old, budget=budget, tokens=tokens)
            ids = tuple(fact.id for fact in (*old, *new))
            head = Head(episodes, await _known(db, where, old), at, tuple(shown), ids=ids)
            return head, await _known(db, where, new)
    person_ids = tuple(sorted({*people, *addressed}))
    memories = [fact for fact in memories if fact.person_id in person_ids]
    memories = within(memories, budget=budget, tokens=tokens)
    ids = tuple(fact.id for fact in memories)
    return Head(episodes, await _known(db, where, memories), now, person_ids, renewed=True, ids=ids), ()


async def read_episodes(
    db: UnitOfWork, where: Where, character: str, *, person_id: int | None
) -> tuple[Episode, ...]:
    """Return the summaries of a place, oldest first."""
    rows = await db.summaries.of(where.channel_id, character, person_id=person_id)
    return tuple(Episode(row.text, row.first_at, row.last_at) for row in rows)


def within(memories: Sequence[Fact], *, budget: int, tokens: Callable[[str], int]) -> list[Fact]:
    """Return as many memories as fit the budget: of each person the pinned ones, then the newest.

    People take turns, so that nobody's memories displace another's.
    """
    by_person: dict[int, list[Fact]] = {}
    for fact in sorted(memories, key=lambda fact: (fact.pinned, fact.changed_at, fact.id), reverse=True):
        by_person.setdefault(fact.person_id, []).append(fact)
    kept, room = set(), budget
    for fact in chain.from_iterable(zip_longest(*(by_person[person] for person in sorted(by_person)))):
        if fact is None:
            continue
        room -= tokens(fact.text)
        if room < 0:
            break
        kept.add(fact.id)
    return [fact for fact in memories if fact.id in kept]


async def _known(db: UnitOfWork, where: Where, memories: Sequence[Fact]) -> tuple[Knowledge, ...]:
    """Return memories by person, under the person's name in this place."""
    if not memories:
        return ()
    ids = {fact.person_id for fact in memories}
    names = {
        person.user_id: person.names[0] for person in await db.users.known_as(ids, guild_id=where.guild_id)
    }
    return tuple(
        Knowledge(
            speaker_label(names.get(person_id, "someone"), person_id),
            tuple((fact.number, fact.text) for fact in facts),
            person_id,
        )
        for person_id, facts in groupby(memories, key=lambda fact: fact.person_id)
    )


def is_cold(last_reply: datetime | None, *, now: datetime, kept: timedelta) -> bool:
    """Say whether the provider's cache of a place has expired: then a new preamble costs nothing more."""
    return last_reply is None or now - last_reply >= kept
