"""What operators' commands share: lists with pages and a search, questions before a removal (C85)."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discord import ButtonStyle, app_commands
from discord.ext import commands

from bot.conversation.company import Role
from bot.conversation.text.split import LIMIT, width
from bot.core.i18n import _, number
from bot.discord.commands import Interaction, answer
from bot.features.admin.change import Change
from cogs._discord.admin import join_admin, leave_admin, let_operators
from cogs._discord.interactions import Panels
from cogs._discord.options import mark_of, role_marked, telling
from cogs._discord.panels import Action, Button, Panel, Press
from cogs._discord.text import in_a_line, inline

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

ON_A_PAGE = 8
SECONDS = 300
LONGEST_SEARCH = 16
"""Letters of a search: it stands in the ids of buttons, so that pages turn after a restart, too."""
OWN = "-"
"""What stands for the bot's own character in the id of a button."""

NOTE = _("-# Change number {number}. /admin changes undo takes it back.")
NOTE_TO_OTHERS = _("-# Change number {number}. The bot's operators can take it back.")
KEPT = _("Nothing was removed.")
NOTHING_FOUND = _("None of that contains “{words}”. Without a search all of it is listed.")
PAGE = _("{head} · page {number} of {pages}")
FOUND = _("{head}; {count} with “{words}”")
BACK, NEXT = _("Back", "a button to the page before"), _("Next", "a button to the page after")
REMOVE_IT, KEEP_IT = _("Remove it"), _("Keep it")

Search = app_commands.Range[str, 1, LONGEST_SEARCH]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: its head, a text for each thing, what to do next, and what is said where it is empty."""

    head: str
    lines: Sequence[str]
    foot: str
    empty: str


def list_panel(listing: Listing, page: int, words: str, arguments: tuple[str | int, ...]) -> Panel:
    """Return one page of a list, counted from 1; the last one for a page that is not there."""
    head, searched = listing.head, inline(words, 2 * LONGEST_SEARCH) if words else ""
    if not listing.lines:
        return Panel(NOTHING_FOUND.format(words=searched) if words else listing.empty)
    if words:
        head = FOUND.format(head=head, count=number(len(listing.lines)), words=searched)
    pages = list(_pages(listing.lines, LIMIT - width(head) - width(listing.foot) - 40))
    shown = min(max(page, 1), len(pages))
    if len(pages) > 1:
        head = PAGE.format(head=head, number=shown, pages=len(pages))
    buttons = (
        Button(BACK, "page", (shown - 1, words, *arguments), disabled=shown == 1),
        Button(NEXT, "page", (shown + 1, words, *arguments), disabled=shown == len(pages)),
    )
    text = "\n".join(map(str, [head, *pages[shown - 1], listing.foot]))
    return Panel(text, buttons if len(pages) > 1 else (), SECONDS)


class Listed(ABC):
    """One kind of thing that operators list, for a cog to take along with its group.

    `lists` is the command that does: who may not use it may not press, either. Every press is checked for
    being an operator's once more.
    """

    def __init__(self, bot: "Masquerade", family: str, *, lists: str) -> None:
        self.bot = bot
        self.panels = Panels(bot, family, {"page": Action(self._turn, lists), **self._more()})

    @abstractmethod
    async def listing(self, words: str, arguments: tuple[str, ...]) -> Listing:
        """Return what there is with some words in it; `arguments` say of what."""

    async def show(
        self, interaction: Interaction, words: str | None, arguments: tuple[str, ...] = (), page: int = 1
    ) -> None:
        """Show a page of the list."""
        searched = _searched(words)
        listing = await self.listing(searched, arguments)
        await self.panels.show(interaction, list_panel(listing, page, searched, arguments))

    async def _turn(self, press: Press) -> None:
        if await let_operators(self.bot, press.interaction):
            page, words, *arguments = press.arguments
            await self.show(press.interaction, words, tuple(arguments), int(page))

    def _more(self) -> dict[str, Action]:
        """Return what else can be pressed."""
        return {}


class Curated(Listed):
    """One kind of thing that can be removed, too, once that was asked; `removes` is the command that asks."""

    def __init__(self, bot: "Masquerade", family: str, *, lists: str, removes: str) -> None:
        self._removes = removes
        super().__init__(bot, family, lists=lists)

    @abstractmethod
    async def removed(self, interaction: Interaction, arguments: tuple[str, ...]) -> str:
        """Remove what is meant, and return what is said of it."""

    async def ask(self, interaction: Interaction, question: str, arguments: tuple[str | int, ...]) -> None:
        """Ask whether something is to be removed."""
        buttons = (
            Button(REMOVE_IT, "remove", arguments, style=ButtonStyle.danger),
            Button(KEEP_IT, "keep"),
        )
        await self.panels.show(interaction, Panel(question, buttons, SECONDS))

    def _more(self) -> dict[str, Action]:
        return {"remove": Action(self._remove, self._removes), "keep": Action(self._keep, self._removes)}

    async def _remove(self, press: Press) -> None:
        if await let_operators(self.bot, press.interaction):
            await self.panels.close(press.interaction, await self.removed(press.interaction, press.arguments))

    async def _keep(self, press: Press) -> None:
        await self.panels.close(press.interaction, KEPT)


class AdminCog(commands.Cog):
    """A cog for operators: its `groups` are a part of /admin, and its `lists` answer to presses."""

    groups: tuple[app_commands.Group, ...] = ()
    lists: tuple[Listed, ...] = ()

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        for one in self.lists:
            one.panels.load()
        for group in self.groups:
            join_admin(self.bot, group)

    async def cog_unload(self) -> None:
        for one in self.lists:
            one.panels.unload()
        for group in self.groups:
            leave_admin(self.bot, group)


async def for_operators(
    bot: "Masquerade", interaction: Interaction, do: Callable[[], Awaitable[str | None]]
) -> None:
    """Do something for an operator, and say what came of it: in a sentence also when it can't be done."""
    await interaction.response.defer(ephemeral=True)
    if not await let_operators(bot, interaction):
        return
    async with telling(interaction):
        said = await do()
        if said is not None:
            await answer(interaction, said)


