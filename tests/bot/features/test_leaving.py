"""Who leaves is in no table and no file any more, whatever happens on the way (C64; B3, B10, D15)."""

import asyncio
import json
import os
import sqlite3
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, BigInteger, Column, Integer, String, Table

from bot.audit import Actor
from bot.conversation.attention.server_rules import RuleKind
from bot.conversation.rethinking import Requester
from bot.conversation.types import Utterance
from bot.core.errors import Unsaid
from bot.features.privacy.erase import WISH, Receipt
from database.backend import VACUUM_DUE
from database.models import (
    BondChange,
    CueRow,
    Draft,
    Growth,
    IdentityLine,
    LoreLine,
    Musing,
    MusingChange,
    Remark,
    Reminder,
    Row,
    Scene,
    Summary,
    Ticket,
    TraitShift,
)
from database.repositories.leftovers import _WORDS, BELONGING, EXEMPT, PERSON
from database.repositories.musings import DayLine
from database.repositories.people import blurred
from database.sqlite import SQLiteConnection
from database.types import FactValues
from memory.dumps import Dumps
from memory.erasing import _PEOPLE, Eraser
from memory.places import Place, Where
from tests.builders import CHANNEL, utterance
from tests.fakes import EPOCH
from tests.forgetting import Drill, drill
from tests.learning import all_of_it
from tests.summing import HOUR, note
from tests.support.letters import Letters

MIRA, BOB = 421_337_000_000_000_042, 421_337_000_000_000_777
ALONE = Where(550_337_000_000_000_001, Place.DM)
WORD = "kanarienvögel"


@pytest.fixture
async def at(tmp_path: Path):
    async with drill(tmp_path / "data") as open_folder:
        yield open_folder


def said(text: str, person_id: int = MIRA, where: Where = CHANNEL, **more: Any) -> Utterance:
    name = {MIRA: "Mira-" + WORD, BOB: "Bob"}[person_id]
    return utterance(text, author_id=person_id, author_name=name, where=where, **more)


async def hear(
    at: Drill, text: str, person_id: int = MIRA, *, reply: str = "Hm.", where: Where = CHANNEL
) -> Any:
    at.claude.queue.clear()
    at.claude.will_say(reply)
    heard = said(text, person_id, where, sent_at=at.clock.now())
    await at.app.conversation.take_turn(heard, at.mouth)
    at.clock.pass_time(60)
    return heard


