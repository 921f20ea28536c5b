"""README, "When it answers": each row and each sentence, in a server with a bot as shipped."""

import asyncio
from dataclasses import dataclass

import pytest

from tests.promises.quoting import promise
from tests.promises.stage import STILL, Stage, is_reply
from tests.world.discord_objects import Channel, Guild, User

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Place:
    """A server with two people in one of its channels."""

    guild: Guild
    channel: Channel
    mira: User
    bob: User


@pytest.fixture
def here(stage: Stage) -> Place:
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    return Place(guild, channel, stage.somebody("Mira", guild), stage.somebody("Bob", guild))


@promise("README.md", "direct message | always")
async def test_a_direct_message_is_always_answered(stage: Stage):
    mira = stage.somebody("Mira")
    channel = stage.discord.dm_with(mira)
    await stage.ask(mira, channel, "{}")
    await stage.ask(mira, channel, "nothing in particular, {}")


@promise(
    "README.md",
    "server | when it is @mentioned, called by its name or an alias as a whole word, or replied to",
)
async def test_a_mention_its_name_an_alias_and_a_reply_are_answered(stage: Stage, here: Place):
    said = await stage.ask(here.mira, here.channel, stage.discord.bot.mention + " {}?")
    await stage.ask(here.mira, here.channel, "{}, pixel?")
    await stage.ask(here.bob, here.channel, "Pixel-chan! {}")
    await stage.ask(here.bob, here.channel, "{} indeed", reply_to=said)


@promise("README.md", "mention it, call it by name, answer one of its messages, or write it a direct message")
async def test_a_mention_is_no_error_in_the_log(stage: Stage, here: Place):
    await stage.ask(here.mira, here.channel, stage.discord.bot.mention + " {}?")
    await stage.ask(here.mira, here.channel, stage.discord.bot.mention + " and {}?")
    assert " ERROR " not in stage.log


@promise("README.md", "called by its name or an alias as a whole word")
async def test_a_part_of_a_word_is_no_call(stage: Stage, here: Place):
    await stage.is_not_answered(here.mira, here.channel, "{} is pixelated, Bob, as pixels are")


@promise(
    "README.md", "About the rest a small model votes, and the character joins in when most votes say yes."
)
@promise("README.md", "server, not addressed | when it has something to say: see below")
async def test_it_joins_in_when_most_votes_say_yes(stage: Stage, here: Place):
    before = len(stage.claude.requests)
    try:
        stage.vote = "yes"
        await stage.ask(here.mira, here.channel, "does anybody know how to mend a bicycle, {}?")
    finally:
        stage.vote = "no"
    votes = [each for each in stage.claude.requests[before:] if not is_reply(each)]
    assert {each.model for each in votes} == {"claude-haiku-5-5"}
    word = await stage.is_not_answered(here.bob, here.channel, "does anybody know where to buy {} tyres?")
    assert stage.prompts(word) == []


@promise("README.md", "It listens to everything else in a channel, so that it knows what the talk is about.")
async def test_what_was_said_to_others_is_known_when_it_is_asked(stage: Stage, here: Place):
    word = await stage.is_not_answered(here.mira, here.channel, "Bob, the train leaves at {}")
    await stage.ask(here.bob, here.channel, "Pixel, when does the train leave, {}?")
    assert stage.prompts(word)


@promise(
    "README.md",
    "It answers another bot once (`bot_reply_threshold`), and then keeps quiet until a person speaks.",
)
async def test_another_bot_is_answered_and_then_left_alone_until_a_person_speaks(stage: Stage, here: Place):
    robot = stage.discord.add_user("Robot", bot=True)
    stage.discord.add_member(here.guild, robot)
    await stage.ask(robot, here.channel, "Pixel, {}?")
    await stage.is_not_answered(robot, here.channel, "Pixel, and {}?")
    await stage.ask(here.mira, here.channel, "Pixel, {}?")
    await stage.ask_until_answered(robot, here.channel, "Pixel, {} once more?")


@promise("README.md", "Messages that follow one another within two seconds get one answer.")
async def test_messages_in_a_row_get_one_answer(stage: Stage):
    mira = stage.somebody("Mira")
    channel = stage.discord.dm_with(mira)
    await stage.ask(mira, channel, "hello {}")
    before = len(channel.said_by(stage.discord.bot))
    words = [stage.word() for _ in range(3)]
    for word in words:
        await mira.say(channel, f"and {word}")
        await asyncio.sleep(0.3)
    await stage.reply_with(channel, words[-1])
    await asyncio.sleep(STILL)
    answers = channel.said_by(stage.discord.bot)[before:]
    assert len([each for each in answers if each.content.startswith("You said")]) == 1
    assert words[0] in stage.prompts(words[-1])[0].text


@promise("README.md", "what you delete in Discord while the bot runs is deleted here too")
async def test_what_is_deleted_in_discord_is_in_no_prompt_and_no_file(stage: Stage, here: Place):
    word = stage.word()
    said = await here.mira.say(here.channel, f"Bob, my number is {word}")
    await stage.until(lambda: stage.holds(word), "the log of the day")
    await here.mira.delete(said)
    await stage.ask(here.mira, here.channel, "Pixel, {}?")
    assert stage.prompts(word) == []
    await stage.until(lambda: not stage.holds(word), "no trace")


@promise("README.md", "`/why` explains why a message was answered, or not.")
@promise("administration.md", "Whoever may see a channel may ask about it, and nobody else sees the answer.")
async def test_why_explains_an_answer_and_a_silence(stage: Stage, here: Place):
    await stage.ask(here.mira, here.channel, "Pixel, {}?")
    answer = await stage.use(here.bob, here.channel, "why")
    assert "called by name" in answer.content
    assert answer.is_ephemeral
    await stage.is_not_answered(here.mira, here.channel, "Bob, shall we go to {}?")
    assert "Not" in await stage.told(here.bob, here.channel, "why")
