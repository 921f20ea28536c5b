"""What is said in private stays there, what was deleted is gone, and the log holds no words (C17, D16)."""

import asyncio
import io
import logging
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import pytest

from bot.conversation.company import Company
from bot.conversation.config import Manner, TranscriptLimits
from bot.conversation.generation import ModelVoice
from bot.conversation.text.names import speaker_label
from bot.core.errors import Unsaid, Unsayable
from bot.core.logging import LineHandler, set_up_logging
from bot.llm.client import AnthropicClaude
from bot.llm.errors import ClaudeDenied, ClaudeTimeout, ClaudeUnavailable, PromptTooLong
from bot.llm.pricing import load_prices
from bot.llm.server import Server
from bot.llm.types import Prompt, TokenEstimate
from database import Database
from memory.places import Place, Where
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, app_on, beginnings_ended, table, utterance
from tests.fakes import FakeClock, FakeMouth
from tests.world import claude_faults as faults
from tests.world.claude_server import ScriptedClaude

PEOPLE = range(1, 9)
GUILDS = range(1, 4)


def dm_of(person: int) -> Where:
    return Where(9_000 + person, Place.DM)


def channel(guild: int, number: int) -> Where:
    return Where(
        100 * guild + number,
        Place.GUILD,
        name=f"channel-{number}",
        guild_id=guild,
        guild_name=f"Guild {guild}",
    )


PLACES = [dm_of(person) for person in PEOPLE] + [channel(guild, n) for guild in GUILDS for n in range(2)]


def canary(where: Where, number: int) -> str:
    """Return a word that can have come from one place only."""
    return f"canary-{where.channel_id}-{number}x"


def alias_in(where: Where, person: int) -> str:
    """Return what a person is called in one place only."""
    return f"Alias{where.channel_id}of{person}" if where.place is Place.DM else f"Person{person}"


def of_other_places(prompt: Prompt, where: Where) -> list[str]:
    """Return what betrays another place: its canaries, and names that are used in its DM only."""
    text = prompt.text
    others = [place for place in PLACES if place != where]
    leaks = [mark for place in others if (mark := f"canary-{place.channel_id}-") in text]
    private = [place for place in others if place.place is Place.DM]
    return leaks + [mark for place in private if (mark := f"Alias{place.channel_id}of") in text]


@pytest.mark.parametrize(
    "prompts", [150, pytest.param(1_000, marks=[pytest.mark.slow, pytest.mark.timeout(400)])]
)
async def test_a_canary_of_one_place_is_in_no_prompt_of_another(tmp_path: Path, prompts):
    rng, told = Random(1), 0
    manner = Manner(pace=AT_ONCE.pace, burst_quiet=0, extent=TranscriptLimits(condensed=320))
    async with table(tmp_path, manner=manner) as at:
        where_of: list[Where] = []
        while len(where_of) < prompts:
            where, told = rng.choice(PLACES), told + 1
            person = where.channel_id - 9_000 if where.place is Place.DM else rng.choice(PEOPLE)
            called = "Pixel, " if where.place is Place.DM or rng.random() < 0.7 else ""
            secret = canary(where, told)
            at.claude.will_say(f"I'll keep {secret} to myself")
            await at.hear(
                f"{called}this is {secret}",
                where=where,
                author_id=person,
                author_name=alias_in(where, person),
                account_name=alias_in(where, person),
            )
            at.claude.queue.clear()
            where_of += [where] * (len(at.claude.prompts) - len(where_of))
            at.clock.pass_time(rng.randrange(1, 90))
        leaks = [found for prompt, where in zip(at.claude.prompts, where_of, strict=True)
                 if (found := of_other_places(prompt, where))]  # fmt: skip
        assert leaks == []
        own = [f"canary-{where.channel_id}-" in prompt.text
               for prompt, where in zip(at.claude.prompts, where_of, strict=True)]  # fmt: skip
        assert all(own), "the canaries must be seen in their own place, or this test shows nothing"
        in_dms = {where.channel_id for where in where_of if where.place is Place.DM}
        assert len(in_dms) == len(PEOPLE)


