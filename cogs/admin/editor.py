"""The common editor of everything that operators change, configured by one `EditableKind` per kind (C85).

It lists, pages, searches, and asks for confirmation before it removes something.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from discord import ButtonStyle, app_commands

from bot.audit import Actor
from bot.conversation.company import PlayedCharacter
from bot.conversation.text.split import LIMIT, width
from bot.core.i18n import Plural, _, number
from bot.discord.commands import Interaction
from cogs._discord.admin import actor_of, let_operators
from cogs._discord.interactions import Panels
from cogs._discord.options import mark_of, role_marked, shown
from cogs._discord.panels import Action, Button, Panel, Press, pages_of, turning
from cogs._discord.text import inline, searchable

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

ON_A_PAGE = 8
SECONDS = 300
LONGEST_SEARCH = 16
"""Most letters of a search, which the ids of buttons hold, so that paging survives a restart."""
OWN = "-"
"""The mark of the bot's own character in the id of a button."""

KEPT = _("Nothing was removed.")
NOTHING_FOUND = _("None of that contains “{words}”. Without a search all of it is listed.")
PAGE = _("{head} · page {number} of {pages}")
FOUND = _("{head}; {count} with “{words}”")
REMOVE_IT, KEEP_IT = _("Remove it"), _("Keep it")

Search = app_commands.Range[str, 1, LONGEST_SEARCH]


@dataclass(frozen=True, slots=True)
class Scope:
    """All things of a kind; a narrower scope has `marks` for ids of buttons and `figures` for sentences."""

    @classmethod
    def parse(cls, _bot: "Masquerade", _marks: Sequence[str]) -> Self:
        """Return the scope for the marks in the id of a button. Raises NotStaged."""
        return cls()

    @property
    def marks(self) -> tuple[str, ...]:
        return ()

    @property
    def figures(self) -> Mapping[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class OfCharacter(Scope):
    """The things of one character."""

    role: PlayedCharacter

    @classmethod
    def parse(cls, bot: "Masquerade", marks: Sequence[str]) -> Self:
        return cls(role_at(bot, marks[0]))

    @property
    def marks(self) -> tuple[str, ...]:
        return (role_mark(self.role),)

    @property
    def figures(self) -> Mapping[str, Any]:
        return {"name": shown(self.role)}


@dataclass(frozen=True, slots=True)
class OfPerson(Scope):
    """The things that one character stores about one person."""

    person_id: int
    role: PlayedCharacter

    @classmethod
    def parse(cls, bot: "Masquerade", marks: Sequence[str]) -> Self:
        return cls(int(marks[0]), role_at(bot, marks[1]))

    @property
    def marks(self) -> tuple[str, ...]:
        return str(self.person_id), role_mark(self.role)

    @property
    def figures(self) -> Mapping[str, Any]:
        return {"id": self.person_id, "name": shown(self.role)}


S = TypeVar("S", bound=Scope)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditableKind(Generic[S, T]):
    """A kind of thing that operators change.

    `lists` and `removes` are commands: a user who may not use them may not press their buttons, either.
    `remove` takes the mark of the thing and returns the sentence about its change.
    """

    name: str
    lists: str
    removes: str = ""
    head: str
    foot: str | Plural
    empty: str
    parse: Callable[["Masquerade", Sequence[str]], S]
    find: Callable[[S], Awaitable[Sequence[T]]]
    match: Callable[[Sequence[T], str], Sequence[T]]
    line: Callable[[T], str]
    remove: Callable[[Actor, S, str], Awaitable[str]] | None = None


class EntityEditor(Generic[S, T]):
    """Lists the things of a kind and removes one after a confirmation; each press checks the permission."""

    def __init__(self, bot: "Masquerade", entity: EditableKind[S, T]) -> None:
        self._bot = bot
        self._entity = entity
        actions = {"page": Action(self._turn, entity.lists)}
        if entity.remove is not None:
            actions |= {
                "remove": Action(self._remove, entity.removes),
                "keep": Action(self._keep, entity.removes),
            }
        self.panels = Panels(bot, entity.name, actions)

    async def show(self, interaction: Interaction, scope: S, search: str | None = None) -> None:
        """Show the first page of the things in a scope, or of the results of a search."""
        await self._show(interaction, scope, searchable(search, LONGEST_SEARCH), 1)

    async def ask(self, interaction: Interaction, scope: S, mark: str | int, question: str) -> None:
        """Show the confirmation of a removal."""
        buttons = (
            Button(REMOVE_IT, "remove", (*scope.marks, mark), style=ButtonStyle.danger),
            Button(KEEP_IT, "keep"),
        )
        await self.panels.show(interaction, Panel(question, buttons, SECONDS))

    async def figures(self, scope: S) -> Mapping[str, Any]:
        """Return the placeholders of the head and the foot of the list."""
        return scope.figures

    async def _show(self, interaction: Interaction, scope: S, search: str, page: int) -> None:
        found = self._entity.match(await self._entity.find(scope), search)
        lines = [self._entity.line(thing) for thing in found]
        figures = await self.figures(scope)
        if lines:
            panel = self._page(lines, search, page, scope.marks, figures)
        elif search:
            panel = Panel(NOTHING_FOUND.format(words=inline(search, 2 * LONGEST_SEARCH)))
        else:
            panel = Panel(self._entity.empty.format(**figures))
        await self.panels.show(interaction, panel)

    def _page(
        self,
        lines: Sequence[str],
        search: str,
        page: int,
        marks: tuple[str, ...],
        figures: Mapping[str, Any],
    ) -> Panel:
        """Return one page of a list, counted from 1; the last page if the number is too high."""
        head, foot = self._entity.head.format(**figures), self._entity.foot.format(**figures)
        if search:
            words = inline(search, 2 * LONGEST_SEARCH)
            head = FOUND.format(head=head, count=number(len(lines)), words=words)
        pages = list(pages_of(lines, LIMIT - width(head) - width(foot) - 40, ON_A_PAGE))
        at = min(max(page, 1), len(pages))
        if len(pages) > 1:
            head = PAGE.format(head=head, number=at, pages=len(pages))
        text = "\n".join([head, *pages[at - 1], foot])
        return Panel(text, turning(at, len(pages), (search, *marks)), SECONDS)

    async def _turn(self, press: Press) -> None:
        if await let_operators(self._bot, press.interaction):
            page, search, *marks = press.arguments
            await self._show(press.interaction, self._entity.parse(self._bot, marks), search, int(page))

    async def _remove(self, press: Press) -> None:
        assert self._entity.remove is not None
        if await let_operators(self._bot, press.interaction):
            *marks, mark = press.arguments
            scope = self._entity.parse(self._bot, marks)
            told = await self._entity.remove(actor_of(press.interaction), scope, mark)
            await self.panels.close(press.interaction, told)

    async def _keep(self, press: Press) -> None:
        await self.panels.close(press.interaction, KEPT)


def containing(columns: Callable[[T], str]) -> Callable[[Sequence[T], str], list[T]]:
    """Return a search for rows whose columns contain the searched words."""

    def match(rows: Sequence[T], search: str) -> list[T]:
        wanted = search.casefold()
        return [row for row in rows if wanted in columns(row).casefold()]

    return match


def role_mark(role: PlayedCharacter) -> str:
    """Return a character's mark for the id of a button, including the bot's own character."""
    return next(iter(mark_of(role)), OWN)


def role_at(bot: "Masquerade", mark: str) -> PlayedCharacter:
    """Return the character of a mark; raise NotStaged if the character is gone."""
    return role_marked(bot, () if mark == OWN else (mark,))
