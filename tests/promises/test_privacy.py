"""docs/privacy.md: how long each thing is kept, who is asked, what goes along, what leaving takes out."""

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.promises.quoting import promise
from tests.promises.stage import LEARNING, PATIENCE, STILL, TYPES_AT_ONCE, WRITTEN_DOWN, Stage, labels, shown
from tests.world import discord_faults as faults
from tests.world.discord_files import Upload
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User

SETTINGS = {
    **TYPES_AT_ONCE,
    "memory_batches": "false",
    "active_personas": "nyx",
    "persona_banter": "0",
    "decisions_kept_days": "9",
    "budget_per_person": "100 USD",
    "conversation_token_threshold": "200",
}
FERRETS, FACT, PRAISE = "I keep two ferrets", "Keeps two ferrets", "Nyx, you are wonderful, thank you."
MINE = ("I sail a sloop", "paint the sloop", FERRETS, FACT, "Captain", "The harbour is frozen", "a storm")
WIND = "Pixel, {}, and " + "a fair wind to the harbour, " * 8
READER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("BEGIN")
database.execute("SELECT * FROM facts").fetchall()
print("reading", flush=True)
sys.stdin.read()
"""
"""While this reads, nothing can be cleared."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(500), pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Kept:
    """A day on which Mira left something in every store; `begin` brings the end of that day back."""

    mira: User
    bob: User
    parlour: Channel
    private: Channel
    begin: Callable[[], Awaitable[None]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(stage: Stage) -> Kept:
    """Let Mira, who manages the server, leave something in every store, and Bob something of his own."""
    guild = stage.guild()
    parlour, hall, quay = (guild.add_text_channel(name) for name in ("parlour", "hall", "quay"))
    mira, bob = stage.admin("Mira", guild), stage.somebody("Bob", guild)
    private = stage.discord.dm_with(mira)
    await stage.told(mira, private, "privacy yes")
    await stage.told(mira, private, "remember", memory="I sail a sloop")
    await stage.told(mira, private, "remind me", when="in 3 years", what="paint the sloop")
    await stage.told(mira, private, "timezone set", zone="Europe/Berlin")
    await stage.told(mira, parlour, "me set", name="Captain")
    await stage.told(mira, parlour, "scene note", text="The harbour is frozen")
    await stage.told(mira, parlour, "settings chance", percent=90)
    stage.discord.add_member(guild, stage.operator)
    await stage.told(stage.operator, parlour, "admin facts list", person=mira)
    await stage.ask(mira, parlour, f"Pixel, {FERRETS}. {{}}")
    await stage.ask(mira, parlour, "Pixel, thank you, you are wonderful! {}")
    for channel in (parlour, private):
        for _ in range(7):
            await stage.ask(mira, channel, WIND)
    await stage.is_not_answered(mira, hall, "who knows of {}?")
    await stage.is_not_answered(bob, hall, "do you know of {}?", reply_to=hall.messages[-1])
    await stage.ask(bob, parlour, "Pixel, the barometers fall, {}?")
    stage.claude.will_say(PRAISE)
    await stage.told(mira, quay, "scene start", characters="Pixel,Nyx", topic="a storm", turns=2)
    await stage.until(lambda: stage.rows("SELECT 1 FROM scenes WHERE ended_at IS NOT NULL"), "its end")
    await stage.until(lambda: stage.rows("SELECT 1 FROM summaries"), "notes of older talk")
    stage.facts = [{"text": FACT, "quote": FERRETS, "category": "self", "tags": ["pets"], "about": ""}]
    assert await stage.stop() == 0
    done = await asyncio.to_thread(stage.clone.main, "consolidate")
    assert done.code == 0, done.said
    # The loopback Discord makes no private threads, so nobody can open a ticket there.
    change(
        stage,
        "INSERT INTO tickets (guild_id, opener_id, opened_at, thread_id, closed_at) VALUES (?, ?, ?, 1, ?)",
        (guild.id, mira.id, *[time.time_ns() // 1000] * 2),
    )
    data, copy = stage.clone.folder / "data", stage.clone.folder.parent / "kept"
    shutil.copytree(data, copy)
    newest = max(each.id for channel in stage.discord.channels.values() for each in channel.messages)

    async def begin() -> None:
        await stage.stop()
        shutil.rmtree(data)
        shutil.copytree(copy, data)
        # What other tests said since was never said: else it would be fetched, also where nobody was yet.
        for channel in stage.discord.channels.values():
            channel.messages[:] = [each for each in channel.messages if each.id <= newest]
        change(stage, "UPDATE channels SET watermark = ?", (newest,))
        await stage.start()

    return Kept(mira, bob, parlour, private, begin)


def database(stage: Stage) -> sqlite3.Connection:
    return sqlite3.connect(stage.clone.folder / "data" / "masquerade.sqlite3")


def change(stage: Stage, order: str, *rows: tuple[Any, ...]) -> None:
    """Change the file while the bot is stopped."""
    with closing(database(stage)) as connection, connection:
        connection.executemany(order, rows)


def columns(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Return table, name and type of every column."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return [
        (table, name, kind)
        for (table,) in tables
        for _, name, kind, *_ in connection.execute(f'PRAGMA table_info("{table}")')
    ]


async def let_pass(stage: Stage, days: int) -> None:
    """Move every moment in the file back by so many days, while the bot is stopped, and start it again."""
    assert await stage.stop() == 0
    with closing(database(stage)) as connection, connection:
        for table, name, kind in columns(connection):
            where, earlier = f"\"{name}\" GLOB '????-??-??'", f"date(\"{name}\", '-{days} days')"
            if kind == "DATETIME":
                where = f'"{name}" IS NOT NULL'
                earlier = f"strftime('%Y-%m-%d %H:%M:%f', \"{name}\", '-{days} days') || '000'"
            elif kind == "BIGINT":  # what is no id there counts microseconds
                where = f'"{name}" BETWEEN 1500000000000000 AND 2500000000000000'
                earlier = f'"{name}" - {days * 86_400_000_000}'
            connection.execute(f'UPDATE "{table}" SET "{name}" = {earlier} WHERE {where}')
    await stage.start()


def naming(stage: Stage, person: User) -> set[str]:
    """Return the tables in which somebody's id stands."""
    with closing(database(stage)) as connection:
        return {
            table
            for table, name, _ in columns(connection)
            if connection.execute(
                f'SELECT 1 FROM "{table}" WHERE CAST("{name}" AS TEXT) LIKE ?',
                (f"%{person.id}%",),
            ).fetchone()
        }


async def exported(stage: Stage, person: User, channel: Channel) -> list[Upload]:
    answer = await stage.use(person, channel, "privacy export")
    return [each.upload for each in answer.attachments]


def taken(file: Upload) -> Any:
    return json.loads(file.body)


def written(content: Any) -> Upload:
    return Upload("export.json", json.dumps(content).encode())


async def leave(stage: Stage, person: User, channel: Channel) -> str:
    """Delete everything, and return what the answer says."""
    panel = await stage.use(person, channel, "privacy delete")
    await stage.press(person, panel, "Delete everything")
    await stage.discord.wait_until(
        lambda: "Deleted, and searched" in shown(panel), timeout=PATIENCE, what="the result"
    )
    return shown(panel)


def questions(channel: Channel) -> list[Message]:
    return [each for each in channel.messages if each.components]


# --- what is kept -----------------------------------------------------------------------------------


@promise(
    "privacy.md",
    "the log: what is said where the character can hear it | a day; until it is summed up, seven days at "
    "most",
)
@promise(
    "privacy.md",
    "notes of older talk that the character took part in | until nobody spoke there for 14 days",
)
@promise("privacy.md", "decisions about messages, without a word of them | `decisions_kept_days`")
@promise("privacy.md", "names, what answering cost | until the person leaves")
@promise(
    "privacy.md",
    "where a daily budget is set: what a person's talk cost that day, under a mark that does not tell who "
    "they are | 2 days",
)
@promise(
    "privacy.md",
    "facts, drawn from what somebody says | 14 days after they were last there; core memory for good",
)
@promise("privacy.md", "embeddings of both: numbers to search by meaning | as long as what they are made of")
@promise("privacy.md", "that it was they who moved a character, such as by praise | 9 days")
@promise("privacy.md", "what is told with `/remember`, the time zone | until it is deleted")
@promise(
    "privacy.md", "whom somebody plays (`/me`), the notes they wrote for a channel | until it is cleared"
)
@promise(
    "privacy.md",
    "that somebody opened a [support ticket](moderation.md#tickets), where and when; no word of it | 30 days "
    "after it was closed",
)
@promise("privacy.md", "the scenes somebody asked for, with what these are about | `decisions_kept_days`")
@promise("privacy.md", "the record is kept for a year")
async def test_each_thing_goes_when_its_time_is_over_and_not_before(stage: Stage, kept: Kept):
    mira, last = kept.mira.id, kept.private.said_by(kept.mira)[-1].id
    [(fact,)] = stage.rows("SELECT id FROM facts WHERE text = ?", FACT)
    stores: dict[str, tuple[int | None, str, tuple[Any, ...]]] = {
        "a line where nobody of the company spoke": (1, "messages WHERE text LIKE 'who knows of%'", ()),
        "a line that is summed up": (1, "messages WHERE text LIKE ?", (f"%{FERRETS}%",)),
        "a line that is not": (7, "messages WHERE id = ?", (last,)),
        "notes": (14, "summaries", ()),
        "decisions": (9, "claims WHERE author_id = ?", (mira,)),
        "a budget's day": (3, "day_spending WHERE payer LIKE 'person %'", ()),
        "a fact": (14, "facts WHERE id = ?", (fact,)),
        "its embedding": (14, "vectors WHERE instr(ids, ?)", (fact.to_bytes(8, "little"),)),
        "a line's embedding": (None, "vectors WHERE instr(ids, ?)", (last.to_bytes(8, "little"),)),
        "who moved a character": (9, "stirrings WHERE person_id = ?", (mira,)),
        "who shifted a trait": (120, "trait_shifts WHERE person_id = ?", (mira,)),
        "a ticket": (30, "tickets WHERE opener_id = ?", (mira,)),
        "a scene": (9, "scenes WHERE started_by = ?", (mira,)),
        "what an admin did": (365, "audit WHERE actor_id = ?", (mira,)),
        "core memory": (None, "facts WHERE text = 'I sail a sloop'", ()),
        "the archive": (None, "archive WHERE id = ?", (last,)),
        "how a character stands with her": (None, "bonds WHERE user_id = ?", (mira,)),
        "the causes": (None, "bond_changes WHERE user_id = ?", (mira,)),
        "a reminder": (None, "reminders WHERE person_id = ?", (mira,)),
        "the time zone": (None, "users WHERE id = ? AND zone = 'Europe/Berlin'", (mira,)),
        "whom she plays": (None, "guises WHERE user_id = ?", (mira,)),
        "a channel's note": (None, "channels WHERE note_by = ?", (mira,)),
        "names": (None, "nicknames WHERE user_id = ?", (mira,)),
        "what answering cost": (None, "calls WHERE user_id = ?", (mira,)),
    }

    def there() -> set[str]:
        found = {name: f"SELECT 1 FROM {where} LIMIT 1" for name, (_, where, _) in stores.items()}
        return {name for name, query in found.items() if stage.rows(query, *stores[name][2])}

    await kept.begin()
    for word in re.findall(r"n\d+o", " ".join(kept.parlour.texts)):
        assert stage.rows("SELECT 1 FROM claims WHERE trace LIKE ?", f"%{word}%") == []
    assert stage.rows("SELECT 1 FROM day_spending WHERE payer LIKE ?", f"%{mira}%") == []
    age = 0
    lasting = sorted({days for days, *_ in stores.values() if days})
    for day in sorted({0, *lasting, *(days - 1 for days in lasting)}):
        if day > age:
            await let_pass(stage, day - age)
        age = day
        assert there() == {name for name, (days, *_) in stores.items() if days is None or day < days}, day


@promise("privacy.md", "the archive: their lines, and what they alone were answered | until they say no")
@promise(
    "privacy.md",
    "how a character stands with them: four numbers, a stage, the causes of each change "
    "([more](inner-life.md)) | until they say no",
)
@promise("privacy.md", "`/privacy yes`, `/privacy no` | gives another answer; `/memory learning` is the same")
async def test_what_was_kept_because_somebody_agreed_goes_with_a_no(stage: Stage, kept: Kept):
    mira, private = kept.mira, kept.private
    await kept.begin()
    stores = ("archive WHERE person_id", "bonds WHERE user_id", "bond_changes WHERE user_id")
    for store in (*stores, "stirrings WHERE person_id", "trait_shifts WHERE person_id"):
        assert stage.rows(f"SELECT 1 FROM {store} = ?", mira.id), store
    answered = stage.rows("SELECT text FROM archive WHERE mine AND person_id = ?", mira.id)
    assert answered
    assert set(answered) <= {(each.content,) for each in kept.parlour.messages + private.messages}
    await stage.told(mira, private, "memory learning", switch="off")
    assert "You said no" in await stage.told(mira, private, "privacy show")
    for store in (*stores, "stirrings WHERE person_id", "trait_shifts WHERE person_id"):
        assert stage.rows(f"SELECT 1 FROM {store} = ?", mira.id) == [], store
    assert stage.rows("SELECT 1 FROM vectors WHERE kind = 'line'") == []
    for command, said in (("privacy yes", "yes"), ("privacy no", "no")):
        await stage.told(mira, private, command)
        assert f"You said {said}" in await stage.told(mira, private, "privacy show")


@promise("privacy.md", "Where several characters play, each line also says which of them heard it.")
@promise("privacy.md", "Each character has notes, facts and an archive of its own, of what it heard")
@promise(
    "privacy.md",
    "How characters get on with one another is kept as numbers, with the ids of messages and without their "
    "words.",
)
async def test_each_line_says_who_heard_it_and_dealings_hold_no_words(stage: Stage, kept: Kept):
    await kept.begin()
    heard = "SELECT DISTINCT members FROM messages JOIN casts ON casts.id = cast_id WHERE channel_id = ?"
    assert stage.rows(heard, kept.parlour.id) == [("nyx pixel",)]
    assert stage.rows(heard, kept.private.id) == [("pixel",)]
    for store in ("summaries", "facts", "archive"):
        own = f"SELECT DISTINCT character FROM {store} WHERE channel_id = ?"
        assert stage.rows(own, kept.private.id) == [("pixel",)], store
    assert stage.rows("SELECT 1 FROM messages WHERE text = ?", PRAISE)
    dealings = stage.rows("SELECT * FROM encounters JOIN messages ON messages.id = message_id")
    assert dealings
    for table in ("encounters", "affinities", "conflicts"):
        assert "wonderful" not in str(stage.rows(f"SELECT * FROM {table}"))
    assert all(isinstance(each, float) for (each,) in stage.rows("SELECT value FROM affinities"))


# --- being asked ------------------------------------------------------------------------------------


@promise(
    "privacy.md",
    "right behind the second answer to somebody within `decisions_kept_days`: a direct message, a mention, a "
    "reply or a call by name, not one where it joined in by itself.",
)
@promise("privacy.md", "Nobody else learns what somebody pressed.")
@promise(
    "privacy.md", "The buttons below are for that person alone, work for 30 days, and survive a restart."
)
async def test_only_who_called_it_twice_is_asked_and_the_buttons_work_for_30_days(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    vera, bob = stage.somebody("Vera", guild), stage.somebody("Bob", guild)
    stage.vote = "yes"
    try:
        for _ in range(2):
            await stage.ask(vera, channel, "does anybody know how to mend a bicycle, {}?")
    finally:
        stage.vote = "no"
    await stage.ask(vera, channel, "Pixel, {}?")
    await let_pass(stage, 9)
    await stage.ask(vera, channel, "Pixel, {}?")
    await asyncio.sleep(STILL)
    assert questions(channel) == []
    await stage.ask(vera, channel, "Pixel, {}?")
    await stage.until(lambda: questions(channel), "the question")
    [question] = questions(channel)
    asked, before = question.content, [each.id for each in channel.messages if each.is_shown_to(bob)]
    buttons = json.dumps(question.components)
    [until] = {int(each) for each in re.findall(r':(\d{10})[:"]', buttons)}
    assert until - time.time() == pytest.approx(30 * 86_400, abs=120)
    question.components = json.loads(buttons.replace(str(until), str(int(time.time()) - 1)))
    pressed = await vera.press(question, labels(question)["No"])
    await pressed.wait_acknowledged(PATIENCE)
    assert "have not answered" in await stage.told(vera, channel, "privacy show")
    question.components, question.content = json.loads(buttons), asked
    await stage.press(vera, question, "No")
    await stage.discord.wait_until(lambda: not question.components, timeout=PATIENCE, what="no buttons")
    assert "You said no" in await stage.told(vera, channel, "privacy show")
    assert question.content == asked
    assert [each.id for each in channel.messages if each.is_shown_to(bob)] == before


@promise(
    "privacy.md",
    "That they were asked is kept before the question is posted, so nobody is asked twice, whatever happens "
    "in between; if it can't be posted, it is not tried again, and `/privacy` is there.",
)
async def test_a_question_that_cannot_be_posted_is_not_tried_again(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira = stage.somebody("Mira", guild)
    rule = stage.discord.faults.on(
        "POST",
        rf"/channels/{channel.id}/messages",
        then=faults.missing_permissions(),
        times=None,
        when=lambda request: bool(request.field("components")),
    )
    for _ in range(2):
        await stage.ask(mira, channel, "Pixel, {}?")
    await stage.until(lambda: rule.hits, "the question that fails")
    stage.discord.faults.clear()
    await stage.restart()
    for _ in range(3):
        await stage.ask(mira, channel, "Pixel, {}?")
    assert questions(channel) == []
    assert "have not answered" in await stage.told(mira, channel, "privacy show")
    await stage.told(mira, channel, "privacy yes")
    assert "You said yes" in await stage.told(mira, channel, "privacy show")


@promise("privacy.md", "`memory_consent` says what holds without an answer:")
@promise(
    "privacy.md", "`opt_out`: people are told once that they are remembered, with a button that says no."
)
@promise(
    "privacy.md",
    "`off`: nobody is asked, nothing is noted, `/remember` refuses, and nothing that was known comes up. "
    "`/memory` shows and deletes what there is from before.",
)
async def test_with_opt_out_people_are_told_and_with_off_nothing_is_noted_or_comes_up(
    stage: Stage, kept: Kept
):
    mira, parlour, private = kept.mira, kept.parlour, kept.private
    noted = "SELECT 1 FROM bonds WHERE user_id = ?"
    await kept.begin()
    before = len(stage.claude.requests)
    await stage.ask(mira, parlour, "Pixel, I keep two ferrets: how are they? {}")
    assert any(FACT in request.text for request in stage.claude.requests[before:])
    try:
        await stage.restart(memory_consent="opt_out")
        tom = stage.somebody("Tom", parlour.guild)
        for _ in range(2):
            await stage.ask(tom, parlour, "Pixel, {}?")
        await stage.until(lambda: questions(parlour), "the notice")
        assert stage.rows(noted, tom.id)
        await stage.press(tom, questions(parlour)[0], "Don't")
        await stage.until(lambda: not stage.rows(noted, tom.id), "nothing noted")
        await stage.ask(tom, parlour, "Pixel, {}?")
        assert questions(parlour) == []

        await stage.restart(memory_consent="off")
        zoe = stage.somebody("Zoe", parlour.guild)
        for _ in range(3):
            await stage.ask(zoe, parlour, "Pixel, {}?")
        assert questions(parlour) == []
        assert stage.rows(noted, zoe.id) == []
        word = stage.word()
        await stage.told(zoe, parlour, "remember", memory=f"I am {word}")
        assert stage.holds(word) == []
        await stage.ask(mira, parlour, "Pixel, I keep two ferrets: how are they? {}")
        await stage.ask(mira, private, "what do I sail? {}")
        asked = " ".join(each.text for each in stage.claude.requests[-2:])
        assert FACT not in asked
        assert "I sail a sloop" not in asked
        assert "I sail a sloop" in await stage.told(mira, private, "memory list")
        await stage.agree(mira, await stage.use(mira, private, "memory delete_all"))
        await stage.until(lambda: not stage.holds("I sail a sloop"), "no sloop")
    finally:
        await stage.restart(memory_consent="opt_in")


@promise(
    "privacy.md",
    "A no stops all noting at once, also what is being thought about at that moment.",
)
async def test_a_no_stops_what_is_being_thought_about(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    told = {name: f"I mend broken {thing}" for name, thing in (("Ada", "clocks"), ("Ben", "lutes"))}
    people = {name: stage.somebody(name, guild) for name in told}
    for name, person in people.items():
        await stage.told(person, channel, "privacy yes")
        await stage.ask(person, channel, f"Pixel, {told[name]}, {{}}")
    before = stage.facts
    stage.facts = [
        {"text": f"Told: {words}", "quote": words, "category": "self", "tags": ["told"], "about": ""}
        for words in told.values()
    ]
    try:
        stage.claude.delay = 15.0
        stage.claude.requests.clear()
        await let_pass(stage, 1)  # facts are drawn once a day, a minute after the start at the earliest
        async with asyncio.timeout(150):
            while not [each for each in stage.asked_with(told["Ada"]) if LEARNING in each.system_text]:
                await asyncio.sleep(0.2)
        await stage.told(people["Ada"], channel, "privacy no")
        assert not stage.holds(f"Told: {told['Ben']}"), "the no came in time"
        await stage.until(lambda: stage.holds(f"Told: {told['Ben']}"), "what Ben told")
    finally:
        stage.claude.delay, stage.facts = 0.0, before
    assert stage.holds(f"Told: {told['Ada']}") == []
    archived = stage.rows("SELECT DISTINCT person_id FROM archive WHERE channel_id = ?", channel.id)
    assert archived == [(people["Ben"].id,)]


# --- export and import ------------------------------------------------------------------------------


@promise("privacy.md", "An export holds the consent, names, time zone, usage, facts with every field")
@promise("privacy.md", "`/privacy import` | takes such a file back in")
@promise(
    "privacy.md", "Facts come back as they were, with their numbers, dates, mentions, sources and reach."
)
@promise("privacy.md", "A seal in the file tells whether this bot made it and nobody changed it since.")
@promise(
    "privacy.md",
    "With a valid seal also archive, reminders, names, time zone, whom "
    "they play and how characters stand "
    "with them come in; everything else in a file is for reading only.",
)
async def test_an_export_holds_everything_and_what_it_brings_back_is_as_it_was(stage: Stage, kept: Kept):
    mira, private = kept.mira, kept.private
    await kept.begin()
    [file] = await exported(stage, mira, private)
    first = taken(file)
    back = ("facts", "changes", "archive", "reminders", "guises", "bonds", "dealings", "zone")
    to_read = ("log", "notes", "staged", "tickets", "acts")
    for section in ("consent", "names", *back, *to_read):
        assert first[section], section
    assert first["usage"]["calls"]
    assert {each["kind"] for each in first["staged"]} == {"scene", "note"}
    assert any(each["mine"] for each in first["log"])
    assert "barometers" not in file.body.decode()
    await leave(stage, mira, private)
    await stage.told(mira, private, "privacy yes")
    told = await stage.told(mira, private, "privacy import", file=file)
    assert "was changed" not in told
    [again] = map(taken, await exported(stage, mira, private))
    assert {section: again[section] for section in back} == {section: first[section] for section in back}
    assert [section for section in to_read if again.get(section)] == []
    assert again["usage"]["calls"] == 0


@promise(
    "privacy.md",
    "A fact that looks like a secret is left out, and named by its place in the file; everything else that "
    "is wrong refuses the whole file, with the place.",
)
@promise(
    "privacy.md",
    "Without a valid seal only facts come in: nobody can put words into the archive, or reminders into a "
    "place, that were not there before.",
)
async def test_a_file_with_a_secret_or_a_fault_is_told_where(stage: Stage, kept: Kept):
    mira, private = kept.mira, kept.private
    await kept.begin()
    [file] = await exported(stage, mira, private)
    await leave(stage, mira, private)
    await stage.told(mira, private, "privacy yes")
    wrong, secret = taken(file), taken(file)
    wrong["facts"][1]["mentions"] = 0
    told = await stage.told(mira, private, "privacy import", file=written(wrong))
    assert "`facts[1].mentions`" in told
    assert stage.holds("I sail a sloop") == []
    secret["facts"][1]["text"] = "my wifi password is hunter2-Xk9vQ"
    told = await stage.told(mira, private, "privacy import", file=written(secret))
    assert "`facts[1]`" in told
    assert "was changed" in told
    assert stage.holds("hunter2") == []
    assert stage.rows("SELECT text FROM facts WHERE person_id = ?", mira.id) == [("I sail a sloop",)]
    for store in ("archive", "reminders"):
        assert stage.rows(f"SELECT 1 FROM {store} WHERE person_id = ?", mira.id) == []


@promise("privacy.md", "A long one comes in several files of up to 2 MB; each comes in alone.")
async def test_a_long_export_comes_in_several_files_and_each_comes_in_alone(stage: Stage, kept: Kept):
    mira, private = kept.mira, kept.private
    await kept.begin()
    assert await stage.stop() == 0
    [line] = stage.rows("SELECT * FROM archive WHERE person_id = ? AND NOT mine LIMIT 1", mira.id)
    with closing(database(stage)) as connection:
        names = [name for table, name, _ in columns(connection) if table == "archive"]
    line_of = dict(zip(names, line, strict=True))
    rows = [
        line_of | {"id": line_of["id"] + n, "text": f"{n} " + "wind and sea " * 150} for n in range(1, 1001)
    ]
    marks = ", ".join("?" * len(names))
    change(stage, f"INSERT INTO archive VALUES ({marks})", *(tuple(each.values()) for each in rows))
    await stage.start()
    files = await exported(stage, mira, private)
    assert len(files) == 2
    assert all(len(each.body) <= 2_000_000 for each in files)
    await leave(stage, mira, private)
    await stage.told(mira, private, "privacy yes")
    await stage.told(mira, private, "privacy import", file=files[1])
    there = {one for (one,) in stage.rows("SELECT id FROM archive WHERE person_id = ?", mira.id)}
    assert there == {each["id"] for each in taken(files[1])["archive"]}


# --- leaving ----------------------------------------------------------------------------------------


@promise(
    "privacy.md",
    "consent, the direct messages' place, and their id in decisions about other people's messages | goes",
)
@promise("privacy.md", "No receipt is kept.")
@promise("privacy.md", "what calls to the model cost, without whose they were")
@promise("privacy.md", "that messages were taken on, by their ids alone | stays")
@promise("privacy.md", "which characters heard what, and how these get on")
@promise("privacy.md", "the messages in Discord | stays | they can be deleted there")
async def test_leaving_takes_out_everything_and_leaves_what_is_nobodys(stage: Stage, kept: Kept):
    mira, bob = kept.mira, kept.bob
    await kept.begin()
    assert {"claims", "calls", "messages", "facts", "archive", "tickets", "audit"} <= naming(stage, mira)
    assert [words for words in MINE if not stage.holds(words)] == []
    assert stage.rows("SELECT 1 FROM claims WHERE author_id = ? AND trace LIKE ?", bob.id, f"%{mira.id}%")
    files = list(stage.clone.folder.glob(f"data/**/{mira.id}*"))
    assert files
    staying = (
        "SELECT count(*), round(sum(cost), 9) FROM calls",
        "SELECT message_id FROM claims ORDER BY 1",
        "SELECT * FROM casts",
        "SELECT * FROM affinities",
        "SELECT speaker, other, message_id FROM encounters",
    )
    before = [stage.rows(query) for query in staying]
    told = await leave(stage, mira, kept.private)
    assert "found nothing" in told
    assert "1 act of administration by or about you" in told
    assert [stage.rows(query) for query in staying] == before
    assert naming(stage, mira) == {"audit"}
    assert stage.rows("SELECT 1 FROM channels WHERE id = ?", kept.private.id) == []
    assert [words for words in MINE if stage.holds(words)] == []
    assert [each for each in files if each.exists()] == []
    assert stage.holds("barometers"), "what Bob said"
    assert any(FERRETS in text for text in kept.parlour.texts)


@promise(
    "privacy.md",
    "answers to others that drew on the person, and repeat eight of their words in a row or name them | goes",
)
@promise("privacy.md", "other answers to others | stays | fewer words in a row are anybody's")
async def test_answers_to_others_that_repeat_who_left_go_along(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    ada, ben = stage.somebody("Ada", guild), stage.somebody("Ben", guild)
    secret = "the key of my boat lies under the third blue flowerpot"
    await stage.told(ben, channel, "privacy yes")
    await stage.ask(ada, channel, f"Pixel, {secret}, {{}}")
    replies = (f"They say that {secret}.", "ADA said so.", "The key of my boat lies under seven stones.")
    for reply in replies:
        stage.claude.will_say(reply)
        await ben.say(channel, "Pixel, where is the key?")
        await stage.reply_with(channel, reply)
        await asyncio.sleep(WRITTEN_DOWN)
    assert all(stage.holds(reply) for reply in replies)
    told = await leave(stage, ada, channel)
    assert "answers to others that name or repeat you: 2" in told
    assert "found nothing that is yours" in told
    assert "of others" not in told
    assert [bool(stage.holds(words)) for words in (secret, "ADA said", replies[-1])] == [False, False, True]
    await stage.ask(ben, channel, "Pixel, where is the key? {}")
    assert secret not in stage.claude.requests[-1].text
    assert "seven stones" in stage.claude.requests[-1].text


@promise(
    "privacy.md",
    "Then the files of core memory, the database's pages and its write-ahead log are cleared; a crash in "
    "between is made good at the next start.",
)
async def test_what_a_crash_keeps_from_being_cleared_goes_at_the_next_start(stage: Stage, kept: Kept):
    await kept.begin()
    with subprocess.Popen(
        [stage.clone.interpreter, "-c", READER, stage.clone.folder / "data" / "masquerade.sqlite3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as reader:
        assert reader.stdout is not None
        assert await asyncio.to_thread(reader.stdout.readline) == b"reading\n"
        told = await leave(stage, kept.mira, kept.private)
        assert "Traces may be left in files that are in use" in told
        await stage.stop(signal.SIGKILL)
        reader.kill()  # who closes it in order, as the last one, clears it
    assert stage.holds("I sail a sloop")
    await stage.start()
    assert [words for words in MINE if stage.holds(words)] == []
    assert naming(stage, kept.mira) == {"audit"}


@promise(
    "privacy.md",
    "what admins did, and laid down, also about a character, there without their id | stays | the record is "
    "kept for a year, and a ban would be lifted by deleting it. Of what operators changed about the person "
    "only that something was changed is left",
)
async def test_what_admins_did_and_laid_down_stays(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    olga, eve = stage.operator, stage.somebody("Eve", guild)
    stage.discord.add_member(guild, olga)
    public, quirk = stage.word(), stage.word()
    await stage.told(eve, channel, "privacy yes")
    await stage.ask(eve, channel, "Pixel, {}?")
    await stage.told(olga, channel, "admin facts add", person=eve, text=f"Eve is {public}")
    await stage.told(
        olga, channel, "admin identity add", character="Pixel", kind="quirk", text=f"Hums {quirk}"
    )
    await stage.told(olga, channel, "settings deny", user=eve)
    about = "SELECT person_id, key, before, after FROM audit WHERE channel_id = ? AND action LIKE '%fact%'"
    [(person, key, _, after)] = stage.rows(about, channel.id)
    assert person == eve.id
    assert key
    assert after
    told = await leave(stage, eve, channel)
    assert "I was told not to listen to you" in told
    assert stage.rows(about, channel.id) == [(None, None, None, None)]
    assert stage.holds(public) == []
    await stage.is_not_answered(eve, channel, "Pixel, {}?")
    line = "SELECT made_by FROM identity_lines WHERE text LIKE ?"
    assert stage.rows(line, f"%{quirk}%") == [(olga.id,)]
    await leave(stage, olga, channel)
    assert stage.rows(line, f"%{quirk}%") == [(0,)]
    assert stage.rows("SELECT 1 FROM audit WHERE actor_id = ?", olga.id)


@promise(
    "privacy.md",
    "those that the program makes before a migration or a restore go after "
    "`backups_kept_days`, and the answer names each with its day. Of copies that an operator made elsewhere "
    "the program knows nothing",
)
async def test_the_answer_names_the_copies_that_the_program_made(stage: Stage, kept: Kept):
    await kept.begin()
    assert await stage.stop() == 0
    monday = stage.clone.folder / "monday.sqlite3"
    for command in ("backup", "restore"):
        done = await asyncio.to_thread(stage.clone.main, command, monday.name, stdin="yes\n")
        assert done.code == 0, done.said
    [copy] = (stage.clone.folder / "data" / "backups").iterdir()
    await stage.start()
    told = await leave(stage, kept.mira, kept.private)
    goes = int(copy.stat().st_mtime) + 7 * 86_400
    assert f"`{copy.name}` goes <t:{goes}:D>" in told
    assert monday.name not in told
    earlier = time.time() - 7 * 86_400
    for days, there in ((60, True), (0, False)):
        os.utime(copy, (earlier + days, earlier + days))
        await stage.restart()
        assert copy.exists() == there
    assert monday.exists()
