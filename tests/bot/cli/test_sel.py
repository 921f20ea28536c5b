"""Taking over SEL's files: who agreed comes in, nobody else does, and no file does harm (F078-F084)."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cli.legacy.sel import MEMORY, STATE, SelFiles, read_sel
from bot.cli.legacy.sel_taking_over import SelOutcome, take_over_sel
from bot.cli.legacy.taking_over import Import
from bot.cli.main import main
from bot.core.errors import ConfigurationError
from database.models import Fact
from database.repositories.memories import MemoryRepository
from memory.history import INHERITED
from memory.rules import SOFT_KEPT
from personas.affect.temperament import Hormone
from tests.builders import CHANNEL, DM, PIXEL, Table
from tests.fakes import EPOCH
from tests.support.paths import ROOT

MIRA, OTTO, IDA = 42, 43, 44
TEA, LISBON, WALKS = "my favourite tea is tea-canary", "I was born in Lisbon", "I like walks at night"
YES = {"consent": {str(MIRA): True, str(OTTO): True}}


def item(text: str, *, days_ago: float = 1, **more: Any) -> dict[str, Any]:
    """Return a memory as SEL wrote it down."""
    return {"text": text, "ts": EPOCH.timestamp() - days_ago * 86_400, "vector": [0.5, -1e-08], **more}


def written(folder: Path, memory: object, state: object) -> tuple[Path, Path]:
    for name, value in ((MEMORY, memory), (STATE, state)):
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / name).write_text(text, encoding="utf-8")
        os.utime(folder / name, (EPOCH.timestamp(), EPOCH.timestamp()))
    return folder / MEMORY, folder / STATE


def found(folder: Path, memory: object, state: object = YES) -> SelFiles:
    return read_sel(*written(folder, memory, state))


async def came_in(
    at: Table, folder: Path, memory: object, state: object = YES, *, dry: bool = False, days: int = 0
) -> dict[int, SelOutcome]:
    """Take over SEL's files at a table, so many days after they were written."""
    files, now = found(folder, memory, state), at.clock.now() + timedelta(days=days)
    run = Import(PIXEL, now, min(files.as_of, now))
    outcomes, _ = await take_over_sel(at.database, files, run, dry=dry, zone=UTC)
    return {one.person_id: one for one in outcomes}


async def known_of(at: Table, person: int) -> list[Fact]:
    async with at.database.read() as db:
        return await db.memories.of(person, PIXEL.slug)


async def answer_of(at: Table, person: int) -> bool | None:
    async with at.database.read() as db:
        return (await db.consents.of(person) or (None,))[0]


# What the files say.


@pytest.mark.parametrize(
    "memory",
    [
        {str(MIRA): [item(TEA, kind="soft"), item(LISBON, kind="hard")]},
        {str(MIRA): {"items": [item(TEA, ttl="soft"), item(LISBON, ttl="hard")], "consent": True}},
        [item(TEA, user_id=str(MIRA), importance=0.5), item(LISBON, user_id=MIRA, importance=0.9)],
        {
            "entries": [item(TEA, user_id=MIRA), item(LISBON, user_id=MIRA, kind="hard")],
            "vectors": [[1], [2]],
        },
        {"users": {str(MIRA): {"memories": [TEA, item(LISBON, kind="hard")]}}},
    ],
)
def test_memories_are_read_in_every_shape_that_sel_wrote_them(tmp_path: Path, memory):
    files = found(tmp_path, memory)
    mira = files.people[MIRA]
    assert [(one.text, one.kept) for one in mira.memories] == [(TEA, False), (LISBON, True)]
    assert (files.nobodys, files.unreadable, files.others) == (0, [], {})


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"consent": {"42": True, "43": False}}, {42: True, 43: False}),
        ({"consents": [42, "44"]}, {42: True, 44: True}),
        ({"42": {"consent": True}, "43": False}, {42: True, 43: False}),
        ({"users": {"42": {"opted_in": True, "last_seen": 1.6e9}}}, {42: True}),
        ({"consent": {"42": {"given": False}}, "42": True}, {42: False}),
        ({"consent": {"42": "yes"}}, {42: None}),
    ],
)
def test_who_agreed_is_read_in_every_shape_and_only_a_plain_yes_is_one(tmp_path: Path, state, expected):
    files = found(tmp_path, {}, state)
    assert {one.id: one.agreed for one in files.people.values()} == expected


