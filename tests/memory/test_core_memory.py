"""Core memory: what models may change, how states come back, what goes for good (C50, C52, C56, C63)."""

import asyncio
import json
import pickle
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.conversation.config import TranscriptLimits
from bot.conversation.text.names import speaker_label
from bot.llm.errors import ClaudeTimeout
from database.models import Fact
from memory.core import LONGEST, KnownMemory, MemoryChange, SaidLine, clean, judge, merge
from memory.dumps import Dumps
from memory.history import LEARNT, TOLD
from memory.merge import Merger
from memory.places import Place, Where
from memory.rules import MemoryRefused
from memory.store import MOST, Memories
from tests.builders import AT_ONCE, CHANNEL, DM, Table, table
from tests.fakes import EPOCH, FakeClaude

MIRA, TOM = 42, 43
PEOPLE = {"Mira#111111": MIRA, "Tom#222222": TOM}
OTHER_CHANNEL = Where(601, Place.GUILD, name="other", guild_id=700, guild_name="The Guild")


def known(
    *texts: str, person_id: int = MIRA, pinned: Sequence[int] = (), first: int = 1
) -> list[KnownMemory]:
    """Return memories with the numbers from `first` on, and ids a hundred above them."""
    return [
        KnownMemory(number, 100 + number, person_id, text, pinned=number in pinned)
        for number, text in enumerate(texts, first)
    ]


SAID = [
    SaidLine(1, MIRA, "I have a Cat, and she's called “Ada”"),
    SaidLine(2, TOM, "I'm allergic to nuts"),
    SaidLine(3, MIRA, "we moved to Bergen in May"),
]


def operation(op: str, **values: Any) -> dict[str, Any]:
    return {"op": op, **values}


def add(text: str, quote: str, person: str = "Mira#111111") -> dict[str, Any]:
    return operation("add", person=person, text=text, quote=quote)


def judged(*operations: dict[str, Any], of: Sequence[KnownMemory] = ()) -> tuple[list[MemoryChange], int]:
    return judge(operations, known=of, said=SAID, people=PEOPLE)


# --- What a model may change (C50, C52) -----------------------------------------------------------


def test_a_memory_is_added_with_the_persons_own_words_and_the_message_they_stand_in():
    [change], refused = judged(add("- Has a cat,\n called Ada", 'i HAVE a cat, and she\'s called "Ada"'))
    assert change == MemoryChange(
        MIRA, None, "Has a cat, called Ada", 'i HAVE a cat, and she\'s called "Ada"', (1,)
    )
    assert refused == 0


@pytest.mark.parametrize(
    "proposed",
    [
        add("Has a dog", "I have a dog"),
        add("Has a cat", ""),
        add("Has a cat", "ca"),
        add("", "I have a cat"),
        add("x" * (LONGEST + 1), "I have a cat"),
        add("Is allergic to nuts", "allergic to nuts"),
        add("Has a cat", "I have a cat", person="Anna#333333"),
        {"op": "add", "text": "Has a cat", "quote": "I have a cat"},
        {"op": "add", "person": "Mira#111111", "text": ["Has a cat"], "quote": "I have a cat"},
        operation("replace", number=1, text="Has a dog", quote="I have a dog"),
        operation("replace", number=1, text="A cat", quote="I have a cat"),
        operation("replace", number=9, text="Has a cat", quote="I have a cat"),
        operation("remove", number=9),
        operation("remove", number="1"),
        operation("rewrite", number=1, text="Has a cat", quote="I have a cat"),
        {},
    ],
    ids=str,
)
def test_what_the_person_never_said_and_what_is_no_operation_is_refused(proposed):
    assert judged(proposed, of=known(*["Lives in Oslo by the harbour"] * 5)) == ([], 1)


def test_what_another_person_said_is_no_source():
    changes, refused = judged(
        add("Is allergic to nuts", "allergic to nuts"),
        add("Is allergic to nuts", "allergic to nuts", person="Tom#222222"),
    )
    assert [(one.person_id, one.sources) for one in changes] == [(TOM, (2,))]
    assert refused == 1


def test_a_memory_of_somebody_who_did_not_agree_stays_untouched():
    theirs = known("Lives in Oslo", person_id=99)
    change = operation("replace", number=1, text="Lives in Bergen", quote="we moved to Bergen")
    assert judged(change, operation("remove", number=1, quote="I have a cat"), of=theirs) == ([], 2)


@given(count_=st.integers(1, 40), removed=st.integers(0, 40))
def test_an_answer_that_would_remove_more_than_a_fifth_is_rejected(count_, removed):
    of = known(*[f"memory {number}" for number in range(count_)])
    removed = min(removed, count_)
    operations = [
        operation("remove", number=number, quote="I have a cat") for number in range(1, removed + 1)
    ]
    changes, refused = judged(*operations, add("Has a cat", "I have a cat"), of=of)
    if removed * 5 > count_:
        assert (changes, refused) == ([], removed + 1)
    else:
        assert len(changes) == removed + 1
        assert refused == 0


def test_a_fifth_is_counted_for_each_person():
    of = [*known("a", "b"), *known(*"cdefghijkl", person_id=TOM, first=3)]
    removed = [
        operation("remove", number=1, quote="I have a cat"),
        *(operation("remove", number=number, quote="allergic to nuts") for number in (3, 4)),
    ]
    changes, refused = judged(*removed, add("Has a cat", "I have a cat"), of=of)
    assert {one.id for one in changes} == {103, 104}
    assert refused == 2


def test_pinned_memories_never_change():
    of = known("Lives in Oslo", *"bcdefghij", pinned=[1])
    change = operation("replace", number=1, text="Lives in Bergen", quote="we moved to Bergen")
    assert judged(change, operation("remove", number=1, quote="I have a cat"), of=of) == ([], 2)


def test_of_two_changes_of_one_memory_the_first_counts():
    of = known("Lives in Oslo")
    first = operation("replace", number=1, text="Lives in Bergen", quote="we moved to Bergen")
    changes, refused = judged(first, operation("remove", number=1, quote="I have a cat"), of=of)
    assert changes == [MemoryChange(MIRA, 101, "Lives in Bergen", "we moved to Bergen", (3,))]
    assert refused == 1


@given(
    operations=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "op": st.sampled_from(["add", "replace", "remove", "drop", None]),
                "person": st.sampled_from([*PEOPLE, "Anna#333333", "", 7]),
                "number": st.one_of(st.integers(-1, 8), st.none(), st.text(max_size=2)),
                "text": st.one_of(st.text(max_size=40), st.none(), st.integers()),
                "quote": st.one_of(st.sampled_from(["I have a cat", "allergic to nuts", "no"]), st.none()),
            },
        ),
        max_size=12,
    )
)
def test_whatever_a_model_proposes_only_what_is_borne_out_gets_through(operations):
    of = [*known(*"abcde", pinned=[2]), *known("f", person_id=99, first=6)]
    changes, refused = judge(operations, known=of, said=SAID, people=PEOPLE)
    assert len(changes) + refused == len(operations)
    authors = {line.message_id: line.author_id for line in SAID}
    for change in changes:
        assert change.person_id in PEOPLE.values()
        assert change.id not in (102, 106)
        assert change.text is None or (change.sources and clean(change.text) == change.text)
        assert all(authors[one] == change.person_id for one in change.sources)
    assert sum(one.text is None for one in changes) <= 1


