"""Who a character is beside its files: what admins lay down, and its growth (F110, C75, C85)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Literal, get_args

from bot.administration import Actor, Administration
from bot.clock import Clock
from bot.conversation.naming import clean_text
from bot.conversation.splitting import is_blank
from bot.errors import MasqueradeError
from bot.roles import Role
from database import Database
from database.models import IdentityLine, Milestone

Kind = Literal["trait", "lore", "fact", "quirk"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST = 1_000
LATELY = timedelta(days=7)
MOST = 100
_SHOWN = 80


class NotLaidDown(MasqueradeError):  # noqa: N818 - it is an answer, not a fault
    """It can't be kept so; the text says why and what to do."""


class Selves:
    """Changes who a character is; `changed` is told, so that the very next prompt shows it."""

    def __init__(
        self,
        database: Database,
        administration: Administration,
        clock: Clock,
        *,
        changed: Callable[[str], None],
    ) -> None:
        self._database = database
        self._administration = administration
        self._clock = clock
        self._changed = changed

    async def lines(self, role: Role) -> list[IdentityLine]:
        """Return what is laid down about a character."""
        async with self._database.read() as db:
            return await db.identities.of(role.slug)

    async def add(self, actor: Actor, role: Role, kind: Kind, text: str) -> IdentityLine:
        """Lay something down about a character. Raises NotLaidDown."""
        text, now = _checked(text), self._clock.now()
        line = IdentityLine(role.slug, kind, text, actor.user_id, now, now)
        async with self._database.begin() as db:
            if await db.identities.count(role.slug) >= MOST:
                raise NotLaidDown(f"{role.name} has {MOST} such lines already: remove one first.")
            line_id = await db.identities.add(line)
        line.id = line_id
        await self._note(actor, role, f"added {kind} {line_id}", "", text)
        return line

    async def reword(self, actor: Actor, role: Role, line_id: int, text: str) -> IdentityLine:
        """Give a line other words. Raises NotLaidDown."""
        text = _checked(text)
        async with self._database.begin() as db:
            line = self._theirs(await db.identities.get(line_id), role, line_id)
            before = line.text
            await db.identities.reword(line_id, text, at=self._clock.now())
        await self._note(actor, role, f"edited {line.kind} {line_id}", before, text)
        line.text = text
        return line

    async def remove(self, actor: Actor, role: Role, line_id: int) -> IdentityLine:
        """Take a line away. Raises NotLaidDown."""
        async with self._database.begin() as db:
            line = self._theirs(await db.identities.get(line_id), role, line_id)
            await db.identities.remove(line_id)
        await self._note(actor, role, f"removed {line.kind} {line_id}", line.text, "")
        return line

    # Growth.

    async def growth(self, role: Role) -> tuple[int, list[Milestone]]:
        """Return how often a character has answered, and the stages that it reached."""
        async with self._database.read() as db:
            return await db.identities.interactions(role.slug), await db.identities.milestones(role.slug)

    async def lately(self, role: Role) -> int:
        """Return how often a character answered in the last seven days (F109)."""
        async with self._database.read() as db:
            return await db.turns.answers(role.slug, since=self._clock.now() - LATELY)

    async def set_stage(self, actor: Actor, role: Role, milestone: int, *, stands: bool) -> None:
        """Take back what a stage of its growth changed, or let it stand again. Raises NotLaidDown."""
        async with self._database.begin() as db:
            at = None if stands else self._clock.now()
            if not await db.identities.revert(role.slug, milestone, at=at):
                state = "stands already" if stands else "is taken back already"
                raise NotLaidDown(
                    f"{role.name} has not reached the stage {milestone}, or it {state}: see /admin growth."
                )
        doing = "let stand" if stands else "took back"
        await self._note(actor, role, f"{doing} stage {milestone}", "", "")

    def _theirs(self, line: IdentityLine | None, role: Role, line_id: int) -> IdentityLine:
        if line is None or line.character != role.slug:
            raise NotLaidDown(f"{role.name} has no line {line_id}: /admin identity list shows the numbers.")
        return line

    async def _note(self, actor: Actor, role: Role, what: str, before: str, after: str) -> None:
        words = f": {_short(before)} -> {_short(after)}" if before or after else ""
        await self._administration.note(actor, "identity", f"{role.slug} {what}{words}")
        self._changed(role.slug)


def _checked(text: str) -> str:
    text = clean_text(text).strip()
    if is_blank(text) or len(text) > LONGEST:
        raise NotLaidDown(f"Write 1 to {LONGEST} characters.")
    return text


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…")
