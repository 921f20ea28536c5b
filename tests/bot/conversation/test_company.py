"""Several characters on one bot: who answers, in which order, who hears what (C20, C21, C24, C25, C27)."""

import pytest

from bot.conversation.company import speaker_id
from bot.conversation.decision import Reason
from tests.builders import DM, utterance
from tests.company import CAVE, CHANNEL, company, stagecraft
from tests.summing import HOUR

MIRA, BOB = 42, 43


@pytest.fixture
async def at(tmp_path):
    async with company(tmp_path) as table:
        yield table


async def turns(at):
    async with at.database.read() as db:
        return [turn for number in range(1, 50) if (turn := await db.turns.get(number)) is not None]


def last(at) -> str:
    return at.claude.prompts[-1].text


async def test_the_one_who_is_called_answers_under_its_own_name(at):
    at.claude.will_say("The stars are out.")
    await at.hear("Nyx, what do you see?", where=CHANNEL)
    assert (at.mouth.said, at.mouth.speakers) == (["The stars are out."], ["Nyx"])
    assert "You are Nyx, who watches the stars." in at.claude.prompts[0].system[0].text
    (turn,) = await turns(at)
    assert (turn.character, turn.state) == ("nyx", "said")


async def test_a_mention_is_of_the_bots_own_character(at):
    await at.hear("hello there, Nyx", where=CHANNEL, mentions_me=True)
    assert at.mouth.speakers[0] == ""


async def test_who_is_called_beside_another_answers_after_it_and_has_read_it(at):
    """C21, C27: both answer, in the order of the text, and the second knows what the first said."""
    at.claude.will_say("I am Fangs.", "I am Nyx.")
    await at.hear("Fangs, and you, Nyx: who are you?", where=CHANNEL)
    assert at.mouth.speakers == ["Fangs", "Nyx"]
    assert "I am Fangs." in last(at)
    assert "Fangs#" in last(at)


async def test_each_reply_has_a_nonce_of_its_own(at):
    await at.hear("Fangs, Nyx and Pixel!", where=CHANNEL)
    assert len(at.mouth.nonces) == len(set(at.mouth.nonces)) == 3


async def test_a_reply_to_a_characters_message_is_answered_by_that_one(at):
    at.claude.will_say("The stars are out.")
    await at.hear("Nyx?", where=CHANNEL)
    posted = max(number for number, _ in at.mouth.posted.values())
    at.clock.pass_time(HOUR)
    await at.hear("which ones?", where=CHANNEL, reply_to=posted, replies_to_me=True)
    assert at.mouth.speakers == ["Nyx", "Nyx"]


async def test_who_spoke_last_with_somebody_goes_on_with_them(at):
    at.claude.will_say("one", "two", "three")
    await at.hear("Nyx?", where=CHANNEL, author_id=MIRA)
    await at.hear("Fangs?", where=CHANNEL, author_id=BOB)
    await at.hear("and now?", where=CHANNEL, author_id=MIRA, mentions_me=False, replies_to_me=True)
    assert at.mouth.speakers == ["Nyx", "Fangs", "Nyx"]


@pytest.mark.parametrize(("seconds", "speaker"), [(299, "Nyx"), (301, "")])
async def test_one_who_answered_is_the_one_who_answers_for_five_minutes(at, seconds, speaker):
    """C24: at 299 s the same one, at 301 s another may."""
    await at.hear("Nyx?", where=CHANNEL, author_id=MIRA)
    at.clock.pass_time(seconds)
    await at.hear("hm, and you?", where=CHANNEL, author_id=BOB, replies_to_me=True)
    assert at.mouth.speakers == ["Nyx", speaker]


async def test_who_answers_survives_a_restart(tmp_path):
    """C24."""
    async with company(tmp_path) as before:
        await before.hear("Nyx?", where=CHANNEL, author_id=MIRA)
    async with company(tmp_path) as at:
        at.mouth.posted = {"x": (2_000_000, "")}
        await at.hear("and you?", where=CHANNEL, author_id=BOB, replies_to_me=True, message_id=5_000)
        assert at.mouth.speakers == ["Nyx"]