async def test_places_that_talk_at_the_same_time_hear_only_themselves(at_table):
    places = PLACES[:6] + PLACES[-4:]
    for number in range(4):
        walks = [
            at_table.app.conversation.take_turn(
                utterance(
                    f"Pixel, {canary(where, number)}",
                    where=where,
                    author_id=where.channel_id,
                    author_name=alias_in(where, 1),
                    sent_at=at_table.clock.now(),
                ),
                at_table.mouth,
            )
            for where in places
        ]
        await asyncio.gather(*walks)
    assert len(at_table.claude.prompts) == 4 * len(places)
    for prompt, question in zip(at_table.claude.prompts, at_table.claude.questions, strict=True):
        here = next(where for where in places if where.channel_id == question.channel_id)
        assert of_other_places(prompt, here) == []
        assert f"canary-{here.channel_id}-" in prompt.text


async def test_what_two_people_say_in_their_dms_is_not_mixed_up_by_one_name(at_table):
    await at_table.hear("I am the first", where=dm_of(1), author_id=1, author_name="Sam")
    await at_table.hear("I am the second", where=dm_of(2), author_id=2, author_name="Sam")
    await at_table.hear("who am I?", where=dm_of(2), author_id=2, author_name="Sam")
    assert "the second" in at_table.claude.prompts[2].text
    assert "the first" not in at_table.claude.prompts[2].text
    assert speaker_label("Sam", 1) not in at_table.claude.prompts[2].text


# --- Deleted and edited ---------------------------------------------------------------------------


@pytest.mark.parametrize("where", [DM, CHANNEL])
async def test_a_deleted_message_is_in_no_later_prompt(at_table, where):
    gone = await at_table.hear("my PIN is canary-1234", where=where)
    await at_table.hear("Pixel?", where=where)
    assert "canary-1234" in at_table.claude.prompts[-1].text
    seen = len(at_table.claude.prompts)
    await at_table.app.message_log.deleted(where.channel_id, {gone.message_id})
    for _ in range(3):
        await at_table.hear("Pixel?", where=where)
    later = at_table.claude.prompts[seen:]
    assert len(later) == 3
    assert not any("canary" in prompt.text for prompt in later)


async def test_a_deleted_message_does_not_come_back_with_a_replay_or_a_late_edit(at_table):
    gone = await at_table.hear("my PIN is canary-1234", where=CHANNEL)
    await at_table.app.message_log.deleted(CHANNEL.channel_id, {gone.message_id})
    await at_table.app.conversation.take_turn(gone, at_table.mouth)
    await at_table.app.message_log.edited(gone.where.channel_id, gone.message_id, "my PIN was canary-1234")
    await at_table.resume(gone)
    await at_table.hear("Pixel?", where=CHANNEL)
    assert "canary" not in at_table.claude.prompts[-1].text


async def test_messages_purged_at_once_are_in_no_later_prompt(at_table):
    gone = {(await at_table.hear(f"canary {n}", where=CHANNEL)).message_id for n in range(20)}
    await at_table.hear("this one stays", where=CHANNEL)
    await at_table.app.message_log.deleted(CHANNEL.channel_id, gone)
    await at_table.hear("Pixel?", where=CHANNEL)
    assert "canary" not in at_table.claude.prompts[-1].text
    assert "this one stays" in at_table.claude.prompts[-1].text


async def test_a_reply_that_was_deleted_is_in_no_later_prompt(at_table):
    at_table.claude.will_say("canary of mine")
    heard = await at_table.hear("hello")
    at_table.claude.will_say("something else")
    await at_table.hear("and?")
    assert "canary of mine" in at_table.claude.prompts[1].text
    await at_table.app.message_log.deleted(
        DM.channel_id, {at_table.mouth.posted[f"r{heard.message_id}.1"][0]}
    )
    await at_table.hear("and?")
    assert "canary of mine" not in at_table.claude.prompts[2].text


