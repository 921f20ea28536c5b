"""Characters for adults: heard, seen and answering in age-restricted channels, and nowhere else (C91)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.backend import serializers

from bot.audit import Actor, AuditLog
from bot.conversation.attention.server_rules import RuleKind
from bot.conversation.attention.vote import Voters
from bot.conversation.config import Attentiveness
from bot.conversation.decision import Reason
from bot.conversation.rethinking import CannotRemake, Requester
from bot.conversation.safety import NOT_IN_PRIVATE, NOT_MARKED, SWITCHED_OFF
from bot.core.errors import Unpostable
from bot.features.characters.presence import NotStaged
from bot.features.inner_life.status import Statuses
from bot.features.proactive.greetings import NoGreeting
from bot.features.proactive.venues import Venues
from cogs._discord.speaking import mouth_in
from memory.places import Place, Where
from memory.rules import MemoryRefused
from personas.initiative import TICK, InitiativeBounds, slot_of
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, Table, administration_of, table
from tests.company import NYX, company, stagecraft
from tests.support.ages import RED
from tests.support.discord import World, world

RED_NYX = NYX.model_copy(update={"nsfw": True, "greeting": "The night is ours."})
MARKED = replace(CHANNEL, channel_id=666, name="after dark", age_restricted=True)
TERMINAL = Where(900, Place.TERMINAL)
HERE = NOT_MARKED.format(name="Scarlet")
VOTING = replace(AT_ONCE, attention=Attentiveness(voters=Voters(model="small", count=3, deadline=10.0)))


@pytest.fixture
async def red(tmp_path: Path) -> AsyncIterator[Table]:
    async with table(tmp_path, character=RED) as at:
        yield at


async def kept(at: Table, channel_id: int = CHANNEL.channel_id) -> list[str]:
    """Return what the log holds of a place."""
    async with at.database.read() as db:
        rows = await db.messages.transcript(channel_id, "pixel", since=at.clock.now() - TICK * 48)
    return [row.text for row in rows]


# --- Alone -------------------------------------------------------------------------------------------


async def test_in_a_channel_without_the_mark_it_says_why_and_hears_nothing(red):
    heard = await red.hear("Scarlet, my canary secret", where=CHANNEL)
    assert red.mouth.said == [HERE]
    assert red.claude.prompts == red.claude.background == []
    assert await kept(red) == []
    assert (await red.decided(heard.message_id)).claim.reason == Reason.AGE_GATE.name


@pytest.mark.parametrize("call", [{"mentions_me": True}, {"replies_to_me": True}, {}])
async def test_each_way_of_calling_it_gets_the_one_line(red, call):
    text = "are you there?" if call else "hello SCARLET"
    await red.hear(text, where=CHANNEL, **call)
    assert red.mouth.said == [HERE]


async def test_the_line_comes_once_an_hour_for_each_person_and_channel(red):
    for _ in range(3):
        await red.hear("Scarlet?", where=CHANNEL)
    await red.hear("Scarlet?", where=CHANNEL, author_id=7)
    await red.hear("Scarlet?", where=replace(CHANNEL, channel_id=602))
    assert red.mouth.said == [HERE] * 3
    red.clock.pass_time(3601)
    await red.hear("Scarlet?", where=CHANNEL)
    assert red.mouth.said == [HERE] * 4


async def test_who_does_not_call_it_gets_nothing_not_even_a_vote(tmp_path):
    async with table(tmp_path, character=RED, manner=VOTING) as at:
        await at.hear("does anybody know how to mend a broken bicycle chain?", where=CHANNEL)
        await at.hear("Scarlet", where=CHANNEL, from_bot=True)
        assert at.mouth.said == []
        assert at.claude.questions == []


async def test_a_private_chat_is_no_marked_channel(red):
    await red.hear("hello, just us two", where=DM)
    assert red.mouth.said == [NOT_IN_PRIVATE.format(name="Scarlet")]
    assert red.claude.prompts == []
    assert await kept(red, DM.channel_id) == []


@pytest.mark.parametrize("where", [MARKED, TERMINAL])
async def test_in_a_marked_channel_and_at_the_operators_terminal_it_answers(red, where):
    red.claude.will_say("mm.")
    await red.hear("Scarlet?", where=where)
    assert "mm." in red.mouth.said


async def test_what_it_heard_before_the_mark_went_comes_up_nowhere_without_it(red):
    await red.hear("Scarlet, the canary sings", where=MARKED)
    await red.hear("Scarlet, what did I say?", where=replace(MARKED, age_restricted=False))
    assert len(red.claude.prompts) == 1
    assert red.mouth.said == ["Hm.", HERE]


async def test_the_admins_of_a_server_can_keep_it_out_of_marked_channels_too(red):
    administration = administration_of(red)
    await administration.set_rule(Actor(1, 1), RuleKind.ADULTS, guild_id=700, value=0.0)
    await red.hear("Scarlet?", where=MARKED)
    assert red.mouth.said == [SWITCHED_OFF.format(name="Scarlet")]
    await administration.set_rule(Actor(1, 1), RuleKind.ADULTS, guild_id=700, value=1.0)
    await red.hear("Scarlet?", where=MARKED)
    assert red.mouth.said[1:] == ["Hm."]


async def test_switched_off_it_does_not_even_say_why(red):
    administration = administration_of(red)
    await administration.set_rule(Actor(1, 1), RuleKind.ACTIVE, guild_id=700, value=0.0)
    await red.hear("Scarlet?", where=CHANNEL)
    assert red.mouth.said == []


async def test_without_a_database_its_own_words_are_not_said_there_either(red, monkeypatch):
    from database import Database, DatabaseError

    def fail(*_: Any, brief: bool = False) -> Any:
        raise DatabaseError("gone")

    monkeypatch.setattr(Database, "begin", fail)
    await red.hear("Scarlet?", where=CHANNEL, mentions_me=True)
    assert red.mouth.said == []


# --- Beside others -----------------------------------------------------------------------------------


@pytest.fixture
async def mixed(tmp_path: Path) -> AsyncIterator[Table]:
    """Pixel, who is for all, and Nyx, who is for adults."""
    async with table(tmp_path, character=PIXEL, others=(RED_NYX,)) as at:
        yield at


async def test_beside_others_only_who_calls_it_is_told(mixed):
    mixed.claude.will_say("Pixel here.")
    await mixed.hear("Pixel, hello", where=CHANNEL)
    assert mixed.mouth.said == ["Pixel here."]
    await mixed.hear("Nyx, come out", where=CHANNEL)
    assert mixed.mouth.said[1:] == [NOT_MARKED.format(name="Nyx")]
    mixed.claude.will_say("It's me or nobody.")
    await mixed.hear("Nyx and Pixel, hello", where=CHANNEL)
    assert mixed.mouth.said[2:] == ["It's me or nobody."]


async def test_it_never_learns_what_was_said_where_it_must_not_be(mixed):
    await mixed.hear("Pixel, the canary sings", where=CHANNEL)
    async with mixed.database.read() as db:
        heard = await db.messages.transcript(600, "nyx", since=mixed.clock.now() - TICK)
        known = await db.messages.transcript(600, "pixel", since=mixed.clock.now() - TICK)
    assert heard == []
    assert len(known) == 2


async def test_it_is_chosen_invited_and_played_in_marked_channels_only(mixed):
    staged, nyx = stagecraft(mixed), mixed.app.company.by_slug["nyx"]
    pixel = mixed.app.company.primary
    for where in (CHANNEL, DM):
        with pytest.raises(NotStaged, match="for adults"):
            await staged.choose(where, nyx)
    with pytest.raises(NotStaged, match="for adults"):
        await staged.attend(CHANNEL, nyx, present=True)
    with pytest.raises(NotStaged, match="for adults"):
        await staged.begin_scene(CHANNEL, [pixel, nyx], "tea", turns=2, by=1, opened_by=2)
    await staged.attend(CHANNEL, nyx, present=False)
    await staged.choose(MARKED, nyx)
    await staged.attend(MARKED, nyx, present=True)
    assert await staged.begin_scene(MARKED, [pixel, nyx], "tea", turns=2, by=1, opened_by=2)


async def test_a_scene_ends_when_the_mark_goes(mixed):
    staged, nyx = stagecraft(mixed), mixed.app.company.by_slug["nyx"]
    pixel = mixed.app.company.primary
    await staged.begin_scene(MARKED, [nyx, pixel], "tea", turns=4, by=1, opened_by=2)
    await mixed.app.age_gate.mark([MARKED.channel_id], age_restricted=False)
    await mixed.app.following.follow(MARKED.channel_id, mixed.mouth)
    assert mixed.mouth.said == []
    async with mixed.database.read() as db:
        assert await db.cues.scene(MARKED.channel_id) is None


async def test_a_mark_holds_for_the_threads_of_a_channel_too(mixed):
    thread = replace(MARKED, channel_id=667, parent_id=MARKED.channel_id)
    await mixed.hear("Pixel?", where=thread)
    await mixed.app.age_gate.mark([MARKED.channel_id], age_restricted=False)
    async with mixed.database.read() as db:
        row = await db.channels.get(667)
    assert row is not None
    assert not row.age_restricted


# --- Every other way to speak ------------------------------------------------------------------------


async def test_it_does_not_greet_remake_or_remember_where_it_must_not_be(red):
    red.claude.will_say("mm.")
    await red.hear("Scarlet?", where=MARKED)
    gone = replace(MARKED, age_restricted=False)
    asker = Requester(42, "Mira")
    with pytest.raises(NoGreeting, match="for adults"):
        await red.app.greetings.greet(asker, gone, red.mouth, key=5)
    with pytest.raises(CannotRemake, match="for adults"):
        await red.app.revisions.another("pixel", asker, gone)
    with pytest.raises(CannotRemake, match="for adults"):
        await red.app.revisions.go_on("pixel", asker, gone, mouth=red.mouth)
    with pytest.raises(MemoryRefused, match="FOR_ADULTS"):
        await red.app.memories.remember("pixel", 42, "I like tea", gone)
    assert red.mouth.said == ["mm."]
    assert await red.app.greetings.greet(asker, MARKED, red.mouth, key=6)


@pytest.mark.parametrize(("marked", "spoke"), [(True, 1), (False, 0)])
async def test_it_speaks_first_in_marked_channels_only(tmp_path, marked, spoke):
    manner = replace(AT_ONCE, initiative=InitiativeBounds(chance=1.0))
    musing = RED.model_copy(update={"status_lines": ("Counting raindrops",)})
    async with table(tmp_path, character=musing, manner=manner) as at:
        venues = Venues(at.database, at.clock, AuditLog(at.database, at.clock), zone=manner.zone)
        await venues.let(Actor(1, 1), MARKED, allowed=True)
        await at.hear("good evening everybody", where=MARKED)
        await at.app.age_gate.mark([MARKED.channel_id], age_restricted=marked)
        begin = (slot_of(at.clock.now()) + 1) * TICK.total_seconds()
        at.clock.pass_time(begin + 1700 - at.clock.now().timestamp())
        assert await at.app.initiative.tick(lambda _channel: at.mouth) == spoke


async def test_it_thinks_of_no_status_for_all_to_see(red):
    statuses = Statuses(red.database, red.claude, red.app.company, model="small")
    async with red.database.begin() as db:
        await db.states.set("status pixel", "Something lewd")
    assert await statuses.renew() == 0
    assert await statuses.of("pixel") == ""


# --- On Discord --------------------------------------------------------------------------------------


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        role = entered.app.company.primary
        role.playing = replace(role.playing, character=RED)
        yield entered


async def mark(w: World, channel: Any = None, *, nsfw: bool = True) -> None:
    """Let an admin set the mark of a channel, or take it away: Discord tells the bot so."""
    channel_id = (channel or w.channel).id
    payload = serializers.channel_payload(w.env.backend, w.env.backend.get_channel(channel_id))
    w.env.backend.emit("CHANNEL_UPDATE", {**payload, "nsfw": nsfw})
    await w.env.settle()


async def row_of(w: World, channel_id: int) -> Any:
    async with w.app.database.read() as db:
        return await db.channels.get(channel_id)


async def test_the_mark_is_read_from_discord_and_holds_at_once(w):
    await w.mira.send(w.channel, "Scarlet?")
    assert w.said() == [HERE]
    await mark(w)
    assert (await row_of(w, w.channel.id)).age_restricted
    await w.mira.send(w.channel, "Scarlet?")
    assert w.said() == [HERE, "Hm."]
    await mark(w, nsfw=False)
    assert not (await row_of(w, w.channel.id)).age_restricted
    await w.tom.send(w.channel, "Scarlet?")
    assert w.said() == [HERE, "Hm.", HERE]
    assert len(w.claude.prompts) == 1


async def test_a_mark_that_goes_while_it_thinks_keeps_the_reply_from_being_said(w):
    await mark(w)
    w.claude.will_say("something for adults")

    async def unmark() -> None:
        payload = serializers.channel_payload(w.env.backend, w.env.backend.get_channel(w.channel.id))
        w.env.backend.emit("CHANNEL_UPDATE", {**payload, "nsfw": False})

    w.claude.while_thinking = unmark
    await w.mira.send(w.channel, "Scarlet?")
    assert w.said() == []
    async with w.app.database.read() as db:
        assert await db.turns.pledged((Place.GUILD,)) == []
        rows = await db.messages.transcript(w.channel.id, "pixel", since=w.app.clock.now() - TICK)
    assert [row.text for row in rows] == ["Scarlet?"]


async def test_without_the_mark_an_old_message_gets_no_new_words(w):
    await mark(w)
    w.claude.will_say("something for adults")
    await w.mira.send(w.channel, "Scarlet?")
    mouth = mouth_in(w.client, w.channel.id).speaking_as(w.app.company.primary.speaker)
    await mark(w, nsfw=False)
    with pytest.raises(Unpostable):
        await mouth.edit(w.channel.last_message.id, "something else for adults")
    assert w.said() == ["something for adults"]


async def test_a_thread_goes_by_the_mark_of_its_channel(w):
    parent = w.client.get_channel(w.channel.id)
    assert isinstance(parent, discord.TextChannel)
    made = await parent.create_thread(name="whisper", type=discord.ChannelType.public_thread)
    await w.env.settle()
    thread = next(one for one in w.channel.threads if one.id == made.id)
    await w.mira.send(thread, "Scarlet?")
    assert w.said(thread) == [HERE]
    await mark(w)
    await w.mira.send(thread, "Scarlet?")
    assert w.said(thread) == [HERE, "Hm."]
    await mark(w, nsfw=False)
    assert not (await row_of(w, thread.id)).age_restricted


async def test_in_a_dm_it_says_where_it_can_be_found(w):
    await w.mira.send_dm("hello")
    assert w.said(w.mira.user.dm_channel) == [NOT_IN_PRIVATE.format(name="Scarlet")]
    assert w.claude.prompts == []


async def test_commands_that_make_it_speak_or_keep_something_are_refused_politely(w):
    for command, options in (
        ("greeting", {}),
        ("remember", {"memory": "I like tea"}),
        ("remind me", {"what": "the oven", "when": "in 2 hours"}),
    ):
        result = await w.mira.slash(w.channel, command, **options)
        told = "".join(one.content for one in (result.response, *result.followups))
        assert told.startswith("Scarlet is for adults only"), command
    assert w.said() == []


async def test_what_changed_while_nobody_listened_is_taken_in_with_the_next_connection(w):
    await mark(w)
    await w.mira.send(w.channel, "Scarlet?")
    async with w.app.database.begin() as db:
        await db.channels.mark([w.channel.id], age_restricted=False)
    await w.settle(w.client.dispatch, "ready")
    assert (await row_of(w, w.channel.id)).age_restricted


async def test_an_adult_never_stands_beside_the_bots_name(w):
    async with w.app.database.begin() as db:
        await db.states.set("status pixel", "Something lewd")
    await w.settle(w.client.dispatch, "ready")
    assert not isinstance(w.client.activity, discord.Game)


async def test_a_company_may_hold_both(tmp_path):
    async with company(tmp_path) as at:
        assert await at.app.casting.kept_out(None, CHANNEL) == ()  # type: ignore[arg-type]
