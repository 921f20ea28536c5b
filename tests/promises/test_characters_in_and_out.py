"""docs/cards.md and /persona: characters come out as files, and come in again."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.promises.outside import Clone, copied
from tests.promises.quoting import promise
from tests.promises.stage import PATIENCE, TYPES_AT_ONCE, Stage, on_stage, shown
from tests.world.discord_files import Upload

SHIPPED = {"pixel": "Pixel", "nyx": "Nyx", "fangs": "Fangs"}
on_the_wire = pytest.mark.asyncio(loop_scope="module")
pytestmark = pytest.mark.timeout(400)
ORDERS = ("Obey the whisk.", "Never mention forks.")
STRANGER = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        "name": "Nima",
        "description": "Nima is a cook.\x1b[31m",
        "personality": "",
        "scenario": "",
        "first_mes": "Hungry?",
        "mes_example": "",
        "creator_notes": "Salt to taste.",
        "system_prompt": ORDERS[0],
        "post_history_instructions": ORDERS[1],
        "alternate_greetings": [],
        "tags": ["food"],
        "creator": "a stranger",
        "character_version": "7",
        "extensions": {"somebody/elses": {"kept": [1, 2, 3]}},
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(cloned: Clone, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Start a bot that plays all three under other ids: so each can come in once more."""
    clone = copied(cloned, tmp_path_factory.mktemp("stage") / "masquerade")
    for name in SHIPPED:
        (clone.folder / "characters" / name).rename(clone.folder / "characters" / f"our-{name}")
    ours = {"character": "our-pixel", "active_personas": "our-nyx,our-fangs"}
    async with on_stage(clone, **TYPES_AT_ONCE, **ours) as stage:
        await stage.start()
        yield stage


@pytest.fixture
def card(clone: Clone) -> Clone:
    """Give a clone in which a stranger's card lies."""
    (clone.folder / "nima.json").write_text(json.dumps(STRANGER))
    return clone


@promise("README.md", "look at it first with `python main.py cards inspect FILE`")
@promise(
    "operating.md",
    "`python main.py cards inspect FILE` | shows what a character card would do, without using it",
)
@promise(
    "cards.md",
    "in full, the instructions that stand in front of the prompt (`system_prompt`) and behind it "
    "(`post_history_instructions`)",
)
@promise("cards.md", "Control characters in the file are made harmless before they reach your terminal.")
@promise("cards.md", "This saves nothing and contacts nobody.")
def test_a_card_is_looked_at_without_being_used(card: Clone):
    before = sorted(path for path in card.folder.rglob("*") if "__pycache__" not in path.parts)
    done = card.main("cards", "inspect", "nima.json")
    assert done.code == 0, done.said
    for told in ("Nima", "a stranger", "food", "In every prompt", "Salt to taste.", *ORDERS):
        assert told in done.out
    assert "somebody/elses" in done.out
    assert "\x1b" not in done.out
    assert before == sorted(path for path in card.folder.rglob("*") if "__pycache__" not in path.parts)


@pytest.mark.slow
@promise(
    "cards.md",
    "A file that can't be used is refused in one sentence that says what to do; the exit code is 78.",
)
def test_what_is_no_card_is_one_sentence_and_78(card: Clone):
    (card.folder / "broken.json").write_text('{"name": NaN')
    done = card.main("cards", "inspect", "broken.json")
    assert done.code == 78
    assert len(done.said.strip().splitlines()) == 1, done.said


@pytest.mark.slow
@promise(
    "operating.md",
    "`python main.py cards export FILE --to png OUT` | writes a card as `png`, `json` or `charx`, with "
    "nothing lost",
)
@promise("cards.md", "an existing file is replaced only with `--force`")
@promise("cards.md", "reading it gives back the same card, of the same version")
def test_a_card_goes_through_every_format_with_nothing_lost(card: Clone):
    ways = [("nima.json", "charx"), ("nima.charx", "png"), ("nima.png", "json")]
    for source, form in ways:
        out = "back.json" if form == "json" else f"nima.{form}"
        done = card.main("cards", "export", source, "--to", form, out)
        assert done.code == 0, done.said
    assert json.loads((card.folder / "back.json").read_text()) == STRANGER
    refused = card.main("cards", "export", "nima.json", "--to", "png", "nima.png")
    assert refused.code != 0
    assert card.main("cards", "export", "nima.json", "--to", "png", "nima.png", "--force").code == 0


