"""Import of SEL's data about consenting people: one transaction per person, and only once (F078)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from bot.cli.legacy.sel import SelFiles, SelMemory, SelPerson
from bot.cli.legacy.taking_over import Import, rehearsed, was_taken
from bot.conversation.context.mood_state import row_of
from database import Database, UnitOfWork
from database.models import Fact
from database.types import UNSAID
from memory import facts, store
from memory.core import plain
from memory.history import INHERITED
from memory.rules import SOFT_KEPT
from memory.sensitive.detect import holds_secret
from personas.affect.hormones import Feeling, Nature, levels

SEL = f"{INHERITED} SEL"
_NO_YES = "not agreed to"


@dataclass(frozen=True, slots=True)
class SelOutcome:
    """Imported data of one person: memories `kept` for good and `soft` ones, and their old consent `answer`.

    `left_out` counts skipped memories by reason. `before` means that an earlier import covered the person.
    """

    person_id: int
    kept: int = 0
    soft: int = 0
    answer: bool | None = None
    left_out: Counter[str] = field(default_factory=Counter)
    before: bool = False


async def take_over_sel(
    database: Database, files: SelFiles, run: Import, *, dry: bool, zone: tzinfo
) -> tuple[list[SelOutcome], bool]:
    """Import each person and the hormones; return whether the hormones became feelings.

    With `dry`, determine what would be imported and write nothing.
    """
    outcomes = []
    for person in files.people.values():
        async with rehearsed(database, dry=dry) as db:
            outcomes.append(await _take_in(db, person, run))
    async with rehearsed(database, dry=dry) as db:
        felt = await _take_in_hormones(db, files, run, zone)
    return outcomes, felt


async def _take_in(db: UnitOfWork, person: SelPerson, run: Import) -> SelOutcome:
    """Import one person, unless done before: what they deleted since must not come back."""
    known, character_mark = f"{SEL} {person.id}", f"{SEL} {run.character.slug} {person.id}"
    if await was_taken(db, character_mark):
        return SelOutcome(person.id, before=True)
    answer = None
    if not await was_taken(db, known):
        answer = await _take_in_answer(db, person, run)
    left_out = person.left_out.copy()
    if person.agreed is False or not await db.consents.given([person.id]):
        left_out[_NO_YES] += len(person.memories)
        return SelOutcome(person.id, answer=answer, left_out=+left_out)
    marks = [known]
    kept = soft = 0
    if person.memories:
        marks.append(character_mark)
        seen_at = min(person.seen_at or run.as_of, run.at)
        await db.users.inherit(person.id, premium=False, at=seen_at)
        await db.users.note(person.id, {}, is_bot=False, at=seen_at)
        kept, soft = await _take_in_memories(db, person, run, left_out)
    for mark in marks:
        await db.states.set(mark, run.at.isoformat())
    return SelOutcome(person.id, kept, soft, answer, +left_out)


async def _take_in_answer(db: UnitOfWork, person: SelPerson, run: Import) -> bool | None:
    """Store a person's consent from SEL unless they answered here; return it if it is new."""
    current, _ = await db.consents.of(person.id) or (None, None)
    if current is not None or person.agreed is None:
        return None
    await db.consents.set(person.id, person.agreed, at=run.as_of)
    return person.agreed


async def _take_in_memories(
    db: UnitOfWork, person: SelPerson, run: Import, left_out: Counter[str]
) -> tuple[int, int]:
    """Import the valid new memories; return how many were kept for good and for now."""
    user, known = await db.users.get(person.id), await db.memories.of(person.id, run.character.slug)
    is_away = user is None or user.last_seen < run.at - SOFT_KEPT
    said = {plain(fact.text) for fact in known}
    taken: list[SelMemory] = []
    for memory in person.memories:
        if why := _reason_against(memory, said, is_away=is_away):
            left_out[why] += 1
        else:
            said.add(plain(memory.text))
            taken.append(memory)
    kept = _newest([memory for memory in taken if memory.kept], store.MOST - sum(fact.kept for fact in known))
    soft = _newest(
        [memory for memory in taken if not memory.kept], facts.MOST - sum(not fact.kept for fact in known)
    )
    left_out["more than there is room for"] += len(taken) - len(kept) - len(soft)
    batch = await db.memories.new_batch()
    for memory in (*kept, *soft):
        await db.memories.add(_fact(person.id, memory, run), batch=batch, cause=INHERITED)
    return len(kept), len(soft)


def _reason_against(memory: SelMemory, said: Iterable[str], *, is_away: bool) -> str:
    """Return why a memory is skipped; "" if it is imported."""
    if any(holds_secret(text) for text in (memory.text, *memory.tags)):
        return "with a password or another secret"
    if is_away and not memory.kept:
        return f"soft, of somebody away for {SOFT_KEPT.days} days"
    return "known already" if plain(memory.text) in said else ""


def _newest(memories: Sequence[SelMemory], room: int) -> list[SelMemory]:
    by_age = sorted(memories, key=lambda memory: memory.at or UNSAID)
    return by_age[max(len(by_age) - max(room, 0), 0) :]


def _fact(person_id: int, memory: SelMemory, run: Import) -> Fact:
    """Convert a memory to a fact; without a known place of origin, it is for the person alone."""
    channel_id, guild_id = memory.place or (None, None)
    said_at = min(memory.at, run.at) if memory.at else UNSAID
    return Fact(
        person_id=person_id,
        character=run.character.slug,
        number=0,
        text=memory.text,
        scope="channel" if memory.place else "dm",
        channel_id=channel_id,
        guild_id=guild_id,
        origin=INHERITED,
        made_at=run.at,
        changed_at=run.at,
        kept=memory.kept,
        tags=list(memory.tags),
        first_at=said_at,
        last_at=said_at,
    )


async def _take_in_hormones(db: UnitOfWork, files: SelFiles, run: Import, zone: tzinfo) -> bool:
    """Apply SEL's last hormones to a character without any stimuli yet; they fade from then on (F085)."""
    slug, at = run.character.slug, min(files.felt_at, run.at)
    if not files.hormones or await db.characters.feeling(slug) is not None:
        return False
    rest = levels(Feeling(at, at), Nature(run.character.temperament, zone), at)
    felt = {hormone: level - rest[hormone] for hormone, level in files.hormones.items()}
    await db.characters.keep_feeling(row_of(slug, Feeling(at, at, felt)))
    return True