@pytest.mark.parametrize(
    ("raw", "kept"),
    [("  - a\n\tb\x00\x1b[2J ", "a b[2J"), ("\ud83d\ude00", "😀"), ("\ud800", "\ufffd"), (None, ""), (7, "")],
)
def test_a_memory_is_one_line_that_any_database_takes(raw, kept):
    assert clean(raw) == kept
    clean(raw).encode()


# --- Joining without a loss (F067) ----------------------------------------------------------------

OSLO, ANNA, TEA = (
    "Lives in Oslo since 2019.",
    "Her sister Anna doesn't eat meat.",
    "Drinks green tea, always.",
)


def group(text: str, *numbers: int) -> dict[str, Any]:
    return {"from": list(numbers), "text": text}


def test_memories_are_joined_where_nothing_is_lost():
    together = "Lives in Oslo since 2019; her sister Anna doesn't eat meat."
    [joined] = merge([group(together, 1, 2), group(TEA, 3)], known(OSLO, ANNA, TEA)) or []
    assert (joined.ids, joined.text) == ((101, 102), together)


@pytest.mark.parametrize(
    "groups",
    [
        [group(f"{OSLO} {ANNA}", 1, 2)],
        [group(f"{OSLO} {ANNA} {TEA}", 1, 2, 2, 3)],
        [group(f"{OSLO} {ANNA} {TEA}", 1, 2, 3, 4)],
        [group(f"{OSLO} {ANNA}", 1, 2), group("", 3)],
        [group(f"{OSLO} {ANNA}", 1, 2), group("x" * 501, 3)],
        [group(f"{OSLO} Her sister doesn't eat meat.", 1, 2), group(TEA, 3)],
        [group(f"{OSLO} Her sister Anna eats meat.", 1, 2), group(TEA, 3)],
        [group(f"Lives in Oslo. {ANNA}", 1, 2), group(TEA, 3)],
        [group(f"Lives in Oslo since 2018. {ANNA}", 1, 2), group(TEA, 3)],
        [group(f"{OSLO} {ANNA} She is 30.", 1, 2), group(TEA, 3)],
        [group("Oslo 2019, Anna, not.", 1, 2), group(TEA, 3)],
        [group(OSLO, 1), group(ANNA, 2), {"from": "3", "text": TEA}],
        [],
    ],
    ids=str,
)
def test_joining_that_would_lose_or_make_up_anything_is_refused(groups):
    assert merge(groups, known(OSLO, ANNA, TEA)) is None


def test_memories_of_two_people_or_two_places_are_not_joined():
    both = [group(f"{OSLO} {ANNA}", 1, 2)]
    assert merge(both, [*known(OSLO), *known(ANNA, person_id=TOM, first=2)]) is None
    elsewhere = [*known(OSLO), replace(known(ANNA, first=2)[0], place=("dm", 500, None))]
    assert merge(both, elsewhere) is None


@pytest.mark.parametrize("groups", [[group(f"{OSLO} {ANNA}", 1, 2)], [group(OSLO[:-1], 1), group(ANNA, 2)]])
def test_a_pinned_memory_is_neither_joined_nor_reworded(groups):
    assert merge(groups, known(OSLO, ANNA, pinned=[1])) is None


@pytest.mark.parametrize(
    ("texts", "together", "kept"),
    [
        (["Анна живёт в Праге", "Анна любит чай"], "Анна живёт в Праге и любит чай", True),
        (["Анна живёт в Праге", "Анна любит чай"], "живёт в Праге и любит чай", False),
        (["田中さんは猫が好き", "東京に住む"], "東京に住む田中さんは猫が好き", True),
        (["田中さんは猫が好き", "東京に住む"], "東京に住む、猫が好き", False),
        (["Trinkt keinen Kaffee", "Mag Tee"], "Mag Tee, trinkt Kaffee", False),
    ],
)
def test_names_and_negations_of_other_languages_survive_too(texts, together, kept):
    assert (merge([group(together, 1, 2)], known(*texts)) is not None) is kept