async def live(at: Drill) -> None:
    """Let two people be in every table, and in every file."""
    app = at.app
    app.meaning._embedder = Letters()
    at.claude.finds = all_of_it
    for person in (MIRA, BOB):
        await app.privacy.answer(person, agreed=True)
        word = f"{WORD} of {person % 1_000}"
        await hear(at, f"Pixel, I once kept {word} in a cage", person, reply=f"So {word} it is.")
        await app.memories.remember("pixel", person, f"I like {word}", CHANNEL, reach="everywhere")
        await app.memories.edit("pixel", person, 1, f"I love {word}")
        await app.reminders.set_zone(person, "Europe/Oslo")
        await app.reminders.remind("pixel", person, "in 3 days", f"feed the {word}", CHANNEL)
    await hear(at, f"I told you of {WORD}", where=ALONE, reply=f"{WORD}, yes.")
    await hear(at, f"Pixel, more {WORD}", where=CHANNEL, reply=f"More {WORD}.")
    await app.consolidation.run("pixel")
    await app.embedding.catch_up()
    for _ in range(2):
        at.claude.will_note(note(f"They spoke of {WORD} at length, and of the weather. " * 5))
    at.clock.pass_time(23 * HOUR)
    await app.summaries.catch_up()
    heard = await hear(at, f"Pixel, again {WORD}", reply=f"Again {WORD}.")
    async with app.database.begin() as db:
        (turn,) = await db.turns.last_to(MIRA, CHANNEL.channel_id, limit=1)
        await db.turns.add_variant(turn.id, [f"Another {WORD}"], at=at.clock.now())
        await db.channels.show_at_head(CHANNEL.channel_id, "pixel", at.clock.now(), [MIRA, BOB])
        for person in (MIRA, BOB):
            word = f"{WORD} of {person % 1_000}"
            await db.users.put_on_guise(person, CHANNEL.channel_id, f"Sir {word}", at=EPOCH)
            scene = Scene(CHANNEL.channel_id, ["pixel", "nyx"], f"about {word}", 6, person, EPOCH, 7)
            await db.cues.begin_scene(scene)
            await db.characters.add_identity_line(
                IdentityLine("pixel", "trait", "kind", person, EPOCH, EPOCH)
            )
            await db.characters.keep_lore_line(
                LoreLine("pixel", "laid down", str(person % 10), {}, person, EPOCH)
            )
            await db.tickets.add(Ticket(700, person, EPOCH))
            await db.consents.let_hear(person, 700, at=EPOCH)
            await db.users.choose_voice(person, CHANNEL.channel_id, "auto", at=EPOCH)
            body = f'{{"system":[],"messages":["{word}"]}}'.encode()
            await db.prompts.add(turn.id, body, at=EPOCH, channel_id=CHANNEL.channel_id, people=[person])
            draft = Draft(f"r{person}", "pixel", 1, CHANNEL.channel_id, 7, person, "r7.1", word, EPOCH)
            await db.drafts.open(draft)
            await db.bonds.note(
                [BondChange(person, "pixel", EPOCH, "trust", 1, "you told something personal")]
            )
            shift = TraitShift("pixel", EPOCH, "warmth", 0.02, "gratitude", person_id=person)
            await db.characters.shape([Growth("pixel")], [shift])
            await db.remarks.add(Remark(CHANNEL.channel_id, "pixel", EPOCH, "check-in", person))
            line = next(one for one in await db.archive.of_person(person) if not one.mine)
            place = ("channel", line.guild_id, line.channel_id, EPOCH, EPOCH)
            musing = await db.musings.add(Musing("pixel", "dream", f"{word} on the roof", *place))
            drawn = DayLine(line.id, person, "x", "x", EPOCH, line.channel_id, None, "guild", False)
            await db.musings.note(
                MusingChange(musing.id, EPOCH, "formed", channel_id=line.channel_id), [drawn]
            )
        alone = next(one for one in await db.archive.of_person(MIRA) if one.channel_id == ALONE.channel_id)
        place = ("dm", None, alone.channel_id, EPOCH, EPOCH)
        musing = await db.musings.add(Musing("pixel", "belief", f"{WORD} sings", *place))
        await db.musings.note(MusingChange(musing.id, EPOCH, "own", channel_id=alone.channel_id))
        await db.cues.add([CueRow(ALONE.channel_id, 7, "pixel", "named", EPOCH)])
        await db.cues.add(
            [
                CueRow(
                    CHANNEL.channel_id,
                    7,
                    "nyx",
                    "named",
                    EPOCH,
                    open=False,
                    trace={"addressees": [BOB, MIRA]},
                )
            ]
        )
        await db.channels.keep_note(CHANNEL.channel_id, f"Mind the {WORD}", by=MIRA)
        await db.states.set(f"inherited {MIRA}", "then")
        await db.states.set(f"inherited pixel {MIRA}", "then")
        await db.summaries.add(inherited(), [])
        await db.turns.claim(7, CHANNEL.channel_id, author_id=BOB, at=at.clock.now())
        await db.turns.close(7, reason="x", at=at.clock.now(), trace={"addressees": [BOB, MIRA]})
    at.mouth.will_fail.append(Unsaid("503"))
    await hear(at, f"Pixel, wait for the {WORD}", reply=f"A {WORD} that can't be said yet.")
    assert heard.author_id == MIRA


def inherited() -> Summary:
    return Summary(
        channel_id=None,
        person_id=MIRA,
        character="pixel",
        text=f"Long ago there were {WORD}.",
        first_place=0,
        last_place=0,
        first_at=EPOCH,
        last_at=EPOCH,
        made_at=EPOCH,
    )


async def leave(at: Drill, person_id: int = MIRA) -> Receipt:
    return await at.app.privacy.leave(person_id)


def rows(at: Drill, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(at.app.database.path)) as connection:
        return connection.execute(query).fetchall()


