"""What a person takes along comes back as it was, once, and nothing else comes in with it (C65)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.features.privacy import export as exporting
from bot.features.privacy import export_format
from bot.features.privacy.export import seal_key
from bot.features.privacy.export_format import MOST_BYTES, TOO_DEEP, TOO_LARGE, FileRefused, read_portable
from bot.features.privacy.restore import MOST_AT_ONCE, NO_CONSENT, NOT_YOURS, Imported
from database.models import Archived, Fact
from memory.places import Place, Where
from tests.builders import CHANNEL, DM, Table, table
from tests.fakes import EPOCH
from tests.learning import BOB, MIRA, agree, all_of_it, fact, facts, finding, say, texts
from tests.summing import contents

OSLO, BERGEN = "I live in Oslo with my cat", "I moved to Bergen last week"
TABLES = ("facts", "fact_changes", "fact_sources", "archive", "reminders", "nicknames")


@pytest.fixture
async def at(tmp_path: Path):
    async with table(tmp_path) as set_table:
        await agree(set_table)
        yield set_table


async def live(at: Table) -> None:
    """Have somebody be known in every way there is."""
    memories = at.app.memories
    await memories.remember("pixel", MIRA, "I like tea", DM)
    await memories.remember("pixel", MIRA, "I like soup", CHANNEL, reach="guild")
    await memories.remember("pixel", MIRA, "I like snow", CHANNEL)
    await memories.edit("pixel", MIRA, 1, "I like green tea")
    await memories.pin("pixel", MIRA, 1)
    await memories.forget("pixel", MIRA, 3)
    await say(at, OSLO, reply="Oslo it is.")
    await say(at, "you know my sister plays the violin")
    at.claude.will_find(
        finding(
            fact("Lives in Oslo", "live in Oslo"),
            fact("Plays the violin", "sister plays the violin", about="sister"),
        )
    )
    await at.app.consolidation.run("pixel")
    at.clock.pass_time(86_400)
    await say(at, "I live in Oslo still, you know", reply="Still.")
    await say(at, BERGEN)
    await say(at, "and I have a dog called Rex", author_id=BOB, author_name="Bob", reply="Good dog.")
    at.claude.will_find(
        finding(
            fact("Lives in Oslo", "live in Oslo"),
            fact("Moved to Bergen last week", "moved to Bergen last week"),
        )
    )
    await at.app.consolidation.run("pixel")
    await at.app.reminders.set_zone(MIRA, "Europe/Oslo")
    await at.app.reminders.remind("pixel", MIRA, "in 3 days", "water the fern", CHANNEL)


async def export(at: Table) -> bytes:
    (file,) = await at.app.privacy.export(MIRA)
    return file.data


async def bring(at: Table, data: bytes) -> Imported:
    return await at.app.privacy.take_in(MIRA, data)


def changed(data: bytes, change: Callable[[Any], object]) -> bytes:
    document = json.loads(data)
    change(document)
    return json.dumps(document).encode()


def kept(at: Table) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of what an export holds; changes without the ids of their rows."""
    folder = at.database.path.parent
    rows = {name: found for name, found in contents(folder).items() if name in TABLES}
    rows["fact_changes"] = sorted(
        ((*row[1:-1], json.loads(row[-1] or "null")) for row in rows["fact_changes"]), key=_in_order
    )
    rows["reminders"] = [row[1:] for row in rows["reminders"]]
    return rows


def _in_order(row: tuple[Any, ...]) -> str:
    return json.dumps(row, sort_keys=True)


# --- There and back ------------------------------------------------------------------------------------


async def test_an_export_that_comes_back_after_everything_was_deleted_makes_it_what_it_was(at):
    await live(at)
    before, data = kept(at), await export(at)
    assert {row[3] for row in before["facts"]} >= {1, 2, 3, 4}, "numbers"
    assert "Plays the violin" in {row[-1] for row in before["facts"]}, "what a fact is found by, too"
    await at.app.privacy.leave(MIRA)
    assert kept(at)["facts"] == kept(at)["fact_changes"] == []
    await at.app.privacy.answer(MIRA, agreed=True)
    assert (await bring(at, data)).sealed
    after = kept(at)
    for name in ("facts", "fact_changes", "fact_sources", "reminders"):
        assert after[name] == before[name], name
    mine = [row for row in before["archive"] if MIRA in row]
    assert [row for row in after["archive"] if MIRA in row] == mine
    assert {row[2] for row in after["nicknames"] if row[0] == MIRA} == {"Mira"}
    async with at.database.read() as db:
        assert await db.reminders.zone(MIRA) == "Europe/Oslo"


