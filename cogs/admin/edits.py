"""Edits and rows of the global state, for operators: /admin changes and /admin state (F124, C85)."""

from collections.abc import Mapping
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from discord import app_commands

from bot.audit import Actor
from bot.core.i18n import _, n_
from bot.discord.commands import Interaction
from bot.features.admin.edit_facts import FACT, FactTexts
from bot.features.admin.edit_states import GlobalState
from bot.features.admin.edits import RecordedEdit
from cogs._discord.admin import AdminCog, actor_of, command, group_of, operators_only, with_number
from cogs._discord.text import in_a_line, inline
from cogs.admin.edit_views import change_entry, change_text, thing
from cogs.admin.editor import EditableKind, EntityEditor, Scope, Search, containing

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
    """Return the editable keys as choices."""
    keys = interaction.client.app.global_state.settable()
    fitting = [key for key in keys if current.strip().casefold() in key.casefold()]
    return [
        app_commands.Choice(name=in_a_line(key, 100), value=key) for key in fitting[:25] if len(key) <= 90
    ]


class StateEditor(EntityEditor[Scope, tuple[str, str]]):
    """The editable rows of the global state; the program's internal rows are only counted."""

    def __init__(self, bot: "Masquerade", state: GlobalState) -> None:
        self._state = state
        rows = EditableKind(
            name="state",
            lists="admin state list",
            removes="admin state remove",
            head=STATE_HEAD,
            foot=STATE_FOOT,
            empty=NO_STATE,
            parse=Scope.parse,
            find=self._find,
            match=containing(lambda row: f"{row[0]} {row[1]}"),
            line=_state_line,
            remove=self._removed,
        )
        super().__init__(bot, rows)

    async def figures(self, scope: Scope) -> Mapping[str, Any]:  # noqa: ARG002 - the count is global
        return {"count": (await self._state.listed()).internal}

    async def _find(self, _scope: Scope) -> list[tuple[str, str]]:
        return list((await self._state.listed()).rows.items())

    async def _removed(self, actor: Actor, _scope: Scope, mark: str) -> str:
        key = next((key for key in self._state.settable() if key_mark(key) == mark), None)
        if key is None:
            return str(GONE)
        return with_number(STATE_REMOVED.format(key=key), await self._state.remove(actor, key))


class EditsCog(AdminCog):
    """Each edit is shown with the state before and after, and can be undone once."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._app = bot.app
        self._edits, self._state = bot.app.edits, bot.app.global_state
        self._changes = EntityEditor(bot, self._entity())
        self._states = StateEditor(bot, self._state)
        self.panels = (self._changes.panels, self._states.panels)
        self.members = (
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

    def _entity(self) -> EditableKind[Scope, RecordedEdit]:
        return EditableKind(
            name="changes",
            lists="admin changes list",
            head=HEAD,
            foot=FOOT,
            empty=NO_CHANGES,
            parse=Scope.parse,
            find=lambda _scope: self._edits.latest(),
            match=containing(change_entry),
            line=change_entry,
        )

    # Changes.

    @app_commands.describe(search="Words, such as a kind of thing or a character")
    @operators_only
    async def list_changes(self, interaction: Interaction, search: Search | None = None) -> None:
        await self._changes.show(interaction, Scope(), search)

    @app_commands.describe(number="Its number in /admin changes list")
    @operators_only
    async def show(self, interaction: Interaction, number: Number) -> str:
        found = await self._edits.get(number)
        words, person_id = FactTexts(), found.change.person_id
        if found.change.entity == FACT and person_id is not None:
            await self._app.known_people.looked(actor_of(interaction), person_id)
            words = await self._app.fact_words.of(found)
        return change_text(found, words)

    @app_commands.describe(number="Its number in /admin changes list; without one your last change")
    @operators_only
    async def undo(self, interaction: Interaction, number: Number | None = None) -> str:
        back = await self._edits.undo(actor_of(interaction), number)
        return with_number(UNDONE.format(number=back.undoes, thing=thing(back)), back)

    # The global state.

    @app_commands.describe(search="Words of a key or a value")
    @operators_only
    async def list_states(self, interaction: Interaction, search: Search | None = None) -> None:
        await self._states.show(interaction, Scope(), search)

    @app_commands.describe(key="Such as: daily_mood_anger nyx", value="What it is from now on")
    @app_commands.autocomplete(key=offer_keys)
    @operators_only
    async def set_state(self, interaction: Interaction, key: KeyName, value: Value) -> str:
        change = await self._state.set(actor_of(interaction), key, value)
        key = " ".join(key.split())
        now = (await self._state.listed()).rows.get(key, value)
        return with_number(STATE_SET.format(key=key, value=inline(now, VALUE_ROOM)), change)

    @app_commands.describe(key="Such as: status nyx")
    @app_commands.autocomplete(key=offer_keys)
    @operators_only
    async def remove_state(self, interaction: Interaction, key: KeyName) -> None:
        meant = self._state.removable(key)
        value = (await self._state.listed()).rows[meant]
        question = STATE_ASKED.format(key=meant, value=inline(value, VALUE_ROOM) if value else UNSET)
        await self._states.ask(interaction, Scope(), key_mark(meant), question)


def key_mark(key: str) -> str:
    """Return a key's digest for the id of a button, for which the key itself may be too long."""
    return blake2s(key.encode("utf-8", "replace"), digest_size=6).hexdigest()


def _state_line(row: tuple[str, str]) -> str:
    key, value = row
    return STATE.format(key=key, value=inline(value, VALUE_ROOM) if value else UNSET)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(EditsCog(bot))