@pytest.mark.parametrize(
    "moment", [1_700_000_000, 1_700_000_000_000.0, "2023-11-14T22:13:20", "2023-11-14T23:13:20+01:00"]
)
def test_times_are_read_as_seconds_milliseconds_and_iso(tmp_path: Path, moment):
    mira = found(tmp_path, {"42": [{"text": TEA, "created_at": moment}]}).people[MIRA]
    assert mira.memories[0].at == mira.seen_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize("moment", [True, "soon", 10**400, -1, 1e300, [], {}, "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_leaves_a_memory_without_one(tmp_path: Path, moment):
    mira = found(tmp_path, {"42": [{"text": TEA, "created_at": moment, "importance": 10**400}]}).people[MIRA]
    assert (mira.memories[0].at, mira.seen_at) == (None, None)


def test_what_names_nobody_or_is_sels_own_word_is_left_out_and_counted(tmp_path: Path):
    talk = {"role": "user", "text": "a line of somebody", "tags": [], "timestamp": 1761772653.36}
    own = item("I am glad about that", user_id=MIRA, role="assistant")
    files = found(tmp_path, {"entries": [talk, {**talk, "user_id": "unknown"}, own], "vectors": [[0.1]]})
    assert files.nobodys == 2
    assert files.people[MIRA].memories == []
    assert files.people[MIRA].left_out == {"said by SEL": 1}


def test_what_cannot_be_read_is_named_by_its_place_and_unknown_keys_once(tmp_path: Path):
    memory = {"42": [item(TEA, access_count=3), item(LISBON, access_count=1), {"text": 5}, 7], "43": None}
    files = found(tmp_path, memory, YES | {"mood": "excited", "hormones": {"oxytocin": 0.5, "dopamine": 9}})
    assert files.unreadable == [f"{MEMORY}: 42[2]", f"{MEMORY}: 42[3]", f"{MEMORY}: 43"]
    assert files.others == {"access_count": 2, "mood": 1, "oxytocin": 1, "dopamine": 1}
    assert files.hormones == {}
    assert len(files.people[MIRA].memories) == 2


def test_a_memory_that_stands_under_one_person_and_names_another_is_nobodys(tmp_path: Path):
    files = found(tmp_path, {"42": [item(TEA, user_id=OTTO)]})
    assert files.unreadable == [f"{MEMORY}: 42[0]"]
    assert not any(one.memories for one in files.people.values())


# Files that lie.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"42": [\n  {"text": "half', "sel_memory.json, line 2, is no whole JSON"),
        ("[" * 100_000, "nested more deeply"),
        ('{"42": [\n{"text": "says NaN", "ts": NaN}]}', "sel_memory.json, line 2, holds NaN"),
        ('{"42": [{"text": "x", "ts": -Infinity}]}', "line 1, holds -Infinity"),
        ("[" + "1" * 5_000 + "]", "thousands of digits"),
        ('{"42": ["likes green tea"], "42": ["sails at night"]}', "says 42 twice in one table"),
        ('["' + "x" * (10 << 20) + '"]', "larger than 10 MB"),
        ("", "is no whole JSON"),
    ],
)
def test_a_file_that_lies_is_refused_with_its_name_and_what_to_do(tmp_path: Path, text, said):
    with pytest.raises(ConfigurationError, match="Nothing was taken over") as refused:
        found(tmp_path, text)
    assert said in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    (tmp_path / MEMORY).write_bytes(b'{"a": "\xff\xfe\xfa"}')
    with pytest.raises(ConfigurationError, match="is no text"):
        read_sel(tmp_path / MEMORY, None)