async def test_what_came_in_once_changes_nothing_when_it_comes_in_again(at):
    await live(at)
    data, before = await export(at), kept(at)
    assert await bring(at, data) == Imported(sealed=True)
    assert kept(at) == before
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)
    first = await bring(at, data)
    assert (first.facts, first.reminders) == (5, 1)
    there = kept(at)
    assert await bring(at, data) == Imported(sealed=True)
    assert kept(at) == there


async def test_an_export_of_what_came_back_is_the_one_that_was_brought(at):
    await live(at)
    data = await export(at)
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)
    await bring(at, data)
    old, new = json.loads(data), json.loads(await export(at))
    for section in ("facts", "archive", "reminders"):
        assert new[section] == old[section]
    assert sorted(map(_in_order, new["changes"])) == sorted(map(_in_order, old["changes"]))


async def test_what_came_back_has_its_earlier_states_and_can_be_changed_as_before(at):
    memories = at.app.memories
    await live(at)
    data = await export(at)
    states = [(one.id, one.cause) for one in await memories.history("pixel", MIRA)]
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)
    await bring(at, data)
    assert [(one.id, one.cause) for one in await memories.history("pixel", MIRA)] == states
    edited = next(batch for batch, cause in states if cause == "edited")
    assert await memories.restore("pixel", MIRA, edited) > 0
    assert "I like tea" in await texts(at)
    kept_now = await memories.remember("pixel", MIRA, "I like rain", DM)
    assert [one.number for one in await facts(at)].count(kept_now.number) == 1
    assert len({one.id for one in await facts(at)}) == len(await facts(at))


async def test_what_was_known_newly_since_the_export_stays(at):
    await live(at)
    data = await export(at)
    await at.app.memories.edit("pixel", MIRA, 2, "I like borscht")
    await at.app.memories.remember("pixel", MIRA, "I like rain", DM)
    assert (await bring(at, data)).facts == 0
    assert {"I like borscht", "I like rain"} <= set(await texts(at))
    assert "I like soup" not in await texts(at)


async def test_a_message_that_is_deleted_after_the_way_back_takes_along_what_came_from_it(at):
    said = await say(at, OSLO)
    at.claude.finds = all_of_it
    await at.app.consolidation.run("pixel")
    data = await export(at)
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)
    await bring(at, data)
    assert len(await facts(at)) == 1
    await at.app.message_log.deleted(CHANNEL.channel_id, {said})
    assert await facts(at) == []


async def test_facts_that_are_not_for_good_do_not_expire_on_the_way(at):
    await live(at)
    data = await export(at)
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)
    await bring(at, data)
    assert await at.app.memories.expire() == 0


async def test_another_bot_takes_in_the_facts_under_ids_of_its_own(at, tmp_path):
    await live(at)
    data = await export(at)
    (tmp_path / "other").mkdir()
    async with table(tmp_path / "other") as other:
        await agree(other)
        for number in range(3):
            await other.app.memories.remember("pixel", BOB, f"I am Bob, {number}", DM)
        came = await bring(other, data)
        assert (came.sealed, came.facts, came.lines, came.reminders) == (False, 5, 0, 0)
        assert [one.text for one in await facts(other)] == [one.text for one in await facts(at)]
        assert len(await facts(other, BOB)) == 3
        superseded = {one.text: one.superseded_by for one in await facts(other)}
        by_id = {one.id: one.text for one in await facts(other)}
        assert by_id.get(superseded["Lives in Oslo"] or 0, "") in ("", "Moved to Bergen last week")
        assert await other.app.memories.expire() == 0
        there = kept(other)
        assert (await bring(other, data)).facts == 0
        assert kept(other) == there
        new = await other.app.memories.remember("pixel", BOB, "I am Bob, 4", DM)
        assert new.id not in by_id
        other.clock.pass_time(15 * 86_400)
        assert await other.app.memories.expire() == 3


