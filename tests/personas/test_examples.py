"""The three characters that come with the bot: they are played as their files promise (F007, F008, C48)."""

import json
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from bot.conversation.style_guard import flaw_of
from bot.features.characters.library import Library
from bot.features.characters.shelves import CharacterSource, sources_of
from personas.affect import hormones, moods
from personas.affect.hormones import Nature
from personas.affect.temperament import DayMood, Hormone, Stimulus
from personas.cards import cast, read_card
from personas.cards.convert import card_of
from personas.character import Character
from personas.character_rules import LONGEST_STATUS
from personas.library import read_folder
from personas.macros import Macros, expand
from tests.builders import AT_ONCE, CHANNEL, DM, Table, table, utterance
from tests.company import QUIET, stagecraft
from tests.support.examples import CHARACTERS, EXAMPLES, shipped

NAMES = {"nyx": "Nyx", "fangs": "Fangs", "pixel": "Pixel"}
MOST_LETTERS = 6_000
"""What docs/characters.md says is enough for a prompt."""


def library_of(folder: Path, sources: Sequence[CharacterSource]) -> Library:
    return Library(
        sources,
        characters=CHARACTERS,
        frameworks=CHARACTERS / "_frameworks",
        compiled=folder / "compiled",
        pictures=folder / "pictures",
    )


@asynccontextmanager
async def played(folder: Path, *names: str) -> AsyncIterator[Table]:
    """Set a table for these examples as they are, the first being the bot's own."""
    sources = sources_of(characters=CHARACTERS, character=names[0], sheet=None, others=names[1:], slug="")
    library = library_of(folder, sources)
    async with table(folder, library=library, manner=replace(AT_ONCE, direction=QUIET)) as at:
        yield at


def last(at: Table) -> str:
    return at.claude.prompts[-1].text


def primary(at: Table) -> Character:
    return at.app.company.primary.character


@pytest.mark.parametrize("slug", EXAMPLES)
async def test_an_example_is_played_from_its_folder_without_a_notice(tmp_path, slug, caplog):
    async with played(tmp_path, slug) as at:
        await at.hear("hello")
        playing = at.app.company.primary.playing
    assert playing.notices == ()
    assert playing.persona is not None
    assert playing.persona.id == playing.character.slug == slug
    assert len(playing.persona.prompt) <= MOST_LETTERS
    (book,) = playing.lorebooks.values()
    assert 6 <= len(book.entries) <= 10
    assert [one.getMessage() for one in caplog.records if one.levelname in ("WARNING", "ERROR")] == []


@pytest.mark.parametrize("slug", EXAMPLES)
async def test_an_example_says_everything_that_one_may_say_of_itself(tmp_path, slug):
    async with played(tmp_path, slug) as at:
        character = primary(at)
    assert character.quirks
    assert character.interests
    assert character.avoidances
    assert character.greeting
    assert len(character.greetings) == 2
    assert character.public_voice
    assert character.private_voice
    assert "In a DM" not in character.core_prompt


@pytest.mark.parametrize("slug", EXAMPLES)
async def test_an_example_that_was_copied_out_of_its_folder_is_the_same_character(tmp_path, slug):
    """F007: it keeps its id by which its memories are kept, and the lorebook that stayed in the folder."""
    copied = tmp_path / "character.env"
    shutil.copy(CHARACTERS / slug / "character.env", copied)
    assert "your_api_key_here" in copied.read_text(encoding="utf-8")
    library = library_of(
        tmp_path, sources_of(characters=CHARACTERS, character="", sheet=copied, others=(), slug=slug)
    )
    async with played(tmp_path, slug) as at:
        assert (await library.open()).primary.character == primary(at)
        assert library.folder_of(slug) == CHARACTERS / slug


@pytest.mark.slow
async def test_all_three_play_together(tmp_path):
    async with played(tmp_path, *EXAMPLES) as at:
        for name in NAMES.values():
            await at.hear(f"{name}, are you there?", where=CHANNEL)
        assert at.mouth.speakers == ["", "Her Fangs Pierce Times Throat", "Pixel"]


# How they talk, and where.


