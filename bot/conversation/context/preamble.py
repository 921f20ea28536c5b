"""What stands before the transcript: notes of older talk, and what is known of the people here."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, groupby, zip_longest

from bot.conversation.text.names import clean_text, speaker_label
from bot.conversation.types import Episode, Head, Knowledge
from database import UnitOfWork
from database.models import Fact, Seat
from memory.places import Where, audience_of
from memory.recall import Recalled

MOST_PEOPLE = 25
"""People whose memories stand at the head of one prompt at most."""
FRESH_TOKENS = 400
"""What is known newly stands at the prompt's end, and moves to its head when it has grown to this."""
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Present:
    """Who is in a place: who `spoke` there lately, the last one last, and who is `addressed` now.

    `cold` says that the provider's cache of the place has run out.
    """

    spoke: Sequence[int]
    addressed: Collection[int]
    cold: bool


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
    """Return the head of the prompt for a place, and what was learnt since it was written.

    It stays as it was between two prompts, so that the cache holds. It is written anew when the cache is
    cold anyway, or what is new outgrew the prompt's end. With no budget nobody's memories come up.
    """
    people, addressed = present.spoke[-MOST_PEOPLE:], present.addressed
    private = next(iter(addressed), None) if where.place.private else None
    episodes = await read_episodes(db, where, character, person_id=private)
    shown = list(seat.head_people or ()) if seat else []
    # Alone with somebody all that they told may come up: theirs, and nobody else's (D2).
    asked = {*addressed} if where.place.private else {*shown, *people, *addressed}
    memories = await db.memories.about(asked, character, audience_of(where)) if budget else []
    at = seat.head_at if seat else None
    if at is not None and not present.cold:
        old = [one for one in memories if one.person_id in shown and one.changed_at <= at]
        shown_ids, asked_about = {one.id for one in old}, {*shown, *addressed}
        new = [one for one in memories if one.id not in shown_ids and one.person_id in asked_about]
        if sum(tokens(one.text) for one in new) <= FRESH_TOKENS:
            old = within(old, budget=budget, tokens=tokens)
            ids = tuple(one.id for one in (*old, *new))
            head = Head(episodes, await _known(db, where, old), at, tuple(shown), ids=ids)
            return head, await _known(db, where, new)
    here = tuple(sorted({*people, *addressed}))
    memories = [one for one in memories if one.person_id in here]
    memories = within(memories, budget=budget, tokens=tokens)
    ids = tuple(one.id for one in memories)
    return Head(episodes, await _known(db, where, memories), now, here, renewed=True, ids=ids), ()


async def read_episodes(
    db: UnitOfWork, where: Where, character: str, *, person_id: int | None
) -> tuple[Episode, ...]:
    """Return the notes of older talk in a place, oldest first."""
    rows = await db.summaries.of(where.channel_id, character, person_id=person_id)
    return tuple(Episode(row.text, row.first_at, row.last_at) for row in rows)


def within(memories: Sequence[Fact], *, budget: int, tokens: Callable[[str], int]) -> list[Fact]:
    """Return as many memories as fit the budget: of each person what is pinned, then the newest.

    People take turns, so that nobody's memories push out another's.
    """
    theirs: dict[int, list[Fact]] = {}
    for one in sorted(memories, key=lambda one: (one.pinned, one.changed_at, one.id), reverse=True):
        theirs.setdefault(one.person_id, []).append(one)
    kept, room = set(), budget
    for one in chain.from_iterable(zip_longest(*(theirs[person] for person in sorted(theirs)))):
        if one is None:
            continue
        room -= tokens(one.text)
        if room < 0:
            break
        kept.add(one.id)
    return [one for one in memories if one.id in kept]


def written_head(head: Head, name: str) -> str:
    """Return the head as it stands in the prompt; "" when there is none.

    All of it is indented: nothing that people said, and a model noted down, can pass for a line of the
    transcript or for the program's own words.
    """
    paragraphs = [_episode(one, name) for one in head.episodes]
    if head.known:
        heading = f"(What people here told {name}, or {name} noted about them:)"
        paragraphs.append("\n".join([heading, *map(written_knowledge, head.known)]))
    return "\n".join(paragraphs)


def written_fresh(fresh: Iterable[Knowledge]) -> str:
    """Return what is known newly, for the prompt's end; "" when that is nothing."""
    lines = [written_knowledge(one) for one in fresh]
    return "\n".join(["(Told or noted since then:)", *lines]) if lines else ""


def written_recalled(recalled: Sequence[Recalled], name: str) -> str:
    """Return what was found by search, for the prompt's end; "" when that is nothing."""
    facts = [f"{_INDENT}{_told_by(one)}: {_one_line(one.text)}" for one in recalled if one.kind == "fact"]
    lines = [
        f"{_INDENT}{one.at.day} {one.at:%B %Y}, {one.speaker}: {_one_line(one.text)}"
        for one in sorted(recalled, key=lambda one: one.at)
        if one.kind == "line"
    ]
    pieces = (
        [f"(What {name} remembers that may matter now, and when it was last said:)", *facts] if facts else []
    )
    pieces += ["(Said here before:)", *lines] if lines else []
    return "\n".join(pieces)


def _told_by(fact: Recalled) -> str:
    other = f", of {_one_line(fact.about)}" if fact.about else ""
    return f"about {fact.speaker}{other} ({fact.at.day} {fact.at:%B %Y})"


def written_knowledge(known: Knowledge) -> str:
    """Return what is known of one person: a label, and a numbered line for each memory."""
    lines = [f"{_INDENT}{number}. {_one_line(text)}" for number, text in known.memories]
    return "\n".join([f"{_INDENT}about {known.speaker}", *lines])


def _episode(episode: Episode, name: str) -> str:
    heading = f"({name}'s notes of what was said here {_when(episode)}:)"
    return "\n".join([heading, *(_INDENT + line for line in clean_text(episode.text).splitlines())])


def _when(episode: Episode) -> str:
    first, last = (f"{at:%A %d %B %Y}" for at in (episode.first_at, episode.last_at))
    return f"on {first}" if first == last else f"from {first} to {last}"


def _one_line(text: str) -> str:
    return " ".join(clean_text(text).split())


async def _known(db: UnitOfWork, where: Where, memories: Sequence[Fact]) -> tuple[Knowledge, ...]:
    """Return memories by person, under the name that the person goes by in this place."""
    if not memories:
        return ()
    ids = {one.person_id for one in memories}
    names = {one.user_id: one.names[0] for one in await db.users.known_as(ids, guild_id=where.guild_id)}
    return tuple(
        Knowledge(
            speaker_label(names.get(person_id, "someone"), person_id),
            tuple((one.number, one.text) for one in theirs),
        )
        for person_id, theirs in groupby(memories, key=lambda one: one.person_id)
    )


def is_cold(last_reply: datetime | None, *, now: datetime, kept: timedelta) -> bool:
    """Say whether the provider's cache of a place has run out: then a new head costs nothing more."""
    return last_reply is None or now - last_reply >= kept
