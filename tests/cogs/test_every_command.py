"""Every command of the tree, by those who may not, from where it may not be, and with hostile words (D13)."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord import OptionError

from bot.discord.commands import FAILED, ONLY_IN_SERVERS, OUTDATED
from cogs._discord.interactions import NOT_YOURS, Panels
from cogs._discord.panels import Press, Signature
from tests.filled import unfilled
from tests.support.commands import asked, kept, let_operate, show_to
from tests.support.discord import World, world
from tests.support.presses import Pressed
from tests.walking import NASTY, fillings, is_for_servers, is_guarded, leaves, use

PARTS = 4
REFUSED = "You may not do that here: it takes the permission"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        # A walk takes longer than jobs wait, and virtual time runs far ahead while panels fade.
        entered.app.schedule.stop()
        yield entered


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("This is for people who may {needed} here.", ["needed"]),
        ("**{count:,} facts** in {place}", ["count", "place"]),
        ("{{user}} and {0} {name} and {no_field_of_ours}", []),
    ],
)
def test_a_field_that_was_not_filled_in_is_found_in_what_is_sent(text, left):
    """Each world of the tests is searched for them when it ends, so every answer that a test sees is."""
    assert unfilled(text) == left


def told(result: Any) -> str:
    return "\n".join(one.content for one in (result.response, *result.followups) if one is not None)


async def refused_everywhere(w: World, who: Any) -> None:
    """Check that somebody is refused every guarded command of the tree, and that nothing changes by it."""
    show_to(w, who)
    guarded = [one for one in leaves(w) if is_guarded(one)]
    before, refused = kept(w), []
    for command in guarded:
        options = next(iter(fillings(w, command)))
        if told(await use(w, who, command, options)).startswith(REFUSED):
            refused.append(command.qualified_name)
    assert refused == [one.qualified_name for one in guarded]
    assert len(refused) >= 11
    assert kept(w) == before


@pytest.mark.slow
async def test_a_stranger_is_refused_every_guarded_command(w):
    await refused_everywhere(w, w.mira)


@pytest.mark.slow
async def test_the_admin_of_another_server_is_refused_every_guarded_command(w):
    other = w.env.create_guild("Another")
    boss = other.create_role("Boss", permissions=discord.Permissions.all())
    other.add_member(w.mira.user, roles=[boss])
    await refused_everywhere(w, w.mira)


async def test_in_a_dm_what_is_for_servers_or_admins_is_refused_to_everybody_but_operators(w):
    """Even to who has, or forges, all permissions: Discord sends them for a DM, too."""
    tree: Any = w.client.tree
    everything = discord.Permissions.all()
    for command in leaves(w):
        refusal = tree.refusal(asked(w, command, guild_id=None, permissions=everything), command)
        if is_for_servers(command):
            assert refusal == ONLY_IN_SERVERS, command.qualified_name
        elif is_guarded(command):
            assert refusal is not None, command.qualified_name
            assert refusal.startswith(REFUSED), command.qualified_name
        else:
            assert refusal is None, command.qualified_name


async def test_typing_into_a_guarded_command_is_refused_to_strangers_without_a_word(w):
    tree: Any = w.client.tree
    guarded = [one for one in leaves(w) if is_guarded(one)]
    for command in guarded:
        interaction = asked(w, command, type=discord.InteractionType.autocomplete)
        assert await tree.interaction_check(interaction) is False, command.qualified_name


@pytest.mark.slow
async def test_what_is_open_to_everybody_works_in_a_dm_or_says_why_not(w):
    for command in leaves(w):
        if is_guarded(command) or is_for_servers(command) or not hasattr(command, "parameters"):
            continue
        result = await w.mira.user.slash(command.qualified_name, **next(iter(fillings(w, command))))
        text = told(result) if result.modal is None else "a form"
        assert text, command.qualified_name
        assert not text.startswith((FAILED, OUTDATED)), command.qualified_name


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
async def test_hostile_words_in_every_option_of_every_command_break_and_ping_nothing(w, caplog, part):
    """As somebody who may do everything: nothing is stopped by a refusal before it gets to the words.

    In parts: simcord lets buttons time out by the real clock, and waits for ever where one does meanwhile.
    """
    role = w.guild.create_role("All", permissions=discord.Permissions.all())
    anna = w.guild.add_member(w.env.create_user("anna", global_name=NASTY[0][:30]), roles=[role])
    let_operate(w, anna)
    await anna.send(w.channel, "Pixel, hello")
    used = tried = 0
    with caplog.at_level(logging.INFO):
        for command in [*leaves(w)][part::PARTS]:
            for options in fillings(w, command):
                tried += 1
                try:
                    result = await use(w, anna, command, options)
                except OptionError:
                    continue  # Discord does not let it through
                used += 1
                _is_calm(command, options, result)
    assert used >= tried * 0.8
    assert {one.qualified_name for one in leaves(w)} == set(_names(w))
    assert " failed: " not in caplog.text
    assert not [one for one in caplog.records if one.exc_info]
    assert w.pinged() <= {anna.id}
    assert not w.client.is_closed()


def _names(w: World) -> list[str]:
    return [one.qualified_name for one in leaves(w)]


def _is_calm(command: Any, options: dict[str, Any], result: Any) -> None:
    """Check that something was answered, for its user alone, short enough and not with an apology."""
    where = (command.qualified_name, {name: str(value)[:20] for name, value in options.items()})
    if getattr(result, "modal", None) is not None:
        return
    said = [one for one in (result.response, *result.followups) if one is not None]
    assert said, where
    for one in said:
        assert len(one.content) <= 2000, where
        assert one.content != FAILED, where
        assert one.content != OUTDATED, where


@pytest.mark.slow
async def test_hostile_words_offer_nothing_that_discord_does_not_take(w):
    """Every option that offers choices, of every command that is open to all."""
    offered = 0
    for command in leaves(w):
        for option in getattr(command, "parameters", ()):
            if not option.autocomplete or is_guarded(command):
                continue
            for text in ("", "1", *NASTY[:7]):
                choices = await w.mira.autocomplete(
                    w.channel, command.qualified_name, option.display_name, text
                )
                assert len(choices) <= 25
                assert all(0 < len(one["name"]) <= 100 for one in choices), (command.qualified_name, choices)
                offered += 1
    assert offered >= 9


# --- Buttons, menus and forms ------------------------------------------------------------------------


@pytest.fixture
async def pressable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[World, list[Panels]]]:
    """Yield a world, and all panels that its cogs loaded."""
    loaded: list[Panels] = []
    load = Panels.load

    def note(self: Panels) -> None:
        loaded.append(self)
        load(self)

    monkeypatch.setattr(Panels, "load", note)
    async with world(tmp_path) as entered:
        yield entered, loaded


def listen(panels: Panels) -> list[Press]:
    """Let the actions of panels do nothing but note that they were let through."""
    done: list[Press] = []

    async def note(press: Press) -> None:
        done.append(press)

    panels.actions = {name: replace(one, do=note) for name, one in panels.actions.items()}
    return done


async def test_nobody_presses_what_belongs_to_somebody_else(pressable):
    w, loaded = pressable
    known = [one.__name__ for one in w.client._connection._view_store._dynamic_items.values()]
    # Beside panels there are the pages of the user list (test_log_channel.py) and the buttons of tickets,
    # which are for everybody (test_ticket_commands.py).
    assert sorted(known) == sorted(["PageButton", "TicketButton", *["Pressable"] * len(loaded)])
    refused = 0
    until = int(w.app.clock.now().timestamp()) + 600
    for panels in loaded:
        done = listen(panels)
        for name in panels.actions:
            for form in (False, True):
                forged = str(Signature(panels.family, name, w.tom.id, until, ("1", "2")))
                interaction: Any = Pressed(w, forged, w.mira.id, form=form)
                await panels.pressed(interaction)
                refused += interaction.said == [NOT_YOURS]
        assert done == []
    assert refused == 2 * sum(len(one.actions) for one in loaded) >= 30


async def test_an_owner_who_may_not_use_the_command_any_more_may_not_press_either(pressable):
    w, loaded = pressable
    until = int(w.app.clock.now().timestamp()) + 600
    guarded = {one.qualified_name for one in leaves(w) if is_guarded(one)}
    names = {one.qualified_name for one in leaves(w)}
    for panels in loaded:
        done = listen(panels)
        for name, action in panels.actions.items():
            assert action.again in names, "each press asks what holds for a command"
            if action.again not in guarded:
                continue
            mine: Any = Pressed(w, str(Signature(panels.family, name, w.mira.id, until)), w.mira.id)
            await panels.pressed(mine)
            assert mine.said[0].startswith(REFUSED), name
        assert done == []


async def test_ids_that_nobody_drew_do_nothing(pressable):
    w, loaded = pressable
    until = int(w.app.clock.now().timestamp()) + 600
    for panels in loaded:
        done = listen(panels)
        for custom_id in (
            f"{panels.family}:nothing:{w.mira.id}:{until}",
            f"{panels.family}:",
            f"{panels.family}:{next(iter(panels.actions))}:{w.mira.id}:{until - 10_000}",
        ):
            interaction: Any = Pressed(w, custom_id, w.mira.id)
            await panels.pressed(interaction)
            assert interaction.said, custom_id
        assert done == []
