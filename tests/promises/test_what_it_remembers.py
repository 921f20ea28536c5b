"""README, "What it remembers", docs/memory.md and docs/privacy.md: what is kept, who sees it, how it goes."""

import asyncio
import json
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.promises.outside import Done
from tests.promises.quoting import promise
from tests.promises.stage import PATIENCE, TYPES_AT_ONCE, Stage, labels, shown
from tests.world.discord_files import Upload
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User

# Drawn at once, as no test waits an hour for a batch at half the price.
SETTINGS = {**TYPES_AT_ONCE, "memory_batches": "false"}
PASSWORD = "hunter2-Xk9vQ"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Taught:
    """A day on which everybody told something, and a night in which facts were drawn from it."""

    channel: Channel
    printed: str
    refused: Done
    people: dict[str, User]
    said: dict[str, Message]


TOLD = {
    "Mira": "I keep two ferrets",
    "Bob": "I keep three newts",
    "Cora": "I collect old barometers",
    "Dave": "I mend broken harmoniums",
    "Eve": f"my wifi password is {PASSWORD}",
}
FACTS = {
    "Mira": "Keeps two ferrets",
    "Bob": "Keeps three newts",
    "Cora": "Collects old barometers",
    "Dave": "Mends broken harmoniums",
    "Eve": f"Has the wifi password {PASSWORD}",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def taught(stage: Stage) -> Taught:
    """Let all but Bob agree, and everybody tell something; stop the bot, draw facts, and start it again."""
    guild = stage.guild()
    channel = guild.add_text_channel("parlour")
    people = {name: stage.somebody(name, guild) for name in TOLD}
    said = {}
    for name, person in people.items():
        if name != "Bob":
            await stage.told(person, channel, "privacy yes")
        await stage.ask(person, channel, f"Pixel, {TOLD[name]}. {{}}")
        said[name] = next(each for each in channel.messages if TOLD[name] in each.content)
    refused = await asyncio.to_thread(stage.clone.main, "consolidate")
    stage.facts = [
        {"text": FACTS[name], "quote": TOLD[name], "category": "self", "tags": ["told"], "about": ""}
        for name in TOLD
    ]
    assert await stage.stop() == 0
    done = await asyncio.to_thread(stage.clone.main, "consolidate")
    assert done.code == 0, done.said
    await stage.start()
    return Taught(channel, done.out, refused, people, said)


# --- asked, told, learnt ---------------------------------------------------------------------------


@promise(
    "privacy.md",
    "The character asks once, in its own words (`memory_question` in character.env), right behind the "
    "second answer to somebody within `decisions_kept_days`",
)
@promise(
    "privacy.md", "The buttons below are for that person alone, work for 30 days, and survive a restart."
)
async def test_it_asks_once_and_the_buttons_are_for_that_person_and_survive_a_restart(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira, bob = stage.somebody("Mira", guild), stage.somebody("Bob", guild)
    for _ in range(2):
        await stage.ask(mira, channel, "Pixel, {}?")
    await stage.until(lambda: questions(channel), "the question")
    [question] = questions(channel)
    words = (stage.clone.folder / "characters" / "pixel" / "character.env").read_text()
    assert question.content.splitlines()[0].removeprefix(mira.mention).strip() in words
    assert await stage.stop() == 0
    await stage.start()
    pressed = await stage.press(bob, question, "Yes, remember me")
    await pressed.wait_answered()
    assert "Yes, remember me" in labels(question), "it was not Bob's to answer"
    await stage.press(mira, question, "Yes, remember me")
    await stage.discord.wait_until(lambda: not question.components, timeout=PATIENCE, what="no buttons")
    assert "agreed" in await stage.told(mira, channel, "privacy show")
    for _ in range(2):
        await stage.ask(mira, channel, "Pixel, {}?")
    assert questions(channel) == []


def questions(channel: Channel) -> list[Message]:
    """Return the messages with buttons."""
    return [each for each in channel.messages if each.components]


@promise("README.md", "Ask it to remember something with `/remember`, or let it learn.")
@promise(
    "README.md",
    "Once you agree, it notes facts about you from your own words, once a day, each with the message "
    "that it came from.",
)
@promise("privacy.md", "`opt_in` (default): nothing is noted about people who did not say yes.")
@promise(
    "operating.md",
    "`python main.py consolidate` | draws facts from all talk so far, while the bot does not run",
)
async def test_facts_are_noted_of_who_agreed_alone_each_with_its_message(stage: Stage, taught: Taught):
    mira, bob = taught.people["Mira"], taught.people["Bob"]
    assert taught.refused.code != 0, "the bot ran"
    known = await stage.told(mira, taught.channel, "memory facts")
    assert FACTS["Mira"] in known
    assert str(taught.said["Mira"].id) in known
    assert FACTS["Bob"] not in await stage.told(bob, taught.channel, "memory facts")
    assert stage.holds(FACTS["Bob"]) == []
    assert TOLD["Mira"] not in taught.printed
    await stage.ask(mira, taught.channel, "Pixel, I keep two ferrets: how are they? {}")
    assert FACTS["Mira"] in stage.claude.requests[-1].text


@promise(
    "memory.md",
    "When you delete a message, or edit away what was quoted, whatever was noted from it alone goes too.",
)
async def test_a_deleted_message_takes_along_what_was_noted_from_it(stage: Stage, taught: Taught):
    cora = taught.people["Cora"]
    assert FACTS["Cora"] in await stage.told(cora, taught.channel, "memory facts")
    await cora.delete(taught.said["Cora"])
    await stage.until(lambda: not stage.holds(FACTS["Cora"]), "no fact in any file")
    assert FACTS["Cora"] not in await stage.told(cora, taught.channel, "memory facts")


@promise(
    "privacy.md",
    "Secrets (passwords, keys, numbers of cards and accounts) become no facts, and are masked in the "
    "archive.",
)
async def test_a_password_becomes_no_fact_and_stands_in_no_archive(stage: Stage, taught: Taught):
    eve = taught.people["Eve"]
    assert stage.rows("SELECT count(*) FROM facts WHERE text LIKE ?", f"%{PASSWORD}%") == [(0,)]
    archived = stage.rows("SELECT text FROM archive WHERE person_id = ?", eve.id)
    assert any("wifi" in text for (text,) in archived)
    assert not any(PASSWORD in text for (text,) in archived)


@promise(
    "privacy.md",
    "It deletes the facts that the character noted, an older program left or an operator laid down, in "
    "every earlier form, the person's archive, all embeddings",
)
@promise("privacy.md", "What they told with `/remember` stays until they delete it.")
async def test_a_no_deletes_what_was_noted_and_leaves_what_was_told(stage: Stage, taught: Taught):
    dave, told = taught.people["Dave"], stage.word()
    await stage.told(dave, taught.channel, "remember", memory=f"My sister is {told}")
    assert stage.holds(FACTS["Dave"])
    assert stage.rows("SELECT count(*) FROM archive WHERE person_id = ?", dave.id) != [(0,)]
    await stage.told(dave, taught.channel, "privacy no")
    await stage.until(lambda: not stage.holds(FACTS["Dave"]), "no fact in any file")
    assert stage.rows("SELECT count(*) FROM archive WHERE person_id = ?", dave.id) == [(0,)]
    assert told in await stage.told(dave, taught.channel, "memory list")


@promise("README.md", "A fact comes up only where you told it, or alone with you, unless you share it.")
@promise("memory.md", "What was told in private comes up nowhere else.")
@promise("memory.md", "Only you can give it a wider reach with `/memory share`")
async def test_what_was_told_in_private_comes_up_nowhere_else_until_it_is_shared(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira = stage.somebody("Mira", guild)
    private, word = stage.discord.dm_with(mira), stage.word()
    await stage.told(mira, private, "remember", memory=f"My boat is called {word}")
    await stage.ask(mira, private, "what is my boat called? {}")
    assert stage.prompts(word)
    stage.claude.requests.clear()
    await stage.ask(mira, channel, "Pixel, what is my boat called? {}")
    assert stage.asked_with(word) == []
    await stage.told(mira, private, "memory share", number=1, where="everywhere")
    await stage.ask(mira, channel, "Pixel, what is my boat called? {}")
    assert stage.prompts(word)


@promise("README.md", "You can look at all of it, correct it, delete it, or take it with you.")
@promise("memory.md", "All commands answer before your eyes alone.")
@promise(
    "memory.md", "`/memory edit` | gives one other words: they are yours from then on, and kept for good"
)
@promise("memory.md", "`/memory delete`, `/memory delete_all` | forgets one, or everything")
@promise(
    "memory.md",
    "What is deleted leaves every table, every earlier state, the files in which such states are kept "
    "(`core_memory_pickle_dir`) and the database's log.",
)
async def test_it_can_be_looked_at_corrected_taken_along_and_deleted_to_the_last_byte(stage: Stage):
    mira = stage.somebody("Mira")
    private = stage.discord.dm_with(mira)
    first, second = stage.word(), stage.word()
    answers = [await stage.use(mira, private, "remember", memory=f"I like the town of {first}")]
    answers.append(await stage.use(mira, private, "memory list"))
    assert first in shown(answers[-1])
    answers.append(
        await stage.use(mira, private, "memory edit", number=1, text=f"I like the town of {second}")
    )
    answers.append(await stage.use(mira, private, "memory facts"))
    assert second in shown(answers[-1])
    answers.append(await stage.use(mira, private, "privacy export"))
    assert second in shown(answers[-1])
    panel = await stage.use(mira, private, "memory delete", number=1)
    await stage.agree(mira, panel)
    assert all(each.is_ephemeral for each in [*answers, panel])
    await stage.until(lambda: not stage.holds(first) and not stage.holds(second), "no trace")
    assert second not in await stage.told(mira, private, "memory list")


@promise("memory.md", "No member, no moderator and no administrator of a server can look at it.")
@promise(
    "memory.md",
    "`/admin facts` shows them facts from servers in words, to mend what is wrong, and of what was "
    "told in private only that there is something.",
)
async def test_no_admin_sees_it_and_an_operator_only_what_was_told_in_servers(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira, boss = stage.somebody("Mira", guild), stage.admin("Boss", guild)
    secret, public = stage.word(), stage.word()
    await stage.told(mira, stage.discord.dm_with(mira), "remember", memory=f"In private: {secret}")
    await stage.told(mira, channel, "remember", memory=f"Before all: {public}")
    refused = await stage.told(boss, channel, "admin facts list", person=mira)
    assert secret not in refused
    assert public not in refused
    stage.discord.add_member(guild, stage.operator)
    seen = await stage.told(stage.operator, channel, "admin facts list", person=mira)
    assert public in seen
    assert secret not in seen
    assert secret not in await stage.told(boss, channel, "memory facts")
    looked = await stage.told(mira, stage.discord.dm_with(mira), "memory history")
    assert "looked" in looked


@promise("memory.md", "`/memory map` | all of it as a picture, and as an `.svg` to be opened in a browser")
@promise("memory.md", "`!memsvg` | the same as a message: in a server the picture comes to you in private")
async def test_the_map_is_a_picture_and_in_a_server_it_comes_in_private(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira = stage.somebody("Mira", guild)
    private = stage.discord.dm_with(mira)
    await stage.told(mira, private, "remember", memory="I sail on Sundays")
    drawn = await stage.use(mira, private, "memory map")
    names = [each.upload.filename for each in drawn.attachments]
    assert any(name.endswith(".svg") for name in names), names
    assert any(name.endswith(".png") for name in names), names
    await mira.say(channel, "!memsvg")
    await stage.discord.wait_until(
        lambda: any(each.attachments for each in private.messages), timeout=PATIENCE, what="the picture"
    )
    assert not any(each.attachments for each in channel.messages)


# --- yes, no, delete --------------------------------------------------------------------------------


@promise("privacy.md", "`/privacy show` | the answer so far, and what is kept, counted store by store")
@promise(
    "privacy.md",
    "Nobody else sees the answers. It works everywhere, also where the character is switched off or "
    "told to ignore somebody.",
)
async def test_privacy_works_where_the_character_is_switched_off_and_for_the_ignored(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira, boss = stage.somebody("Mira", guild), stage.admin("Boss", guild)
    await stage.told(mira, channel, "remember", memory="I grow tomatoes")
    await stage.told(boss, channel, "settings deny", user=mira)
    await stage.told(boss, channel, "settings deactivate")
    answer = await stage.use(mira, channel, "privacy show")
    assert answer.is_ephemeral
    assert "1 for good" in shown(answer)
    assert "tomatoes" in await stage.told(mira, channel, "privacy export")
    assert "tomatoes" in await stage.told(mira, channel, "memory list")


@promise("memory.md", "Where it is switched off, or told to ignore you, `/remember` keeps nothing.")
async def test_remember_keeps_nothing_where_it_is_switched_off(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira, boss = stage.somebody("Mira", guild), stage.admin("Boss", guild)
    await stage.told(boss, channel, "settings deactivate")
    word = stage.word()
    await stage.told(mira, channel, "remember", memory=f"I am {word}")
    assert stage.holds(word) == []


@promise("privacy.md", "`/privacy export` | everything as JSON")
@promise("privacy.md", "It never holds other people's words.")
@promise("privacy.md", "a file that comes in twice changes nothing")
@promise("privacy.md", "Without a valid seal only facts come in")
@promise("privacy.md", "Importing needs consent")
async def test_an_export_comes_in_again_and_a_changed_one_brings_facts_alone(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira, bob = stage.somebody("Mira", guild), stage.somebody("Bob", guild)
    private = stage.discord.dm_with(mira)
    his, mine = stage.word(), stage.word()
    await stage.ask(bob, channel, "Pixel, " + his + " {}")
    await stage.ask(mira, channel, "Pixel, " + mine + " {}")
    await stage.told(mira, private, "remember", memory="I play the viola")
    [file] = [each.upload for each in (await stage.use(mira, private, "privacy export")).attachments]
    taken = json.loads(file.body)
    assert mine in file.body.decode()
    assert his not in file.body.decode()

    await stage.agree(mira, await stage.use(mira, private, "memory delete_all"))
    await stage.until(lambda: not stage.holds("I play the viola"), "no viola")
    refused = await stage.told(mira, private, "privacy import", file=file)
    assert "viola" not in await stage.told(mira, private, "memory list"), refused
    await stage.told(mira, private, "privacy yes")
    await stage.told(mira, private, "privacy import", file=file)
    assert (await stage.told(mira, private, "memory list")).count("viola") == 1
    await stage.told(mira, private, "privacy import", file=file)
    assert (await stage.told(mira, private, "memory list")).count("viola") == 1

    await stage.agree(mira, await stage.use(mira, private, "memory delete_all"))
    await stage.until(lambda: not stage.holds("I play the viola"), "no viola")
    invented = stage.word()
    changed = file.body.decode().replace("I play the viola", "I play the organ").replace(mine, invented)
    assert changed != json.dumps(taken)
    await stage.told(mira, private, "privacy import", file=Upload("export.json", changed.encode()))
    assert "organ" in await stage.told(mira, private, "memory list")
    assert stage.rows("SELECT count(*) FROM archive WHERE text LIKE ?", f"%{invented}%") == [(0,)]


@promise(
    "privacy.md", "`/privacy delete` | deletes everything, and says what went and what was found afterwards"
)
@promise(
    "privacy.md",
    "Afterwards every table and every file in the data folder is searched for the person's id, their names "
    "and any eight of their words in a row, and the answer says what was found.",
)
@promise(
    "privacy.md",
    "what others said, also about the person; facts that others told of them | stays",
)
@promise("privacy.md", "A person who writes again after that is new to the bot, and may be asked again.")
async def test_after_delete_no_file_knows_the_person_and_what_others_said_stays(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira, bob = stage.somebody("Mira", guild), stage.somebody("Bob", guild)
    private, mine, his = stage.discord.dm_with(mira), stage.word(), stage.word()
    await stage.told(mira, private, "privacy yes")
    await stage.told(mira, private, "remember", memory=f"I am a {mine}")
    await stage.told(mira, private, "remind me", when="in 3 days", what=f"feed the {mine}")
    await stage.told(mira, private, "timezone set", zone="Europe/Berlin")
    await stage.ask(mira, channel, "Pixel, " + mine + " {}")
    await stage.ask(bob, channel, "Pixel, " + his + " {}")
    await stage.told(bob, channel, "remember", memory=f"Mira owes me a {his}")
    assert stage.holds(mine)
    panel = await stage.use(mira, private, "privacy delete")
    assert panel.is_ephemeral
    await stage.press(mira, panel, "Delete everything")
    await stage.discord.wait_until(
        lambda: "found nothing" in shown(panel), timeout=PATIENCE, what="the result"
    )
    assert stage.holds(mine) == []
    assert stage.holds(str(mira.id)) == []
    assert stage.holds(his)
    assert his in await stage.told(bob, channel, "memory list")
    for _ in range(2):
        await stage.ask(mira, private, "{}")
    await stage.discord.wait_until(
        lambda: any(each.components for each in private.messages),
        timeout=PATIENCE,
        what="the question, asked anew",
    )