# --- What is in it -------------------------------------------------------------------------------------


async def test_it_holds_ones_own_words_and_the_answers_to_them_and_nothing_of_others(at):
    await live(at)
    await at.app.memories.remember("pixel", BOB, "I am Bob", DM)
    text = (await export(at)).decode()
    for mine in (OSLO, "Oslo it is.", "Still.", "I like green tea", "water the fern"):
        assert mine in text
    for others in ("Rex", "Good dog.", "I am Bob", '"Bob"', f'"author_id": {BOB}'):
        assert others not in text


async def test_a_reply_to_several_people_is_in_nobodys_export(at):
    await say(at, OSLO, reply="You both live somewhere.")
    async with at.database.begin() as db:
        claim = (await db.turns.last_to(MIRA, CHANNEL.channel_id, limit=1))[0]
        await db.turns.claim(5, CHANNEL.channel_id, author_id=BOB, at=EPOCH)
        await db.turns.close(5, reason="MENTION", at=EPOCH, turn_id=claim.id)
    assert b"You both live" not in await export(at)


async def test_every_field_of_a_fact_is_in_it(at):
    await live(at)
    columns = {one.name for one in type((await facts(at))[0]).__table__.columns}
    assert set(json.loads(await export(at))["facts"][0]) == columns - {"person_id"}


async def test_somebody_of_whom_nothing_is_kept_gets_a_file_that_says_so(at):
    document = json.loads((await at.app.privacy.export(77))[0].data)
    assert document["consent"] is None
    assert all(not document.get(name) for name in ("facts", "changes", "archive", "log", "names"))


@pytest.mark.slow
async def test_a_long_export_has_several_files_and_each_comes_in_alone(at, monkeypatch):
    await live(at)
    async with at.database.begin() as db:
        await db.archive.add(
            [
                Archived(
                    id=10_000 + number,
                    channel_id=DM.channel_id,
                    guild_id=None,
                    person_id=MIRA,
                    author_id=MIRA,
                    author_name="Mira",
                    text=f"{number} " + "words " * 50,
                    sent_at=EPOCH,
                )
                for number in range(300)
            ]
        )
    monkeypatch.setattr(exporting, "_ROOM", 30_000)
    before = kept(at)
    files = await at.app.privacy.export(MIRA)
    assert len(files) > 3
    assert all(len(one.data) < 31_000 for one in files)
    assert len({one.name for one in files}) == len(files)
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)
    for file in reversed(files):
        assert (await bring(at, file.data)).sealed
    after = kept(at)
    assert after["facts"] == before["facts"]
    assert after["fact_changes"] == before["fact_changes"]
    assert [row for row in after["archive"] if MIRA in row] == [
        row for row in before["archive"] if MIRA in row
    ]


# --- What does not come in -----------------------------------------------------------------------------


@pytest.mark.slow
async def test_without_consent_nothing_comes_in(at):
    await live(at)
    data = await export(at)
    await at.app.privacy.leave(MIRA)
    with pytest.raises(FileRefused) as refused:
        await bring(at, data)
    assert str(refused.value) == NO_CONSENT
    assert contents(at.database.path.parent)["users"] == [
        row for row in contents(at.database.path.parent)["users"] if row[0] != MIRA
    ]


