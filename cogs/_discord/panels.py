"""Buttons, menus and forms that outlive the process: their ids hold all of their state (A12, D13).

A cog describes a panel as plain values (`Panel`, `Button`, `Menu`, `Form`) and the handler of each action
(`Action`). `Panels`, in interactions.py, shows them. Every press is handled in the same way, before and
after a restart: the user must own the panel, may use its command, and presses in time; the press is
acknowledged first; a failure is reported in one sentence.
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
    """A button, whose press runs an action with short arguments (no colons)."""

    label: str
    action: str
    arguments: tuple[str | int, ...] = ()
    style: discord.ButtonStyle = discord.ButtonStyle.secondary
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class MenuChoice:
    value: str
    label: str
    description: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """A menu of at most 25 lines, of which the user chooses `least` to `most`; it takes a row of its own."""

    action: str
    choices: tuple[MenuChoice, ...]
    arguments: tuple[str | int, ...] = ()
    placeholder: str = ""
    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class Panel:
    """A message with buttons and menus that work for `seconds`, or a plain message without them.

    The caller must quote all words in the text that are not the bot's own (see text.py).
    """

    text: str
    items: tuple[Button | Menu, ...] = ()
    seconds: float = 120


@dataclass(frozen=True, slots=True)
class FormField:
    """A text input of a form."""

    key: str
    label: str
    value: str = ""
    longest: int = 4000
    paragraph: bool = True


@dataclass(frozen=True, slots=True)
class Form:
    """A window with text inputs, whose submission runs an action. It may stay open for `seconds`."""

    title: str
    action: str
    fields: tuple[FormField, ...]
    arguments: tuple[str | int, ...] = ()
    seconds: float = 3600


@dataclass(frozen=True, slots=True)
class Action:
    """The handler of a press.

    `again` is the command that opens such a panel: it is named when the panel has expired, and a user who
    may not use it may not press either. `at_once` marks an action that opens a form: a form must be the first
    response to Discord, so the action must not wait for anything.
    """

    do: Callable[["Press"], Awaitable[None]]
    again: str
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Press:
    """A permitted press: `values` are the choices in its menu, `fields` the inputs of its form."""

    interaction: Interaction
    arguments: tuple[str, ...]
    values: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The current text of the panel; "" for a form that no panel opened."""
        return self.interaction.message.content if self.interaction.message else ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """The values of the panel's menus that are currently marked as chosen."""
        menus = (item for item in self._items() if isinstance(item, discord.SelectMenu))
        return tuple(option.value for menu in menus for option in menu.options if option.default)

    @property
    def offered(self) -> tuple[str, ...]:
        """All values that the panel's menus currently offer."""
        menus = (item for item in self._items() if isinstance(item, discord.SelectMenu))
        return tuple(option.value for menu in menus for option in menu.options)

    def _items(self) -> Iterator[discord.Component]:
        message = self.interaction.message
        for row in message.components if message else ():
            yield from row.children if isinstance(row, discord.ActionRow) else (row,)


@dataclass(frozen=True, slots=True)
class Signature:
    """The content of the id of a button, menu or form: action, owner, deadline and arguments."""

    family: str
    action: str
    owner_id: int
    deadline: int  # in Unix seconds
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ":".join((self.family, self.action, str(self.owner_id), str(self.deadline), *self.arguments))


def template(family: str) -> re.Pattern[str]:
    """Return the pattern of all ids of a family."""
    return re.compile(
        rf"{family}:(?P<action>\w+):(?P<owner>\d{{1,20}}):(?P<deadline>\d{{1,12}})(?P<arguments>(?::[^:]*)*)"
    )


def read(family: str, custom_id: str) -> Signature | None:
    """Return the parsed id; None if it is not of this family."""
    found = template(family).fullmatch(custom_id)
    if found is None:
        return None
    arguments = tuple(found["arguments"].split(":")[1:])
    return Signature(family, found["action"], int(found["owner"]), int(found["deadline"]), arguments)


@dataclass(frozen=True, slots=True)
class Pen:
    """Builds the components of a panel for one person, with ids that expire at a certain moment."""

    family: str
    owner_id: int
    until: datetime

    def view(self, panel: Panel, *, disabled: bool = False) -> discord.ui.View:
        """Return the buttons and menus of a panel, stopped so that discord.py doesn't keep them."""
        view = discord.ui.View(timeout=None)
        for item in panel.items:
            view.add_item(self._button(item) if isinstance(item, Button) else self._menu(item))
        for drawn in view.children if disabled else ():
            drawn.disabled = True  # type: ignore[attr-defined] # buttons and menus both have it
        view.stop()
        return view

    def window(self, form: Form) -> discord.ui.Modal:
        window = discord.ui.Modal(title=in_a_line(form.title, 45), custom_id=self._id(form), timeout=None)
        for entry in form.fields:
            style = discord.TextStyle.paragraph if entry.paragraph else discord.TextStyle.short
            written = discord.ui.TextInput[discord.ui.Modal](
                custom_id=entry.key,
                style=style,
                default=entry.value[: entry.longest],
                max_length=entry.longest,
            )
            window.add_item(discord.ui.Label(text=in_a_line(entry.label, 45), component=written))
        return window

    def _id(self, component: Button | Menu | Form) -> str:
        arguments = tuple(map(str, component.arguments))
        custom_id = str(
            Signature(self.family, component.action, self.owner_id, int(self.until.timestamp()), arguments)
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
                    value=choice.value,
                    label=in_a_line(choice.label, LONGEST_CHOICE),
                    description=in_a_line(choice.description, LONGEST_CHOICE) if choice.description else None,
                    default=choice.chosen,
                )
                for choice in menu.choices
            ],
        )


def pages_of(lines: Iterable[str], room: int, most: int) -> Iterator[list[str]]:
    """Yield pages of whole lines: `most` of them, or as many as fit into `room` characters."""
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
    """Return the buttons that turn pages, which are counted from 1; () for a single page."""
    if pages == 1:
        return ()
    return (
        Button(BACK, "page", (page - 1, *arguments), disabled=page == 1),
        Button(NEXT, "page", (page + 1, *arguments), disabled=page == pages),
    )


def with_note(text: str, note: str) -> str:
    """Return a panel's text with a note of the bot below it."""
    note = f"\n-# {note}"
    return shortened(text, LIMIT - len(note)) + note


def written(components: Any) -> dict[str, str]:
    """Return the inputs of a submitted form by key, from the components that Discord sends."""
    fields: dict[str, str] = {}
    for component in components:
        inner = [component["component"]] if "component" in component else component.get("components", [])
        fields |= written(inner)
        if "custom_id" in component and isinstance(component.get("value"), str):
            fields[component["custom_id"]] = component["value"]
    return fields