def tables_with(at: Drill, *things: object) -> set[str]:
    """Return the tables in any row of which something stands."""
    found = set()
    for name in Row.metadata.tables:
        for row in rows(at, f'SELECT * FROM "{name}"'):
            texts = [str(value) for value in row]
            forms = [form for thing in things for form in (str(thing), json.dumps(str(thing))[1:-1])]
            if any(form in text for form in forms for text in texts):
                found.add(name)
    return found


def files_with(folder: Path, person_id: int, *words: str) -> set[str]:
    """Return the files that hold somebody, in any form: SQLite keeps whole numbers in eight bytes."""
    forms = [str(person_id).encode(), person_id.to_bytes(8, "big"), person_id.to_bytes(8, "little")]
    for word in words:
        forms += [word.encode(), json.dumps(word)[1:-1].encode(), word.encode("unicode_escape")]
    found = set()
    for path in (one for one in folder.rglob("*") if one.is_file()):
        content = path.read_bytes() + path.name.encode()
        found |= {path.name for form in forms if form in content}
    return found


# --- What goes -----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_every_table_is_cleared_or_is_left_alone_for_a_reason(at):
    assert PERSON.keys() | BELONGING | EXEMPT.keys() == set(Row.metadata.tables), "nobody looks after it"
    await live(at)
    before = tables_with(at, MIRA, WORD, f"{ALONE.channel_id}")
    assert before >= (PERSON.keys() | BELONGING) - {"fact_sources", "vectors"}, "what was not there can't go"
    receipt = await leave(at)
    assert receipt.left == {}
    assert tables_with(at, MIRA, ALONE.channel_id) == set()
    assert tables_with(at, WORD) == tables_with(at, f"{WORD} of 777")


@pytest.mark.slow
async def test_no_file_holds_anything_of_somebody_who_left(at):
    await live(at)
    mine = f"{WORD} of 42"
    assert any(name.startswith("masquerade.sqlite3") for name in files_with(at.folder, MIRA, mine))
    assert any(name.endswith(".pickle") for name in files_with(at.folder, MIRA, mine))
    receipt = await leave(at)
    assert files_with(at.folder, MIRA, mine, f"Mira-{WORD}", f"Again {WORD}", f"Another {WORD}") == set()
    assert receipt.finished
    assert receipt.left == {}


@pytest.mark.slow
async def test_the_receipt_counts_what_went(at):
    await live(at)
    await hear(at, "Pixel, who was that?", BOB, reply=f"Mira-{WORD}.")
    before = (await at.app.privacy.standing(MIRA)).holdings
    assert all(before), "all of it is there, so all of it is counted"
    assert (await leave(at)).gone == before
    assert not any((await at.app.privacy.standing(MIRA)).holdings)


@pytest.mark.slow
async def test_what_is_anothers_stays_as_it_was(at):
    await live(at)
    query = "SELECT * FROM {} WHERE {} = " + str(BOB)
    owned = [
        (name, column)
        for name, columns in PERSON.items()
        for column in columns[:1]
        if name != "summary_sources"
    ]
    before = {name: rows(at, query.format(name, column)) for name, column in owned}
    await leave(at)
    after = {name: rows(at, query.format(name, column)) for name, column in owned}
    assert len(after.pop("claims")) == len(before.pop("claims"))
    assert after == before
    ((trace,),) = rows(at, "SELECT trace FROM claims WHERE message_id = 7")
    assert json.loads(trace)["addressees"] == [BOB, 0]
    ((trace,),) = rows(at, "SELECT trace FROM cues WHERE character = 'nyx'")
    assert json.loads(trace)["addressees"] == [BOB, 0]


@pytest.mark.slow
async def test_the_calls_stay_on_the_books_without_the_person(at):
    await live(at)
    books = "SELECT count(*), sum(cost) FROM calls WHERE id <= {}"
    ((last,),) = rows(at, "SELECT max(id) FROM calls")
    ((count, cost),) = rows(at, books.format(last))
    assert rows(at, f"SELECT count(*) FROM calls WHERE user_id = {MIRA}")[0][0] > 0
    await leave(at)
    assert rows(at, books.format(last)) == [(count, pytest.approx(cost))]