async def test_what_is_talked_about_chooses_who_answers(at):
    await at.hear("let us talk about the stars", where=CHANNEL, replies_to_me=True)
    assert at.mouth.speakers == ["Nyx"]


async def test_in_private_only_the_bots_own_character_is_there(at):
    await at.hear("Nyx, are you there?", where=DM)
    assert at.mouth.speakers == [""]


async def test_in_private_somebody_may_ask_for_another(at):
    await stagecraft(at).choose(DM, stagecraft(at).role("nyx"))
    await at.hear("hello", where=DM)
    assert at.mouth.speakers == ["Nyx"]
    async with at.database.read() as db:
        rows = await db.messages.transcript(DM.channel_id, "pixel", since=at.clock.now().replace(year=2020))
    assert rows == []


# Who hears what (C25).


async def test_who_was_sent_out_hears_nothing(at):
    """C25: neither transcript nor facts of what was said without it are in its prompt."""
    crafts = stagecraft(at)
    await crafts.attend(CHANNEL, crafts.role("nyx"), present=False)
    await at.hear("Pixel, the vault code word is heliotrope", where=CHANNEL)
    await crafts.attend(CHANNEL, crafts.role("nyx"), present=True)
    at.claude.will_say("No idea.")
    await at.hear("Nyx, what did I just say?", where=CHANNEL)
    assert at.mouth.speakers[-1] == "Nyx"
    assert "heliotrope" not in last(at)
    await at.hear("Fangs, what did I say?", where=CHANNEL)
    assert "heliotrope" in last(at)


async def test_who_is_not_there_is_not_called(at):
    crafts = stagecraft(at)
    await crafts.attend(CHANNEL, crafts.role("nyx"), present=False)
    heard = await at.hear("Nyx, hello", where=CHANNEL)
    assert at.mouth.said == []
    assert (await at.decided(heard.message_id)).claim.reason != Reason.NAME.name


async def test_with_nobody_there_nobody_answers(at):
    crafts = stagecraft(at)
    for role in at.app.company:
        await crafts.attend(CHANNEL, role, present=False)
    heard = await at.hear("anybody?", where=CHANNEL, mentions_me=True)
    assert at.mouth.said == []
    assert (await at.decided(heard.message_id)).claim.reason == Reason.NOBODY.name


async def test_a_mention_of_the_bot_whose_own_character_is_out_is_answered_by_another(at):
    crafts = stagecraft(at)
    await crafts.attend(CHANNEL, at.app.company.primary, present=False)
    await at.hear("what do you think?", where=CHANNEL, mentions_me=True)
    assert at.mouth.speakers and at.mouth.speakers[-1] != ""


async def test_being_sent_out_of_a_channel_holds_for_its_threads_and_for_no_other_channel(at):
    crafts = stagecraft(at)
    await crafts.attend(CHANNEL, crafts.role("nyx"), present=False)
    thread = utterance("x", where=CHANNEL).where
    thread = type(thread)(602, thread.place, "a thread", 700, "The Guild", parent_id=CHANNEL.channel_id)
    there = {one.role.slug: one.present for one in await crafts.attending(thread)}
    elsewhere = {one.role.slug: one.present for one in await crafts.attending(CAVE)}
    assert (there["nyx"], elsewhere["nyx"]) == (False, True)


async def test_a_character_that_comes_later_does_not_know_what_was_said_before(tmp_path):
    """C25."""
    from tests.builders import PIXEL, table

    async with table(tmp_path) as alone:
        await alone.hear("Pixel, my word is heliotrope", where=CHANNEL)
    async with company(tmp_path) as at:
        at.mouth.posted = {"x": (2_000_000, "")}
        await at.hear("Nyx, what is my word?", where=CHANNEL, message_id=9_000)
        assert "heliotrope" not in last(at)
        await at.hear("Pixel, what is my word?", where=CHANNEL, message_id=9_001)
        assert "heliotrope" in last(at)
    assert PIXEL.slug == "pixel"