def with_number(text: str, change: Change, *, operator: bool = True) -> str:
    """Return what is said of a change, with the number by which operators take it back."""
    return f"{text}\n{(NOTE if operator else NOTE_TO_OTHERS).format(number=change.number)}"


def role_mark(role: Role) -> str:
    """Return what stands for a character in the id of a button, the bot's own included."""
    return next(iter(mark_of(role)), OWN)


def role_at(bot: "Masquerade", mark: str) -> Role:
    """Return the character that a mark stands for. Raises NotStaged when it is gone."""
    return role_marked(bot, () if mark == OWN else (mark,))


def command(name: str, description: str, callback: Any) -> app_commands.Command[Any, ..., Any]:
    """Return a command of a group."""
    return app_commands.Command(name=name, description=description, callback=callback)


def group_of(
    name: str, description: str, *members: app_commands.Command[Any, ..., Any]
) -> app_commands.Group:
    """Return a group of commands."""
    group = app_commands.Group(name=name, description=description)
    for one in members:
        group.add_command(one)
    return group


def _searched(words: str | None) -> str:
    # A colon parts the arguments in an id.
    return in_a_line(words.replace(":", " "), LONGEST_SEARCH) if words and words.strip(": \n\t") else ""


def _pages(lines: Sequence[str], room: int) -> Iterator[list[str]]:
    page: list[str] = []
    left = room
    for line in lines:
        if page and (len(page) == ON_A_PAGE or width(line) + 1 > left):
            yield page
            page, left = [], room
        page.append(line)
        left -= width(line) + 1
    if page:
        yield page