async def test_a_message_that_discord_sends_again_is_not_taken_on_again(at):
    heard = await hear(at, f"Pixel, {WORD}")
    await leave(at)
    await at.app.conversation.take_turn(heard, at.mouth)
    assert tables_with(at, MIRA, WORD) == set()


async def test_who_comes_back_is_heard_as_anybody_new_and_may_be_asked(tmp_path):
    async with drill(tmp_path / "data") as at:
        privacy = at.app.privacy
        privacy.asks_after = 2
        found = [await privacy.asks(await hear(at, "Pixel, hello")) for _ in range(3)]
        await leave(at)
        found += [await privacy.asks(await hear(at, "Pixel, hello")) for _ in range(3)]
        assert found == [None, "question", None] * 2


async def test_a_file_of_an_older_program_is_not_taken_in_again_for_who_left(at):
    async with at.app.database.begin() as db:
        await db.states.set(f"inherited pixel {MIRA}", "then")
    await leave(at)
    async with at.app.database.read() as db:
        assert await db.states.get(f"inherited pixel {MIRA}") is None
        assert await db.states.get(blurred(f"inherited pixel {MIRA}")) == "then"


async def test_leaving_of_somebody_of_whom_nothing_is_there_is_fine(at):
    receipt = await leave(at)
    assert not any(receipt.gone)
    assert receipt.left == {}


# --- Answers to others -----------------------------------------------------------------------------------

SECRET = "the key of my boat lies under the third blue flowerpot"
SEVEN = "the key of my boat lies under"


async def bob_is_told(at: Drill, reply: str, *, where: Where = CHANNEL) -> str:
    """Have Bob answered, and return how the reply begins, which stands nowhere else."""
    await hear(at, "Pixel, where is that key?", BOB, reply=reply, where=where)
    return reply


@pytest.mark.slow
async def test_answers_to_others_that_repeat_or_name_who_left_are_not_recalled_later(at):
    await at.app.privacy.answer(BOB, agreed=True)
    await hear(at, f"Pixel, {SECRET}")
    gone = [await bob_is_told(at, f"So, {SECRET}!"), await bob_is_told(at, f"mira-{WORD} says, under a pot")]
    stays = await bob_is_told(at, f"Well, {SEVEN} seven stones")
    await at.consolidated()
    assert tables_with(at, gone[0]) == tables_with(at, stays) == {"messages", "archive"}
    at.clock.pass_time(8 * 24 * HOUR)  # her own words left the log: she did not agree to more
    await at.app.message_log.prune()
    assert tables_with(at, f"Pixel, {SECRET}") == set()
    receipt = await leave(at)
    assert (receipt.gone.echoes, receipt.named, receipt.left) == (2, 0, {})
    assert [tables_with(at, reply) for reply in (*gone, stays)] == [set(), set(), {"archive"}]
    await hear(at, "Pixel, remember what you told me of the key of that boat?", BOB)
    assert "seven stones" in at.claude.prompts[-1].text
    assert not [reply for reply in gone if reply in at.claude.prompts[-1].text]


@pytest.mark.slow
async def test_what_repeats_an_answer_that_goes_goes_along(at):
    await at.app.privacy.answer(BOB, agreed=True)
    await hear(at, f"Pixel, {SECRET}")
    first = await bob_is_told(at, f"So, {SECRET}!")
    await at.consolidated()
    at.clock.pass_time(8 * 24 * HOUR)
    await at.app.message_log.prune()
    await hear(
        at, "Pixel, remember what you told me of the key of that boat?", BOB, reply=f"Again: {SECRET}."
    )
    assert SECRET in at.claude.prompts[-1].text
    await leave(at)
    assert tables_with(at, first, SECRET) == set()


async def test_of_an_answer_that_goes_no_take_and_no_part_is_left(at):
    await hear(at, f"Pixel, {SECRET}")
    await hear(at, "Pixel, where is it?", BOB, reply="Who knows?")
    at.claude.will_say(f"Under a pot: {SECRET}.")
    await at.app.revisions.another("pixel", Requester(BOB, "Bob"), CHANNEL)
    at.mouth.will_fail.append(Unsaid("503"))
    await bob_is_told(at, f"Not said yet: {SECRET}.")
    assert tables_with(at, SECRET) == {"messages", "parts", "variants"}
    await leave(at)
    assert tables_with(at, SECRET, MIRA) == set()
    await at.finish()
    assert not [said for _, said in at.mouth.posted.values() if "Not said yet" in said]


