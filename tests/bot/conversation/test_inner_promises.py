"""What the inner life promises people: off is off, no is no, nothing counts twice, no clock stops it."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

from bot.conversation.context.mood_state import feeling_of
from bot.conversation.proactive import unpinged
from bot.conversation.rethinking import Requester
from bot.features.inner_life.days import Days
from database.models import BondRow
from personas.affect import hormones
from personas.rhythm import PAUSE
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, table, utterance
from tests.support.speaking_first import MIRA, MUSING, TOM, agree, lively, remarks, say, tick

DAY = 86_400.0
CANARY = "I must bring the canary to the vet tomorrow"
INSULT = "Pixel, I hate you, you idiot"


async def keep_bond(at, **values) -> None:
    now = at.clock.now()
    async with at.database.begin() as db:
        await db.bonds.keep(BondRow(MIRA, "pixel", now, now, **{"trust": 9, "rapport": 9, **values}))


async def at_once(at, *spoken: tuple[str, int, str]) -> None:
    """Let messages come in while Pixel thinks, so that they are answered together."""
    walks: list[asyncio.Task[None]] = []

    async def meanwhile() -> None:
        for text, person, name in () if walks else spoken:
            heard = utterance(text, where=CHANNEL, author_id=person, author_name=name, sent_at=at.clock.now())
            walks.append(asyncio.create_task(at.app.conversation.take_turn(heard, at.mouth)))
            await asyncio.sleep(0.1)

    at.claude.while_thinking = meanwhile
    await say(at, "Pixel, hello there")
    await asyncio.gather(*walks)
    at.claude.while_thinking = None


# Consent


async def test_with_remembering_switched_off_no_bond_of_old_comes_up(tmp_path):
    async with table(tmp_path, manner=replace(AT_ONCE, consent="off")) as at:
        await keep_bond(at, anger=9)
        await say(at, "Pixel, hi", where=DM)
        assert "angry with them" not in at.claude.prompts[-1].text


async def test_of_who_never_agreed_no_bond_comes_up_after_the_house_changed_its_mode(tmp_path):
    async with table(tmp_path) as at:
        await keep_bond(at, anger=9)
        await say(at, "Pixel, hi", where=DM)
        assert "angry with them" not in at.claude.prompts[-1].text


async def test_what_somebody_did_stands_nowhere_once_it_counted(tmp_path):
    async with table(tmp_path) as at:
        await agree(at, MIRA, given=False)
        await say(at, INSULT, where=DM)
    with closing(sqlite3.connect(tmp_path / "masquerade.sqlite3")) as connection:
        assert connection.execute("SELECT state, tone, register FROM turns").fetchall() == [
            ("said", None, None)
        ]


async def test_a_reply_to_two_of_whom_one_refused_makes_no_remark(tmp_path):
    async with lively(tmp_path, agreed=(MIRA,), character=MUSING) as at:
        await agree(at, TOM, given=False)
        at.claude.will_say("Hi.", "Tom, sorry about the canary. Mira, hello.")
        await at_once(at, ("Pixel, my canary is ill", TOM, "Tom"), ("Pixel, hello", MIRA, "Mira"))
        assert at.mouth.said == ["Hi.", "Tom, sorry about the canary. Mira, hello."]
        await say(at, "what a rain")
        at.claude.prompts.clear()
        at.claude.queue.clear()
        at.claude.will_say("Drip.", "Drop.")
        assert await tick(at) == 1
        assert "canary" not in at.claude.prompts[-1].text


async def test_who_says_no_takes_along_what_was_remarked_on_their_words(tmp_path):
    async with lively(tmp_path, agreed=(MIRA, TOM), character=MUSING) as at:
        await say(at, CANARY)
        at.claude.will_say("Mira, is the canary better?")
        while not at.mouth.said:
            await tick(at)
        await at.app.privacy.answer(MIRA, False)
        at.clock.pass_time(PAUSE.total_seconds())
        await say(at, "what a rain", person=TOM)
        at.claude.prompts.clear()
        at.claude.will_say("Drip.")
        assert await tick(at) == 1
        assert "canary" not in at.claude.prompts[-1].text


async def test_who_leaves_takes_along_what_was_remarked_on_their_words(tmp_path):
    async with lively(tmp_path, agreed=(MIRA,)) as at:
        await say(at, CANARY)
        at.claude.will_say("Is the canary better after the vet?")
        while not at.mouth.said:
            await tick(at)
        assert [one.kind for one in await remarks(at)] == ["contextual"]
        await at.app.privacy.leave(MIRA)
    with closing(sqlite3.connect(tmp_path / "masquerade.sqlite3")) as connection:
        texts = connection.execute("SELECT text FROM messages UNION ALL SELECT text FROM parts").fetchall()
    assert not [text for (text,) in texts if "canary" in text]


async def test_a_kind_chosen_for_oneself_is_not_played_before_others(tmp_path):
    own = PIXEL.model_copy(update={"relationships": ("platonic", "romantic")})
    async with table(tmp_path, character=own) as at:
        await agree(at, MIRA)
        await keep_bond(at, exchanges=200, kind="romantic")
        await say(at, "Pixel, hi", where=CHANNEL)
        assert "loving pair" not in at.claude.prompts[-1].text
        assert "old friends" in at.claude.prompts[-1].text
        await say(at, "Pixel, hi", where=DM)
        assert "loving pair" in at.claude.prompts[-1].text


# Once, and of whom it was


async def test_going_on_with_a_reply_is_no_further_exchange(tmp_path):
    async with table(tmp_path) as at:
        await agree(at, MIRA)
        at.claude.will_say("You are welcome.")
        await say(at, "Pixel, thank you so much!", where=DM)
        for number in range(5):
            at.clock.pass_time(700)
            at.claude.will_say(f"And more number {number}.")
            await at.app.revisions.go_on("pixel", Requester(MIRA, "Mira"), DM, mouth=at.mouth)
        async with at.database.read() as db:
            bond = await db.bonds.get(MIRA, "pixel")
            assert bond is not None
            stirred = await db.characters.stirrings("pixel", since=at.clock.now() - timedelta(days=1))
        assert (bond.exchanges, bond.rapport) == (1, 3)
        assert [one.kind for one in stirred].count("gratitude") == 1


async def test_another_take_on_a_reply_moves_nobody_and_neither_does_going_back(tmp_path):
    """C45: what follows from an exchange follows from what the person said, whichever take stands."""
    async with table(tmp_path) as at:
        await agree(at, MIRA)
        mira = Requester(MIRA, "Mira")

        async def moved() -> tuple[object, ...]:
            async with at.database.read() as db:
                bond = await db.bonds.get(MIRA, "pixel")
                stirred = await db.characters.stirrings("pixel", since=at.clock.now() - timedelta(days=1))
                changes = await db.bonds.changes(MIRA, "pixel")
            assert bond is not None
            return bond.exchanges, bond.rapport, bond.trust, bond.anger, len(changes), len(stirred)

        at.claude.will_say("You are welcome.")
        await say(at, "Pixel, thank you so much!", where=DM)
        before = await moved()
        at.claude.will_say("Go away, I hate you.")
        takes = await at.app.revisions.another("pixel", mira, DM)
        for number in (takes.newest, 1):
            known = await at.app.revisions.choose(
                "pixel", mira, DM, turn_id=takes.turn_id, number=number, mouth=at.mouth
            )
            assert known.stands == number
            assert await moved() == before


async def test_what_one_said_and_took_back_is_not_put_down_to_another(tmp_path):
    async with table(tmp_path) as at:
        await agree(at, MIRA, TOM)
        now, thought = at.clock.now(), 0
        hers = utterance("Pixel, hello", where=CHANNEL, author_id=MIRA, author_name="Mira", sent_at=now)
        his = utterance(INSULT, where=CHANNEL, author_id=TOM, author_name="Tom", sent_at=now)
        walks = []

        async def meanwhile() -> None:
            nonlocal thought
            thought += 1
            if thought == 1:
                for one in (hers, his):
                    walks.append(asyncio.create_task(at.app.conversation.take_turn(one, at.mouth)))
                    await asyncio.sleep(0.1)
            elif thought < 4:
                words = f"{INSULT}, {thought}"
                await at.app.message_log.edited(CHANNEL.channel_id, his.message_id, words)
            elif thought == 4:
                await at.app.message_log.deleted(CHANNEL.channel_id, {his.message_id})

        at.claude.while_thinking = meanwhile
        await say(at, "Pixel, good day", message_id=hers.message_id - 100)
        await asyncio.gather(*walks)
        async with at.database.read() as db:
            causes = [one.cause for one in await db.bonds.ledger(MIRA)]
        assert thought >= 4
        assert "you were unkind" not in causes


# A clock that ran ahead


async def test_a_clock_that_ran_ahead_does_not_freeze_what_is_felt(tmp_path):
    async with table(tmp_path) as at:
        inner, company = at.app.inner_life, at.app.company
        days = Days(at.database, company=company, inner=inner, clock=at.clock)
        for ahead in (30 * DAY, -30 * DAY):
            at.clock.pass_time(ahead)
            await days.dawn()
            await say(at, INSULT, where=DM)

        async def levels():
            async with at.database.read() as db:
                feeling = feeling_of(await db.characters.feeling("pixel"), at.clock.now())
            return hormones.levels(feeling, inner.nature(company.primary), at.clock.now())

        soon = await levels()
        at.clock.pass_time(2 * DAY + 7_200)
        assert await levels() != soon


async def test_a_clock_that_ran_ahead_keeps_nobody_angry_for_good(tmp_path):
    async with table(tmp_path) as at:
        await agree(at, MIRA)
        at.clock.pass_time(30 * DAY)
        await say(at, "Pixel, thank you so much!", where=DM)
        await say(at, INSULT, where=DM)
        at.clock.pass_time(-30 * DAY)
        for _ in range(4):
            at.clock.pass_time(DAY)
            await say(at, "Pixel, thank you so much!", where=DM)
        async with at.database.read() as db:
            bond = await db.bonds.get(MIRA, "pixel")
            assert bond is not None
        assert bond.anger == 0
        assert bond.rapport > 2


def test_a_mention_within_a_mention_rings_nobody():
    assert unpinged("hey <@&<@1>2> and <@!<@1>2>") == "hey  and"