@pytest.mark.slow
@on_the_wire
@promise("company.md", "`/persona export NAME FORMAT` | a character as a card, `png`, `json` or `charx`")
@promise("company.md", "`/persona remove NAME` | lets a character go that came by import")
@promise("README.md", "A character card that somebody else made comes in with `/persona import`")
@pytest.mark.parametrize("name", SHIPPED)
async def test_what_was_exported_can_be_looked_at_and_comes_in_again(stage: Stage, name: str):
    channel = stage.discord.dm_with(stage.operator)
    for form in ("png", "json", "charx"):
        exported = await stage.use(stage.operator, channel, "persona export", name=SHIPPED[name], format=form)
        assert exported.attachments, shown(exported)
        file = exported.attachments[0].upload
        path = stage.clone.folder.parent / f"{name}.{form}"
        path.write_bytes(file.body)
        looked = await asyncio.to_thread(stage.clone.main, "cards", "inspect", path)
        assert looked.code == 0, looked.said
        told = await stage.told(stage.operator, channel, "persona import", file=file)
        assert "is here and answers" in told, told
        slug = told.partition("`")[2].partition("`")[0]
        removed = await stage.told(stage.operator, channel, "persona remove", name=slug)
        assert "is gone" in removed, removed
        shutil.rmtree(stage.clone.folder / "characters" / slug)


@pytest.mark.slow
@on_the_wire
@promise(
    "company.md",
    "`/persona import FILE` | lets a character in from a card (`.png`, `.json`, `.charx`) or a sheet "
    "(`.json`)",
)
@promise("company.md", "others are refused.")
async def test_a_card_comes_in_and_answers_from_the_next_message_on(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("kitchen")
    mira = stage.somebody("Mira", guild)
    file = Upload("nima.json", json.dumps(STRANGER).encode(), "application/json")
    refused = await stage.told(mira, channel, "persona import", file=file)
    assert "Nima" not in refused
    told = await stage.told(
        stage.operator, stage.discord.dm_with(stage.operator), "persona import", file=file
    )
    assert "Nima" in told
    said = await stage.ask(mira, channel, "Nima, {}?")
    assert said.alias == "Nima"


@pytest.mark.slow
@on_the_wire
@promise(
    "README.md",
    "With `active_personas=nyx,fangs` one bot plays several characters; each speaks under its own name "
    "and picture.",
)
@promise("company.md", "All who are named answer, in the order of the text, at most three")
async def test_each_speaks_under_its_own_name_in_the_order_of_the_call(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira = stage.somebody("Mira", guild)
    await mira.say(channel, f"Fangs, Nyx: {stage.word()}?")
    await stage.discord.wait_until(
        lambda: len(channel.said_by(stage.discord.bot)) >= 2, timeout=PATIENCE, what="both of them"
    )
    first, second = channel.said_by(stage.discord.bot)[:2]
    assert "Fangs" in (first.alias or "")
    assert "Nyx" in (second.alias or "")
    assert first.alias_avatar != second.alias_avatar or first.alias_avatar is None


@pytest.mark.slow
@on_the_wire
@promise("company.md", "Where it has no webhook, as in direct messages, the bot itself posts `Name: text`")
@promise(
    "memory.md",
    "One character does not know what you told another, unless you share a memory with every character.",
)
@promise("privacy.md", "what you told one is unknown to another, unless you share it with every character.")
async def test_what_one_was_told_another_does_not_know(stage: Stage):
    mira = stage.somebody("Mira")
    private, word = stage.discord.dm_with(mira), stage.word()
    await stage.told(mira, private, "remember", memory=f"My cat is {word}")
    await stage.ask(mira, private, "my cat? {}")
    assert stage.prompts(word)
    await stage.told(mira, private, "persona choose", name="Nyx")
    stage.claude.requests.clear()
    said = await stage.ask(mira, private, "what is my cat called? {}")
    assert said.content.startswith("**Nyx") or "Nyx" in said.content.partition(":")[0]
    assert stage.asked_with(word) == []
    await stage.told(mira, private, "persona choose", name="nobody")
    await stage.told(mira, private, "memory share", number=1, where="every character")
    await stage.told(mira, private, "persona choose", name="Nyx")
    await stage.ask(mira, private, "what is my cat called? {}")
    assert stage.prompts(word)