async def test_somebody_elses_export_does_not_come_in(at):
    await live(at)
    await agree(at, BOB)
    with pytest.raises(FileRefused) as refused:
        await at.app.privacy.take_in(BOB, await export(at))
    assert str(refused.value) == NOT_YOURS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda file: file.update(version=2), "`version`"),
        (lambda file: file.update(format="x"), "`format`"),
        (lambda file: file.update(more=1), "`more`"),
        (lambda file: file["facts"][0].update(more=1), "`facts[0].more`"),
        (lambda file: file["facts"][1].pop("text"), "`facts[1].text`"),
        (lambda file: file["facts"][1].update(text="x" * 501), "`facts[1].text`"),
        (lambda file: file["facts"][1].update(text="two\nlines"), "`facts[1].text`"),
        (lambda file: file["facts"][1].update(text="\ud800"), "`facts[1].text`"),
        (lambda file: file["facts"][2].update(scope="moon"), "`facts[2].scope`"),
        (lambda file: file["facts"][2].update(mentions=0), "`facts[2].mentions`"),
        (lambda file: file["facts"][2].update(mentions=True), "`facts[2].mentions`"),
        (lambda file: file["facts"][2].update(sources=[-1]), "`facts[2].sources[0]`"),
        (lambda file: file["facts"][2].update(id=1 << 63), "`facts[2].id`"),
        (lambda file: file["facts"][2].update(id="1"), "`facts[2].id`"),
        (lambda file: file["facts"][2].update(last_at="9999-12-31T00:00:00+00:00"), "`facts[2].last_at`"),
        (lambda file: file["facts"][2].update(last_at="2026-01-01T00:00:00"), "`facts[2].last_at`"),
        (lambda file: file["facts"].append(file["facts"][0]), "`facts`"),
        (lambda file: file["changes"][0].update(before={"what": 1}), "`changes[0].before.what`"),
        (lambda file: file.update(person_id=None), "`person_id`"),
        (lambda file: file.update(seal="\u00fc"), "`seal`"),
        (lambda file: file.update(made_at="0001-01-01T00:00:00+05:00"), "`made_at`"),
        (lambda file: file.update(made_at="9999-12-31T23:59:59-05:00"), "`made_at`"),
        (
            lambda file: file["reminders"][0].update(due_at="9999-12-31T23:59:59-05:00"),
            "`reminders[0].due_at`",
        ),
    ],
)
async def test_a_fault_in_a_file_is_told_with_its_place(at, change, path):
    await live(at)
    data, before = changed(await export(at), change), kept(at)
    with pytest.raises(FileRefused) as refused:
        await bring(at, data)
    assert path in str(refused.value)
    assert kept(at) == before


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"{", "is not JSON (line 1)"),
        (b"[]", "is not a JSON object"),
        (b'{"a": NaN}', "is not JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "is not JSON"),
        (b'{"a": ' + b"[" * 100_000, TOO_DEEP),
        (b"[" * 1_000_000, TOO_DEEP),
        (b'{"format": "' + b"[" * 100 + b'\\"["}', "`version`"),
        (b" " * (MOST_BYTES + 1), TOO_LARGE),
    ],
)
def test_what_is_no_export_is_refused_before_anything_is_built_of_it(data, told):
    with pytest.raises(FileRefused) as refused:
        read_portable(data, now=EPOCH)
    assert told in str(refused.value)


async def test_of_many_faults_the_first_are_told(at):
    await live(at)

    def spoil(file: Any) -> None:
        for one in file["facts"] * 3:
            one.update(mentions=0, scope="moon")

    with pytest.raises(FileRefused) as refused:
        await bring(at, changed(await export(at), spoil))
    assert str(refused.value).count("`facts[") == export_format.MOST_FAULTS
    assert "and 5 more" in str(refused.value)  # of five facts, two faults each


async def test_a_secret_in_a_fact_is_left_out_and_named(at):
    await live(at)
    data = await export(at)
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)
    spoilt = changed(data, lambda file: file["facts"][1].update(text="my password is hunter2secret"))
    came = await bring(at, spoilt)
    assert (came.secret, came.facts) == (("facts[1]",), 4)
    assert all("hunter2secret" not in str(rows) for rows in contents(at.database.path.parent).values())


async def test_a_file_that_was_changed_brings_facts_alone(at):
    await live(at)
    data = await export(at)
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)

    def forge(file: Any) -> None:
        file["archive"][0].update(author_id=BOB, author_name="Bob", text="I, Bob, said so")
        file["reminders"][0].update(text="in a place that I can't see", channel_id=666)

    came = await bring(at, changed(data, forge))
    assert (came.sealed, came.facts, came.lines, came.reminders) == (False, 5, 0, 0)
    assert kept(at)["reminders"] == []
    assert not any(MIRA in row for row in kept(at)["archive"])