@pytest.mark.parametrize("slug", EXAMPLES)
async def test_an_example_talks_one_way_in_public_and_another_alone(tmp_path, slug):
    """C48: the one and never the other."""
    async with played(tmp_path, slug) as at:
        public, private = primary(at).public_voice, primary(at).private_voice
        await at.hear("hello", where=DM)
        assert private in last(at)
        assert public not in last(at)
        await at.hear(f"{NAMES[slug]}, hello", where=CHANNEL)
        assert public in last(at)
        assert private not in last(at)


@pytest.mark.parametrize("slug", EXAMPLES)
async def test_an_example_greets_who_writes_to_it_first(tmp_path, slug):
    """C36: by the name of whoever wrote, and as one message."""
    async with played(tmp_path, slug) as at:
        await at.hear("hello", where=DM)
        greeting = expand(primary(at).greeting, Macros(char="", user="Mira", seed=""), rng=Random(1))
        assert "{{" not in greeting
        assert at.mouth.said[0] == greeting
        assert len(at.mouth.said) == 2


@pytest.mark.slow
async def test_each_of_pixels_modes_comes_up_by_every_one_of_its_cues(tmp_path):
    """F008, C78."""
    async with played(tmp_path, "pixel") as at:
        modes = primary(at).modes
        assert len(modes) >= 9
        for mode in modes:
            for cue in mode.cues:
                await at.hear(f"hm, {cue.upper()}, you know", where=DM)
                assert f"Pixel is in the mode {mode.name}:" in last(at), cue


@pytest.mark.slow
async def test_pixel_slips_now_and_then_and_is_mostly_herself(tmp_path):
    """F008: a mode is picked for each reply."""
    async with played(tmp_path, "pixel") as at:
        seen = []
        for _ in range(60):
            await at.hear("hello", where=DM)
            seen += [one.name for one in primary(at).modes if f"in the mode {one.name}:" in last(at)]
    assert len(seen) == 60
    assert 30 <= seen.count("DEFAULT.nya") < 60
    assert len(set(seen)) >= 4


@pytest.mark.parametrize("text", ["hello there", "what is for dinner?", "i read a good book", "ok", "brb"])
async def test_everyday_talk_calls_up_no_mode_of_pixels(tmp_path, text):
    async with played(tmp_path, "pixel") as at:
        assert not [cue for mode in primary(at).modes for cue in mode.cues if cue in text]


# What they know of their worlds.


@pytest.mark.slow
@pytest.mark.parametrize("slug", EXAMPLES)
async def test_each_entry_of_an_example_comes_up_by_each_of_its_keys_and_goes_again(tmp_path, slug):
    """C32."""
    entries = json.loads((CHARACTERS / slug / "lorebook.json").read_text(encoding="utf-8"))["entries"]
    async with played(tmp_path, slug) as at:
        await at.hear("hello")
        assert "has to do with this" not in last(at)
        for entry in entries:
            content = entry["content"].replace("{{char}}", primary(at).name)
            for key in entry["keys"]:
                await at.hear(f"so, {key}")
                assert content in last(at), key
        for _ in range(3):
            await at.hear("well then")
        assert "has to do with this" not in last(at)


@pytest.mark.parametrize("slug", EXAMPLES)
def test_a_lorebook_of_an_example_is_taken_for_one(slug):
    """A name and a description alone would make it a card of the first version."""
    contents = read_folder(CHARACTERS / slug, {})
    assert [book.file for book in contents.books] == ["lorebook.json"]
    assert not contents.faults
    assert not contents.notices


# Who answers what, and what they fall out about.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("my vending machine wants passwords now", "nyx"),
        ("i hate queues and waiting rooms", "fangs"),
        ("this regex is full of bugs", "pixel"),
    ],
)
async def test_a_topic_goes_to_whom_it_concerns(tmp_path, text, slug):
    """C23, F101."""
    async with played(tmp_path, *EXAMPLES) as at:
        (cue,) = await at.app.casting.plan(utterance(text, where=CHANNEL))
        assert cue.slug == slug