_NAMES = ["Anna", "Oslo", "Björk", "Ada's", "Łódź", "7", "3.5"]
_WORDS = st.sampled_from([*_NAMES, "likes", "tea", "never", "garden"])
_TEXTS = st.lists(st.lists(_WORDS, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=6)


@given(
    texts=_TEXTS,
    pinned=st.sets(st.integers(1, 6)),
    places=st.lists(st.integers(0, 1), min_size=6, max_size=6),
    data=st.data(),
)
def test_whatever_is_joined_every_line_number_and_name_is_still_there(texts, pinned, places, data):
    of = [replace(one, place=(places[n],)) for n, one in enumerate(known(*texts, pinned=sorted(pinned)))]
    groups = []
    left = data.draw(st.permutations(of))
    while left:
        size = data.draw(st.integers(1, 3))
        taken, left = left[:size], left[size:]
        words = " ".join(one.text for one in taken).split()
        some = data.draw(st.lists(st.sampled_from(words), max_size=12)) if data.draw(st.booleans()) else words
        groups.append(group(" ".join(some), *(one.number for one in taken)))
    if data.draw(st.booleans()):
        groups = data.draw(st.lists(st.sampled_from(groups), max_size=len(groups) + 1))
    merged = merge(groups, of)
    if merged is None:
        return
    by_id = {one.id: one for one in of}
    now = {memory_id: one.text for one in merged for memory_id in one.ids}
    for one in of:
        text = now.get(one.id, one.text)
        assert {word for word in one.text.split() if word in _NAMES} <= set(text.split())
        assert ("never" in one.text) <= ("never" in text)
        assert not one.pinned or one.id not in now
    for joined in merged:
        assert len({by_id[memory_id].place for memory_id in joined.ids}) == 1


# --- Files of earlier states (F071) ---------------------------------------------------------------

ENTRIES = [{"id": 1, "number": 1, "text": "Lives in Oslo", "scope": "dm"}]


def test_a_dump_is_a_pickle_of_plain_text_and_its_twin_in_json_that_only_we_can_read(tmp_path):
    path = Dumps(tmp_path / "dumps").write(MIRA, ENTRIES, at=EPOCH)
    twin = path.with_suffix(".json")
    assert path.name == f"42_core_memories_{int(EPOCH.timestamp())}.pickle"
    assert pickle.loads(path.read_bytes()) == "1. Lives in Oslo"
    assert json.loads(twin.read_text()) == ENTRIES
    assert {stat.S_IMODE(one.stat().st_mode) for one in (path, twin)} == {0o600}
    assert stat.S_IMODE((tmp_path / "dumps").stat().st_mode) == 0o700


def test_dumps_of_one_second_are_all_kept(tmp_path):
    paths = {Dumps(tmp_path).write(MIRA, ENTRIES, at=EPOCH) for _ in range(3)}
    assert len(paths) == 3
    assert len(list(tmp_path.iterdir())) == 6


def test_forgetting_takes_the_dumps_that_hold_a_memory_and_those_that_nobody_can_read(tmp_path):
    dumps = Dumps(tmp_path)
    gone = dumps.write(MIRA, ENTRIES, at=EPOCH)
    kept = dumps.write(TOM, [ENTRIES[0] | {"id": 2}], at=EPOCH)
    torn = dumps.write(7, [ENTRIES[0] | {"id": 3}], at=EPOCH)
    torn.with_suffix(".json").write_text('[{"id": 3')
    alone = tmp_path / "8_core_memories_1.pickle"
    alone.write_bytes(b"x")
    notes = tmp_path / "notes.json"
    notes.write_text("mine")
    assert dumps.forget({1}) == 5
    assert set(tmp_path.iterdir()) == {kept, kept.with_suffix(".json"), notes}
    assert not gone.exists()


def test_where_there_are_no_dumps_there_is_nothing_to_forget(tmp_path):
    assert Dumps(tmp_path / "none").forget({1}) == 0


# --- The service ----------------------------------------------------------------------------------


@asynccontextmanager
async def dumping(folder: Path, *, known: int = 25_000) -> AsyncIterator[Table]:
    """Set a table with dumps of core memory."""
    manner = replace(AT_ONCE, dumps=Dumps(folder / "dumps"), extent=TranscriptLimits(known=known))
    async with table(folder, manner=manner) as at:
        yield at


def memories_of(at: Table) -> Memories:
    return at.app.memories


async def texts(at: Table, person_id: int = MIRA) -> list[str]:
    return [one.text for one in await memories_of(at).of("pixel", person_id)]


async def learn(at: Table, *changes: MemoryChange, where: Where = CHANNEL) -> None:
    async with at.database.begin() as db:
        learnt = await memories_of(at).learn(db, "pixel", where, changes, at=at.clock.now())
    await memories_of(at).dump("pixel", learnt)


def noted(
    text: str, *sources: int, memory_id: int | None = None, quote: str = "", who: int = MIRA
) -> MemoryChange:
    return MemoryChange(who, memory_id, text, quote or f"quote of {text}", sources)


def everywhere(folder: Path) -> bytes:
    """Return every byte that is kept."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_what_is_told_is_kept_where_it_was_told(at_table):
    memory = await memories_of(at_table).remember("pixel", MIRA, "  I like\ntea ", CHANNEL)
    assert (memory.number, memory.text, memory.scope, memory.channel_id) == (1, "I like tea", "channel", 600)
    assert (memory.origin, memory.sources) == (TOLD, [])
    again = await memories_of(at_table).remember("pixel", MIRA, "i like Tea", CHANNEL)
    assert again.id == memory.id
    elsewhere = await memories_of(at_table).remember("pixel", MIRA, "I like tea", OTHER_CHANNEL)
    assert (elsewhere.number, elsewhere.channel_id) == (2, 601)
    private = await memories_of(at_table).remember("pixel", MIRA, "I like tea", DM)
    assert (private.number, private.scope) == (3, "dm")
    assert await texts(at_table, TOM) == []


async def test_what_is_told_in_a_message_names_it_as_its_source(at_table):
    said = (await at_table.hear("remember: I like tea")).message_id
    memory = await memories_of(at_table).remember("pixel", MIRA, "I like tea", CHANNEL, source=said)
    assert (memory.sources, memory.quote) == ([said], "I like tea")


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b\u200b", "x" * (LONGEST + 1)])
async def test_what_says_nothing_or_too_much_is_refused(at_table, text):
    with pytest.raises(MemoryRefused, match="UNUSABLE"):
        await memories_of(at_table).remember("pixel", MIRA, text, DM)
    memory = await memories_of(at_table).remember("pixel", MIRA, "x" * LONGEST, DM)
    with pytest.raises(MemoryRefused, match="UNUSABLE"):
        await memories_of(at_table).edit("pixel", MIRA, memory.number, text)


async def test_there_is_no_server_in_a_direct_message(at_table):
    memory = await memories_of(at_table).remember("pixel", MIRA, "I like tea", DM)
    with pytest.raises(MemoryRefused, match="NO_SERVER"):
        await memories_of(at_table).remember("pixel", MIRA, "I like milk", DM, reach="guild")
    with pytest.raises(MemoryRefused, match="NO_SERVER"):
        await memories_of(at_table).share("pixel", MIRA, memory.number, "guild", DM)


async def test_a_person_has_so_many_memories_at_most(at_table):
    async with at_table.database.begin() as db:
        for number in range(MOST):
            await db.memories.add(row(f"fact {number}"), batch=1, cause="told")
    with pytest.raises(MemoryRefused, match="FULL"):
        await memories_of(at_table).remember("pixel", MIRA, "one more", CHANNEL)
    assert (await memories_of(at_table).remember("pixel", MIRA, "fact 7", CHANNEL)).number == 8
    await learn(at_table, noted("has a cat", 1))
    assert len(await texts(at_table)) == MOST
    await memories_of(at_table).forget("pixel", MIRA, 3)
    await memories_of(at_table).remember("pixel", MIRA, "one more", CHANNEL)
    assert len(await texts(at_table)) == MOST


def row(text: str) -> Fact:
    return Fact(
        person_id=MIRA,
        character="pixel",
        number=0,
        text=text,
        scope="channel",
        channel_id=CHANNEL.channel_id,
        guild_id=CHANNEL.guild_id,
        origin=TOLD,
        made_at=EPOCH,
        changed_at=EPOCH,
    )


@pytest.mark.parametrize("what", ["edit", "share", "pin", "forget"])
async def test_a_number_that_is_not_there_is_refused_also_when_it_is_somebody_elses(at_table, what):
    memories = memories_of(at_table)
    await memories.remember("pixel", TOM, "mine", CHANNEL)
    more: dict[str, tuple[Any, ...]] = {"edit": ("new",), "share": ("everywhere", CHANNEL)}
    with pytest.raises(MemoryRefused, match="UNKNOWN"):
        await getattr(memories, what)("pixel", MIRA, 1, *more.get(what, ()))
    assert await texts(at_table, TOM) == ["mine"]


async def test_an_edit_makes_it_the_persons_own_and_remembers_where_it_came_from(at_table):
    await learn(at_table, noted("has a cat", 1))
    memory = await memories_of(at_table).edit("pixel", MIRA, 1, "has two cats")
    assert (memory.text, memory.origin, memory.quote, memory.sources) == ("has two cats", TOLD, "", [1])
    await at_table.app.message_log.deleted(CHANNEL.channel_id, {1})
    [left] = await memories_of(at_table).of("pixel", MIRA)
    assert (left.text, left.sources) == ("has two cats", [])


async def test_a_memory_is_pinned_and_the_pin_taken_away(at_table):
    memories = memories_of(at_table)
    await memories.remember("pixel", MIRA, "I like tea", CHANNEL)
    assert (await memories.pin("pixel", MIRA, 1)).pinned
    await learn(at_table, noted("likes milk", 1, memory_id=1), MemoryChange(MIRA, 1))
    assert await texts(at_table) == ["I like tea"]
    assert not (await memories.pin("pixel", MIRA, 1)).pinned
    assert [one.cause for one in await memories.history("pixel", MIRA)] == ["unpinned", "pinned", "told"]


async def test_sharing_says_where_a_memory_may_come_up(at_table):
    memories = memories_of(at_table)
    await memories.remember("pixel", MIRA, "I like tea", DM)
    for scope, where, kept in (
        ("everywhere", DM, "everywhere"),
        ("guild", CHANNEL, "guild"),
        ("channel", OTHER_CHANNEL, "channel"),
        ("channel", DM, "dm"),
        ("everywhere", CHANNEL, "everywhere"),
        ("dm", CHANNEL, "dm"),
    ):
        memory = await memories.share("pixel", MIRA, 1, scope, where)
        assert (memory.scope, memory.channel_id) == (kept, where.channel_id)


async def test_what_changes_nothing_is_no_change(at_table):
    memories = memories_of(at_table)
    await memories.remember("pixel", MIRA, "I like tea", CHANNEL)
    await memories.edit("pixel", MIRA, 1, "I like tea")
    await memories.share("pixel", MIRA, 1, "channel", CHANNEL)
    assert len(await memories.history("pixel", MIRA)) == 1


# --- What is learnt from talk (D03) ---------------------------------------------------------------


async def test_what_is_learnt_stays_where_it_was_said(at_table):
    await learn(at_table, noted("has a cat", 1), noted("likes nuts", 2, who=TOM))
    await learn(at_table, noted("has a dog", 3), where=DM)
    cat, dog = await memories_of(at_table).of("pixel", MIRA)
    assert (cat.scope, cat.channel_id, cat.origin, cat.sources) == ("channel", 600, LEARNT, [1])
    assert (cat.quote, dog.scope) == ("quote of has a cat", "dm")
    assert await texts(at_table, TOM) == ["likes nuts"]


async def test_a_memory_learnt_anew_has_new_words_and_both_sources(at_table):
    await learn(at_table, noted("has a cat", 1))
    await learn(at_table, noted("has a cat called Ada", 2, memory_id=1))
    [memory] = await memories_of(at_table).of("pixel", MIRA)
    assert (memory.text, memory.sources, memory.number) == ("has a cat called Ada", [1, 2], 1)


@pytest.mark.parametrize("reach", ["everywhere", "guild", "channel"])
async def test_what_is_said_in_private_never_gets_into_a_memory_of_a_wider_audience(at_table, reach):
    await memories_of(at_table).remember("pixel", MIRA, "I live in Oslo", CHANNEL, reach=reach)
    await learn(at_table, noted("secretly moved to Bergen", 5, memory_id=1), where=DM)
    public, private = await memories_of(at_table).of("pixel", MIRA)
    assert (public.text, public.scope) == ("I live in Oslo", reach)
    assert (private.text, private.scope) == ("secretly moved to Bergen", "dm")


async def test_the_same_is_not_learnt_twice_and_what_went_meanwhile_does_not_come_back(at_table):
    await learn(at_table, noted("has a cat", 1))
    await learn(at_table, noted("Has a Cat", 2), noted("has a dog", 3, memory_id=99), MemoryChange(MIRA, 98))
    assert await texts(at_table) == ["has a cat"]


async def test_without_consent_nothing_is_learnt_and_with_it_what_was_really_said(tmp_path):
    manner = replace(AT_ONCE, extent=TranscriptLimits(condensed=200))
    async with table(tmp_path, manner=manner) as at:
        for agreed in (False, True):
            await memories_of(at).let_learn(MIRA, agreed)
            for number in range(8):
                await at.hear(f"Pixel, I have a cat, that is line {number} of {agreed} " + "word " * 20)
            await at.app.summaries.settled()
            at.clock.pass_time(3600)
            asked_before = len(at.claude.background)
            at.claude.will_note(proposal("Has a cat", "I have a cat"))
            at.claude.will_note(*["no"] * 5)
            await at.app.summaries.condense("pixel", DM)
            assert len(at.claude.background) > asked_before
            at.claude.notes.clear()
            assert await texts(at) == (["Has a cat"] if agreed else [])
        [memory] = await memories_of(at).of("pixel", MIRA)
        async with at.database.read() as db:
            lines = [await db.messages.get(one) for one in memory.sources]
        assert all(line and line.author_id == MIRA and "I have a cat" in line.text for line in lines)


def proposal(text: str, quote: str) -> str:
    """Return a summary with one memory about Mira."""
    summary = "They talked about a cat, over and over again, and about the number of the line."
    return json.dumps({"summary": summary, "operations": [add(text, quote, speaker_label("Mira", MIRA))]})


async def test_withdrawing_consent_forgets_what_was_learnt_and_keeps_what_was_told(tmp_path):
    async with dumping(tmp_path) as at:
        memories = memories_of(at)
        await memories.let_learn(MIRA, True)
        assert await memories.learns(MIRA)
        await memories.remember("pixel", MIRA, "I like tea", CHANNEL)
        await memories.remember("pixel", MIRA, "I live in Oslo", CHANNEL)
        await learn(at, noted("likes canary-green tea", 1, memory_id=1), noted("has a canary-cat", 2))
        await learn(at, noted("knows a canary-bird", 3), noted("owns a canary-dog", 4))
        await memories.edit("pixel", MIRA, 4, "I own a dog")
        await learn(at, MemoryChange(MIRA, 5))
        await memories.remember("pixel", TOM, "a canary-free room", CHANNEL)
        assert await memories.let_learn(MIRA, False) == 2
        assert not await memories.learns(MIRA)
        assert await texts(at) == ["I like tea", "I live in Oslo", "I own a dog"]
        for batch in await memories.history("pixel", MIRA):
            await memories.restore("pixel", MIRA, batch.id)
        kept = everywhere(tmp_path)
        assert b"canary-free" in kept
        assert kept.count(b"canary-") == kept.count(b"canary-free")
        assert await memories.let_learn(MIRA, False) == 0


# --- Earlier states (C50) -------------------------------------------------------------------------

_KEPT = ("number", "text", "scope", "channel_id", "guild_id", "pinned", "origin", "quote")
State = dict[int, tuple[Any, ...]]


async def state(memories: Memories, person_id: int) -> State:
    return {
        one.id: tuple(getattr(one, key) for key in _KEPT) for one in await memories.of("pixel", person_id)
    }


_STEP = st.one_of(
    st.tuples(st.just("add"), st.sampled_from([CHANNEL, OTHER_CHANNEL, DM])),
    st.tuples(st.sampled_from(["edit", "pin", "forget", "drop", "share", "reword"]), st.integers(0, 9)),
    st.tuples(st.just("restore"), st.integers(0, 9)),
    st.tuples(st.just("restore"), st.integers(0, 2)),
)


class Past:
    """Plays steps with somebody's memories, and knows what every earlier state was."""

    def __init__(self, at: Table, person_id: int) -> None:
        self.at, self.person_id = at, person_id
        self.memories = memories_of(at)
        self.states: dict[int, State] = {}
        self.forgotten: set[int] = set()
        self.words = count()

    async def play(self, steps: Sequence[tuple[str, Any]]) -> None:
        for verb, which in steps:
            before, batches = await state(self.memories, self.person_id), await self.batches()
            await getattr(self, f"_{verb}")(which, sorted(before.values()))
            for batch in set(await self.batches()) - set(batches):
                self.states[batch] = before

    async def batches(self) -> list[int]:
        return [one.id for one in await self.memories.history("pixel", self.person_id)]

    async def _add(self, where: Where, _now: Any) -> None:
        await self.memories.remember("pixel", self.person_id, f"fact {next(self.words)}", where)

    async def _edit(self, which: int, now: list[Any]) -> None:
        if now:
            await self.memories.edit(
                "pixel", self.person_id, now[which % len(now)][0], f"fact {next(self.words)}"
            )

    async def _pin(self, which: int, now: list[Any]) -> None:
        if now:
            await self.memories.pin("pixel", self.person_id, now[which % len(now)][0])

    async def _share(self, which: int, now: list[Any]) -> None:
        if now:
            scope = ["everywhere", "guild", "channel", "dm"][which % 4]
            await self.memories.share("pixel", self.person_id, now[which % len(now)][0], scope, CHANNEL)

    async def _reword(self, which: int, now: list[Any]) -> None:
        await self._learn(which, f"fact {next(self.words)}")

    async def _drop(self, which: int, now: list[Any]) -> None:
        await self._learn(which, None)

    async def _learn(self, which: int, text: str | None) -> None:
        ids = sorted(await state(self.memories, self.person_id))
        if ids:
            change = MemoryChange(self.person_id, ids[which % len(ids)], text, "quote", (9_000 + which,))
            await learn(self.at, change, where=OTHER_CHANNEL)

    async def _forget(self, which: int, now: list[Any]) -> None:
        if now:
            number = now[which % len(now)][0]
            of = await self.memories.of("pixel", self.person_id)
            self.forgotten |= {one.id for one in of if one.number == number}
            await self.memories.forget("pixel", self.person_id, number)

    async def _restore(self, which: int, _now: Any) -> None:
        batches = await self.batches()
        if not batches:
            return
        batch = batches[which % len(batches)]
        shown = await self.memories.preview("pixel", self.person_id, batch)
        now = await state(self.memories, self.person_id)
        changed = await self.memories.restore("pixel", self.person_id, batch)
        wanted = {one: kept for one, kept in self.states[batch].items() if one not in self.forgotten}
        assert await state(self.memories, self.person_id) == wanted
        different = {one for one in {*now, *wanted} if now.get(one) != wanted.get(one)}
        assert len(different) == len(shown) == changed


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[asyncio.Runner, Table, Iterator[int]]]:
    """Sit down at one table for many examples, each with a person of its own."""
    with asyncio.Runner() as runner:
        opened = table(tmp_path)
        at = runner.run(opened.__aenter__())
        try:
            yield runner, at, count(10_000)
        finally:
            runner.run(opened.__aexit__(None, None, None))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_STEP, max_size=14))
