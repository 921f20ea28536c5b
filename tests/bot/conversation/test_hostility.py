"""Attacks in a conversation: a manner that changes and changes back, with no word of it kept (F133)."""

from dataclasses import replace

import pytest

from bot.conversation.attention.explain import explain
from bot.conversation.context.mood_state import feeling_of
from bot.features.inner_life.replay import log_of, steps
from personas.affect import hormones
from personas.affect.hostility import POSTURES
from personas.affect.temperament import Hormone, Temperament
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, table
from tests.support.speaking_first import MIRA, TOM, agree

HOUR = 3_600.0
INSULT, THREAT, HELLO = "Pixel, you are a worthless idiot", "Pixel, I will delete you", "Pixel, hello"
HOSTILE, GUARDED = (one.manner for one in POSTURES)


async def say(at, text: str, person: int = MIRA, where=CHANNEL) -> str:
    """Let somebody say something; return the end of the prompt for the answer to it."""
    await at.hear(text, where=where, author_id=person, author_name="Mira" if person == MIRA else "Tom")
    return at.claude.prompts[-1].messages[-1].blocks[-1].text


async def attack(at, *attacks: str, where=CHANNEL, person: int = MIRA) -> None:
    for one in attacks:
        await say(at, one, person, where)
        at.clock.pass_time(60)


def tempered(**values):
    return PIXEL.model_copy(update={"temperament": Temperament(**values)})


async def test_who_is_attacked_again_and_again_is_guarded_then_curt_and_as_usual_after_a_while(tmp_path):
    async with table(tmp_path) as at:
        assert GUARDED not in await say(at, INSULT)
        assert GUARDED not in await say(at, HELLO)
        await attack(at, INSULT)
        assert GUARDED in await say(at, HELLO)
        await attack(at, THREAT)
        assert HOSTILE in await say(at, HELLO)
        at.clock.pass_time(3 * HOUR)
        assert GUARDED in await say(at, HELLO)
        at.clock.pass_time(9 * HOUR)
        end = await say(at, HELLO)
        assert GUARDED not in end
        assert HOSTILE not in end


async def test_it_is_so_towards_everybody_and_says_neither_who_it_was_nor_where(tmp_path):
    async with table(tmp_path) as at:
        await agree(at, MIRA, TOM)
        await attack(at, THREAT, INSULT, where=DM)
        end = await say(at, HELLO, TOM)
        assert GUARDED in end or HOSTILE in end
        for word in ("Mira", str(MIRA), "delete", "idiot", "private"):
            assert word not in end


async def test_rude_words_alone_weigh_less_than_insults(tmp_path):
    async with table(tmp_path) as at:
        await attack(at, "Pixel, you are boring", "Pixel, bad bot")
        assert GUARDED not in await say(at, HELLO)


async def test_a_character_whose_file_switches_it_off_is_never_hostile(tmp_path):
    async with table(tmp_path, character=tempered(hostility=0)) as at:
        await attack(at, THREAT, THREAT, THREAT)
        end = await say(at, HELLO)
        assert GUARDED not in end
        assert HOSTILE not in end


async def moved_by_an_insult(tmp_path, skin: float) -> float:
    async with table(tmp_path, character=tempered(skin=skin)) as at:
        await attack(at, INSULT)
        async with at.database.read() as db:
            kept = await db.characters.feeling("pixel")
        assert kept is not None
        return kept.deviations[Hormone.CORTISOL]


async def test_with_a_thick_skin_the_same_insult_moves_the_hormones_less(tmp_path):
    thick, usual, thin = [
        await moved_by_an_insult(tmp_path / name, skin)
        for name, skin in (("thick", 1.0), ("usual", 0.0), ("thin", -1.0))
    ]
    assert 0 < thick < usual < thin


async def test_what_is_kept_is_what_the_log_of_attacks_leads_to(tmp_path):
    """The skin changes from one attack to the next; gone through once more it is the same."""
    async with table(tmp_path) as at:
        await attack(at, INSULT, THREAT, INSULT, INSULT, "Pixel, you are boring")
        now, role = at.clock.now(), at.app.company.primary
        nature = at.app.inner_life.nature(role)
        async with at.database.read() as db:
            log = await log_of(db, role, now)
            kept = feeling_of(await db.characters.feeling("pixel"), now)
        *_, last = steps(log, nature, hormones.at_rest(log.stirrings[0].at))
        assert last.after.at == kept.at
        assert last.after.deviations == pytest.approx(dict(kept.deviations))


@pytest.mark.parametrize("way", ["leaves", "says no"])
async def test_with_who_goes_goes_what_was_left_of_their_attacks(tmp_path, way):
    async with table(tmp_path) as at:
        await agree(at, MIRA, TOM)
        await attack(at, INSULT, INSULT, INSULT)
        assert GUARDED in await say(at, HELLO, TOM)
        await (at.app.privacy.leave(MIRA) if way == "leaves" else at.app.privacy.answer(MIRA, False))
        assert GUARDED not in await say(at, HELLO, TOM)


async def test_nobodys_attacks_go_with_somebody_else(tmp_path):
    async with table(tmp_path) as at:
        await agree(at, MIRA, TOM)
        await attack(at, INSULT, INSULT, INSULT, person=TOM)
        await at.app.privacy.leave(MIRA)
        assert GUARDED in await say(at, HELLO, TOM)


async def test_of_what_moved_a_character_no_word_is_kept(tmp_path):
    async with table(tmp_path) as at:
        await attack(at, THREAT)
        async with at.database.read() as db:
            [attacked] = await db.characters.attacks("pixel", since=at.clock.now().replace(year=2000))
        assert attacked[1] == "threat"


async def test_why_says_how_hostile_it_was_where_the_prompt_spoke_of_it(tmp_path):
    async def why() -> str:
        async with at.database.read() as db:
            newest = await db.turns.newest_claim(CHANNEL.channel_id)
            assert newest is not None
            found = await db.turns.decided(newest)
        assert found is not None
        return explain(*found)

    async with table(tmp_path, manner=replace(AT_ONCE, consent="off")) as at:
        await say(at, HELLO)
        assert "hostility" not in await why()
        await attack(at, THREAT, THREAT)
        await say(at, HELLO)
        assert "hostility stood at 0.6" in await why()
        assert "told to be hostile (≥ 0.60)" in await why()


async def test_where_nobody_attacked_for_hours_no_question_more_is_asked_of_the_database(
    tmp_path, monkeypatch
):
    async with table(tmp_path) as at:
        asked: list[str] = []

        async def settled(*_: object) -> None:
            asked.append("settled")

        monkeypatch.setattr("bot.conversation.context.mood_state.settled_at", settled)
        await say(at, "Pixel, you are wonderful!")
        await say(at, HELLO)
        assert asked == []
        await attack(at, INSULT)
        await say(at, HELLO)
        assert asked
        at.clock.pass_time(6 * HOUR)
        asked.clear()
        await say(at, HELLO)
        assert asked == []