async def test_nobody_gets_an_id_that_was_never_given_out(at):
    await at.app.memories.remember("pixel", MIRA, "I like tea", DM)

    def lift(file: Any) -> None:
        file["facts"][0].update(id=(1 << 63) - 1, text="I like coffee")

    await bring(at, changed(await export(at), lift))
    assert max(one.id for one in await facts(at)) == 2


async def test_the_id_of_somebody_elses_fact_stays_theirs(at):
    await at.app.memories.remember("pixel", BOB, "I am Bob", DM)
    await at.app.memories.remember("pixel", MIRA, "I like tea", DM)

    def steal(file: Any) -> None:
        file["facts"][0].update(id=1, text="I like coffee")

    await bring(at, changed(await export(at), steal))
    assert await texts(at, BOB) == ["I am Bob"]
    assert await texts(at) == ["I like tea", "I like coffee"]


async def test_more_facts_than_there_is_room_for_are_refused(at):
    await at.app.memories.remember("pixel", MIRA, "I like tea", DM)

    def many(file: Any) -> None:
        file["facts"] = [
            file["facts"][0] | {"id": n, "text": f"I like {n}", "number": n} for n in range(1, 202)
        ]

    with pytest.raises(FileRefused, match="201"):
        await bring(at, changed(await export(at), many))
    assert await texts(at) == ["I like tea"]


def _of(character: str, count: int, **more: Any) -> Callable[[Any], object]:
    """Return what puts that many facts of a character into a file."""

    def put(file: Any) -> None:
        one, begin = file["facts"][0], len(file["facts"])
        file["facts"] += [
            one | {"id": n, "number": n, "text": f"I like {n}", "character": character} | more
            for n in range(begin + 1, begin + count + 1)
        ]

    return put


async def test_facts_of_characters_that_are_not_here_are_refused_where_anybody_may_have_written_them(at):
    await at.app.memories.remember("pixel", MIRA, "I like tea", DM)
    with pytest.raises(FileRefused, match="no character `onyx`"):
        await bring(at, changed(await export(at), _of("onyx", 1)))
    assert await texts(at) == ["I like tea"]


async def test_unsealed_facts_are_known_to_one_character_and_share_one_room(at):
    await at.app.memories.remember("pixel", MIRA, "I like tea", DM)
    data = await export(at)
    async with at.database.begin() as db:
        row = Fact(MIRA, "onyx", 0, "I like stone", "dm", None, None, "told", EPOCH, EPOCH)
        await db.memories.add(row, batch=await db.memories.new_batch(), cause="told")
    with pytest.raises(FileRefused, match="201"):
        await bring(at, changed(data, _of("onyx", 200)))
    assert (await bring(at, changed(data, _of("onyx", 2, for_all=True)))).facts == 1
    async with at.database.read() as db:
        assert not any(one.for_all for one in await db.people.facts(MIRA))


async def test_so_many_facts_come_in_at_once_and_no_more(at):
    await at.app.memories.remember("pixel", MIRA, "I like tea", DM)
    with pytest.raises(FileRefused, match="2,200 at once"):
        await bring(at, changed(await export(at), _of("pixel", MOST_AT_ONCE, kept=False)))
    assert await texts(at) == ["I like tea"]


async def test_numbers_that_are_taken_give_way_and_stay_apart(at):
    await at.app.memories.remember("pixel", MIRA, "I like tea", DM)
    assert (await bring(at, changed(await export(at), _of("pixel", 50, number=1)))).facts == 50
    assert sorted(one.number for one in await facts(at)) == list(range(1, 52))


async def test_a_reminder_whose_time_is_over_does_not_come_back(at):
    await at.app.reminders.remind("pixel", MIRA, "in 3 days", "water the fern", Where(9, Place.DM))
    data = await export(at)
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)
    at.clock.pass_time(timedelta(days=4).total_seconds())
    assert (await bring(at, data)).reminders == 0


async def test_the_seal_is_made_once_and_stays(at):
    assert await seal_key(at.database) == await seal_key(at.database)
    now = datetime.now(UTC)
    document = json.loads(await export(at))
    assert exporting.fits(await seal_key(at.database), document)
    assert not exporting.fits(await seal_key(at.database), document | {"made_at": now.isoformat()})
    assert not exporting.fits(b"another key", document)
