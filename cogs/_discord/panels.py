"""Buttons, menus and forms that outlive the process: all they need to know stands in their ids (A12, D13).

A cog says what a panel shows as plain values (`Panel`, `Button`, `Menu`, `Form`), and what each action
does (`Action`). `Panels`, in interactions.py, shows them. Every press takes one path, before and after a
restart: the presser is its owner, may use its command, and comes in time; it is acknowledged first; what
goes wrong is told in one sentence.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import discord

from bot.conversation.text.split import LIMIT, width
from bot.core.i18n import _
from bot.discord.commands import Interaction
from cogs._discord.text import in_a_line, shortened

LONGEST_ID = 100
LONGEST_LABEL = 80
LONGEST_CHOICE = 100
BACK, NEXT = _("Back", "a button to the page before"), _("Next", "a button to the page after")


@dataclass(frozen=True, slots=True)
class Button:
    """A button: pressed, it does an action with some short arguments (no colons) of its own."""

    label: str
    action: str
    arguments: tuple[str | int, ...] = ()
    style: discord.ButtonStyle = discord.ButtonStyle.secondary
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class MenuChoice:
    """A line of a menu."""

    value: str
    label: str
    description: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """A menu of at most 25 lines, of which `least` to `most` are chosen; it takes a row of its own."""

    action: str
    choices: tuple[MenuChoice, ...]
    arguments: tuple[str | int, ...] = ()
    placeholder: str = ""
    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class Panel:
    """A message with buttons and menus that work for some seconds; without any, it is only told.

    Whoever writes the text quotes in it what is not the bot's own (see text.py).
    """

    text: str
    items: tuple[Button | Menu, ...] = ()
    seconds: float = 120


@dataclass(frozen=True, slots=True)
class FormField:
    """A place to write in, in a form."""

    key: str
    label: str
    value: str = ""
    longest: int = 4000
    paragraph: bool = True


@dataclass(frozen=True, slots=True)
class Form:
    """A window to write in; sent off, it does an action. It may stay open for `seconds`."""

    title: str
    action: str
    fields: tuple[FormField, ...]
    arguments: tuple[str | int, ...] = ()
    seconds: float = 3600


@dataclass(frozen=True, slots=True)
class Action:
    """What happens on a press.

    `again` is the command that opens such a panel: it is named when the time is over, and who may not
    use it may not press either. `at_once` is for what opens a form, which must be Discord's first answer:
    such an action must wait for nothing.
    """

    do: Callable[["Press"], Awaitable[None]]
    again: str
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Press:
    """A press that was let through: `values` are chosen in its menu, `fields` written into its form."""

    interaction: Interaction
    arguments: tuple[str, ...]
    values: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text of the panel as it stands; "" for a form that no panel opened."""
        return self.interaction.message.content if self.interaction.message else ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """What is marked as chosen in the menus of the panel as it stands."""
        menus = (one for one in self._items() if isinstance(one, discord.SelectMenu))
        return tuple(option.value for menu in menus for option in menu.options if option.default)

    @property
    def offered(self) -> tuple[str, ...]:
        """All that can be chosen in the menus of the panel as it stands."""
        menus = (one for one in self._items() if isinstance(one, discord.SelectMenu))
        return tuple(option.value for menu in menus for option in menu.options)

    def _items(self) -> Iterator[discord.Component]:
        message = self.interaction.message
        for row in message.components if message else ():
            yield from row.children if isinstance(row, discord.ActionRow) else (row,)


@dataclass(frozen=True, slots=True)
class Signature:
    """What the id of a button, menu or form says: the action, whose it is, until when, and on what."""

    family: str
    action: str
    owner_id: int
    deadline: int  # in Unix seconds
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ":".join((self.family, self.action, str(self.owner_id), str(self.deadline), *self.arguments))


def template(family: str) -> re.Pattern[str]:
    """Return what all ids of a family look like."""
    return re.compile(
        rf"{family}:(?P<action>\w+):(?P<owner>\d{{1,20}}):(?P<deadline>\d{{1,12}})(?P<arguments>(?::[^:]*)*)"
    )


