"""docs/conversation.md: other answers, forgetting, reminders, and its own voice."""

import asyncio

import pytest

from tests.promises.quoting import promise
from tests.promises.stage import PATIENCE, Stage, menus, shown
from tests.world.claude_faults import Say
from tests.world.discord_objects import Channel, User
from tests.world.discord_roles import MANAGE_MESSAGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]


def alone(stage: Stage, name: str = "Mira") -> tuple[User, Channel]:
    person = stage.somebody(name)
    return person, stage.discord.dm_with(person)


@promise("conversation.md", "`/remind me` | says something to you later, here")
@promise("conversation.md", "from a minute to five years ahead")
@promise("privacy.md", "reminders | until they are said, or deleted")
@promise(
    "conversation.md",
    "What is told in private is said in private; in a channel it is said there, before whoever reads "
    "along, and rings your bell alone.",
)
async def test_a_reminder_is_said_where_it_was_asked_for_and_rings_for_one(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira, bob = stage.somebody("Mira", guild), stage.somebody("Bob", guild)
    await stage.ask(bob, channel, "Pixel, {}?")
    word = stage.word()
    told = await stage.told(mira, channel, "remind me", when="in 1 minute", what=f"water the {word}")
    assert "undoes that" in told, told
    said = await stage.discord.wait_for_message(channel, where=lambda each: word in each.content, timeout=150)
    assert said.pinged == {mira.id}
    await stage.until(lambda: not stage.rows("SELECT 1 FROM reminders"), "no reminder any more")


@promise(
    "conversation.md",
    "Until you press **Accept**, everybody else sees the old answer. Then it is replaced in the "
    "channel and in what the character remembers",
)
@promise(
    "conversation.md", "`/reroll` | thinks of another take on the last answer to you, and shows it first"
)
@promise("conversation.md", "Nobody else sees the answers to these commands, and they ping nobody.")
async def test_a_reroll_is_seen_by_nobody_else_until_it_is_accepted(stage: Stage):
    mira, channel = alone(stage)
    answer = await stage.ask(mira, channel, "{}")
    old, new = answer.content, stage.word()
    stage.claude.will_say(f"Rather {new}.")
    preview = await stage.use(mira, channel, "reroll")
    await stage.discord.wait_until(lambda: new in shown(preview), timeout=PATIENCE, what="the preview")
    assert preview.is_ephemeral
    assert answer.content == old
    await stage.press(mira, preview, "Accept")
    await stage.discord.wait_until(lambda: new in answer.content, timeout=PATIENCE, what="the take")
    await stage.ask(mira, channel, "and {}?")
    assert f"Rather {new}." in stage.claude.requests[-1].text
    assert old not in stage.claude.requests[-1].text


@promise("conversation.md", "`/edit_reply` without a text opens a window with the present words.")
@promise(
    "conversation.md",
    "In a server others would take your words for the character's own, so it is for members with the "
    "permission **Manage Messages**",
)
async def test_an_answer_is_reworded_in_private_by_all_and_in_a_server_by_moderators(stage: Stage):
    mira, channel = alone(stage)
    answer = await stage.ask(mira, channel, "{}")
    opened = await mira.use_command(channel, "edit_reply")
    assert answer.content in str(await opened.wait_modal(30))
    guild = stage.guild()
    general = guild.add_text_channel("general")
    anna, mod = stage.somebody("Anna", guild), stage.somebody("Mod", guild, permissions=MANAGE_MESSAGES)
    for person in (anna, mod):
        answer = await stage.ask(person, general, "Pixel, {}?")
        word = stage.word()
        await stage.told(person, general, "edit_reply", text=f"In other words: {word}")
        await asyncio.sleep(1)
        assert (word in answer.content) == (person is mod)


@promise(
    "conversation.md",
    "`/forget_last` | shows your last exchanges, 5 unless you say how many up to 10, and forgets those "
    "you choose",
)
@promise(
    "conversation.md",
    "What is forgotten leaves the log, the notes that were made of older talk with it, and every "
    "prompt from then on",
)
async def test_a_forgotten_exchange_is_in_no_prompt_and_no_file(stage: Stage):
    mira, channel = alone(stage)
    word = stage.word()
    await stage.ask(mira, channel, "I lost my " + word + ", {}")
    await stage.ask(mira, channel, "{}")
    panel = await stage.use(mira, channel, "forget_last")
    [(menu, options)] = menus(panel)
    chosen = next(each["value"] for each in options if word in str(each))
    pressed = await mira.press(panel, menu, [chosen])
    await pressed.wait_acknowledged(30)
    await stage.press(mira, panel, "Forget 1 exchange")
    await stage.until(lambda: not stage.holds(word), "no trace")
    await stage.ask(mira, channel, "{}")
    assert word not in stage.claude.requests[-1].text


@promise("conversation.md", "`/reset_conversation` | forgets all of your talk in this place, or everywhere")
@promise("conversation.md", "`/reset_conversation` leaves what the character knows about you for good")
async def test_a_reset_forgets_the_talk_and_keeps_what_was_to_be_remembered(stage: Stage):
    mira, channel = alone(stage)
    said, kept = stage.word(), stage.word()
    await stage.ask(mira, channel, said + " {}")
    await stage.told(mira, channel, "remember", memory=f"I drive a {kept}")
    panel = await stage.use(mira, channel, "reset_conversation")
    await stage.agree(mira, panel)
    await stage.until(lambda: not stage.holds(said), "no trace")
    await stage.ask(mira, channel, "which car do I drive? {}")
    assert kept in stage.claude.requests[-1].text
    assert said not in stage.claude.requests[-1].text


@promise("conversation.md", "A label is taken off.")
async def test_a_label_is_taken_off(stage: Stage):
    mira, channel = alone(stage)
    for label in ("Pixel: ", "**Pixel (grinning):** ", "Assistant: "):
        word = stage.word()
        stage.claude.will_say(f"{label}Good to see {word}.")
        await mira.say(channel, word)
        said = await stage.reply_with(channel, word)
        assert said.content == f"Good to see {word}."


@promise("conversation.md", "Otherwise the character is asked once more and told why")
async def test_talk_of_being_a_model_is_not_said(stage: Stage):
    mira, channel = alone(stage)
    word = stage.word()
    stage.claude.will_say(Say("As an AI language model, I can't have favourites."), f"Mine is {word}.")
    await mira.say(channel, "what is your favourite colour?")
    said = await stage.reply_with(channel, word)
    assert said.content == f"Mine is {word}."
    assert not any("language model" in text for text in channel.texts)


@promise("conversation.md", "Said to the character, ‘remind me tomorrow at nine to call mom’ does the same")
@promise("conversation.md", "When you delete the message in which you asked, its reminder goes too.")
async def test_a_reminder_said_in_words_goes_with_its_message(stage: Stage):
    mira, channel = alone(stage)
    await stage.ask(mira, channel, "remind me tomorrow at nine to call mom, {}")
    assert "call mom" in await stage.told(mira, channel, "remind list")
    await mira.delete(channel.said_by(mira)[0])
    await stage.until(lambda: not stage.holds("call mom"), "no trace")
    assert "call mom" not in await stage.told(mira, channel, "remind list")


@promise(
    "conversation.md",
    "There are 25 for each person at most, of 300 characters, from a minute to five years ahead.",
)
async def test_the_26th_reminder_is_refused(stage: Stage):
    mira, channel = alone(stage)
    for number in range(25):
        await stage.told(mira, channel, "remind me", when=f"in {number + 1} days", what=f"thing {number}")
    refused = await stage.told(mira, channel, "remind me", when="in 40 days", what="one too many")
    assert "25" in refused
    assert stage.rows("SELECT count(*) FROM reminders WHERE person_id = ?", mira.id) == [(25,)]
    assert "six years" not in await stage.told(mira, channel, "remind list")


@promise("conversation.md", "until you say so it is UTC")
@promise("conversation.md", "`/timezone set`, `/timezone show` | by which clock you live")
@promise(
    "conversation.md",
    "`/birthday set`, `/birthday show`, `/birthday forget` | your birthday: you are congratulated "
    "here, at nine",
)
async def test_time_zone_and_birthday_are_told_shown_and_forgotten(stage: Stage):
    mira, channel = alone(stage)
    assert "UTC" in await stage.told(mira, channel, "timezone show")
    await stage.told(mira, channel, "timezone set", zone="Europe/Berlin")
    assert "Berlin" in await stage.told(mira, channel, "timezone show")
    await stage.told(mira, channel, "birthday set", day=3, month=5)
    assert "May" in await stage.told(mira, channel, "birthday show")
    await stage.told(mira, channel, "birthday forget")
    assert "May" not in await stage.told(mira, channel, "birthday show")


@promise(
    "safety.md",
    "that it is a bot and no person, and where people help. It comes as a direct message, so that "
    "nobody else learns of it.",
)
@promise("safety.md", "Each person is shown it once in 24 hours.")
async def test_who_wants_to_die_is_shown_where_people_help_in_private_and_once(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira = stage.somebody("Mira", guild)
    private = stage.discord.dm_with(mira)
    for _ in range(2):
        await stage.ask(mira, channel, "Pixel, I want to kill myself. {}")
    notices = [text for text in private.texts if "findahelpline.com" in text]
    assert len(notices) == 1
    assert not any("findahelpline.com" in text for text in channel.texts)