@example(steps=[("add", DM), ("restore", 0), ("add", DM), ("restore", 0), ("restore", 0)])
@example(steps=[("add", DM), ("add", DM), ("forget", 1), ("restore", 0), ("add", DM), ("restore", 1)])
@pytest.mark.slow
def test_bringing_back_gives_exactly_the_earlier_state_but_for_what_was_forgotten(running, steps):
    runner, at, people = running
    past = Past(at, next(people))
    runner.run(past.play([*steps, ("restore", 5), ("restore", 0)]))


async def test_a_state_that_is_not_there_is_refused(at_table):
    memories = memories_of(at_table)
    await memories.remember("pixel", TOM, "mine", CHANNEL)
    [theirs] = await memories.history("pixel", TOM)
    for batch in (theirs.id, 0, -1, 10**9):
        with pytest.raises(MemoryRefused, match="NO_STATE"):
            await memories.restore("pixel", MIRA, batch)
        with pytest.raises(MemoryRefused, match="NO_STATE"):
            await memories.preview("pixel", MIRA, batch)
    assert await texts(at_table, TOM) == ["mine"]


async def test_a_preview_says_what_comes_back_and_changes_nothing(at_table):
    memories = memories_of(at_table)
    await memories.remember("pixel", MIRA, "I like tea", CHANNEL)
    await memories.remember("pixel", MIRA, "I like milk", CHANNEL)
    await memories.edit("pixel", MIRA, 1, "I like coffee")
    before = await state(memories, MIRA)
    shown = await memories.preview("pixel", MIRA, (await memories.history("pixel", MIRA))[1].id)
    told = [(one.number, one.now and one.now["text"], one.then and one.then["text"]) for one in shown]
    assert told == [(1, "I like coffee", "I like tea"), (2, "I like milk", None)]
    assert await state(memories, MIRA) == before