@pytest.mark.slow
async def test_nyx_and_fangs_fall_out_about_clocks(tmp_path):
    """F094."""
    async with played(tmp_path, *EXAMPLES) as at:
        crafts = stagecraft(at)
        at.claude.will_say("every clock on this machine agrees with me.", "A stopped clock agrees with me.")
        members = nyx, fangs = [crafts.role("nyx"), crafts.role("fangs")]
        assert nyx.character.conflicts == {"fangs": ("clocks",)}
        assert fangs.character.conflicts == {"nyx": ("clocks",)}
        await crafts.begin_scene(CHANNEL, members, "a quiet evening", turns=2, by=1, opened_by=2)
        await at.app.following.follow(CHANNEL.channel_id, at.mouth)
        async with at.database.read() as db:
            conflicts = await db.affinities.conflicts("nyx", "fangs")
        assert {one.topic: one.severity for one in conflicts} == {"clocks": pytest.approx(0.2)}
        await at.hear("Nyx, hello", where=CHANNEL)
        assert "slightly tense" in last(at)


# What they are like by nature (F085, F088, F090, F114, C47).


EVENING = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
"""Hardly anything of what the morning and the night add is left by then."""
TEN = (
    *(Stimulus.MENTION, Stimulus.PRAISE, Stimulus.MENTION, Stimulus.GRATITUDE, Stimulus.CONFLICT),
    *(Stimulus.MENTION, Stimulus.CONFLICT, Stimulus.MENTION, Stimulus.PRAISE, Stimulus.CONFLICT),
)
"""An evening, ten minutes from one to the next."""
PAIRS = [("nyx", "fangs"), ("nyx", "pixel"), ("fangs", "pixel")]


def nature(slug: str) -> Nature:
    return Nature(shipped(slug).temperament, UTC)


def at_rest(slug: str) -> dict[Hormone, float]:
    return hormones.levels(hormones.at_rest(EVENING), nature(slug), EVENING)


def evening_of(slug: str) -> list[dict[Hormone, float]]:
    """Return the levels after each of the ten."""
    feeling, found = hormones.at_rest(EVENING), []
    for number, stimulus in enumerate(TEN, start=1):
        at = EVENING + timedelta(minutes=10 * number)
        feeling = hormones.felt(feeling, nature(slug), stimulus, at)
        found.append(hormones.levels(feeling, nature(slug), at))
    return found


def moods_of(slug: str) -> list[str]:
    found = [moods.mood_of(levels) for levels in evening_of(slug)]
    return [mood.name if mood else moods.STEADY for mood in found]


def stirred(slug: str, stimulus: Stimulus) -> float:
    """Return how much one thing moves somebody at rest, all hormones together."""
    after = hormones.felt(hormones.at_rest(EVENING), nature(slug), stimulus, EVENING)
    levels = hormones.levels(after, nature(slug), EVENING)
    return sum(abs(levels[one] - rest) for one, rest in at_rest(slug).items())


def left_after(slug: str, hours: float) -> float:
    """Return which share of what moved somebody is left after so many hours."""
    after = hormones.felt(hormones.at_rest(EVENING), nature(slug), Stimulus.CONFLICT, EVENING)
    later = hormones.advanced(after, nature(slug), EVENING + timedelta(hours=hours))
    return later.deviations[Hormone.ADRENALINE] / after.deviations[Hormone.ADRENALINE]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_examples_rest_at_levels_of_their_own(one, other):
    """One hormone at least lies 0.15 apart for each two of them, and all seven together 0.3."""
    apart = [abs(level - at_rest(other)[name]) for name, level in at_rest(one).items()]
    assert max(apart) >= 0.15
    assert sum(apart) >= 0.3


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_same_ten_events_leave_the_examples_apart(one, other):
    """As far again as they began: 0.1 in one hormone at least, 0.5 in all."""
    last, others = evening_of(one)[-1], evening_of(other)[-1]
    apart = [abs(level - others[name]) for name, level in last.items()]
    assert max(apart) >= 0.1
    assert sum(apart) >= 0.5


def test_the_same_ten_events_put_the_examples_into_moods_of_their_own():
    assert [moods_of(slug)[-1] for slug in EXAMPLES] == ["bright", "calm", "stressed"]
    assert set(moods_of("fangs")) == {"steady", "calm"}
    assert moods_of("nyx").count("energized") >= 4
    assert "stressed" not in moods_of("nyx")
    assert moods_of("pixel").count("bright") >= 3
    assert moods_of("pixel")[4] == "stressed"