async def test_a_message_deleted_while_it_was_thought_about_is_in_no_later_prompt(at_table):
    heard = utterance("canary-1234", where=CHANNEL, mentions_me=True)

    async def delete() -> None:
        at_table.claude.while_thinking = None
        await at_table.app.message_log.deleted(CHANNEL.channel_id, {heard.message_id})

    at_table.claude.while_thinking = delete
    await at_table.app.conversation.take_turn(heard, at_table.mouth)
    await at_table.hear("Pixel?", where=CHANNEL)
    assert "canary" not in at_table.claude.prompts[-1].text


async def test_of_an_edited_message_only_the_last_form_is_in_later_prompts(at_table):
    heard = await at_table.hear("my PIN is canary-1234", where=CHANNEL)
    await at_table.app.message_log.edited(heard.where.channel_id, heard.message_id, "never mind")
    await at_table.hear("Pixel?", where=CHANNEL)
    assert "canary" not in at_table.claude.prompts[-1].text
    assert "never mind" in at_table.claude.prompts[-1].text


async def test_forgetting_a_channel_leaves_the_others_alone(at_table):
    await at_table.hear("canary of the DM")
    await at_table.hear("talk of the channel", where=CHANNEL)
    assert (await at_table.app.forgetting.reset(42, DM)).lines == 2
    await at_table.hear("hello?")
    await at_table.hear("Pixel?", where=CHANNEL)
    dm, channel_prompt = at_table.claude.prompts[-2:]
    assert "canary" not in dm.text
    assert "talk of the channel" in channel_prompt.text


async def test_after_a_deletion_the_words_are_nowhere_in_the_file(tmp_path: Path):
    async with table(tmp_path) as at:
        gone = await at.hear("my PIN is canary-1234", where=CHANNEL)
        await at.app.message_log.deleted(CHANNEL.channel_id, {gone.message_id})
        await at.hear("Pixel?", where=CHANNEL)
    left = [path.name for path in tmp_path.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]
    assert left == []


# --- The log --------------------------------------------------------------------------------------

WORDS = "canary-words"
NAME = "CanaryName"
ACCOUNT = "CanaryAccount"
REPLY = "canary-reply"
PLACE = "canary-place"
SECRET = "-".join(["sk", "ant", "canary0123456789"])
HERE = Where(600, Place.GUILD, name=PLACE, guild_id=700, guild_name=PLACE)


@contextmanager
def log_at_debug() -> Iterator[io.StringIO]:
    """Log everything as the program does, into a string."""
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in list(root.manager.loggerDict)}
    level = root.level
    stream = io.StringIO()
    set_up_logging("DEBUG", secrets=[SECRET], stream=stream)
    try:
        yield stream
    finally:
        for handler in [one for one in root.handlers if isinstance(one, LineHandler)]:
            root.removeHandler(handler)
        root.setLevel(level)
        for name in list(root.manager.loggerDict):
            logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


def said_nothing(stream: io.StringIO) -> None:
    logged = stream.getvalue()
    assert logged, "a log without a line shows nothing"
    assert "canary" not in logged.lower(), logged


async def walk(at, **changes) -> None:
    changes = {"where": HERE, "author_name": NAME, "account_name": ACCOUNT} | changes
    await at.hear(f"Pixel, {WORDS}", **changes)


ERRORS = [
    ClaudeTimeout("no answer within 60 s"),
    ClaudeUnavailable("529: Overloaded"),
    ClaudeDenied("401: invalid x-api-key"),
    PromptTooLong("400: prompt is too long"),
]


@pytest.mark.parametrize("failure", ["none", *ERRORS, Unsaid("503"), Unsayable("403")], ids=str)
async def test_a_walk_at_debug_logs_no_words_no_names_and_no_places(tmp_path: Path, failure):
    with log_at_debug() as stream:
        async with table(tmp_path) as at:
            at.claude.will_say(REPLY, REPLY)
            await walk(at)
            if isinstance(failure, Unsaid | Unsayable):
                at.mouth.will_fail.append(failure)
            elif not isinstance(failure, str):
                at.claude.queue.appendleft(failure)
            heard = await at.hear(f"Pixel, {WORDS} again", where=HERE, author_name=NAME)
            await at.app.message_log.edited(heard.where.channel_id, heard.message_id, WORDS)
            await at.app.message_log.deleted(HERE.channel_id, {heard.message_id})
            await at.app.message_log.prune()
            await at.app.conversation.close(within=1)
    said_nothing(stream)