# --- Dumps of what was before (F071) --------------------------------------------------------------


def dumped(folder: Path) -> list[list[str]]:
    found = sorted((folder / "dumps").glob("*.json"), key=lambda path: (len(path.name), path.name))
    return [[one["text"] for one in json.loads(path.read_text())] for path in found]


async def test_before_each_change_what_was_known_is_written_down(tmp_path):
    async with dumping(tmp_path) as at:
        memories = memories_of(at)
        await memories.remember("pixel", MIRA, "one", CHANNEL)
        await memories.remember("pixel", MIRA, "two", CHANNEL)
        await memories.edit("pixel", MIRA, 1, "uno")
        await memories.pin("pixel", MIRA, 2)
        await learn(at, noted("three", 1))
        await memories.restore("pixel", MIRA, (await memories.history("pixel", MIRA))[2].id)
        assert dumped(tmp_path) == [
            [], ["one"], ["one", "two"], ["uno", "two"], ["uno", "two"], ["uno", "two", "three"]
        ]  # fmt: skip
        assert len(list((tmp_path / "dumps").glob("*.pickle"))) == 6


async def test_without_room_for_dumps_a_change_happens_all_the_same(tmp_path, caplog):
    (tmp_path / "dumps").write_text("a file where the folder should be")
    async with dumping(tmp_path) as at:
        await memories_of(at).remember("pixel", MIRA, "canary", CHANNEL)
        assert await texts(at) == ["canary"]
    assert "No dump of core memory could be written: File exists" in caplog.text
    assert "canary" not in caplog.text