def test_each_example_is_moved_by_something_else():
    """A quarrel moves Pixel three times as much as Nyx, thanks move Fangs most, silence nobody but Pixel."""
    moved = {one: {slug: stirred(slug, one) for slug in EXAMPLES} for one in Stimulus}
    assert moved[Stimulus.CONFLICT]["pixel"] > 3 * moved[Stimulus.CONFLICT]["nyx"]
    assert moved[Stimulus.PRAISE]["pixel"] > 3 * moved[Stimulus.PRAISE]["fangs"]
    assert moved[Stimulus.GRATITUDE]["fangs"] == max(moved[Stimulus.GRATITUDE].values())
    assert moved[Stimulus.NEGLECT]["fangs"] == 0
    assert moved[Stimulus.NEGLECT]["pixel"] > 3 * moved[Stimulus.NEGLECT]["nyx"]
    assert moved[Stimulus.NIGHT]["nyx"] == 0


def test_what_moved_an_example_stays_with_it_as_long_as_its_file_says():
    """After three hours two thirds are left with Fangs, a sixth with Nyx, and a fifteenth with Pixel."""
    left = [left_after(slug, 3) for slug in EXAMPLES]
    assert left == [
        pytest.approx(0.16, abs=0.02),
        pytest.approx(0.7, abs=0.02),
        pytest.approx(0.07, abs=0.02),
    ]


def test_the_examples_have_usual_days_of_their_own_and_rest_in_no_mood():
    usual = {slug: [shipped(slug).temperament.usually(mood) for mood in DayMood] for slug in EXAMPLES}
    assert len({tuple(days) for days in usual.values()}) == 3
    assert usual["pixel"][3] - usual["fangs"][3] >= 4
    for slug in EXAMPLES:
        shift = moods.shift_of(dict(zip(DayMood, usual[slug], strict=True)))
        feeling = replace(hormones.at_rest(EVENING), shift=shift)
        assert moods.mood_of(hormones.levels(feeling, nature(slug), EVENING)) is None, slug


@pytest.mark.parametrize("slug", EXAMPLES)
def test_an_example_has_something_on_its_mind_for_days_without_a_thought(slug):
    character = shipped(slug)
    assert len(character.status_lines) >= 5
    assert len(set(character.status_lines)) == len(character.status_lines)
    assert all(len(line) <= LONGEST_STATUS for line in character.status_lines)


@pytest.mark.parametrize("slug", EXAMPLES)
def test_an_example_never_says_what_it_never_says(slug):
    """Neither in what its author wrote for it to say, nor as somebody who talks of being a model."""
    character = shipped(slug)
    assert len(character.forbidden_phrases) >= 5
    own = (*character.status_lines, *character.fallback_lines, *character.greetings, character.greeting)
    assert [line for line in own if flaw_of(line, character)] == []


@pytest.mark.parametrize("slug", EXAMPLES)
def test_an_example_can_be_several_things_to_people_and_no_lover(slug):
    kinds = shipped(slug).relationships
    assert len(kinds) >= 3
    assert "romantic" not in kinds


def test_the_examples_take_to_emotes_and_to_the_style_of_others_in_their_own_ways():
    assert [shipped(slug).emotes for slug in EXAMPLES] == ["none", "none", "few"]
    assert [shipped(slug).mirror_style for slug in EXAMPLES] == [False, False, True]


@pytest.mark.parametrize("slug", EXAMPLES)
def test_an_example_exported_as_a_card_is_the_same_character_again(slug):
    """C31: with all that makes its inner life."""
    character = shipped(slug)
    taken = cast(read_card(card_of(character)))
    assert taken.notices == ()
    assert Character.model_validate({**taken.fields, "slug": slug}) == character


def test_an_example_keeps_quick_updates_and_a_record_in_full_in_a_form_of_its_own():
    """F008, F070."""
    all_three = [shipped(slug) for slug in EXAMPLES]
    for one in all_three:
        assert "quick update" in one.summarization_prompt
        assert "comprehensive record" in one.core_memory_dump
    for prompts in zip(*((one.summarization_prompt, one.core_memory_dump) for one in all_three), strict=True):
        assert len(set(prompts)) == len(EXAMPLES)
