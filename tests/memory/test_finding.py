"""What comes to mind by search: worth it, allowed, within its room, at the prompt's end (C58, C60, C61)."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import memory.recall
from memory.embeddings import EmbedderMissing
from memory.meaning import Meaning
from memory.places import Place, Where
from tests.builders import AT_ONCE, CHANNEL, DM, Table, table
from tests.learning import BOB, DAY, MIRA, agree, all_of_it, fact, facts, finding, say

OTHER_CHANNEL = Where(601, Place.GUILD, "other", CHANNEL.guild_id, "The Guild")
OTHER_GUILD = Where(602, Place.GUILD, "elsewhere", 701, "Another")
THREAD = replace(CHANNEL, channel_id=603, parent_id=CHANNEL.channel_id)
QUESTION = "what do you know about my cats at home?"
CATS = "I have two cats at home, Momo and Kiki"
HEADING = "What Pixel remembers, by when"


class Counting:
    """An embedder of our own: a text's vector says which of a few words are in it."""

    words = ("cat", "oslo", "tea", "train", "bread")

    def __init__(self, name: str = "counting") -> None:
        self.name = name
        self.dimensions = len(self.words) + 1
        self.texts: list[str] = []
        self.fails: Exception | None = None
        self.closed = False

    async def encode(self, texts: Sequence[str]):
        if self.fails is not None:
            raise self.fails
        self.texts += texts
        rows = [[1.0 if word in text.casefold() else 0.0 for word in self.words] + [0.1] for text in texts]
        vectors = np.asarray(rows, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
async def at(tmp_path: Path):
    async with table(tmp_path, embedder=Counting()) as set_table:
        await agree(set_table, MIRA, BOB)
        yield set_table


def tail(at: Table) -> str:
    """Return the end of the last prompt, behind its last cache point."""
    return at.claude.prompts[-1].messages[-1].blocks[-1].text


async def learnt(at: Table, text: str = CATS, **changes: Any) -> None:
    """Let something be said, and drawn from the talk, and leave what was said to the day before."""
    await say(at, text, **changes)
    at.claude.finds = all_of_it
    await at.app.consolidation.run("pixel")
    at.clock.pass_time(2 * DAY)
    await at.app.message_log.prune()


async def test_a_fact_that_fits_stands_at_the_prompts_end_and_nowhere_else(at):
    await learnt(at)
    await say(at, QUESTION)
    assert HEADING in tail(at)
    assert "about Mira#" in tail(at)
    assert CATS in tail(at)
    *rest, _ = [block.text for message in at.claude.prompts[-1].messages for block in message.blocks]
    assert not any(HEADING in text for text in rest)


@pytest.mark.parametrize(
    ("text", "searched"), [("and my cats", False), (QUESTION, True), ("remember cats?", True)]
)
async def test_only_what_is_worth_it_is_searched_for(at, text, searched):
    await learnt(at)
    at.app.meaning._embedder.texts.clear()
    await say(at, text)
    assert (text in at.app.meaning._embedder.texts) is searched
    assert (HEADING in tail(at)) is searched


@pytest.mark.parametrize(
    ("said", "asked", "comes_up"),
    [
        (DM, DM, True),
        (DM, CHANNEL, False),
        (CHANNEL, CHANNEL, True),
        (CHANNEL, THREAD, True),
        (THREAD, CHANNEL, False),
        (CHANNEL, OTHER_CHANNEL, False),
        (CHANNEL, OTHER_GUILD, False),
        (CHANNEL, DM, True),
    ],
)
async def test_a_fact_comes_up_before_nobody_else_than_those_it_was_said_to(at, said, asked, comes_up):
    await learnt(at, where=said)
    await say(at, QUESTION, where=asked)
    assert ("Momo" in at.claude.prompts[-1].text) is comes_up


async def test_alone_with_somebody_nothing_of_others_comes_up_also_when_they_are_mentioned(at):
    await learnt(at, where=CHANNEL)
    where = replace(DM, channel_id=501)
    await say(at, "what do you know about her cats?", where=where, author_id=BOB, mentions=(MIRA,))
    assert "Momo" not in at.claude.prompts[-1].text


async def test_what_is_known_of_who_is_mentioned_comes_up_where_it_was_said(at):
    await learnt(at)
    await say(at, "what do you know about her cats?", author_id=BOB, author_name="Bob", mentions=(MIRA,))
    assert "about Mira#" in tail(at)


@pytest.mark.parametrize("name", ["Mira", "mira", "Mira Vale"])
async def test_what_is_known_of_who_is_named_comes_up_as_if_they_were_mentioned(at, name):
    await say(at, CATS, author_name="Mira Vale")
    at.claude.will_find(finding(fact("Has two cats at home, Momo and Kiki", CATS)))
    await at.app.consolidation.run("pixel")
    at.clock.pass_time(2 * DAY)
    await say(at, f"what cats does {name} have at home?", author_id=BOB, author_name="Bob")
    assert re.search(r"about Mira Vale#\d+\n  21 Nov 2026: Has two cats at home, Momo and Kiki", tail(at))


NORTH = "we moved up to the fjords with everything we own"


@pytest.fixture
async def by_words(tmp_path: Path):
    """A character who searches by words alone, and knows what a model has words for that nobody said."""
    async with table(tmp_path) as at:
        await agree(at, MIRA)
        await learn_in_own_words(at)
        yield at


async def learn_in_own_words(at: Table) -> None:
    await say(at, NORTH)
    at.claude.will_find(finding(fact("Lives in Norway", NORTH)))
    await at.app.consolidation.run("pixel")
    at.clock.pass_time(2 * DAY)
    await at.app.message_log.prune()


async def test_a_fact_in_ones_own_words_is_found_by_the_models_which_nobody_is_shown(by_words):
    at = by_words
    await say(at, "what is it like for me in Norway?")
    assert f"“{NORTH}”" in tail(at)
    assert "Lives in Norway" not in at.claude.prompts[-1].text


async def test_what_somebody_changes_is_found_by_its_new_words_alone(by_words):
    at = by_words
    memories = at.app.memories
    await memories.edit("pixel", MIRA, 1, "we moved to the hills of Wales")
    (one,) = await facts(at)
    assert (one.searched, one.search_text) == ("we moved to the hills of Wales", None)
    newest = (await memories.history("pixel", MIRA))[0]
    await memories.restore("pixel", MIRA, newest.id)
    (one,) = await facts(at)
    assert (one.text, one.search_text) == (f"“{NORTH}”", "Lives in Norway")


@pytest.mark.parametrize("told", [DM, OTHER_CHANNEL, OTHER_GUILD])
async def test_of_who_is_named_nothing_comes_up_that_was_told_elsewhere(at, told):
    await learnt(at, "I like tea and bread", where=CHANNEL)
    await learnt(at, where=told)
    await say(at, "what cats does Mira have at home?", author_id=BOB, author_name="Bob")
    assert "Momo" not in at.claude.prompts[-1].text


async def test_neighbours_stand_in_one_quote_under_one_day(at):
    await say(at, "we took the slow train along the fjord")
    await say(at, "and the slow train stopped at every farm by the fjord")
    at.claude.will_find(finding())
    await at.app.consolidation.run("pixel")
    at.clock.pass_time(2 * DAY)
    await at.app.message_log.prune()
    await say(at, "do you remember the slow train along the fjord?")
    quoted = tail(at).partition("(Said here before:)\n")[2]
    assert quoted.startswith("  21 Nov 2026, Mira#")
    assert quoted.count("21 Nov 2026") == 1
    assert "every farm" in quoted


async def test_a_fact_may_be_shared_upward_by_its_person_alone(at):
    await learnt(at, where=DM)
    await at.app.memories.share("pixel", MIRA, 1, "everywhere", DM)
    await say(at, QUESTION, where=OTHER_GUILD)
    assert "Momo" in tail(at)


async def test_another_character_does_not_know_it_unless_it_is_for_all(tmp_path):
    async with table(tmp_path) as at:
        await agree(at)
        await learnt(at)
    nyx = at.app.character.model_copy(update={"slug": "nyx", "name": "Nyx"})
    for for_all in (False, True):
        async with table(tmp_path, character=nyx) as at:
            async with at.database.begin() as db:
                for one in await db.memories.of(MIRA, "pixel"):
                    one.for_all = for_all
            await say(at, QUESTION)
            assert ("What Nyx remembers" in tail(at)) is for_all


async def test_what_was_said_here_before_comes_back_with_its_day(at):
    await learnt(at, "we took the slow train along the fjord to Bergen")
    async with at.database.begin() as db:
        await db.memories.forget([one.id for one in await db.memories.of(MIRA, "pixel")])
    await say(at, "tell me about that slow train along the fjord")
    assert "(Said here before:)\n  21 Nov 2026, Mira#" in tail(at)
    await say(at, "tell me about that slow train along the fjord", where=OTHER_CHANNEL)
    assert "Said here before" not in tail(at)


async def test_what_stands_in_the_transcript_is_not_said_twice(at):
    await say(at, CATS)
    at.claude.finds = all_of_it
    await at.app.consolidation.run("pixel")
    await say(at, QUESTION)
    assert "Said here before" not in tail(at)
    assert at.claude.prompts[-1].text.count("Momo and Kiki") == 2, "the line, and the fact"


async def test_core_memory_is_not_recalled_besides(at):
    await at.app.memories.remember("pixel", MIRA, "I have two cats at home", CHANNEL)
    await say(at, QUESTION)
    assert at.claude.prompts[-1].text.count("two cats") == 1


async def test_what_is_found_keeps_to_its_room(tmp_path):
    async with table(tmp_path, manner=replace(AT_ONCE, recalled=60)) as at:
        await agree(at)
        for number in range(8):
            await say(at, f"my cat number {number} at home is called Momo the {number}th")
        at.claude.finds = all_of_it
        await at.app.consolidation.run("pixel")
        at.clock.pass_time(2 * DAY)
        await say(at, QUESTION)
        assert 1 <= tail(at).count("about Mira#") <= 3


async def test_nothing_is_searched_where_there_is_no_room(tmp_path):
    async with table(tmp_path, manner=replace(AT_ONCE, recalled=0)) as at:
        await agree(at)
        await learnt(at)
        await say(at, QUESTION)
        assert "Momo" not in at.claude.prompts[-1].text


async def test_a_forgotten_fact_is_in_no_further_prompt(at):
    await learnt(at)
    await say(at, QUESTION)
    await at.app.memories.forget("pixel", MIRA, 1)
    await at.app.memories.let_learn(MIRA, False)
    at.clock.pass_time(2 * DAY)
    await say(at, QUESTION)
    assert "Momo" not in at.claude.prompts[-1].text


async def test_an_edited_fact_is_found_by_its_new_words(at):
    await learnt(at)
    await at.app.memories.edit("pixel", MIRA, 1, "I have a parrot that likes tea")
    assert await at.app.embedding.catch_up() == 1
    await say(at, "what is it that my parrot likes?", where=DM)
    assert "parrot that likes tea" in at.claude.prompts[-1].text


async def test_another_model_embeds_everything_anew_and_says_so(tmp_path, caplog):
    async with table(tmp_path, embedder=Counting()) as at:
        await agree(at)
        await learnt(at)
    async with table(tmp_path, embedder=Counting("other")) as at:
        told: list[tuple[int, int]] = []
        assert await at.app.embedding.catch_up(progress=lambda *one: told.append(one)) == 3
        assert await at.app.embedding.catch_up() == 0
        async with at.database.read() as db:
            ids = (await db.embeddings.of("fact", [MIRA], at.app.meaning.model)).ids
            assert len(ids) == 1
            before = Meaning(Counting()).model
            assert (await db.embeddings.of("fact", [MIRA], before)).ids.tolist() == []


async def test_a_vector_of_8_bits_is_kept_anew_and_its_text_is_not_encoded_again(tmp_path):
    embedder = Counting()
    async with table(tmp_path, embedder=embedder) as at:
        await agree(at)
        await learnt(at)
        async with at.app.database.begin() as db:
            [fact] = await db.memories.of(MIRA, "pixel")
            now = await db.embeddings.of("fact", [MIRA], at.app.meaning.model)
            before = (127 * await embedder.encode([fact.text])).round().astype(np.int8).tobytes()
            await db.embeddings.put("fact", MIRA, "counting", {fact.id: before}, character="pixel")
        embedder.texts.clear()
        await at.app.embedding.catch_up()
        assert embedder.texts == []
        async with at.database.read() as db:
            assert await db.embeddings.of("fact", [MIRA], at.app.meaning.model) == now
            assert not (await db.embeddings.of("fact", [MIRA], "counting")).ids


async def test_without_an_embedder_it_goes_by_words_and_says_so_once(tmp_path, caplog):
    async with table(tmp_path) as at:
        embedder = Counting()
        embedder.fails = EmbedderMissing("Recall goes by words alone: something is not installed.")
        meaning = Meaning(embedder)
        at.app.recall._meaning = at.app.consolidation._meaning = meaning
        await agree(at)
        await learnt(at)
        for _ in range(3):
            await say(at, QUESTION)
            assert CATS in tail(at)
    assert caplog.text.count("by words alone") == 1
    assert embedder.closed


async def test_a_vector_that_is_long_in_coming_is_not_waited_for(tmp_path, monkeypatch, caplog):
    class Slow(Counting):
        pause = 0.0

        async def encode(self, texts: Sequence[str]):
            await asyncio.sleep(self.pause)
            return await super().encode(texts)

    monkeypatch.setattr(memory.recall, "DEADLINE", 0.01)
    embedder = Slow()
    async with table(tmp_path, embedder=embedder) as at:
        await agree(at)
        await learnt(at)
        embedder.pause = 5.0
        await say(at, QUESTION)
        assert at.mouth.said[-1] == "I see."
    assert "only words are searched for" in caplog.text


async def test_the_trace_says_what_a_reply_could_draw_on(at):
    await learnt(at)
    heard = await say(at, QUESTION)
    trace = (await at.decided(heard)).trace
    (one,) = await facts(at)
    assert (trace.recalled, len(trace.lines) > 0, trace.known) == ((one.id,), True, ())


async def test_claims_about_others_do_not_come_up_before_more_than_their_person(at):
    await say(at, "Bob has three cats at home, I believe")
    at.claude.will_find(finding(fact("Has three cats at home", "Bob has three cats at home", about="Bob")))
    await at.app.consolidation.run("pixel")
    at.clock.pass_time(2 * DAY)
    await at.app.message_log.prune()
    await say(at, QUESTION, author_id=BOB, author_name="Bob", mentions=(MIRA,))
    assert HEADING not in tail(at)
    await say(at, QUESTION)
    assert ", of Bob\n" in tail(at)


async def test_a_pinned_claim_about_somebody_else_does_not_stand_at_the_head(at):
    await say(at, "Bob has three cats at home, I believe")
    at.claude.will_find(finding(fact("Has three cats at home", "Bob has three cats at home", about="Bob")))
    await at.app.consolidation.run("pixel")
    await at.app.memories.pin("pixel", MIRA, 1)
    at.clock.pass_time(2 * DAY)
    await at.app.message_log.prune()
    await say(at, "hello there")
    assert "Has three cats" not in at.claude.prompts[-1].text
    await say(at, QUESTION)
    assert ", of Bob\n" in tail(at)


async def test_a_place_that_was_forgotten_and_comes_back_finds_nothing_of_before(at):
    """What was read of its archive is at hand by a mark that no later state of it has."""
    await learnt(at, where=DM)
    await say(at, QUESTION, where=DM)
    assert "Momo" in tail(at)
    await at.app.privacy.leave(MIRA)
    await agree(at)
    await learnt(at, "I have a dog called Rex, and no other animal", where=DM)
    await say(at, QUESTION, where=DM)
    assert "Momo" not in at.claude.prompts[-1].text


async def test_what_was_said_to_one_character_is_not_quoted_to_another(tmp_path):
    question = "tell me about that slow train along the fjord"
    async with table(tmp_path) as at:
        await agree(at)
        await learnt(at, "we took the slow train along the fjord to Bergen", where=DM)
        async with at.database.begin() as db:
            await db.memories.forget([one.id for one in await db.memories.of(MIRA, "pixel")])
        await say(at, question, where=DM)
        assert "Said here before" in tail(at)
    nyx = at.app.character.model_copy(update={"slug": "nyx", "name": "Nyx"})
    async with table(tmp_path, character=nyx) as at:
        at.clock.pass_time(5 * DAY)
        await at.app.message_log.prune()
        await say(at, question, where=DM)
        assert "Said here before" not in at.claude.prompts[-1].text


async def test_who_is_asked_about_by_name_is_found_by_their_own_words(at):
    """A line names nobody: its speaker stands beside it."""
    await learnt(at, "we took the slow train along the fjord")
    await learnt(at, "the slow train? never again", author_id=BOB, author_name="Bob")
    at.app.meaning._embedder.texts.clear()
    await say(at, "when did Mira take the slow train?", author_id=BOB, author_name="Bob")
    assert "when did I take the slow train?" in at.app.meaning._embedder.texts
    assert "along the fjord" in tail(at)


async def test_who_takes_another_name_is_still_known(at):
    """C29."""
    await learnt(at)
    await say(at, QUESTION, author_name="Mirabelle")
    assert "about Mirabelle#" in tail(at)
    assert CATS in tail(at)