async def test_what_is_forgotten_while_a_dump_is_written_is_not_in_it(tmp_path):
    async with dumping(tmp_path) as at:
        memories = memories_of(at)
        await memories.remember("pixel", MIRA, "my canary", CHANNEL)
        async with at.database.begin() as db:
            learnt = await memories.learn(db, "pixel", CHANNEL, [noted("has a cat", 1)], at=at.clock.now())
        await memories.forget("pixel", MIRA, 1)
        await memories.dump("pixel", learnt)
        assert b"canary" not in everywhere(tmp_path)
        await memories.dump("pixel", learnt[:0])


# --- What goes for good (C62, C63) ----------------------------------------------------------------


async def test_what_is_forgotten_leaves_the_table_its_past_the_dumps_and_the_log(tmp_path):
    async with dumping(tmp_path) as at:
        memories = memories_of(at)
        await memories.remember("pixel", MIRA, "canary-one", CHANNEL)
        await memories.remember("pixel", MIRA, "bystander", CHANNEL)
        await memories.edit("pixel", MIRA, 1, "canary-two")
        await memories.pin("pixel", MIRA, 1)
        assert b"canary" in everywhere(tmp_path)
        await memories.forget("pixel", MIRA, 1)
        assert b"canary" not in everywhere(tmp_path)
        assert await texts(at) == ["bystander"]
        assert [one.cause for one in await memories.history("pixel", MIRA)] == ["told"]


async def test_forgetting_everything_takes_what_had_gone_before_too(tmp_path):
    async with dumping(tmp_path) as at:
        memories = memories_of(at)
        await memories.remember("pixel", MIRA, "canary-one", CHANNEL)
        await memories.remember("pixel", MIRA, "canary-two", DM)
        await memories.remember("pixel", TOM, "bystander", CHANNEL)
        await learn(at, MemoryChange(MIRA, 1))
        assert await memories.forget_all("pixel", MIRA) == 1
        assert b"canary" not in everywhere(tmp_path)
        assert await memories.history("pixel", MIRA) == []
        assert await texts(at, TOM) == ["bystander"]


async def test_after_a_crash_between_the_deletion_and_its_traces_they_go_with_the_next_look(tmp_path):
    async with dumping(tmp_path) as at:
        await memories_of(at).remember("pixel", MIRA, "canary", CHANNEL)
        await memories_of(at).pin("pixel", MIRA, 1)
        async with at.database.begin() as db:
            await at.app.eraser.memories(db, [1])
        assert b"canary" in everywhere(tmp_path / "dumps")
    async with dumping(tmp_path) as at:
        await at.app.message_log.prune()
        assert b"canary" not in everywhere(tmp_path)


async def delete(at: Table, *message_ids: int) -> None:
    await at.app.message_log.deleted(CHANNEL.channel_id, set(message_ids))


async def test_a_memory_goes_with_its_only_message_and_stays_while_it_has_another(tmp_path):
    async with dumping(tmp_path) as at:
        await learn(at, noted("canary-cat", 1), noted("dog", 1, 2), noted("bird", 3))
        await memories_of(at).pin("pixel", MIRA, 2)
        await delete(at, 1)
        assert await texts(at) == ["dog", "bird"]
        assert b"canary" not in everywhere(tmp_path)
        assert [one.sources for one in await memories_of(at).of("pixel", MIRA)] == [[2], [3]]
        [pinned, learnt] = await memories_of(at).history("pixel", MIRA)
        assert (pinned.cause, learnt.cause) == ("pinned", "learnt")
        await delete(at, 2)
        assert await texts(at) == ["bird"]


async def test_an_edit_that_takes_the_quoted_words_away_takes_the_memory_too(tmp_path):
    async with dumping(tmp_path) as at:
        heard = await at.hear("Pixel, I have a canary-cat", where=CHANNEL)
        other = await at.hear("Pixel, I have a dog", where=CHANNEL)
        await learn(
            at,
            noted("has a canary", heard.message_id, quote="have a canary-cat"),
            noted("has a dog", other.message_id, quote="have a dog"),
        )
        await at.app.message_log.edited(600, other.message_id, "Pixel, I  HAVE a dog!")
        assert len(await texts(at)) == 2
        await at.app.message_log.edited(600, heard.message_id, "Pixel, I have a parrot")
        assert await texts(at) == ["has a dog"]
        at.claude.prompts.clear()
        assert b"canary" not in everywhere(tmp_path)


async def test_without_its_newer_message_a_memory_is_again_what_it_was_before(tmp_path):
    async with dumping(tmp_path) as at:
        await learn(at, noted("has a cat", 1))
        await learn(at, noted("has a cat called Canary", 2, memory_id=1))
        await memories_of(at).share("pixel", MIRA, 1, "dm", CHANNEL)
        await delete(at, 2)
        [memory] = await memories_of(at).of("pixel", MIRA)
        assert (memory.text, memory.scope, memory.sources) == ("has a cat", "dm", [1])
        assert b"Canary" not in everywhere(tmp_path)
        await learn(at, noted("has a cat called Canary", 3, memory_id=1), where=DM)
        await delete(at, 1)
        assert await texts(at) == []
        assert b"Canary" not in everywhere(tmp_path)


async def test_what_had_gone_and_could_come_back_goes_with_its_message(tmp_path):
    async with dumping(tmp_path) as at:
        heard = await at.hear("Pixel, I have a canary-cat", where=CHANNEL)
        await learn(at, noted("has a canary-cat", heard.message_id), noted("has a dog", 2))
        await learn(at, MemoryChange(MIRA, 1))
        assert b"has a canary" in everywhere(tmp_path)
        await delete(at, heard.message_id)
        assert b"has a canary" not in everywhere(tmp_path)
        assert await texts(at) == ["has a dog"]


async def test_a_form_that_was_brought_back_still_goes_with_its_message(tmp_path):
    async with dumping(tmp_path) as at:
        await learn(at, noted("has a cat", 1))
        await learn(at, noted("has a canary", 2, memory_id=1))
        await memories_of(at).restore("pixel", MIRA, (await memories_of(at).history("pixel", MIRA))[0].id)
        assert await texts(at) == ["has a cat"]
        await delete(at, 2)
        assert await texts(at) == ["has a cat"]
        assert b"canary" not in everywhere(tmp_path)