async def test_a_fact_that_comes_up_elsewhere_is_drawn_on_too(at):
    await at.app.memories.remember("pixel", MIRA, f"I know that {SECRET}", CHANNEL, reach="everywhere")
    elsewhere = replace(CHANNEL, channel_id=601)
    await hear(at, "Pixel, hello", where=elsewhere)
    await bob_is_told(at, f"She knows that {SECRET}", where=elsewhere)
    await leave(at)
    assert tables_with(at, SECRET) == set()


@pytest.mark.slow
async def test_what_characters_said_of_somebody_out_of_their_notes_goes(at):
    await at.app.privacy.answer(BOB, agreed=True)
    await hear(at, "Pixel, hello")
    at.clock.pass_time(23 * HOUR)
    at.claude.will_note(note(f"Mira-{WORD} keeps a key. " * 9))
    await at.app.summaries.catch_up()
    at.clock.pass_time(2 * HOUR)
    await at.app.message_log.prune()
    told = await bob_is_told(at, f"Mira-{WORD} keeps it.")
    other = await bob_is_told(at, "It is kept.")
    await at.consolidated()
    assert (await leave(at)).gone.echoes == 1
    assert [tables_with(at, reply) for reply in (told, other)] == [set(), {"messages", "archive"}]


async def test_words_that_the_character_has_from_nobody_who_left_stay_and_are_told(at):
    await hear(at, f"Pixel, {SECRET}", where=ALONE)
    await hear(at, f"Pixel, {SECRET}", BOB, reply=f"I see, {SECRET}.")
    receipt = await leave(at)
    assert (receipt.named, receipt.left) == (2, {})
    assert len(rows(at, f"SELECT 1 FROM messages WHERE text LIKE '%{SECRET}%'")) == 2


async def test_who_is_called_as_everybody_is_takes_nothing_along(at):
    for name in ("The", "you", "Al"):
        await at.app.conversation.take_turn(replace(said("Pixel, hi"), author_name=name), at.mouth)
    await bob_is_told(at, "The cat and you and Al are fine.")
    await leave(at)
    assert tables_with(at, "The cat and you") == {"messages"}


@pytest.mark.slow
async def test_a_file_with_words_or_a_name_of_somebody_is_told(at):
    await hear(at, f"Pixel, {SECRET} for sure")
    (at.folder / "plain.txt").write_text(f"one\nBoat: {SECRET}\n{SEVEN} nothing")
    (at.folder / "lines.json").write_text(json.dumps({"said": f"Mira-{WORD}\n{SECRET}"}))
    receipt = await leave(at)
    assert (receipt.left, receipt.by_words) == ({"plain.txt": 1, "lines.json": 1}, True)
    again = await leave(at)
    assert (again.left, again.by_words) == ({}, False), "nobody knows the words any more"


# --- What stays, and is told ---------------------------------------------------------------------------


async def test_what_admins_did_and_laid_down_stays_and_is_told(at):
    administration = at.app.administration
    await administration.set_rule(Actor(BOB, 600), RuleKind.DENIED_USER, guild_id=700, target_id=MIRA)
    await at.app.audit.note(Actor(MIRA, 600), "something")
    receipt = await leave(at)
    assert tuple(receipt.remaining) == (1, 1, 1)
    assert receipt.left == {}
    assert (await administration.house(700)).ignores(MIRA)


async def test_copies_of_the_database_are_named_with_the_day_on_which_they_go(at):
    folder = at.folder / "backups"
    folder.mkdir()
    for name in ("masquerade-before-0003.sqlite3", "mine.sqlite3", "mine.sqlite3-wal"):
        (folder / name).write_text(str(MIRA))
        os.utime(folder / name, (EPOCH.timestamp(), EPOCH.timestamp()))
    receipt = await leave(at)
    assert {one.name: one.goes for one in receipt.copies} == {
        "masquerade-before-0003.sqlite3": EPOCH + timedelta(days=7),
        "mine.sqlite3": None,
    }
    assert receipt.left == {}, "copies are told apart"


