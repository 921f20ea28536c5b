"""Changes made by hand, and rows of the global state, for operators: /admin changes, state (F124, C85)."""

from hashlib import blake2s
from typing import TYPE_CHECKING

from discord import app_commands

from bot.core.i18n import _, n_
from bot.discord.commands import Interaction
from bot.features.admin.edit_facts import FACT, Words
from cogs._discord.admin import actor_of
from cogs._discord.lists import (
    AdminCog,
    Curated,
    Listed,
    Listing,
    Search,
    command,
    for_operators,
    group_of,
    with_number,
)
from cogs._discord.text import in_a_line, inline
from cogs.admin.edit_views import change_entry, change_text, thing

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

LONGEST_KEY, LONGEST_VALUE = 90, 300
VALUE_ROOM = 300
HEAD = _("**What was changed by hand**")
FOOT = _("-# /admin changes show tells the whole of one, /admin changes undo takes it back.")
NO_CHANGES = _("Nothing was changed by hand yet.")
NO_STATE = _("There is nothing that can be set.")
UNDONE = _("Number **{number}** is taken back: {thing} is what it was before.")
STATE_HEAD = _("**The rows of the global state that can be set**")
STATE_FOOT = n_(
    "-# {count} more row is kept by the program for itself, and is neither shown nor set.",
    "-# {count} more rows are kept by the program for itself, and are neither shown nor set.",
)
STATE = "`{key}` {value}"
UNSET = _("(not set)")
STATE_SET = _("`{key}` is **{value}** from now on.")
STATE_ASKED = _("**Shall I remove this?** `{key}` is {value}")
STATE_REMOVED = _("`{key}` is not set any more.")
GONE = _("That row can't be set any more: look at /admin state list again.")

Number = app_commands.Range[int, 1, 2**53 - 1]
KeyName = app_commands.Range[str, 1, LONGEST_KEY]
Value = app_commands.Range[str, 1, LONGEST_VALUE]


async def offer_keys(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Offer the keys that can be set."""
    keys = interaction.client.app.global_state.settable()
    fitting = [key for key in keys if current.strip().casefold() in key.casefold()]
    return [
        app_commands.Choice(name=in_a_line(key, 100), value=key) for key in fitting[:25] if len(key) <= 90
    ]


class Changes(Listed):
    """The changes made by hand, the newest first."""

    async def listing(self, words: str, arguments: tuple[str, ...]) -> Listing:  # noqa: ARG002 - of everybody
        found = await self.bot.app.edits.latest()
        lines = [change_entry(one) for one in found]
        return Listing(HEAD, [one for one in lines if words.casefold() in one.casefold()], FOOT, NO_CHANGES)


class States(Curated):
    """The rows of the global state that can be set."""

    async def listing(self, words: str, arguments: tuple[str, ...]) -> Listing:  # noqa: ARG002 - of everything
        listed = await self.bot.app.global_state.listed()
        lines = [
            STATE.format(key=key, value=inline(value, VALUE_ROOM) if value else UNSET)
            for key, value in listed.rows.items()
            if words.casefold() in f"{key} {value}".casefold()
        ]
        return Listing(STATE_HEAD, lines, STATE_FOOT.format(count=listed.internal), NO_STATE)

    async def removed(self, interaction: Interaction, arguments: tuple[str, ...]) -> str:
        state = self.bot.app.global_state
        key = next((one for one in state.settable() if key_mark(one) == arguments[0]), None)
        if key is None:
            return GONE
        change = await state.remove(actor_of(interaction), key)
        return with_number(STATE_REMOVED.format(key=key), change)


class Curation(AdminCog):
    """What was changed is shown with what it was before, and taken back once."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._app = bot.app
        self._changes = Changes(bot, "changes", lists="admin changes list")
        self._states = States(bot, "state", lists="admin state list", removes="admin state remove")
        self.lists = (
            self._changes,
            self._states,
        )
        self.groups = (
            group_of(
                "changes",
                "What was changed by hand",
                command("list", "The last changes, with their numbers", self.list_changes),
                command("show", "What one thing was before a change, and after it", self.show),
                command("undo", "Take a change back: the one with a number, or your last", self.undo),
            ),
            group_of(
                "state",
                "Rows of the global state",
                command("list", "What can be set", self.list_states),
                command("set", "Give a row a value", self.set_state),
                command("remove", "Take a row away", self.remove_state),
            ),
        )

    # Changes.

    @app_commands.describe(search="Words, such as a kind of thing or a character")
    async def list_changes(self, interaction: Interaction, search: Search | None = None) -> None:
        async def do() -> None:
            await self._changes.show(interaction, search)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(number="Its number in /admin changes list")
    async def show(self, interaction: Interaction, number: Number) -> None:
        async def do() -> str:
            found = await self._app.edits.get(number)
            words, person_id = Words(), found.change.person_id
            if found.change.entity == FACT and person_id is not None:
                await self._app.known_people.looked(actor_of(interaction), person_id)
                words = await self._app.fact_words.of(found)
            return change_text(found, words)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(number="Its number in /admin changes list; without one your last change")
    async def undo(self, interaction: Interaction, number: Number | None = None) -> None:
        async def do() -> str:
            back = await self._app.edits.undo(actor_of(interaction), number)
            return with_number(UNDONE.format(number=back.undoes, thing=thing(back)), back)

        await for_operators(self.bot, interaction, do)

    # The global state.

    @app_commands.describe(search="Words of a key or a value")
    async def list_states(self, interaction: Interaction, search: Search | None = None) -> None:
        async def do() -> None:
            await self._states.show(interaction, search)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(key="Such as: daily_mood_anger nyx", value="What it is from now on")
    @app_commands.autocomplete(key=offer_keys)
    async def set_state(self, interaction: Interaction, key: KeyName, value: Value) -> None:
        async def do() -> str:
            change = await self._app.global_state.set(actor_of(interaction), key, value)
            now = (await self._app.global_state.listed()).rows.get(" ".join(key.split()), value)
            told = STATE_SET.format(key=" ".join(key.split()), value=inline(now, VALUE_ROOM))
            return with_number(told, change)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(key="Such as: status nyx")
    @app_commands.autocomplete(key=offer_keys)
    async def remove_state(self, interaction: Interaction, key: KeyName) -> None:
        async def do() -> None:
            meant = self._app.global_state.removable(key)
            value = (await self._app.global_state.listed()).rows[meant]
            asked = STATE_ASKED.format(key=meant, value=inline(value, VALUE_ROOM) if value else UNSET)
            await self._states.ask(interaction, asked, (key_mark(meant),))

        await for_operators(self.bot, interaction, do)


def key_mark(key: str) -> str:
    """Return what stands for a key in the id of a button: it may be too long for that."""
    return blake2s(key.encode("utf-8", "replace"), digest_size=6).hexdigest()


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(Curation(bot))
