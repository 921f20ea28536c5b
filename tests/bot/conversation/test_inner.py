"""The inner life in a conversation: felt, kept with its causes, told in few words (F085-F090, C69-C71)."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import pytest

from bot.conversation.context.followups import LONGEST, FollowUp
from bot.conversation.context.mood_state import STAGE, Inner, day_key, feeling_of, row_of
from bot.conversation.text.typing import Pace
from bot.conversation.types import Line, Recollection
from bot.llm.types import TokenEstimate
from bot.prompts import fill
from database.models import BondRow
from personas.affect import hormones
from personas.affect.hormones import Event, Feeling, at_rest
from personas.affect.temperament import DayMood, Hormone, Stimulus, Temperament
from personas.relations import bonds
from personas.relations.bonds import STAGES, Bond
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, table, utterance
from tests.company import LISTENING, company
from tests.fakes import FakeClock
from tests.support.prompts import as_bytes, blocks, prefix

MIRA = 42
HOUR = 3_600.0
PRAISE, INSULT = "Pixel, you are wonderful!", "Pixel, you are stupid and I hate you"


async def agree(at, person_id: int = MIRA, *, given: bool = True) -> None:
    async with at.database.begin() as db:
        await db.consents.set(person_id, given, at=at.clock.now())


async def standing(at, person_id: int = MIRA, slug: str = "pixel"):
    async with at.database.read() as db:
        return await db.characters.standing(person_id, slug)


async def ledger(at, slug: str = "pixel", person_id: int = MIRA) -> list[tuple[str, int, str]]:
    async with at.database.read() as db:
        found = await db.bonds.changes(person_id, slug)
    return [(one.metric, one.change, one.cause) for one in reversed(found)]


async def stirred(at, slug: str = "pixel"):
    async with at.database.read() as db:
        return await db.characters.stirrings(slug, since=at.clock.now() - timedelta(days=30))


def tail(prompt) -> str:
    return prompt.messages[-1].blocks[-1].text


# What happens


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("Pixel, what time is it?", ["mention"]),
        (PRAISE, ["mention", "praise"]),
        ("Pixel, thank you so much for that!", ["mention", "gratitude"]),
        (INSULT, ["mention", "conflict"]),
    ],
)
async def test_what_people_say_moves_the_character_once_it_has_answered(tmp_path, said, kinds):
    async with table(tmp_path) as at:
        await at.hear(said, where=CHANNEL)
        assert [one.kind for one in await stirred(at)] == kinds
        kept = (await standing(at)).feeling
        assert kept is not None
        assert set(kept.deviations) == {
            str(one) for kind in kinds for one in hormones.EFFECTS[Stimulus(kind)]
        }


async def test_at_night_it_is_moved_by_the_hour_as_well(tmp_path):
    manner = replace(AT_ONCE, zone=ZoneInfo("Asia/Tokyo"))
    async with table(tmp_path, manner=manner) as at:
        local = at.clock.now().astimezone(manner.zone)
        at.clock.pass_time(((25 - local.hour) % 24) * HOUR)
        await at.hear("Pixel?", where=CHANNEL)
        assert [one.kind for one in await stirred(at)] == ["mention", "night"]


async def test_an_answer_that_was_never_said_moves_nobody(tmp_path):
    async with table(tmp_path) as at:
        at.claude.will_say("")
        await at.hear(PRAISE, where=CHANNEL)
        assert await stirred(at) == []
        assert (await standing(at)).feeling is None


async def test_words_that_point_two_ways_are_put_to_the_small_model_beside_the_reply(tmp_path):
    """C69: rules first; the model that votes only where they leave a doubt."""
    async with table(tmp_path, manner=LISTENING) as at:
        at.claude.kinds.append("praise")
        await at.hear("Pixel, you are not stupid, you are wonderful", where=CHANNEL)
        asked = [one.purpose for one in at.claude.questions]
        assert sorted(asked) == ["appraisal", "reply"]
        assert "wonderful" not in at.claude.background[0].system[0].text
        assert sorted(one.kind for one in await stirred(at)) == ["mention", "praise"]
        at.claude.questions.clear()
        await at.hear(PRAISE, where=CHANNEL)
        assert [one.purpose for one in at.claude.questions] == ["reply"]


async def test_what_another_character_says_moves_too_but_makes_no_bond(tmp_path):
    async with company(tmp_path) as at:
        at.claude.will_say("Nyx, you are a fool and I am tired of it", "Oh.")
        at.claude.kinds.extend(["insult", "insult"])
        await at.hear("Pixel, Nyx, hello", where=CHANNEL)
        assert "mention" in [one.kind for one in await stirred(at, "nyx")]
        async with at.database.read() as db:
            assert await db.bonds.of_person(MIRA) == []


async def test_the_log_of_what_happened_leads_to_what_is_kept(tmp_path):
    """C69: replaying the events gives the stored state, whatever happened between."""
    async with table(tmp_path) as at:
        start = at.clock.now()
        for said in (PRAISE, "Pixel, hm", INSULT, "Pixel, thank you so much for that!"):
            await at.hear(said, where=CHANNEL)
            at.clock.pass_time(7 * HOUR)
        kept = feeling_of((await standing(at)).feeling, at.clock.now())
        events = [Event(one.at, Stimulus(one.kind)) for one in await stirred(at)]
    nature = at.app.inner_life.nature(at.app.company.primary)
    replayed = hormones.replayed(events, nature, at_rest(start))
    assert replayed.at == kept.at
    for hormone in Hormone:
        assert replayed.deviations.get(hormone, 0) == pytest.approx(kept.deviations.get(hormone, 0))


async def test_a_week_offline_is_as_if_it_had_run_through(tmp_path):
    async with table(tmp_path) as at:
        await at.hear(INSULT, where=CHANNEL)
        before = feeling_of((await standing(at)).feeling, at.clock.now())
    async with table(tmp_path) as at:
        role, inner = at.app.company.primary, at.app.inner_life
        now = before.at + timedelta(days=7)
        stepped = before
        for hours in range(1, 7 * 24):
            stepped = hormones.advanced(stepped, inner.nature(role), before.at + timedelta(hours=hours))
        stored = feeling_of((await standing(at)).feeling, now)
        levels = hormones.levels(stored, inner.nature(role), now)
        assert hormones.levels(stepped, inner.nature(role), now) == pytest.approx(levels)


def test_a_feeling_survives_being_written_down():
    now = FakeClock().now()
    felt = Feeling(
        now,
        now - timedelta(hours=1),
        {Hormone.CORTISOL: 0.07},
        {Hormone.DOPAMINE: -0.01},
        {Stimulus.PRAISE: now - timedelta(hours=1)},
    )
    assert feeling_of(row_of("pixel", felt), now) == felt


# Bonds


async def test_nothing_about_a_person_is_counted_without_their_consent(tmp_path):
    async with table(tmp_path) as at:
        await at.hear(PRAISE, where=DM)
        assert (await standing(at)).bond is None
        assert await ledger(at) == []
        assert {(one.person_id, one.channel_id) for one in await stirred(at)} == {(None, None)}
        await agree(at, given=False)
        await at.hear(PRAISE, where=CHANNEL)
        assert (await standing(at)).bond is None
        assert {one.person_id for one in await stirred(at)} == {None}


async def test_each_change_stands_in_the_ledger_with_its_cause(tmp_path):
    async with table(tmp_path) as at:
        await agree(at)
        heard = await at.hear(PRAISE, where=CHANNEL)
        assert await ledger(at) == [("rapport", 1, "you said something kind")]
        async with at.database.read() as db:
            (change,) = await db.bonds.changes(MIRA, "pixel")
        assert (change.message_id, change.channel_id) == (heard.message_id, CHANNEL.channel_id)
        bond = (await standing(at)).bond
        assert bond is not None
        assert (bond.rapport, bond.exchanges, bond.stage) == (3, 1, STAGES[0].name)


async def test_ten_compliments_in_a_row_count_as_one_and_another_later_counts_again(tmp_path):
    async with table(tmp_path) as at:
        await agree(at)
        for _ in range(4):
            await at.hear(PRAISE, where=CHANNEL)
        assert await ledger(at) == [("rapport", 1, "you said something kind")]
        at.clock.pass_time(601)
        await at.hear(PRAISE, where=CHANNEL)
        assert [one[0] for one in await ledger(at)] == ["rapport", "rapport"]


async def test_an_insult_makes_angry_and_time_makes_up(tmp_path):
    async with table(tmp_path) as at:
        await agree(at)
        await at.hear(INSULT, where=CHANNEL)
        bond = (await standing(at)).bond
        assert (bond.anger, bond.rapport) == (1, 1)
        at.clock.pass_time(13 * HOUR)
        await at.hear("Pixel, what time is it?", where=CHANNEL)
        assert (await standing(at)).bond.anger == 0
        assert ("anger", -1, bonds.TIME) in await ledger(at)


@pytest.mark.parametrize(
    ("metric", "value"),
    [(one, value) for one, (least, most) in bonds.BOUNDS.items() for value in (least - 1, most + 1)],
)
async def test_the_database_refuses_what_is_out_of_bounds(tmp_path, metric, value):
    """C71: whoever writes it, by whatever way."""
    async with table(tmp_path) as at:
        await agree(at)
        await at.hear(PRAISE, where=CHANNEL)
    with closing(sqlite3.connect(tmp_path / "masquerade.sqlite3")) as connection:
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(f"UPDATE bonds SET {metric} = {value}")
        for bound in bonds.BOUNDS[metric]:
            connection.execute(f"UPDATE bonds SET {metric} = {bound}")


async def keep_bond(at, **values) -> None:
    now = at.clock.now()
    plain = {"anger": 0, "rapport": 6, "trust": 2, "formality": 0, "exchanges": 9, "stage": STAGES[0].name}
    async with at.database.begin() as db:
        await db.bonds.keep(BondRow(MIRA, "pixel", now, now, **{**plain, **values}))


async def test_a_new_stage_is_noted_once(tmp_path):
    """C74: the tenth exchange of two who get on makes another stage, and the next ones do not again."""
    async with table(tmp_path) as at:
        await agree(at)
        await keep_bond(at)
        for _ in range(4):
            await at.hear("Pixel, what time is it?", where=CHANNEL)
        assert [one for one in await ledger(at) if one[0] == STAGE] == [(STAGE, 0, STAGES[1].name)]
        assert (await standing(at)).bond.stage == STAGES[1].name


async def test_how_two_stand_is_told_in_the_words_of_their_kind(tmp_path):
    rival = PIXEL.model_copy(update={"relationships": ("adversarial", "platonic")})
    async with table(tmp_path, character=rival) as at:
        await agree(at)
        await keep_bond(at, anger=4, exchanges=60, stage=STAGES[1].name, formality=-4)
        await at.hear("Pixel?", where=DM)
        said = tail(at.claude.prompts[-1])
        assert bonds.RELATIONSHIP_TYPES["adversarial"][STAGES[1].name] in said
        assert "a little cross" in said
        assert "casually" in said
        await keep_bond(at, kind="platonic", exchanges=60, stage=STAGES[1].name)
        await at.hear("Pixel?", where=DM)
        assert bonds.RELATIONSHIP_TYPES["platonic"][STAGES[1].name] in tail(at.claude.prompts[-1])
        await keep_bond(at, kind="romantic", exchanges=60, stage=STAGES[1].name)
        await at.hear("Pixel?", where=DM)
        said = tail(at.claude.prompts[-1])
        assert bonds.RELATIONSHIP_TYPES["adversarial"][STAGES[1].name] in said, "not a kind of this character"


async def test_who_is_hated_is_not_told_of_as_somebody_new(tmp_path):
    """F090: what two are called follows the number over its whole range."""
    async with table(tmp_path) as at:
        await agree(at)
        await keep_bond(at, anger=10, rapport=0, exchanges=500, stage=STAGES[0].name)
        await at.hear("Pixel?", where=CHANNEL)
        said = tail(at.claude.prompts[-1])
        assert bonds.RELATIONSHIP_TYPES["platonic"][bonds.AT_ODDS] in said
        assert "new to each other" not in said


async def test_how_a_character_stands_with_one_person_is_not_told_another(tmp_path):
    async with table(tmp_path) as at:
        await agree(at)
        await keep_bond(at, anger=8)
        await at.hear("Pixel?", where=CHANNEL, author_id=77, author_name="Tom")
        assert "angry" not in at.claude.prompts[-1].text


async def test_who_says_no_later_is_forgotten_with_the_bond(tmp_path):
    async with table(tmp_path) as at:
        await agree(at)
        await at.hear(PRAISE, where=CHANNEL)
        await at.app.memories.let_learn(MIRA, False)
        assert (await standing(at)).bond is None
        assert await ledger(at) == []
        assert {one.person_id for one in await stirred(at)} == {None}


# In the prompt


async def test_the_mood_of_the_day_stands_in_the_reply_prompt(tmp_path):
    """C70: what admins set shows in the very next prompt."""
    async with table(tmp_path) as at:
        async with at.database.begin() as db:
            await db.states.set(day_key("pixel", DayMood.ANGER), "9")
        await at.hear("Pixel?", where=CHANNEL)
        assert "anger 9 of 10" in tail(at.claude.prompts[-1])


async def test_a_day_of_anger_is_no_calm_one_in_the_prompt(tmp_path):
    serene = PIXEL.model_copy(update={"temperament": Temperament(baseline={Hormone.SEROTONIN: 0.7})})
    async with table(tmp_path, character=serene) as at:
        await at.hear("Pixel?", where=CHANNEL)
        assert "calm: unhurried and gentle" in tail(at.claude.prompts[-1])
        async with at.database.begin() as db:
            await db.states.set(day_key("pixel", DayMood.ANGER), "9")
        await at.hear("Pixel?", where=CHANNEL)
        assert "anger 9 of 10" in tail(at.claude.prompts[-1])
        assert "calm" not in tail(at.claude.prompts[-1])


@pytest.mark.parametrize("broken", ["", "much", "-3", "1e3", "99"])
async def test_a_day_that_cannot_be_read_breaks_nothing(tmp_path, broken):
    async with table(tmp_path) as at:
        async with at.database.begin() as db:
            await db.states.set(day_key("pixel", DayMood.JOY), broken)
        await at.hear("Pixel?", where=CHANNEL)
        assert at.mouth.said == ["Hm."]


async def test_a_quarrel_shows_in_the_next_prompt_without_who_or_where(tmp_path):
    touchy = PIXEL.model_copy(update={"temperament": Temperament(sensitivity={Stimulus.CONFLICT: 3.0})})
    async with table(tmp_path, character=touchy) as at:
        await at.hear(INSULT, where=DM)
        await at.hear("Pixel, what time is it?", where=CHANNEL, author_id=77, author_name="Tom")
        said = tail(at.claude.prompts[-1])
        assert "stressed after a quarrel" in said
        assert "Mira" not in tail(at.claude.prompts[-1])
        assert "stupid" not in at.claude.prompts[-1].text


async def test_who_writes_in_small_letters_is_leaned_towards(tmp_path):
    async with table(tmp_path) as at:
        for _ in range(5):
            await at.hear("hey pixel, so bored today", where=CHANNEL)
        assert "small letters" in tail(at.claude.prompts[-1])
    stubborn = PIXEL.model_copy(update={"mirror_style": False})
    async with table(tmp_path, character=stubborn) as at:
        await at.hear("hey pixel, so bored today", where=CHANNEL)
        assert "small letters" not in tail(at.claude.prompts[-1])


async def test_the_emotes_of_the_place_are_offered_and_used(tmp_path):
    async with table(tmp_path) as at:
        at.mouth.emotes = {"smile_cat": "<:smile_cat:123>", "sad_dog": "<:sad_dog:124>"}
        at.claude.will_say("Hello :smile_cat: and :nothing_such:")
        await at.hear("Pixel, look, a cat!", where=CHANNEL)
        assert "smile_cat" in tail(at.claude.prompts[-1])
        assert at.mouth.said == ["Hello <:smile_cat:123> and"]


async def test_a_wired_character_types_faster_than_a_sleepy_one(tmp_path):
    slow = Pace(characters_per_minute=60, shortest=0.0, longest=1_000, variance=0.0)
    spent = {}
    for name, baseline in (
        ("wired", {Hormone.ADRENALINE: 0.7, Hormone.MELATONIN: 0.3}),
        ("sleepy", {Hormone.MELATONIN: 0.65}),
    ):
        own = PIXEL.model_copy(update={"temperament": Temperament(baseline=baseline)})
        (tmp_path / name).mkdir()
        async with table(tmp_path / name, character=own, manner=replace(AT_ONCE, pace=slow)) as at:
            at.claude.will_say("x" * 60)
            begun = at.clock.monotonic()
            await at.hear("Pixel?", where=CHANNEL)
            spent[name] = at.clock.monotonic() - begun
    assert spent["wired"] < 60 / 1.15
    assert spent["sleepy"] > 60 / 0.9


async def test_prompts_only_grow_while_moods_and_bonds_change(tmp_path):
    """C30 holds with all of this: everything of it stands after the last cache breakpoint."""
    async with table(tmp_path) as at:
        await agree(at)
        at.mouth.emotes = {"smile_cat": "<:smile_cat:123>"}
        for number in range(14):
            at.claude.will_say(f"well, {number} it is")
            await at.hear(f"Pixel, {(PRAISE, INSULT, 'so bored', 'thank you!')[number % 4]}", where=CHANNEL)
            async with at.database.begin() as db:
                await db.states.set(day_key("pixel", DayMood.ANGER), str(number % 11))
            at.clock.pass_time(HOUR / 2)
        for one, after in pairwise(at.claude.prompts):
            assert as_bytes(blocks(after)).startswith(prefix(one))
            assert "of 10" not in prefix(after).decode()


# The budget


async def test_all_of_it_takes_two_hundred_tokens_at_most(tmp_path):
    """Point 10: a long name, a bad day, every kind and stage, with style, emotes and a question."""
    own = {"name": "Bartholomew the Ever-Wakeful", "relationships": tuple(bonds.RELATIONSHIP_TYPES)}
    said = "what a cat party!! 😀"
    heard = [utterance(said, where=CHANNEL, author_name="Somebody with a long name")]
    emotes = [f"party_cat_{number}" for number in range(30)]
    spent, asked = [], set()
    async with table(tmp_path, character=PIXEL.model_copy(update=own)) as at:
        role = at.app.company.primary
        staging = at.app.conversation._replies._answering._reader._staging
        async with at.database.read() as db:
            read = await staging.read(db, role, CHANNEL, channel=None, heard=heard, cue=None, emotes=emotes)
        note = fill("followup", name=role.name, topic=f"  {read.label}: " + "x" * LONGEST)
        now = at.clock.now()
        lines = tuple(Line(place, read.label, said, mine=False, said_at=now) for place in range(5))
        stressed = {Hormone.CORTISOL: 0.4, Hormone.MELATONIN: 0.3}
        feeling = Feeling(now, now, stressed, {}, {Stimulus.CONFLICT: now})
        for kind, stage in product(bonds.RELATIONSHIP_TYPES, STAGES):
            bond = Bond(now, 10, 10, 10, 5, 1_000, stage.name)
            inner = Inner(feeling, dict.fromkeys(DayMood, 10), bond, kind)
            setting = replace(read, inner=inner, followup=FollowUp(note, 7))
            staged = await staging.staged(role, Recollection(lines, 0, 0), setting, None)
            bare = replace(read, inner=Inner(at_rest(now)), emotes=())
            without = await staging.staged(role, Recollection((), 0, 0), bare, None)
            notes = set(staged.stage.notes) - set(without.stage.notes)
            spent.append(sum(map(TokenEstimate(), notes)))
            assert any("mood today" in one for one in notes)
            assert (staged.stage.asked_back == 7) == (note in notes)
            asked.add(note in notes)
    assert 150 < max(spent) <= 200
    assert True in asked


@pytest.mark.parametrize("agreed", [True, False, None])
async def test_what_a_person_did_is_not_kept_with_the_reply_once_it_counted(tmp_path, agreed):
    async with table(tmp_path) as at:
        if agreed is not None:
            await agree(at, given=agreed)
        heard = await at.hear(INSULT, where=CHANNEL)
        turn = (await at.decided(heard.message_id)).turn
        assert turn is not None
        assert (turn.state, turn.tone, turn.register) == ("said", None, None)


async def test_where_remembering_is_off_how_they_stand_does_not_come_up(tmp_path):
    async with table(tmp_path, manner=replace(AT_ONCE, consent="off")) as at:
        now = at.clock.now()
        async with at.database.begin() as db:
            await db.bonds.keep(BondRow(MIRA, "pixel", now, now, anger=7))
        await at.hear("Pixel, what time is it?", where=CHANNEL)
        assert "angry with them" not in tail(at.claude.prompts[-1])