@pytest.mark.slow
def test_vectors_do_not_count_to_the_size_and_whoever_writes_of_them_keeps_their_words(tmp_path: Path):
    said = 'I wrote "vector": [1, 2] in a file'
    vector = [0.015541329979896545] * 384
    memory = {"42": [item(f"{said}, for the time number {n}", vector=vector) for n in range(2_000)]}
    memory["42"][0]["vector"] = [float("nan")]
    files = found(tmp_path, memory)
    assert (tmp_path / MEMORY).stat().st_size > 10 << 20
    assert len(files.people[MIRA].memories) == 2_000
    assert files.people[MIRA].memories[7].text.startswith(said)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["42", "text", "ts", "consent", "hormones", "users", "last_seen", "x", "\ud800"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@pytest.mark.slow
@given(memory=json_values, state=json_values)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_files_may_hold_anything_that_is_json(tmp_path: Path, memory, state):
    files = found(tmp_path, json.dumps(memory), json.dumps(state))
    for person in files.people.values():
        assert person.agreed in (True, False, None)
        assert all(10 <= len(one.text) <= 500 for one in person.memories)


# Taking over.


async def test_who_agreed_is_remembered_and_who_did_not_is_not(at_table: Table, tmp_path: Path):
    memory = {str(who): [item(TEA, kind="hard")] for who in (MIRA, OTTO, IDA)}
    came = await came_in(at_table, tmp_path, memory, {"consent": {"42": True, "43": False}})
    assert (came[MIRA].kept, came[OTTO].kept, came[IDA].kept) == (1, 0, 0)
    assert came[OTTO].left_out == came[IDA].left_out == {"not agreed to": 1}
    assert [await answer_of(at_table, who) for who in (MIRA, OTTO, IDA)] == [True, False, None]
    assert [len(await known_of(at_table, who)) for who in (MIRA, OTTO, IDA)] == [1, 0, 0]
    async with at_table.database.read() as db:
        assert await db.users.get(IDA) is None


async def test_what_somebody_answered_here_counts_more_than_what_they_answered_sel(
    at_table: Table, tmp_path: Path
):
    await at_table.app.memories.let_learn(MIRA, False)
    await at_table.app.memories.let_learn(IDA, True)
    memory = {str(who): [item(TEA, kind="hard")] for who in (MIRA, IDA)}
    came = await came_in(at_table, tmp_path, memory, YES)
    assert (came[MIRA].kept, came[MIRA].answer, came[IDA].kept) == (0, None, 1)
    assert await answer_of(at_table, MIRA) is False


async def test_without_the_state_file_nobody_agreed(at_table: Table, tmp_path: Path):
    came = await came_in(at_table, tmp_path, {"42": [item(TEA)]}, {})
    assert (came[MIRA].soft, came[MIRA].left_out) == (0, {"not agreed to": 1})
    again = await came_in(at_table, tmp_path, {"42": [item(TEA)]}, YES)
    assert again[MIRA].soft == 1


async def test_hard_memories_are_kept_and_soft_ones_go_14_days_after_their_person_was_there(
    at_table: Table, tmp_path: Path
):
    at, state = at_table, YES | {"last_seen": {"42": EPOCH.timestamp() - 86_400}}
    memory = {"42": [item(LISBON, kind="hard", days_ago=900), item(TEA, kind="soft", tags=["Tea"])]}
    await came_in(at, tmp_path, memory, state)
    hard, soft = await known_of(at, MIRA)
    assert (hard.kept, hard.origin, hard.first_at) == (True, INHERITED, EPOCH - timedelta(days=900))
    assert (soft.kept, soft.tags) == (False, ["tea"])
    at.clock.pass_time((SOFT_KEPT - timedelta(days=1)).total_seconds() - 60)
    assert await at.app.memories.expire() == 0
    at.clock.pass_time(120)
    assert await at.app.memories.expire() == 1
    assert [one.text for one in await known_of(at, MIRA)] == [LISBON]


async def test_soft_memories_of_who_was_away_too_long_do_not_come_in(at_table: Table, tmp_path: Path):
    memory = {"42": [item(WALKS, kind="soft", days_ago=15), item(LISBON, kind="hard", days_ago=15)]}
    came = await came_in(at_table, tmp_path, memory)
    assert (came[MIRA].kept, came[MIRA].soft) == (1, 0)
    assert came[MIRA].left_out == {"soft, of somebody away for 14 days": 1}


async def test_secrets_and_what_is_too_short_or_too_long_stay_out(at_table: Table, tmp_path: Path):
    texts = ["too short", "x" * 501, "my password is hunter2secret!", f"{TEA}.", TEA.upper(), f"{TEA}."]
    came = await came_in(at_table, tmp_path, {"42": [item(text, kind="hard") for text in texts]})
    assert [one.text for one in await known_of(at_table, MIRA)] == [f"{TEA}.", TEA.upper()]
    assert came[MIRA].left_out == {
        "not of 10 to 500 letters": 2,
        "with a password or another secret": 1,
        "known already": 1,
    }


async def test_a_memory_comes_up_in_private_alone_unless_the_file_names_its_channel(
    at_table: Table, tmp_path: Path
):
    at = at_table
    here: dict[str, Any] = {"channel_id": CHANNEL.channel_id, "guild_id": CHANNEL.guild_id}
    memory = [
        item(TEA, user_id=MIRA, kind="hard"),
        item(WALKS, user_id=MIRA, kind="hard", **here),
        item(LISBON, user_id=MIRA, kind="hard", channel_id=CHANNEL.channel_id),
    ]
    await came_in(at, tmp_path, memory)
    assert [
        (one.scope, one.channel_id) for one in sorted(await known_of(at, MIRA), key=lambda one: one.text)
    ] == [
        ("channel", CHANNEL.channel_id),
        ("dm", None),
        ("dm", None),
    ]
    await at.hear("hello", where=DM)
    assert all(text in at.claude.prompts[-1].text for text in (TEA, WALKS, LISBON))
    await at.hear("Pixel, what do I like?", where=CHANNEL)
    assert WALKS in at.claude.prompts[-1].text
    assert TEA not in at.claude.prompts[-1].text
    assert LISBON not in at.claude.prompts[-1].text


async def test_a_second_run_changes_nothing_and_brings_back_nothing_that_was_forgotten(
    at_table: Table, tmp_path: Path
):
    at, memory = at_table, {"42": [item(TEA, kind="hard"), item(LISBON, kind="soft")]}
    await came_in(at, tmp_path, memory)
    before = [(one.id, one.text) for one in await known_of(at, MIRA)]
    again = await came_in(at, tmp_path, memory)
    assert again[MIRA].before
    assert [(one.id, one.text) for one in await known_of(at, MIRA)] == before
    await at.app.privacy.wish_to_leave(MIRA)
    await at.app.privacy.leave(MIRA)
    await came_in(at, tmp_path, memory)
    assert await known_of(at, MIRA) == []
    assert await answer_of(at, MIRA) is None


async def test_a_fault_in_the_middle_leaves_whole_people_and_the_next_run_goes_on(
    at_table: Table, tmp_path: Path, monkeypatch
):
    memory = {str(who): [item(TEA, kind="hard"), item(LISBON, kind="hard")] for who in (MIRA, OTTO)}
    add, added = MemoryRepository.add, list[str]()

    async def breaking(self: MemoryRepository, fact: Fact, **more: Any) -> Fact:
        added.append(fact.text)
        if len(added) == 4:
            raise OSError("the disk is gone")
        return await add(self, fact, **more)

    monkeypatch.setattr(MemoryRepository, "add", breaking)
    with pytest.raises(OSError, match="disk"):
        await came_in(at_table, tmp_path, memory)
    assert [len(await known_of(at_table, who)) for who in (MIRA, OTTO)] == [2, 0]
    assert await answer_of(at_table, OTTO) is None
    came = await came_in(at_table, tmp_path, memory)
    assert (came[MIRA].before, came[OTTO].kept) == (True, 2)


async def test_a_yes_to_sel_counts_once_and_not_again_for_another_character(at_table: Table, tmp_path: Path):
    at, memory = at_table, {"42": [item(TEA, kind="hard")]}
    await came_in(at, tmp_path, memory)
    async with at.database.begin() as db:
        await at.app.memories.unask(db, [MIRA])
    files = found(tmp_path, memory)
    fangs = PIXEL.model_copy(update={"slug": "fangs", "name": "Fangs"})
    outcomes, _ = await take_over_sel(
        at.database, files, Import(fangs, at.clock.now(), EPOCH), dry=False, zone=UTC
    )
    assert outcomes[0].left_out == {"not agreed to": 1}
    assert await answer_of(at, MIRA) is None


async def test_a_dry_run_tells_the_same_and_writes_nothing(at_table: Table, tmp_path: Path):
    memory, state = {"42": [item(TEA, kind="hard")]}, YES | {"hormones": {"dopamine": 0.9}}
    dry = await came_in(at_table, tmp_path, memory, state, dry=True)
    assert await known_of(at_table, MIRA) == []
    assert await answer_of(at_table, MIRA) is None
    assert await came_in(at_table, tmp_path, memory, state) == dry


async def test_the_hormones_become_feelings_once_and_fade(at_table: Table, tmp_path: Path):
    at, state = at_table, YES | {"hormones": {"dopamine": 0.9, "oxytocin": 0.9}}
    await came_in(at, tmp_path, {}, state)
    role = at.app.company.primary
    inner = at.app.inner_life
    async with at.database.read() as db:
        felt = await inner.read(db, role, MIRA, private=True)
    assert inner.levels(role, felt)[Hormone.DOPAMINE] == pytest.approx(0.9)
    at.clock.pass_time(24 * 3_600)
    assert inner.levels(role, felt)[Hormone.DOPAMINE] < 0.7
    await came_in(at, tmp_path, {}, YES | {"hormones": {"dopamine": 0.1}})
    async with at.database.read() as db:
        row = await db.characters.feeling(PIXEL.slug)
    assert row is not None
    assert row.deviations["dopamine"] > 0


# The command.


@pytest.fixture
def house(tmp_path: Path, monkeypatch) -> Path:
    """Return a folder with a config.env and SEL's folder in it, which is where we are."""
    monkeypatch.chdir(tmp_path)
    for key in ("DISCORD_TOKEN", "ANTHROPIC_API_KEY", "CHARACTER", "DATA_DIR", "USER_DATA_FILE"):
        monkeypatch.delenv(key, raising=False)
    (tmp_path / "config.env").write_text(
        f"characters_dir={ROOT / 'characters'}\ncharacter=nyx\ndata_dir=data\n"
    )
    (tmp_path / "sel").mkdir()
    memory = {"42": [item(TEA, kind="hard")], "43": [item(LISBON, kind="hard")]}
    written(tmp_path / "sel", memory, {"consent": {"42": True}, "mode": "casual"})
    (tmp_path / "sel" / "sel_beliefs.json").write_text("[]")
    return tmp_path


def test_the_command_takes_the_folder_or_both_files_and_says_what_came_in(house: Path, capsys):
    assert main(["import-legacy", "sel", "--dry-run"]) == 0
    dry = capsys.readouterr().out
    assert "this would come in, for Nyx" in dry
    assert "nobody agreed to them: 1 memory of 1 person" in dry
    assert "mode (1)" in dry
    assert "sel_beliefs.json" in dry
    assert "canary" not in dry
    assert not (house / "data").exists()
    assert main(["import-legacy", f"sel/{STATE}", f"sel/{MEMORY}"]) == 0
    assert "this came in, for Nyx" in capsys.readouterr().out
    assert main(["import-legacy", "sel"]) == 0
    assert "nothing came in" in capsys.readouterr().out


def test_a_memory_file_alone_says_where_the_answers_stand(house: Path, capsys):
    assert main(["import-legacy", f"sel/{MEMORY}"]) == 0
    assert f"Who agreed stands in {STATE}: name that file, too." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["data-of-nobody"], "There is no file"),
        ([f"sel/{MEMORY}", "sel/missing_state.json"], "There is no file sel/missing_state.json"),
        ([f"sel/{MEMORY}", "sel/sel_beliefs.json"], "can't be told apart"),
        (["empty"], "holds neither"),
        (["a.pickle", "b.pickle"], "Name one user_info.pickle"),
    ],
)
def test_files_that_are_not_sels_are_told_by_name_with_what_to_name_instead(house: Path, capsys, files, said):
    (house / "empty").mkdir()
    assert main(["import-legacy", *files]) == 78
    assert said in capsys.readouterr().err
    assert not (house / "data").exists()


def test_where_nobody_is_remembered_nothing_is_taken_over(house: Path, capsys):
    (house / "config.env").write_text((house / "config.env").read_text() + "memory_consent=off\n")
    assert main(["import-legacy", "sel"]) == 78
    assert "memory_consent is off" in capsys.readouterr().err
