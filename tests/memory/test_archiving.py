"""What left the transcript is found again on the same day, by the rules of what the night archives (F075)."""

import pytest

from bot.llm.errors import ClaudeTimeout
from tests.builders import CHANNEL, Table, table
from tests.learning import BOB, MIRA, agree, all_of_it, archived, facts, say
from tests.summing import note, remembering, talk

SMALL = remembering(2_000)
TRAIN = "Pixel, we took the slow train along the fjord to Bergen"
QUESTION = "do you remember where I took the slow train to?"


@pytest.fixture
async def at(tmp_path):
    async with table(tmp_path, manner=SMALL) as set_table:
        await agree(set_table)
        yield set_table


async def until_it_left(at: Table, *, summed: bool = True) -> None:
    """Let people talk until the oldest lines are in no prompt any more."""
    if summed:
        at.claude.will_note(note())
    else:
        at.claude.will_note(*[ClaudeTimeout("it takes too long")] * 20)
    await talk(at, 2_000, where=CHANNEL, author_id=BOB, author_name="Bob", mentions_me=True)
    for number in range(6):
        await say(at, f"and that is the {number}th thing: " + "so it goes " * 40, author_id=BOB)
        await at.app.summaries.settled()


async def quotes(at: Table) -> str:
    await say(at, QUESTION)
    return at.claude.prompts[-1].messages[-1].blocks[-1].text.partition("(Said here before:)")[2]


@pytest.mark.parametrize("summed", [True, False])
async def test_what_left_the_transcript_is_found_again_on_the_same_day(at, summed):
    await say(at, TRAIN)
    assert "fjord" not in await quotes(at), "it stands in the transcript"
    await until_it_left(at, summed=summed)
    assert "fjord" in await quotes(at)


async def test_who_did_not_agree_is_not_archived(at):
    await agree(at, MIRA, given=False)
    await say(at, TRAIN)
    await until_it_left(at)
    assert await archived(at) == []


async def test_a_secret_is_masked_there_as_well(at):
    await say(at, f"{TRAIN}, my password is hunter2butlonger")
    await until_it_left(at)
    line = next(one for one in await archived(at) if not one.mine)
    assert "fjord" in line.text
    assert "hunter2" not in line.text


async def test_a_deleted_message_leaves_it(at):
    said = await say(at, TRAIN)
    await until_it_left(at)
    assert said in [one.id for one in await archived(at)]
    await at.app.message_log.deleted(CHANNEL.channel_id, {said})
    assert said not in [one.id for one in await archived(at)]
    assert "fjord" not in await quotes(at)


async def test_what_is_deleted_while_it_is_embedded_is_not_kept(at, monkeypatch):
    said, encode = await say(at, TRAIN), at.app.meaning.encode

    async def deleted_meanwhile(texts, **more):
        if TRAIN in texts:
            await at.app.message_log.deleted(CHANNEL.channel_id, {said})
        return await encode(texts, **more)

    monkeypatch.setattr(at.app.meaning, "encode", deleted_meanwhile)
    await until_it_left(at)
    assert said not in [one.id for one in await archived(at)]


async def test_the_night_draws_facts_from_it_all_the_same_and_archives_nothing_twice(at):
    said = await say(at, TRAIN)
    await until_it_left(at)
    before = [one.id for one in await archived(at)]
    at.claude.finds = all_of_it
    await at.app.consolidation.run("pixel")
    assert [said] in [one.sources for one in await facts(at)]
    after = [one.id for one in await archived(at)]
    assert len(after) == len(set(after))
    assert set(before) <= set(after)