async def test_each_knows_what_it_was_told_and_the_others_do_not(at):
    """C61: what one is asked to remember is not in another's prompt."""
    await at.app.memories.remember("nyx", MIRA, "I like heliotrope", CHANNEL)
    await at.hear("Pixel, hi", where=CHANNEL)
    assert "heliotrope" not in last(at)
    await at.hear("Nyx, hi", where=CHANNEL)
    assert "heliotrope" in last(at)


async def test_each_sums_up_for_itself(tmp_path):
    from tests.summing import note

    async with company(tmp_path) as at:
        at.claude.will_say("Oh.", "Ah.")
        await at.hear("Pixel, the garden gate squeaks a lot these days", where=CHANNEL)
        await at.hear("Nyx, the garden gate squeaks a lot these days", where=CHANNEL)
        at.clock.pass_time(23 * HOUR)
        at.claude.will_note(note("Pixel's own notes of the gate, and of Mira. " * 3))
        at.claude.will_note(note("Nyx's own notes of the gate, and of Mira. " * 3))
        await at.app.summaries.catch_up()
        await at.hear("Pixel, and now?", where=CHANNEL)
        assert "Pixel's own notes" in last(at)
        assert "Nyx's own notes" not in last(at)
        await at.hear("Nyx, and now?", where=CHANNEL)
        assert "Nyx's own notes" in last(at)
        assert "Pixel's own notes" not in last(at)


# What survives.


async def test_who_was_to_speak_does_so_after_a_crash(tmp_path):
    """C27, faults B1: the second of two who were called speaks after the restart."""

    class Stop(BaseException):
        pass

    async with company(tmp_path) as before:

        async def die(*_given):
            raise Stop

        before.app.following.follow = die  # type: ignore[method-assign]
        with pytest.raises(Stop):
            await before.hear("Fangs and Nyx?", where=CHANNEL)
        assert before.mouth.speakers == ["Fangs"]
    async with company(tmp_path) as at:
        at.mouth.posted = {"x": (2_000_000, "")}
        await at.app.following.resume(lambda _channel: at.mouth)
        assert at.mouth.speakers == ["Nyx"]
        await at.app.following.resume(lambda _channel: at.mouth)
        assert at.mouth.speakers == ["Nyx"]


async def test_what_is_deleted_is_not_taken_up_any_more(at):
    at.claude.while_thinking = lambda: at.app.message_log.deleted(CHANNEL.channel_id, {77})
    await at.hear("Fangs and Nyx?", where=CHANNEL, message_id=77)
    assert at.mouth.said == []


async def test_characters_have_ids_that_no_person_has():
    assert speaker_id("nyx") < 0
    assert speaker_id("nyx") != speaker_id("fangs")
    assert speaker_id("nyx") == speaker_id("nyx")
    assert speaker_id("nyx") > -(2**63)


async def test_nobody_pings_a_character(at):
    at.claude.will_say("one", "two")
    await at.hear("Fangs and Nyx?", where=CHANNEL)
    assert all(to == MIRA for to in at.mouth.to)


async def test_what_a_second_speaker_drew_on_is_kept(at):
    """C18, C67: also of who spoke without being asked anew."""
    await at.app.memories.remember("nyx", MIRA, "I like heliotrope", CHANNEL)
    await at.hear("Fangs and Nyx: good morning to you both", where=CHANNEL)
    async with at.database.read() as db:
        turn = await db.turns.of_message(max(number for number, _ in at.mouth.posted.values()))
        assert turn is not None
        cue = await db.cues.of_turn(turn.id)
    assert turn.character == "nyx"
    assert cue is not None
    assert (cue.reason, cue.ended, len(cue.trace["known"])) == ("named", "spoke", 1)
