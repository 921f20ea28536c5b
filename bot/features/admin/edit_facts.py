"""Edits of facts and core memory of people: with their consent, never of private conversations (C50, C85).

The audit log holds a fact's number, its reach and the number of its last change, but no words: these stand
only in the change history, and leave it when they are forgotten.
"""

from dataclasses import dataclass

from bot.conversation.company import Company
from bot.core.clock import Clock
from bot.core.i18n import _
from bot.features.admin.edits import ChangeRefused, Editable, Key, ManualChange, RecordedEdit, Values
from bot.features.memory.wording import worded
from database import Database, UnitOfWork
from database.models import Fact
from database.repositories.memories import ChangedFact as Step
from memory.core import plain
from memory.dumps import Before, before
from memory.facts import MOST as MOST_FACTS
from memory.history import LAID_DOWN, TOLD
from memory.reversal import Back, bring_back
from memory.rules import MemoryRefused
from memory.store import MOST, Memories, checked, core_of

FACT = "fact"
ADDED, CHANGED, REMOVED = "operator added", "operator changed", "operator removed"
TAKEN_BACK = "operator undid"
PRIVATE = "dm"

NOT_AGREED = _(
    "They have not agreed that anything is noted about them, so nothing can be: only they can change that, "
    "with /privacy yes. What is there can be removed."
)
GONE = _("There is no such fact any more: they deleted it, or its time was over. Nothing was changed.")
KNOWN = _("That is known already, as number {number}.")
FULL = _("{name} knows as much about them as it can keep: remove something first.")
TOLD_IN_PRIVATE = _(
    "Number {number} was told in private: no operator sees its words, so none can change them. "
    "It can be removed."
)
THEIR_OWN = _(
    "Number {number} is in their own words, or pinned by them: only they can change it, with "
    "/memory edit. It can be removed."
)
FORGOTTEN = _("It can't be taken back: they deleted it for good, or it was changed since.")


@dataclass(frozen=True, slots=True)
class FactTexts:
    """What a fact said before and after a change; None where it did not exist.

    `hidden` marks a fact told in private, `forgotten` one whose words are stored nowhere any more.
    """

    before: str | None = None
    after: str | None = None
    hidden: bool = False
    forgotten: bool = False


class FactEdits(Editable):
    """A fact that a character knows about a person; the key is (person id, slug, fact id), "" for a new fact.

    Each edit appears in the person's /memory history as an operator's, and can be undone there.
    """

    name = FACT

    def __init__(self, company: Company, clock: Clock, memories: Memories) -> None:
        self._company = company
        self._clock = clock
        self._memories = memories
        self._known_before: dict[str, list[Before]] = {}

    def person(self, key: Key) -> int | None:
        return int(key[0])

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        fact = await _fact(db, key)
        if fact is None:
            return None
        last = await db.memories.last_batch(fact.id)
        shown = {name: getattr(fact, name) for name in ("number", "scope", "kept", "pinned", "origin")}
        return {**shown, "holds": fact.ended_at is None, "change": last}

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        person_id, slug, _memory_id = key
        known = await db.memories.of(int(person_id), slug)
        fact = await _fact(db, key)
        if values is None:
            self._note_before(key, known)
            return await self._remove(db, key, fact)
        if not await self._memories.agrees(db, int(person_id)):
            raise ChangeRefused(NOT_AGREED)
        if "text" in values:
            values = {**values, "text": _checked(values["text"])}
            _check_new(values["text"], values.get("scope") or (fact.scope if fact else ""), fact, known)
        self._check_room(slug, known, fact, kept=bool(values.get("kept", fact.kept if fact else True)))
        if fact is not None:
            _check_theirs(fact)
        self._note_before(key, known)
        if fact is None:
            return await self._add(db, key, values)
        values = {**values, "origin": LAID_DOWN} if "text" in values else values
        batch = await db.memories.new_batch()
        await db.memories.change(fact, values, batch=batch, cause=CHANGED, at=self._clock.now())
        return key

    async def restore(self, db: UnitOfWork, change: ManualChange) -> None:
        person_id, slug, memory_id = change.key
        if change.before is not None and not await self._memories.agrees(db, int(person_id)):
            raise ChangeRefused(NOT_AGREED)
        step = await _last_step(db, change.key)
        if step is None or not step.cause.startswith("operator") or _is_other(step, change):
            raise ChangeRefused(FORGOTTEN)
        known = await db.memories.of(int(person_id), slug)
        self._note_before(change.key, known)
        fact = next((known_fact for known_fact in known if known_fact.id == int(memory_id)), None)
        await bring_back(db, [Back(fact, step)], known, at=self._clock.now(), cause=TAKEN_BACK)

    async def changed(self, key: Key) -> None:
        """Write a dump of the facts known before the change, if the operator enabled dumps (F071)."""
        snapshots = self._known_before.pop(key[1], [])
        await self._memories.dump(key[1], tuple(snapshots))

    async def _remove(self, db: UnitOfWork, key: Key, fact: Fact | None) -> Key:
        if fact is None:
            raise ChangeRefused(GONE)
        batch = await db.memories.new_batch()
        await db.memories.remove(fact, batch=batch, cause=REMOVED, at=self._clock.now())
        return key

    async def _add(self, db: UnitOfWork, key: Key, values: Values) -> Key:
        if key[2]:
            raise ChangeRefused(GONE)
        now = self._clock.now()
        fact = Fact(
            person_id=int(key[0]),
            character=key[1],
            number=0,
            text=values["text"],
            scope=values["scope"],
            channel_id=values["channel_id"],
            guild_id=values["guild_id"],
            origin=LAID_DOWN,
            made_at=now,
            changed_at=now,
            kept=values["kept"],
        )
        fact = await db.memories.add(fact, batch=await db.memories.new_batch(), cause=ADDED)
        return key[0], key[1], str(fact.id)

    def _check_room(self, slug: str, known: list[Fact], fact: Fact | None, *, kept: bool) -> None:
        if fact is not None and fact.kept == kept:
            return
        core = len(core_of(known))
        full = core >= MOST if kept else len(known) - core >= MOST_FACTS
        if full:
            role = self._company.by_slug.get(slug)
            raise ChangeRefused(FULL.format(name=role.name if role else slug))

    def _note_before(self, key: Key, known: list[Fact]) -> None:
        self._known_before.setdefault(key[1], []).append(before(int(key[0]), known))