async def test_the_words_of_others_that_name_somebody_are_counted_and_stay(at):
    await hear(at, f"Pixel, do you know {MIRA}?", BOB)
    await hear(at, f"Pixel, do you know {MIRA}9?", BOB)
    receipt = await leave(at)
    assert (receipt.named, receipt.left) == (1, {})


async def test_a_file_that_still_names_somebody_is_told(at):
    (at.folder / "notes.txt").write_text(f"user {MIRA}, and {MIRA}1")
    (at.folder / f"{MIRA}.txt").write_text("")
    assert (await leave(at)).left == {"notes.txt": 1, f"{MIRA}.txt": 1}


async def test_a_large_table_is_told_to_be_written_anew_later(at, monkeypatch):
    await hear(at, f"Pixel, {WORD}")
    monkeypatch.setattr("database.backend.REWRITTEN_ROWS", 0)
    receipt = await leave(at)
    async with at.app.database.read() as db:
        assert await db.states.get(VACUUM_DUE) is not None
    assert receipt.later


def searched(table: Table) -> list[Column[Any]]:
    """Return the columns of a table that could hold an id: words for a kind are too short."""
    kinds = BigInteger | Integer | String | JSON | FactValues
    fitting = [one for one in table.columns if isinstance(one.type, kinds)]
    return [one for one in fitting if not isinstance(one.type, String) or (one.type.length or 99) >= 20]


TABLES = [one for one in Row.metadata.sorted_tables if one.name not in EXEMPT]


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES, ids=str)
async def test_the_search_finds_somebody_in_every_column(at, table: Table):
    for column in searched(table):
        with closing(sqlite3.connect(at.app.database.path)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute(f'DELETE FROM "{table.name}"')
            values = [_planted(one) if one is column else _any(one) for one in table.columns]
            names, marks = ", ".join(f'"{one.name}"' for one in table.columns), ", ".join("?" * len(values))
            connection.execute(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', values)
            connection.commit()
        async with at.app.database.read() as db:
            residue = await db.leftovers.residue(MIRA)
        if (table.name, column.name) in _WORDS:
            assert (residue.named, residue.rows) == (1, {}), column
        else:
            assert residue.rows == {table.name: 1}, column


def _planted(column: Column[Any]) -> object:
    if isinstance(column.type, BigInteger | Integer):
        return MIRA
    if isinstance(column.type, FactValues):
        return json.dumps({"text": f"x {MIRA}"})
    return json.dumps([MIRA]) if isinstance(column.type, JSON) else f"x{MIRA}"


def _any(column: Column[Any]) -> object:
    return 1 if isinstance(column.type, BigInteger | Integer) else "1"


# --- Whatever happens on the way -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("owner", "name"),
    [(Eraser, "finish"), (Dumps, "forget_people"), (SQLiteConnection, "rewrite")],
)
async def test_what_a_crash_leaves_is_removed_by_the_next_start(tmp_path, monkeypatch, owner, name):
    folder = tmp_path / "data"
    async with drill(folder) as at:
        await live(at)
        with monkeypatch.context() as patched:

            async def dies(*_: Any, **__: Any) -> Any:
                raise OSError("killed")

            def dies_at_once(*_: Any, **__: Any) -> Any:
                raise OSError("killed")

            patched.setattr(owner, name, dies_at_once if owner is Dumps else dies)
            with pytest.raises(OSError, match="killed") if owner is Eraser else nullcontext():
                await leave(at)
        left = rows(at, f"SELECT value FROM global_state WHERE key = '{_PEOPLE}'")
        assert left in ([(f"[{MIRA}]",)], [("[]",)]), "nobody would go on with it"
    async with drill(folder) as at:
        assert files_with(folder, MIRA, f"{WORD} of 42", f"Again {WORD}") == set()
        async with at.app.database.read() as db:
            assert await db.states.get(_PEOPLE) is None


async def test_within_the_transaction_it_is_all_or_nothing(at, monkeypatch):
    await live(at)
    before = (await at.app.privacy.standing(MIRA)).holdings

    async def dies(*_: Any, **__: Any) -> Any:
        raise OSError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Eraser, "person", dies)
        with pytest.raises(OSError, match="killed"):
            await leave(at)
    assert (await at.app.privacy.standing(MIRA)).holdings == before