async def test_a_memory_that_went_and_came_back_still_goes_with_every_message_of_its_past(tmp_path):
    async with dumping(tmp_path) as at:
        await learn(at, noted("has a cat", 1), *(noted(f"fact {number}", 9) for number in range(4)))
        await learn(at, noted("has a canary", 2, memory_id=1))
        await learn(at, MemoryChange(MIRA, 1))
        await memories_of(at).restore("pixel", MIRA, (await memories_of(at).history("pixel", MIRA))[1].id)
        assert (await texts(at))[0] == "has a cat"
        await delete(at, 2)
        assert (await texts(at))[0] == "has a cat"
        assert b"canary" not in everywhere(tmp_path)


# --- Joining many memories into fewer (F067) ------------------------------------------------------

PAIR = ["My sister Anna lives in Oslo", "I never eat nuts"]
TOGETHER = "My sister Anna lives in Oslo; I never eat nuts"


def grouped(*groups: dict[str, Any]) -> str:
    return json.dumps({"groups": list(groups)})


@asynccontextmanager
async def crowded(folder: Path, *answers: Any, known: int = 5) -> AsyncIterator[Table]:
    """Have Mira tell two things, which are more tokens than may be known."""
    async with dumping(folder, known=known) as at:
        at.claude.will_note(*answers)
        for text in PAIR:
            await memories_of(at).remember("pixel", MIRA, text, CHANNEL)
        yield at


async def test_memories_that_have_grown_too_many_are_joined_and_the_joined_can_come_apart(tmp_path):
    async with crowded(tmp_path, grouped(group(TOGETHER, 1, 2))) as at:
        assert await texts(at) == [TOGETHER]
        question = at.claude.questions[-1]
        assert (question.purpose, question.user_id) == ("memories", MIRA)
        assert "1. My sister Anna" in at.claude.background[-1].text
        assert dumped(tmp_path)[-1] == PAIR
        memories = memories_of(at)
        [joined, *_] = await memories.history("pixel", MIRA)
        assert joined.memories == 2
        await memories.restore("pixel", MIRA, joined.id)
        assert await texts(at) == PAIR


async def test_memories_are_joined_as_the_characters_own_prompt_says(tmp_path):
    """F067, F068."""
    async with crowded(tmp_path, grouped(group(TOGETHER, 1, 2))) as at:
        system = "".join(block.text for block in at.claude.background[-1].system)
        assert at.app.character.core_memory_dump in system


async def test_who_tells_something_that_is_joined_learns_where_it_stands(tmp_path):
    async with dumping(tmp_path, known=5) as at:
        at.claude.will_note(grouped(group(TOGETHER, 1, 2)))
        await memories_of(at).remember("pixel", MIRA, PAIR[0], CHANNEL)
        memory = await memories_of(at).remember("pixel", MIRA, PAIR[1], CHANNEL)
        assert (memory.number, memory.text) == (1, TOGETHER)


LOSSY = grouped(group("My sister lives in Oslo; I never eat nuts", 1, 2))


@pytest.mark.parametrize(
    "answer",
    ["", "I'd rather not", "[]", '{"groups": 7}', '{"groups": [7]}', LOSSY, grouped(), ClaudeTimeout("late")],
    ids=str,
)
async def test_an_answer_that_is_none_changes_nothing_and_is_paid_for(tmp_path, caplog, answer):
    async with crowded(tmp_path, answer) as at:
        assert await texts(at) == PAIR
        async with at.database.read() as db:
            spent = await db.calls.spending(since=EPOCH)
        assert spent.calls == 1
    assert "stay many" in caplog.text
    assert "Anna" not in caplog.text


async def test_an_answer_that_was_cut_short_changes_nothing(tmp_path, monkeypatch):
    ask = FakeClaude.ask

    async def cut_short(self: FakeClaude, *arguments: Any) -> Any:
        return replace(await ask(self, *arguments), cut_short=True)

    monkeypatch.setattr(FakeClaude, "ask", cut_short)
    async with crowded(tmp_path, grouped(group(TOGETHER, 1, 2))) as at:
        assert await texts(at) == PAIR


async def test_memories_that_changed_while_they_were_joined_stay_as_they_are(tmp_path):
    async with dumping(tmp_path, known=5) as at:
        at.claude.will_note(grouped(group(TOGETHER, 1, 2)))
        await memories_of(at).remember("pixel", MIRA, PAIR[0], CHANNEL)
        at.claude.while_thinking = lambda: memories_of(at).pin("pixel", MIRA, 1)
        await memories_of(at).remember("pixel", MIRA, PAIR[1], CHANNEL)
        assert await texts(at) == PAIR


async def test_what_could_not_be_joined_is_not_asked_again_until_there_is_more(tmp_path):
    async with crowded(tmp_path, LOSSY) as at:
        asked = len(at.claude.background)
        assert not await memories_of(at).consolidate("pixel", MIRA)
        assert len(at.claude.background) == asked
        await memories_of(at).remember("pixel", MIRA, "and one more thing of some length", CHANNEL)
        assert len(at.claude.background) == asked + 1


async def test_what_is_few_is_not_asked_about(at_table):
    await memories_of(at_table).remember("pixel", MIRA, PAIR[0], CHANNEL)
    assert at_table.claude.background == []


async def test_forgetting_a_joined_memory_forgets_all_that_was_joined(tmp_path):
    async with crowded(tmp_path, grouped(group(TOGETHER, 1, 2))) as at:
        await memories_of(at).forget("pixel", MIRA, 1)
        assert await memories_of(at).history("pixel", MIRA) == []
        kept = everywhere(tmp_path)
        assert b"Anna" not in kept
        assert b"nuts" not in kept


async def test_forgetting_what_had_been_joined_once_takes_the_joined_form_along(tmp_path):
    async with crowded(tmp_path, grouped(group(TOGETHER, 1, 2))) as at:
        memories = memories_of(at)
        await memories.restore("pixel", MIRA, (await memories.history("pixel", MIRA))[0].id)
        await memories.forget("pixel", MIRA, 1)
        assert await texts(at) == PAIR[1:]
        assert b"Anna" not in everywhere(tmp_path)
        assert [one.cause for one in await memories.history("pixel", MIRA)] == [
            "restored",
            "joined into 1",
            "told",
        ]


CANARY, NORWAY = "Has a canary called Ada", "Lives in Oslo, Norway"


@asynccontextmanager
async def joined(
    folder: Path, *changes: MemoryChange, numbers: tuple[int, int] = (1, 2)
) -> AsyncIterator[Table]:
    """Have two memories about Mira, joined into the one of the first number."""
    async with dumping(folder, known=5) as at:
        await learn(at, *changes)
        texts_ = await texts(at)
        together = ", ".join(texts_[number - 1] for number in numbers)
        at.claude.will_note(grouped(group(together, *numbers)))
        assert await memories_of(at).consolidate("pixel", MIRA)
        assert await texts(at) == [together]
        yield at