class FactWords:
    """Looks up the words of a fact change for operators; facts told in private stay hidden."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, recorded: RecordedEdit) -> FactTexts:
        """Return the text of a fact before and after a change."""
        change = recorded.change
        if recorded.is_blank:
            return FactTexts(forgotten=True)
        since = change.after["change"] if change.after else (change.before or {})["change"] + 1
        person_id, slug, memory_id = change.key
        async with self._database.read() as db:
            steps = await db.memories.since(int(person_id), slug, since)
        mine = [step for step in steps if step.memory_id == int(memory_id)]
        if not mine or not mine[-1].cause.startswith("operator"):
            return FactTexts(forgotten=True)
        forms = (mine[-1].before, mine[-1].after)
        if any(form is not None and form["scope"] == PRIVATE for form in forms):
            return FactTexts(hidden=True)
        told = [form["text"] if form is not None else None for form in forms]
        return FactTexts(told[0], told[1])


def _checked(text: str) -> str:
    try:
        return checked(text)
    except MemoryRefused as refused:
        raise ChangeRefused(worded(refused)) from None


def _check_new(text: str, scope: str, fact: Fact | None, known: list[Fact]) -> None:
    for other in known:
        same = other.ended_at is None and other is not fact and plain(other.text) == plain(text)
        # For facts told in private, not even their existence may be revealed.
        if same and other.scope == scope and not other.private:
            raise ChangeRefused(KNOWN.format(number=other.number))


def _check_theirs(fact: Fact) -> None:
    """Refuse to change people's own words, and facts told in private."""
    if fact.private:
        raise ChangeRefused(TOLD_IN_PRIVATE.format(number=fact.number))
    if fact.origin == TOLD or fact.pinned:
        raise ChangeRefused(THEIR_OWN.format(number=fact.number))


def _is_other(step: Step, change: ManualChange) -> bool:
    """Return whether a fact's last change differs in kind from the given change."""
    return (step.before is None) != (change.before is None) or (step.after is None) != (change.after is None)


async def _fact(db: UnitOfWork, key: Key) -> Fact | None:
    if not key[2]:
        return None
    found = await db.memories.these([int(key[2])])
    return next((fact for fact in found if (str(fact.person_id), fact.character) == key[:2]), None)


async def _last_step(db: UnitOfWork, key: Key) -> Step | None:
    steps = await db.memories.since(int(key[0]), key[1], 0)
    return next((step for step in steps if step.memory_id == int(key[2])), None)
