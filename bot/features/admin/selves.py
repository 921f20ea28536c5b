"""A character's identity beyond its files: lines set by admins, and its growth (F110, C75, C85)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from bot.audit import Actor, AuditLog
from bot.conversation.company import PlayedCharacter
from bot.conversation.context.shaping import grown, traits_of
from bot.conversation.text.names import clean_text, is_blank
from bot.core.clock import Clock
from bot.core.errors import MasqueradeError
from bot.core.i18n import _
from bot.features.admin.edit_characters import IDENTITY
from bot.features.admin.edits import Edits, ManualChange, Values
from database import Database
from database.models import IdentityLine, Milestone, TraitShift
from personas.personality import taken_back

Kind = Literal["trait", "lore", "fact", "quirk"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST = 1_000
LATELY = timedelta(days=7)
MOST = 100
LATEST_SHIFTS = 15

TOO_MANY = _("{name} has {most} such lines already: remove one first.")
NO_LINE = _("{name} has no line {number}: /admin identity list shows the numbers.")
STANDS_ALREADY = _("{name} has not reached the stage {milestone}, or it stands already: see /admin growth.")
TAKEN_BACK_ALREADY = _(
    "{name} has not reached the stage {milestone}, or it is taken back already: see /admin growth."
)
NO_SHIFT = _("There is no shift {number} that still counts: /admin growth show lists them.")
NO_WORDS = _("Write 1 to {most} characters.")


@dataclass(frozen=True, slots=True)
class GrownCharacter:
    """A character's growth: its answer count, stages reached, traits and trait shifts."""

    answered: int
    stages: tuple[Milestone, ...]
    traits: Mapping[str, float]
    shifts: tuple[TraitShift, ...]


class NotLaidDown(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """A refused identity change; the text says why and what to do."""


class Selves:
    """Changes a character's identity and calls `changed`, so that the very next prompt shows it."""

    def __init__(
        self,
        database: Database,
        edits: Edits,
        audit: AuditLog,
        clock: Clock,
        *,
        changed: Callable[[str], None],
    ) -> None:
        self._database = database
        self._edits = edits
        self._audit = audit
        self._clock = clock
        self._changed = changed

    async def lines(self, role: PlayedCharacter) -> list[IdentityLine]:
        """Return the identity lines that admins set for a character."""
        async with self._database.read() as db:
            return await db.characters.identity_lines(role.slug)

    async def line(self, role: PlayedCharacter, line_id: int) -> IdentityLine:
        """Return an identity line by its id. Raises NotLaidDown."""
        async with self._database.read() as db:
            return self._theirs(await db.characters.identity_line(line_id), role, line_id)

    async def add(self, actor: Actor, role: PlayedCharacter, kind: Kind, text: str) -> ManualChange:
        """Add an identity line to a character. Raises NotLaidDown."""
        values: Values = {"kind": kind, "text": _checked(text), "made_by": actor.user_id}
        if len(await self.lines(role)) >= MOST:
            raise NotLaidDown(TOO_MANY.format(name=role.name, most=MOST))
        return await self._edits.put(actor, IDENTITY, (role.slug, ""), values)

    async def reword(self, actor: Actor, role: PlayedCharacter, line_id: int, text: str) -> ManualChange:
        """Change the text of an identity line. Raises NotLaidDown and ChangeRefused."""
        text = _checked(text)
        line = await self.line(role, line_id)
        values: Values = {"kind": line.kind, "text": text, "made_by": line.made_by}
        return await self._edits.put(actor, IDENTITY, (role.slug, str(line_id)), values)

    async def remove(self, actor: Actor, role: PlayedCharacter, line_id: int) -> ManualChange:
        """Remove an identity line. Raises NotLaidDown and ChangeRefused."""
        await self.line(role, line_id)
        return await self._edits.put(actor, IDENTITY, (role.slug, str(line_id)), None)

    # Growth.

    async def growth(self, role: PlayedCharacter) -> GrownCharacter:
        """Return a character's growth, with its latest trait shifts."""
        async with self._database.read() as db:
            growth = await db.characters.grown(role.slug)
            return GrownCharacter(
                growth.interactions if growth else 0,
                tuple(await db.characters.milestones(role.slug)),
                traits_of(growth, self._clock.now()),
                tuple(await db.characters.trait_shifts(role.slug, limit=LATEST_SHIFTS)),
            )

    async def undo_shift(self, actor: Actor, shift_id: int) -> TraitShift:
        """Undo the remaining effect of a trait shift. Raises NotLaidDown."""
        now = self._clock.now()
        async with self._database.begin() as db:
            shift = await db.characters.trait_shift(shift_id)
            if shift is None or not await db.characters.revert_trait_shift(shift_id, at=now):
                raise NotLaidDown(NO_SHIFT.format(number=shift_id))
            traits = traits_of(await db.characters.grown(shift.character), now)
            traits = taken_back(traits, shift.trait, shift.change, ago=now - shift.at)
            await db.characters.shape([grown(shift.character, traits, now)])
            await self._audit.add(db, actor, "identity", f"{shift.character} took back shift {shift_id}")
        return shift

    async def lately(self, role: PlayedCharacter) -> int:
        """Return how often a character answered in the last seven days (F109)."""
        async with self._database.read() as db:
            return await db.turns.answers(role.slug, since=self._clock.now() - LATELY)

    async def set_stage(self, actor: Actor, role: PlayedCharacter, milestone: int, *, stands: bool) -> None:
        """Revert the changes of a growth stage, or reinstate them. Raises NotLaidDown."""
        async with self._database.begin() as db:
            at = None if stands else self._clock.now()
            if not await db.characters.revert_milestone(role.slug, milestone, at=at):
                told = STANDS_ALREADY if stands else TAKEN_BACK_ALREADY
                raise NotLaidDown(told.format(name=role.name, milestone=milestone))
        doing = "let stand" if stands else "took back"
        await self._audit.note(actor, "identity", f"{role.slug} {doing} stage {milestone}")
        self._changed(role.slug)

    def _theirs(self, line: IdentityLine | None, role: PlayedCharacter, line_id: int) -> IdentityLine:
        if line is None or line.character != role.slug:
            raise NotLaidDown(NO_LINE.format(name=role.name, number=line_id))
        return line


def _checked(text: str) -> str:
    text = clean_text(text).strip()
    if is_blank(text) or len(text) > LONGEST:
        raise NotLaidDown(NO_WORDS.format(most=LONGEST))
    return text