@pytest.mark.parametrize("canary", [1, 2])
@pytest.mark.parametrize("first", [1, 2])
async def test_when_a_message_goes_the_rest_of_what_was_joined_stands_for_itself_again(
    tmp_path, canary, first
):
    changes = [noted(CANARY, 1, 2), noted(NORWAY, 3)][:: 1 if canary == 1 else -1]
    async with joined(tmp_path, *changes, numbers=(first, 3 - first)) as at:
        await delete(at, 1)
        assert len(await texts(at)) == 1
        await delete(at, 2)
        assert await texts(at) == [NORWAY]
        assert b"canary" not in everywhere(tmp_path)


async def test_when_consent_goes_what_was_told_stands_for_itself_again(tmp_path):
    async with dumping(tmp_path, known=5) as at:
        await memories_of(at).remember("pixel", MIRA, NORWAY, CHANNEL)
        await learn(at, noted(CANARY, 1))
        at.claude.will_note(grouped(group(f"{NORWAY}, {CANARY}", 1, 2)))
        at.clock.pass_time(1)
        assert await memories_of(at).consolidate("pixel", MIRA)
        assert await memories_of(at).let_learn(MIRA, False) == 1
        assert await texts(at) == [NORWAY]
        assert b"canary" not in everywhere(tmp_path)


async def test_no_two_memories_have_one_number(tmp_path):
    async with joined(tmp_path, noted(CANARY, 1), noted(NORWAY, 3)) as at:
        memories = memories_of(at)
        await memories.remember("pixel", MIRA, "I like tea", CHANNEL)
        await memories.restore("pixel", MIRA, (await memories.history("pixel", MIRA))[0].id)
        await delete(at, 1)
        assert [(one.number, one.text) for one in await memories.of("pixel", MIRA)] == [(2, NORWAY)]
        await memories.restore("pixel", MIRA, (await memories.history("pixel", MIRA))[0].id)
        assert [(one.number, one.text) for one in await memories.of("pixel", MIRA)] == [
            (2, NORWAY),
            (3, "I like tea"),
        ]


async def test_when_what_others_were_joined_into_goes_they_come_back(tmp_path):
    async with joined(tmp_path, noted(CANARY, 1), noted(NORWAY, 3)) as at:
        await memories_of(at).remember("pixel", MIRA, "I like tea", CHANNEL)
        await memories_of(at).share("pixel", MIRA, 1, "dm", CHANNEL)
        await delete(at, 1)
        left = await memories_of(at).of("pixel", MIRA)
        assert [(one.number, one.text, one.scope) for one in left] == [
            (2, "I like tea", "channel"),
            (3, NORWAY, "dm"),
        ]
        assert b"canary" not in everywhere(tmp_path)


# --- Whatever happened before, a deleted message leaves nothing (C63) -----------------------------

_GROWTH = st.one_of(
    st.tuples(st.just("learn"), st.just(0)),
    st.tuples(st.sampled_from(["reword", "edit", "drop", "pin", "restore", "join"]), st.integers(0, 9)),
)


class Growth:
    """Lets memories grow out of messages: the words of message 7 are `m7x`."""

    def __init__(self, at: Table, person_id: int) -> None:
        self.at, self.person_id = at, person_id
        self.memories = memories_of(at)
        self.messages: list[int] = []

    async def play(self, steps: Sequence[tuple[str, int]]) -> None:
        for verb, which in steps:
            known = await self.memories.of("pixel", self.person_id)
            if verb == "learn":
                await self._learn("")
            elif verb == "restore":
                batches = await self.memories.history("pixel", self.person_id)
                if batches:
                    await self.memories.restore("pixel", self.person_id, batches[which % len(batches)].id)
            elif verb == "join":
                await self._join()
            elif known:
                await self._change(verb, known[which % len(known)])

    async def _change(self, verb: str, memory: Fact) -> None:
        if verb == "reword":
            await self._learn(memory.text, memory.id)
        elif verb == "drop":
            await learn(self.at, MemoryChange(self.person_id, memory.id))
        elif verb == "edit":
            await self.memories.edit("pixel", self.person_id, memory.number, f"mine {len(self.messages)}")
        else:
            await self.memories.pin("pixel", self.person_id, memory.number)

    async def _learn(self, text: str, memory_id: int | None = None) -> None:
        heard = await self.at.hear("Pixel, look", where=CHANNEL, author_id=self.person_id)
        self.messages.append(message_id := heard.message_id)
        words = f"{text} m{message_id}x".strip()
        await learn(self.at, MemoryChange(self.person_id, memory_id, words, f"m{message_id}x", (message_id,)))

    async def _join(self) -> None:
        async def two_and_two(_slug: str, _person_id: int, of: Sequence[KnownMemory]) -> list[dict[str, Any]]:
            free = [one for one in of if not one.pinned]
            pairs = [free[n : n + 2] for n in range(0, len(free), 2)] + [[one] for one in of if one.pinned]
            return [
                group(" ".join(one.text for one in pair), *(one.number for one in pair)) for pair in pairs
            ]

        merger = Merger(self.at.database, ask=two_and_two, tokens=len, threshold=0, now=self.at.clock.now)
        await merger.run("pixel", self.person_id)

    async def record(self) -> str:
        """Return all that is kept of these memories, their past included."""
        async with self.at.database.read() as db:
            known = await db.memories.of(self.person_id, "pixel")
            changes = await db.memories.since(self.person_id, "pixel", 0)
            return json.dumps([[one.text, one.quote] for one in known]) + json.dumps(
                [[one.before, one.after] for one in changes], default=str
            )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_GROWTH, min_size=2, max_size=12), gone=st.sets(st.integers(0, 11), min_size=1))
@pytest.mark.slow
def test_whatever_became_of_a_message_it_leaves_nothing_and_takes_nothing_else(running, steps, gone):
    runner, at, people = running
    growth = Growth(at, next(people))
    runner.run(growth.play([("learn", 0), *steps]))
    lost = {one for number, one in enumerate(growth.messages) if number in gone}
    before = {one.id: one.text for one in runner.run(growth.memories.of("pixel", growth.person_id))}
    runner.run(delete(at, *lost))
    record = runner.run(growth.record())
    now = {one.id: one.text for one in runner.run(growth.memories.of("pixel", growth.person_id))}
    assert not [one for one in lost if f"m{one}x" in record]
    for memory_id, text in before.items():
        if not any(f"m{one}x" in text for one in lost):
            assert now[memory_id] == text
    for batch in runner.run(growth.memories.history("pixel", growth.person_id)):
        runner.run(growth.memories.preview("pixel", growth.person_id, batch.id))
    runner.run(growth.memories.forget_all("pixel", growth.person_id))
    assert not [one for one in growth.messages if f"m{one}x" in runner.run(growth.record())]