@pytest.mark.parametrize("purpose", ["reply", "facts"])
async def test_nothing_of_what_was_thought_meanwhile_is_written_down(at, purpose):
    await at.app.privacy.answer(MIRA, agreed=True)
    at.claude.finds = all_of_it
    leaving = []

    async def goes() -> None:
        at.claude.while_thinking = None
        if purpose == "facts":
            await leave(at)
        else:  # a reply holds its channel: who leaves waits for it
            leaving.append(asyncio.create_task(leave(at)))
            await asyncio.sleep(0.05)

    if purpose == "facts":
        await hear(at, f"Pixel, I once kept {WORD} in a cage")
    at.claude.while_thinking = goes
    if purpose == "facts":
        await at.app.consolidation.run("pixel")
    else:
        await hear(at, f"Pixel, {WORD}", reply=f"{WORD}!")
    for one in leaving:
        await one
    assert tables_with(at, MIRA, WORD) == set()
    assert files_with(at.folder, MIRA, WORD) == set()


async def test_what_waits_to_be_answered_is_not_answered_any_more(at):
    tasks = []

    async def more() -> None:
        at.claude.while_thinking = None
        tasks.append(asyncio.create_task(leave(at)))
        await asyncio.sleep(0.05)
        later = said(f"Pixel, more {WORD}", sent_at=at.clock.now())
        tasks.append(asyncio.create_task(at.app.conversation.take_turn(later, at.mouth)))
        await asyncio.sleep(0.05)

    at.claude.while_thinking = more
    await hear(at, f"Pixel, {WORD}", reply="One.")
    await asyncio.gather(*tasks)
    assert at.mouth.said == ["One."]
    assert len(at.claude.prompts) == 1, "nothing is thought about either"
    assert tables_with(at, MIRA, WORD) == set()


async def test_a_reminder_that_was_pledged_is_not_said_any_more(at):
    await hear(at, "Pixel, hello")
    async with at.app.database.begin() as db:
        await db.reminders.add(
            Reminder(
                person_id=MIRA,
                character="pixel",
                kind="reminder",
                text=f"feed the {WORD}",
                channel_id=CHANNEL.channel_id,
                guild_id=700,
                zone="UTC",
                due_at=EPOCH,
                made_at=EPOCH,
            )
        )
    await leave(at)
    await at.finish()
    assert tables_with(at, WORD) == set()
    assert at.mouth.said == ["Hm."]


async def test_the_terminal_person_leaves_as_well(tmp_path):
    async with drill(tmp_path / "data") as at:
        where = Where(3, Place.TERMINAL)
        heard = replace(said(f"hello {WORD}", where=where), author_id=1)
        await at.app.conversation.take_turn(heard, at.mouth)
        await at.app.memories.remember("pixel", 1, f"I like {WORD}", where)
        receipt = await leave(at, 1)
        assert (receipt.gone.lines, receipt.gone.core, receipt.left) == (1, 1, {})
        assert tables_with(at, WORD) == set()


async def test_a_wish_to_be_erased_outlives_a_stop_before_anything_was_erased(tmp_path):
    async with drill(tmp_path / "data") as at:
        await at.app.conversation.take_turn(said(WORD, sent_at=at.clock.now()), at.mouth)
        async with at.app.rooms.enter(CHANNEL.channel_id) as room, room.lock:
            await at.app.privacy.wish_to_leave(MIRA)
            leaving = asyncio.create_task(at.app.privacy.leave(MIRA))  # it waits for what is said there
            await asyncio.sleep(0.1)
            leaving.cancel()
        async with at.app.database.read() as db:
            assert (await db.people.holdings(MIRA)) != await db.people.holdings(BOB)
    async with drill(tmp_path / "data") as at:
        async with at.app.database.read() as db:
            assert (await db.people.holdings(MIRA)) == await db.people.holdings(BOB)
        assert not await wishes(at)


async def wishes(at: Drill) -> list[str]:
    async with at.app.database.read() as db:
        return [key for key in await db.states.all() if key.startswith(WISH)]
