"""What characters' dealings count for, what they remember of them, how these shift both (F092, F104)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from benchmarks.bench_budget import counted
from bot.audit import Actor, AuditLog
from bot.conversation.context.mood_state import day_key, row_of
from bot.features.characters.relations import Relations
from bot.features.privacy.erase import Leaving
from database.models import Growth
from memory.places import Place, Where
from personas.affect.hormones import Feeling
from personas.affect.temperament import DayMood, Hormone
from personas.personality import Trait
from tests.builders import AT_ONCE, PIXEL, table
from tests.company import CAVE, CHANNEL, FANGS, NYX, QUIET, company, stagecraft
from tests.summing import HOUR

ADMIN = Actor(1, 2)
DAY = 24 * HOUR
THREAD = replace(CHANNEL, channel_id=602, name="thread", parent_id=CHANNEL.channel_id)
MIRA = 42
ENCOUNTER = 69
"""Statements of a reply to a person, of a cue, and of the answer to that reply."""
REMEMBERS = "what happened here between"


async def meet(at, *kinds, said="Hm.", where=CHANNEL) -> None:
    """Let Fangs answer what Nyx said, once for each kind of dealing."""
    from bot.conversation.speakers import cue_of

    for kind in kinds:
        at.claude.will_say("Good evening.", said)
        at.claude.kinds.append(kind)
        await at.hear("Nyx?", where=where)
        newest = max(number for number, _ in at.mouth.posted.values())
        async with at.database.begin() as db:
            await db.cues.add([cue_of("fangs", where.channel_id, newest, "addressed", at.clock, 0.0, 1)])
        await at.app.following.follow(where.channel_id, at.mouth)


async def met(at):
    """Return the encounters of the two, the oldest first."""
    async with at.database.read() as db:
        return list(reversed(await db.affinities.encounters("nyx", "fangs", limit=99)))


async def values(at):
    async with at.database.read() as db:
        return await db.affinities.value("fangs", "nyx"), await db.affinities.value("nyx", "fangs")


async def traits(at, slug: str) -> dict[str, float]:
    async with at.database.read() as db:
        growth = await db.characters.grown(slug)
    return dict(growth.traits or {}) if growth else {}


async def shifts(at, slug: str):
    async with at.database.read() as db:
        return await db.characters.trait_shifts(slug, limit=99)


async def prompt(at, text: str, where=CHANNEL) -> str:
    """Say something, and return what whoever answers has read."""
    at.claude.will_say("Yes?")
    await at.hear(text, where=where)
    return at.claude.prompts[-1].text


def relations(at) -> Relations:
    return Relations(at.database, at.app.company, AuditLog(at.database, at.clock), at.clock, QUIET)


# What it counts for.


async def test_the_same_again_counts_less_and_after_a_long_silence_it_counts_more(tmp_path):
    """F092: base x m for the speaker, base x m x m x 0.8 for the other, m kept with its parts."""
    async with company(tmp_path) as at:
        await meet(at, "question", "question")
        at.clock.pass_time(8 * DAY)
        await meet(at, "question")
        first, again, late = await met(at)
        assert (first.modifier, first.circumstances) == (1.0, None)
        assert (again.modifier, again.circumstances) == (0.8, {"again": 0.8})
        assert (again.change, again.back) == pytest.approx((0.4, 0.5 * 0.8 * 0.8 * 0.8))
        assert (late.modifier, late.circumstances) == (1.2, {"silence": 1.2})
        assert (late.change, late.back) == pytest.approx((0.6, 0.5 * 1.2 * 1.2 * 0.8))


async def test_an_open_conflict_makes_the_bad_worse_and_the_good_smaller(tmp_path):
    async with company(tmp_path) as at:
        await meet(at, *["other"] * 3, said="More garlic, Nyx?")
        await meet(at, "insult", "compliment")
        insult, compliment = (await met(at))[-2:]
        assert insult.circumstances == {"conflict": pytest.approx(1.18)}
        assert compliment.circumstances == {"conflict": pytest.approx(0.82)}
        assert insult.change == pytest.approx(-3 * 1.18)


async def test_the_mood_of_whoever_speaks_counts(tmp_path):
    async with company(tmp_path) as at:
        now = at.clock.now()
        stressed = Feeling(now, now, {Hormone.CORTISOL: 0.4})
        async with at.database.begin() as db:
            await db.characters.keep_feeling(row_of("fangs", stressed))
        await meet(at, "argument")
        (argument,) = await met(at)
        assert argument.circumstances == {"mood": 1.2}
        await meet(at, "banter")
        assert (await met(at))[-1].circumstances == {"mood": 0.9}


async def test_a_hard_day_alone_is_no_mood_that_counts(tmp_path):
    async with company(tmp_path) as at:
        async with at.database.begin() as db:
            await db.states.set(day_key("fangs", DayMood.ANGER), "9")
        await meet(at, "banter")
        assert (await met(at))[0].circumstances is None


async def test_what_was_weighed_is_taken_back_exactly(tmp_path):
    """C72: a clamp, a weight, or both."""
    async with company(tmp_path) as at:
        await meet(at, "compliment", "compliment")
        before = await values(at)
        await meet(at, "insult")
        await relations(at).take_back(ADMIN, (await met(at))[-1].id)
        assert await values(at) == pytest.approx(before)


async def test_an_encounter_costs_one_statement_more_than_without_weights_traits_and_memories(tmp_path):
    """Without any of these it was 67, and as many commits: one more is read, and one more is written."""
    async with company(tmp_path) as at:
        await meet(at, "banter", "other")
        with counted(at) as counts:  # type: ignore[arg-type]  # it looks at the app alone
            await meet(at, "banter")
        assert counts["statements"] <= ENCOUNTER
        assert counts["commits"] == 6


# What it is called.


@pytest.mark.parametrize(("value", "stage"), [(-9, "enemies"), (-3, "frenemies"), (7, "besties")])
async def test_who_is_set_to_hate_another_without_a_word_is_no_stranger_to_it(tmp_path, value, stage):
    """D14: in the prompt and for admins, from the moment on that it is set."""
    async with company(tmp_path) as at:
        fangs, nyx = at.app.company.by_slug["fangs"], at.app.company.by_slug["nyx"]
        await at.app.standings.set_affinity(ADMIN, fangs, nyx, value)
        assert f"Nyx: {stage}" in await prompt(at, "Fangs, hi")
        assert (await relations(at).of(fangs, nyx)).stage == stage
        assert "Fangs: strangers" in await prompt(at, "Nyx, hi")
        await at.app.standings.set_affinity(ADMIN, fangs, nyx, 0)
        assert (await relations(at).of(fangs, nyx)).stage == "strangers"


async def test_who_is_to_begin_anew_with_another_is_a_stranger_to_it(tmp_path):
    async with company(tmp_path) as at:
        await meet(at, "insult")
        fangs, nyx = at.app.company.by_slug["fangs"], at.app.company.by_slug["nyx"]
        await at.app.standings.reset_affinity(ADMIN, fangs, nyx)
        assert (await relations(at).of(fangs, nyx)).stage == "strangers"
        assert "Nyx: strangers" in await prompt(at, "Fangs, hi")


# What they remember.


async def test_what_two_did_stands_in_the_prompts_of_the_two_and_of_nobody_else(tmp_path):
    """F093: when, where, what, and a topic of their own; none of the words."""
    async with company(tmp_path) as at:
        await meet(at, "other", "insult")
        await meet(at, "collaboration", said="Let us count your stars like sapphires, Nyx.")
        at.clock.pass_time(2 * DAY)
        day = f"{(await met(at))[0].at:%Y-%m-%d}, in #general: "
        for said in ("Fangs, hi", "Nyx, hi"):
            shown = await prompt(at, said)
            assert (
                f"  {day}Fangs and Nyx spoke for the first time\n"
                f"  {day}Fangs insulted Nyx\n"
                f"  {day}Fangs and Nyx did something together, about stars\n"
            ) in shown
            assert "sapphires" not in shown.partition(REMEMBERS)[2]
        assert REMEMBERS not in await prompt(at, "Pixel, hi")


async def test_what_happened_in_one_place_shows_in_no_other(tmp_path):
    other_server = Where(603, Place.GUILD, name="hall", guild_id=701, guild_name="Elsewhere")
    async with company(tmp_path) as at:
        await meet(at, "compliment")
        for where in (CAVE, other_server, Where(604, Place.DM)):
            assert REMEMBERS not in await prompt(at, "Fangs, tell me about Nyx", where)
        assert "in the channel of this thread: Fangs and Nyx became friends" in await prompt(
            at, "Fangs, hi", THREAD
        )


async def test_who_was_sent_out_comes_to_mind_when_spoken_of(tmp_path):
    async with company(tmp_path) as at:
        await meet(at, "insult")
        await stagecraft(at).attend(CHANNEL, at.app.company.by_slug["nyx"], present=False)
        assert REMEMBERS not in await prompt(at, "Fangs, hi")
        assert "Fangs insulted Nyx" in await prompt(at, "Fangs, what about Nyx?")


async def test_a_quarrel_that_begins_is_remembered_by_its_topic_once(tmp_path):
    async with company(tmp_path) as at:
        await meet(at, "other", "other", "other", said="More garlic, Nyx?")
        assert [(one.memory, one.topic) for one in await met(at)] == [
            ("fell out", "garlic"),
            (None, None),
            (None, None),
        ]


async def test_ten_of_what_two_did_are_shown_the_newest(tmp_path):
    from database.models import Encounter

    async with company(tmp_path) as at:
        async with at.database.begin() as db:
            for number in range(15):
                await db.affinities.met(
                    Encounter(
                        *("fangs", "nyx", "compliment", at.clock.now(), CHANNEL.channel_id, number, 0.0, 0.0),
                        memory="compliment",
                        topic=f"topic {number}",
                    )
                )
        shown = (await prompt(at, "Fangs, hi")).partition(REMEMBERS)[2]
        assert shown.count("paid Nyx a compliment") == 10
        assert "about topic 14" in shown
        assert "about topic 4\n" not in shown


async def test_a_message_that_is_deleted_is_remembered_no_more(tmp_path):
    async with company(tmp_path) as at:
        await meet(at, "compliment")
        (encounter,) = await met(at)
        await at.app.message_log.deleted(CHANNEL.channel_id, {encounter.message_id})
        assert [(one.memory, one.topic, one.change) for one in await met(at)] == [(None, None, 3.0)]
        assert REMEMBERS not in await prompt(at, "Fangs, hi")


async def test_what_is_taken_back_is_remembered_no_more(tmp_path):
    async with company(tmp_path) as at:
        await meet(at, "compliment")
        await relations(at).take_back(ADMIN, (await met(at))[0].id)
        assert REMEMBERS not in await prompt(at, "Fangs, hi")


async def test_what_happened_in_a_private_place_goes_with_its_person(tmp_path):
    terminal = Where(605, Place.TERMINAL, name="terminal")
    async with company(tmp_path) as at:
        await meet(at, "compliment", where=terminal)
        assert "in #terminal: Fangs and Nyx became friends" in await prompt(at, "Fangs, hi", terminal)
        await _leaving(at).leave(MIRA)
        assert [one.memory for one in await met(at)] == [None]


def _leaving(at) -> Leaving:
    return Leaving(
        database=at.database,
        rooms=at.app.rooms,
        eraser=at.app.eraser,
        summaries=at.app.summaries,
        manner=AT_ONCE,
        clock=at.clock,
    )


# How it shifts them.


async def test_what_one_does_shifts_its_traits_and_those_of_whoever_hears_it(tmp_path):
    """F104: with cause, moment and counterpart; within bounds."""
    async with company(tmp_path) as at:
        await meet(at, "insult")
        assert await traits(at, "fangs") == {"warmth": -0.05}
        assert (await traits(at, "nyx"))["confidence"] == -0.03
        (shift,) = await shifts(at, "fangs")
        assert (shift.trait, shift.change, shift.cause) == ("warmth", -0.05, "insult")
        assert (shift.spoke, shift.other, shift.person_id) == (True, "nyx", None)
        (heard,) = await shifts(at, "nyx")
        assert (heard.cause, heard.spoke, heard.other) == ("insult", False, "fangs")


async def test_a_manner_shows_in_the_tail_when_it_is_far_from_the_cards_own(tmp_path):
    async with company(tmp_path) as at:
        assert "is a little changed" not in await prompt(at, "Fangs, hi")
        async with at.database.begin() as db:
            await db.characters.shape([Growth("fangs", traits={"warmth": -0.28}, traits_at=at.clock.now())])
        assert "is a little changed" not in await prompt(at, "Fangs, hi")
        await meet(at, "insult")
        shown = await prompt(at, "Fangs, hi")
        assert (
            "Fangs is a little changed; this colours the manner and is never read out: a little cooler)"
            in (at.claude.prompts[-1].messages[-1].blocks[-1].text)
        )
        assert shown.count("a little cooler") == 1
        at.clock.pass_time(30 * DAY)
        assert "is a little changed" not in await prompt(at, "Fangs, hi")


@pytest.mark.parametrize(
    ("said", "trait", "change", "cause"),
    [
        ("Pixel, you are wonderful!", Trait.CONFIDENCE, 0.03, "praise"),
        ("Pixel, thank you so much for that!", Trait.WARMTH, 0.02, "gratitude"),
        ("Pixel, you are stupid and I hate you", Trait.PATIENCE, -0.03, "conflict"),
    ],
)
async def test_the_tone_of_a_person_shifts_a_trait_and_names_only_who_agreed(
    tmp_path, said, trait, change, cause
):
    async with table(tmp_path) as at:
        await at.hear(said)
        async with at.database.begin() as db:
            await db.consents.set(MIRA, True, at=at.clock.now())
        await at.hear(said)
        noted = await shifts(at, "pixel")
        assert [(one.trait, one.change, one.cause) for one in noted] == [(trait, change, cause)] * 2
        assert [one.person_id for one in noted] == [MIRA, None]
        assert (await traits(at, "pixel"))[trait] == pytest.approx(2 * change)
        receipt = await _leaving(at).leave(MIRA)
        assert receipt.left == {}
        assert [one.person_id for one in await shifts(at, "pixel")] == [None, None]


async def test_plain_talk_shifts_nothing(tmp_path):
    async with table(tmp_path, character=PIXEL, others=(NYX, FANGS)) as at:
        await at.hear("Pixel, what time is it?", where=CHANNEL)
        assert await shifts(at, "pixel") == []


async def test_what_shifted_a_trait_long_ago_is_let_go(tmp_path):
    async with company(tmp_path) as at:
        await meet(at, "insult")
        at.clock.pass_time(timedelta(days=121).total_seconds())
        await at.app.message_log.prune()
        assert await shifts(at, "fangs") == []