async def test_a_full_disk_logs_no_words(tmp_path: Path):
    with log_at_debug() as stream:
        async with table(tmp_path) as at:
            await walk(at)
            async with at.database._writer.connect() as connection:
                pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar()
                await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            await at.hear(f"{WORDS} " * 2_000, author_name=NAME)
    assert "Can't remember anything now" in stream.getvalue()
    said_nothing(stream)


async def test_a_constraint_that_breaks_logs_no_words(tmp_path: Path):
    """An error of the database comes with its statement, and must not come with its values."""
    with log_at_debug() as stream:
        async with table(tmp_path) as at:
            async with at.database._writer.connect() as connection:
                await connection.exec_driver_sql("DROP TABLE messages")
                await connection.commit()
            await walk(at)
            await at.app.conversation.close(within=1)
    assert "no such table" in stream.getvalue()
    said_nothing(stream)


@asynccontextmanager
async def on_the_wire(folder: Path, *, deadline: float = 5.0):
    """Set a table with the real client and a scripted server: yields (hear, server)."""
    clock, mouth = FakeClock(), FakeMouth()
    database = await Database.open(folder / "masquerade.sqlite3")
    async with ScriptedClaude(api_key=SECRET) as server:
        claude = AnthropicClaude(Server(server.base_url, server.api_key, ""), load_prices(None), clock=clock)
        app = app_on(
            database,
            claude,
            clock,
            company=Company.of(PIXEL),
            voice=ModelVoice(
                model="claude-sonnet-5-5", max_tokens=50, deadline=deadline, tokens=TokenEstimate()
            ),
            manner=AT_ONCE,
            rng=Random(1),
        )

        async def hear(text: str) -> None:
            heard = utterance(text, where=HERE, author_name=NAME, account_name=ACCOUNT, sent_at=clock.now())
            await app.conversation.take_turn(heard, mouth)

        try:
            yield hear, server
        finally:
            await claude.close()
            await beginnings_ended()
            await database.close()


FAULTS = [
    [],
    [faults.Overloaded529()] * 3,
    [faults.Unauthorized401()],
    [faults.BadRequest400("messages.0: something is wrong")],
    [faults.NotJson()] * 3,
    [faults.Refusal()],
    [faults.ResetStream(text=REPLY)] * 3,
]


@pytest.mark.parametrize("script", FAULTS, ids=lambda script: type(script[0]).__name__ if script else "none")
async def test_the_real_client_at_debug_logs_no_words_and_no_key(tmp_path: Path, script):
    with log_at_debug() as stream:
        async with on_the_wire(tmp_path) as (hear, server):
            server.will_fail(*script)
            server.answer_with(REPLY)
            await hear(f"Pixel, {WORDS}")
            await hear(f"Pixel, {WORDS} again")
            assert any(WORDS in request.text for request in server.requests)
    said_nothing(stream)
    assert SECRET not in stream.getvalue()


async def test_without_the_floors_the_sdk_would_log_what_people_say(tmp_path: Path):
    """Shows that the test above can fail: the client does write words at DEBUG."""
    with log_at_debug() as stream:
        handler = next(one for one in logging.getLogger().handlers if isinstance(one, LineHandler))
        for one in list(handler.filters):
            handler.removeFilter(one)
        logging.getLogger("anthropic").setLevel(logging.DEBUG)
        async with on_the_wire(tmp_path) as (hear, server):
            server.answer_with(REPLY)
            await hear(f"Pixel, {WORDS}")
    assert WORDS in stream.getvalue()


@pytest.mark.parametrize("fault", [faults.BadRequest400, faults.Server500])
async def test_a_server_that_quotes_the_prompt_in_its_error_is_not_repeated_in_the_log(tmp_path: Path, fault):
    """Local servers say which part of a request they could not read, in its own words."""
    with log_at_debug() as stream:
        async with on_the_wire(tmp_path) as (hear, server):
            server.will_fail(fault(f"parse error; last read: {WORDS}"), times=3)
            await hear(f"Pixel, {WORDS}")
    said_nothing(stream)
