"""C36: what a character says first, in private and when it is asked for."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.conversation.attention.server_rules import RuleKind as Rule
from bot.conversation.prompt import BEGINNING
from bot.conversation.rethinking import Requester
from bot.conversation.revisions import NOT_HERE
from bot.conversation.turns import note_place
from bot.core.errors import Unsaid
from bot.features.admin.edits import SAME
from bot.features.characters.presence_words import INVITED
from bot.features.proactive.greetings import NO_GREETING, GreetingOccasion, NoGreeting
from cogs.history import views
from database.models import Scene
from memory.places import Place, Where
from personas.character import Character
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, Table, noted, table, utterance
from tests.staged import ONYX, company, shown_in
from tests.support.commands import admin, told
from tests.support.discord import World
from tests.support.panels import enabled, panel_of

NYX = PIXEL.model_copy(
    update={
        "slug": "nyx",
        "name": "Nyx",
        "greeting": "Hello {{user}}, I am {{char}}.",
        "greetings": ("You again, {{user}}?", "Hello {{user}}, I am {{char}}.", " \u200b"),
        "group_greetings": ("Hello all.",),
    }
)
RUBY = PIXEL.model_copy(update={"slug": "ruby", "name": "Ruby"})
FIRST, SECOND = "Hello Mira, I am Nyx.", "You again, Mira?"
MIRA = Requester(42, "Mira")


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Table]:
    async with table(tmp_path, character=NYX, others=[PIXEL]) as set_table:
        yield set_table


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        yield entered


async def greet(
    at: Table, where: Where = DM, *, key: int = 77, asker: Requester = MIRA, **options: Any
) -> Any:
    return await at.app.greetings.greet(asker, where, at.mouth, key=key, **options)


def spoken(at: Table) -> list[tuple[bool, str]]:
    """Return the talk of the last prompt: whether the character said it, and how it begins."""
    return [(one.mine, one.blocks[0].text) for one in at.claude.prompts[-1].messages]


# --- The first message ever -----------------------------------------------------------------------


async def test_who_writes_for_the_first_time_is_greeted_and_then_answered(at):
    at.claude.will_say("Fine, thanks.", "Ask away.")
    heard = await at.hear("how are you?")
    assert at.mouth.said == [FIRST, "Fine, thanks."]
    assert at.mouth.nonces[0] == f"g{heard.message_id}.1"
    assert [mine for mine, _ in spoken(at)] == [False, True, False]
    assert spoken(at)[1][1] == FIRST
    assert spoken(at)[2][1].endswith("how are you?")
    await at.hear("one more thing")
    assert at.mouth.said == [FIRST, "Fine, thanks.", "Ask away."]
    assert FIRST in at.claude.prompts[-1].text


async def test_what_is_answered_together_stands_behind_the_greeting_together(at):
    burst = [utterance(text, sent_at=at.clock.now()) for text in ("first of all", "and then")]
    for one in burst:
        await noted(at, one)
    await at.resume(burst[-1])
    assert at.mouth.said == [FIRST, "Hm."]
    (_, begins), (mine, greeting), (_, asked) = spoken(at)
    assert (begins, mine, greeting) == (BEGINNING, True, FIRST)
    assert "first of all" in asked
    assert "and then" in asked


async def test_in_a_server_nobody_is_greeted_unasked(at):
    await at.hear("Nyx, how are you?", where=CHANNEL)
    assert at.mouth.said == ["Hm."]


async def test_a_character_without_a_greeting_just_answers(tmp_path):
    async with table(tmp_path) as plain:
        await plain.hear("hello")
        assert plain.mouth.said == ["Hm."]


async def test_each_person_is_greeted_in_their_own_place_once(at):
    await at.hear("hi")
    await at.hear("hi", where=Where(501, Place.DM), author_id=43, author_name="Tom")
    assert at.mouth.said == [FIRST, "Hm.", "Hello Tom, I am Nyx.", "Hm."]


async def test_who_is_asked_for_later_greets_when_they_are_first_spoken_with(tmp_path):
    async with table(tmp_path, character=PIXEL, others=[NYX]) as at:
        await at.hear("hi")
        async with at.database.begin() as db:
            await db.channels.choose(DM.channel_id, "nyx")
        await at.hear("and who are you?")
        assert at.mouth.said == ["Hm.", FIRST, "Hm."]
        assert at.mouth.speakers == ["", "Nyx", "Nyx"]
        assert "hi" not in at.claude.prompts[-1].messages[0].blocks[-1].text, "Nyx was not there"


async def test_a_greeting_that_could_not_be_said_is_said_later_and_once(at):
    at.mouth.will_fail.extend([Unsaid("no way"), Unsaid("no way")])
    await at.hear("hi")
    assert at.mouth.said == []
    assert await at.app.finish_replies(lambda _: at.mouth) == 2
    assert at.mouth.said == [FIRST, "Hm."]
    await at.hear("there?")
    assert at.mouth.said == [FIRST, "Hm.", "Hm."]


async def test_written_down_before_a_crash_it_is_not_said_again(at):
    """The process ends between the pledge and the channel: what is left is said, and no greeting is added."""
    heard = utterance("hi", sent_at=at.clock.now())
    greetings = at.app.greetings
    at.mouth.will_fail.append(Unsaid("the process ended"))
    async with at.database.begin() as db:
        await db.channels.note(DM.channel_id, place="dm", name="", guild_id=None, guild_name="", heard=0)
    await noted(at, heard)
    assert await greetings.first_words(heard, at.mouth)
    assert not await greetings.first_words(heard, at.mouth)
    await at.app.finish_replies(lambda _: at.mouth)
    await at.resume(heard)
    assert at.mouth.said == [FIRST, "Hm."]


async def test_what_was_deleted_meanwhile_is_not_greeted(at):
    heard = utterance("hi")
    assert not await at.app.greetings.first_words(heard, at.mouth)
    assert at.mouth.said == []


# --- Asked for ------------------------------------------------------------------------------------


async def test_a_greeting_that_was_asked_for_is_history_with_its_other_forms_as_takes(at):
    greeted = await greet(at)
    assert (greeted.role.slug, greeted.others) == ("nyx", 1)
    assert at.mouth.nonces == ["g77.1"]
    takes = await at.app.revisions.takes("nyx", MIRA, DM)
    assert takes.texts == (FIRST, SECOND)
    await at.app.revisions.choose("nyx", MIRA, DM, turn_id=greeted.turn_id, number=2, mouth=at.mouth)
    assert at.mouth.shown == [SECOND]
    await at.hear("yes, me")
    assert (True, SECOND) in spoken(at)
    assert FIRST not in at.claude.prompts[-1].text


async def test_in_a_server_the_greeting_for_groups_is_said(at):
    await greet(at, CHANNEL)
    assert at.mouth.said == ["Hello all."]


async def test_whom_somebody_plays_is_greeted(at):
    async with at.database.begin() as db:
        await db.users.put_on_guise(42, DM.channel_id, "Sir Alaric", at=at.clock.now())
    await greet(at)
    assert at.mouth.said == ["Hello Sir Alaric, I am Nyx."]


async def test_a_greeting_behind_talk_stands_behind_it_in_the_next_prompt(at):
    await at.hear("hi")
    await greet(at)
    await at.hear("oh")
    said = [text for _, text in spoken(at)]
    assert said[-2].endswith(f"Hm.\n{FIRST}")


async def test_who_is_not_there_or_has_none_is_told_so(at):
    pixel = at.app.company.by_slug["pixel"]
    with pytest.raises(NoGreeting, match="Pixel is not the one you are talking with here"):
        await greet(at, role=pixel)
    with pytest.raises(NoGreeting) as refused:
        await greet(at, CHANNEL, role=pixel)
    assert str(refused.value) == NO_GREETING.format(name="Pixel")
    async with at.database.begin() as db:
        await db.casts.attend(CHANNEL.channel_id, "pixel", present=False)
    with pytest.raises(NoGreeting, match="does not hear this channel"):
        await greet(at, CHANNEL, role=pixel)


async def test_where_it_is_switched_off_nothing_is_said(at):
    async with at.database.begin() as db:
        await db.channels.lay_down_rule(CHANNEL.guild_id, "denied user", 42, 0.0)
    with pytest.raises(NoGreeting) as refused:
        await greet(at, CHANNEL)
    assert str(refused.value) == NOT_HERE
    assert at.mouth.said == []


async def test_a_long_greeting_becomes_several_messages(tmp_path):
    wordy: Character = NYX.model_copy(update={"greeting": "word " * 900, "greetings": ()})
    async with table(tmp_path, character=wordy) as at:
        await greet(at)
        assert at.mouth.nonces == ["g77.1", "g77.2", "g77.3"]


# --- Where it comes to ----------------------------------------------------------------------------


def arrival(at: Table, where: Where = CHANNEL, *, key: int = 77, absent: bool = False) -> GreetingOccasion:
    return GreetingOccasion(at.app.company.by_slug["nyx"], where, MIRA, key, absent)


async def arrive(at: Table, where: Where = CHANNEL, **options: Any) -> bool:
    return await at.app.greetings.arrive(arrival(at, where, **options), at.mouth)


async def test_a_channel_that_a_character_comes_to_is_greeted_once_as_a_whole(at):
    assert await arrive(at)
    assert not await arrive(at, key=78), "it spoke here"
    assert (at.mouth.said, at.mouth.to, at.mouth.nonces) == (["Hello all."], [0], ["g77.1"])
    assert await arrive(at, key=79, absent=True), "it was away"
    await at.hear("Nyx, is that you?", where=CHANNEL)
    assert (True, "Hello all.\nHello all.") in spoken(at)


async def test_without_a_greeting_for_groups_its_own_is_said_to_nobody_by_name_and_calls_nobody(tmp_path):
    loud = NYX.model_copy(update={"group_greetings": (), "greeting": "Hey @{{user}} <@42>, I am {{char}}."})
    async with table(tmp_path, character=loud, others=[PIXEL]) as at:
        assert await arrive(at)
        assert at.mouth.said == ["Hey all of you , I am Nyx."]
        assert at.mouth.to == [0]


async def test_alone_with_somebody_who_lets_it_in_it_greets_them_by_name(at):
    assert await arrive(at, Where(9, Place.TERMINAL))
    assert at.mouth.said == [FIRST]


@pytest.mark.parametrize(
    "why", ["switched off", "no chance", "refused", "scene", "sent out", "none", "never"]
)
async def test_it_does_not_greet_where_nothing_is_said_unasked(tmp_path, why):
    changes = {"greeting": "", "greetings": (), "group_greetings": ()} if why == "none" else {}
    nyx, manner = NYX.model_copy(update=changes), replace(AT_ONCE, greets=why != "never")
    async with table(tmp_path, character=nyx, others=[PIXEL, RUBY], manner=manner) as at:
        async with at.database.begin() as db:
            await note_place(db, CHANNEL)
            if why in ("switched off", "no chance"):
                rule = Rule.ACTIVE if why == "switched off" else Rule.CHANCE
                await db.channels.lay_down_rule(700, rule, CHANNEL.channel_id, 0.0)
            elif why == "refused":
                await db.channels.refused(CHANNEL.channel_id, until=at.clock.now() + timedelta(hours=1))
            elif why == "scene":
                members, now = ["nyx", "pixel"], at.clock.now()
                await db.cues.begin_scene(Scene(CHANNEL.channel_id, members, "rain", 4, 1, now, 5))
            elif why == "sent out":
                await db.casts.attend(CHANNEL.channel_id, "nyx", present=False)
        assert not await arrive(at, absent=True)
        assert at.mouth.said == []


@pytest.mark.parametrize("marked", [True, False])
async def test_a_character_for_adults_greets_marked_channels_alone(tmp_path, marked):
    """C91."""
    async with table(tmp_path, character=NYX.model_copy(update={"nsfw": True}), others=[PIXEL]) as at:
        assert await arrive(at, replace(CHANNEL, age_restricted=marked), absent=True) is marked


async def test_a_greeting_at_its_arrival_that_could_not_be_said_is_said_later_and_once(at):
    at.mouth.will_fail.append(Unsaid("the process ended"))
    assert await arrive(at)
    assert not await arrive(at, key=78)
    assert await at.app.finish_replies(lambda _: at.mouth) == 1
    assert at.mouth.said == ["Hello all."]


# --- On Discord -----------------------------------------------------------------------------------


async def test_slash_greeting_posts_as_the_character_and_offers_the_other_forms(w):
    await w.mira.user.slash("persona choose", name="onyx")
    shown = panel_of(await w.mira.user.slash("greeting"))
    dm = w.mira.user.dm_channel
    assert shown_in(dm)[-1][1] == "Onyx: Well met, Mira, says Onyx."
    assert "**Take 1 of 3**" in shown.content
    assert "▶" in enabled(shown)
    second = panel_of(await w.mira.user.click(shown, label="▶"))
    assert "The forge is hot, Mira." in second.content
    assert shown_in(dm)[-1][1] == "Onyx: Well met, Mira, says Onyx.", "a preview changes nothing"
    await w.mira.user.click(second, label="Accept")
    assert shown_in(dm)[-1][1] == "Onyx: The forge is hot, Mira."


async def test_slash_greeting_in_a_server_speaks_through_the_characters_own_name(w):
    answer = told(await w.mira.slash(w.channel, "greeting", character="Onyx"))
    assert answer == views.GREETED.format(name="Onyx")
    assert shown_in(w.channel) == [("Onyx", ONYX["group_only_greetings"][0].replace("{{user}}", "Mira"))]  # type: ignore[index]
    assert w.pinged() == set()


async def test_slash_greeting_says_in_a_sentence_why_nothing_comes(w):
    assert told(await w.mira.slash(w.channel, "greeting")) == NO_GREETING.format(name="Pixel")
    assert "no character called 'Nobody'" in told(
        await w.mira.slash(w.channel, "greeting", character="Nobody")
    )
    assert shown_in(w.channel) == []


async def test_the_first_private_message_to_a_chosen_character_is_greeted_first(w):
    await w.mira.user.slash("persona choose", name="onyx")
    w.claude.will_say("What can I forge for you?")
    await w.mira.send_dm("hello")
    said = [text for _, text in shown_in(w.mira.user.dm_channel)]
    assert said == ["hello", "Onyx: Well met, Mira, says Onyx.", "Onyx: What can I forge for you?"]


async def test_who_is_let_into_a_channel_greets_it_once_and_nobody_by_name(w):
    anna = admin(w)
    assert shown_in(w.channel) == []
    await anna.slash(w.channel, "persona invite", name="onyx")
    assert shown_in(w.channel) == [("Onyx", "Onyx nods to all of you, all of you first.")]
    assert told(await anna.slash(w.channel, "persona invite", name="onyx")) == SAME
    await anna.slash(w.channel, "persona reset", name="onyx")
    assert len(shown_in(w.channel)) == 1, "it was here all the time"
    await anna.slash(w.channel, "persona dismiss", name="onyx")
    await anna.slash(w.channel, "persona invite", name="onyx")
    assert len(shown_in(w.channel)) == 2
    await anna.slash(w.channel, "persona dismiss", name="onyx")
    await anna.slash(w.channel, "persona reset", name="onyx")
    assert len(shown_in(w.channel)) == 3
    await anna.slash(w.channel, "persona invite", name="ruby")
    assert len(shown_in(w.channel)) == 3, "Ruby has no greeting"
    assert w.pinged() == set()


async def test_who_is_chosen_for_a_channel_where_it_never_spoke_greets_it(w):
    anna = admin(w)
    await anna.slash(w.channel, "persona choose", name="onyx")
    assert [name for name, _ in shown_in(w.channel)] == ["Onyx"]
    await anna.slash(w.channel, "persona choose", name="nobody")
    await anna.slash(w.channel, "persona choose", name="onyx")
    assert len(shown_in(w.channel)) == 1


async def test_who_is_let_into_the_log_channel_or_where_the_bot_is_mute_says_nothing(w):
    anna = admin(w)
    mute = {w.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    stage = w.guild.create_text_channel("stage", overwrites=mute)
    object.__setattr__(w.app, "settings", w.app.settings.model_copy(update={"log_channel": w.channel.id}))
    for channel in (w.channel, stage):
        said = told(await anna.slash(channel, "persona invite", name="onyx"))
        assert said.startswith(INVITED.format(name="Onyx"))
        assert shown_in(channel) == []