def read(family: str, custom_id: str) -> Signature | None:
    """Return what an id says; None if it is not of this family."""
    found = template(family).fullmatch(custom_id)
    if found is None:
        return None
    arguments = tuple(found["arguments"].split(":")[1:])
    return Signature(family, found["action"], int(found["owner"]), int(found["deadline"]), arguments)


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws what belongs to one person, and works until a certain moment."""

    family: str
    owner_id: int
    until: datetime

    def view(self, panel: Panel, *, disabled: bool = False) -> discord.ui.View:
        """Return the buttons and menus of a panel. discord.py keeps nothing of them: they are stopped."""
        view = discord.ui.View(timeout=None)
        for item in panel.items:
            view.add_item(self._button(item) if isinstance(item, Button) else self._menu(item))
        for drawn in view.children if disabled else ():
            drawn.disabled = True  # type: ignore[attr-defined] # buttons and menus both can be
        view.stop()
        return view

    def window(self, form: Form) -> discord.ui.Modal:
        """Return a form as a window."""
        window = discord.ui.Modal(title=in_a_line(form.title, 45), custom_id=self._id(form), timeout=None)
        for one in form.fields:
            style = discord.TextStyle.paragraph if one.paragraph else discord.TextStyle.short
            written = discord.ui.TextInput[discord.ui.Modal](
                custom_id=one.key, style=style, default=one.value[: one.longest], max_length=one.longest
            )
            window.add_item(discord.ui.Label(text=in_a_line(one.label, 45), component=written))
        return window

    def _id(self, one: Button | Menu | Form) -> str:
        arguments = tuple(map(str, one.arguments))
        custom_id = str(
            Signature(self.family, one.action, self.owner_id, int(self.until.timestamp()), arguments)
        )
        assert len(custom_id) <= LONGEST_ID, "Discord takes no longer ids"
        assert read(self.family, custom_id), "an argument holds a colon"
        return custom_id

    def _button(self, button: Button) -> discord.ui.Button[discord.ui.View]:
        return discord.ui.Button(
            label=in_a_line(button.label, LONGEST_LABEL),
            custom_id=self._id(button),
            style=button.style,
            disabled=button.disabled,
        )

    def _menu(self, menu: Menu) -> discord.ui.Select[discord.ui.View]:
        return discord.ui.Select(
            custom_id=self._id(menu),
            placeholder=in_a_line(menu.placeholder, LONGEST_CHOICE) if menu.placeholder else None,
            min_values=menu.least,
            max_values=menu.most,
            options=[
                discord.SelectOption(
                    value=one.value,
                    label=in_a_line(one.label, LONGEST_CHOICE),
                    description=in_a_line(one.description, LONGEST_CHOICE) if one.description else None,
                    default=one.chosen,
                )
                for one in menu.choices
            ],
        )


def pages_of(lines: Iterable[str], room: int, most: int) -> Iterator[list[str]]:
    """Yield pages of whole lines: `most` of them, or as many as fit the room."""
    page: list[str] = []
    left = room
    for line in lines:
        if page and (len(page) == most or width(line) + 1 > left):
            yield page
            page, left = [], room
        page.append(line)
        left -= width(line) + 1
    if page:
        yield page


def turning(page: int, pages: int, arguments: tuple[str | int, ...] = ()) -> tuple[Button, ...]:
    """Return the buttons that turn pages, counted from 1; none where there is one page."""
    if pages == 1:
        return ()
    return (
        Button(BACK, "page", (page - 1, *arguments), disabled=page == 1),
        Button(NEXT, "page", (page + 1, *arguments), disabled=page == pages),
    )


def with_note(text: str, note: str) -> str:
    """Return a panel's text with a remark of ours under it."""
    note = f"\n-# {note}"
    return shortened(text, LIMIT - len(note)) + note


def written(components: Any) -> dict[str, str]:
    """Return what was written into the fields of a form, by their keys, as Discord sends it."""
    fields: dict[str, str] = {}
    for one in components:
        inner = [one["component"]] if "component" in one else one.get("components", [])
        fields |= written(inner)
        if "custom_id" in one and isinstance(one.get("value"), str):
            fields[one["custom_id"]] = one["value"]
    return fields
