"""Who heard what, when characters come and go just then, and words change afterwards (C25, C26, C27, C30)."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bot.conversation.rethinking import Requester
from bot.conversation.speakers import cue_of
from bot.conversation.types import Part, Quote
from bot.core.errors import Unsaid, Unsayable
from bot.features.reminders.due_birthdays_and_reminders import Venue
from memory.places import Place, Where
from tests.builders import DM, Table, until_noted, utterance
from tests.company import CHANNEL, chatty, company, stagecraft
from tests.fakes import EPOCH
from tests.learning import agree, archived, finding
from tests.summing import DAY, HOUR
from tests.support.prompts import as_bytes, blocks, prefix

MIRA, BOB, OPENED = 42, 43, 4_000
THREAD = Where(603, Place.GUILD, "a thread", 700, "The Guild", parent_id=CHANNEL.channel_id)
SECRET = "heliotrope"


@pytest.fixture
async def at(tmp_path):
    async with company(tmp_path) as table:
        yield table


async def send_out(at: Table, name: str, where: Where = CHANNEL) -> None:
    crafts = stagecraft(at)
    await crafts.attend(where, crafts.role(name), present=False)


async def invite(at: Table, name: str, where: Where = CHANNEL) -> None:
    crafts = stagecraft(at)
    await crafts.attend(where, crafts.role(name), present=True)


async def begin(at: Table, names: str, *, turns: int = 3, where: Where = CHANNEL) -> None:
    crafts = stagecraft(at)
    roles = [crafts.role(name) for name in names.split(",")]
    await crafts.begin_scene(where, roles, "a lantern", turns=turns, by=MIRA, opened_by=OPENED)


async def follow(at: Table, where: Where = CHANNEL) -> None:
    await at.app.following.follow(where.channel_id, at.mouth)


async def scene_of(at: Table, where: Where = CHANNEL):
    async with at.database.read() as db:
        return await db.cues.scene(where.channel_id)


def shown(at: Table, name: str) -> list[str]:
    """Return all that a character was asked for replies."""
    return [one.text for one in at.claude.prompts if f"You play {name}," in one.system[0].text]


def while_thinking(at: Table, happens) -> None:
    """Let something happen once, while the model thinks."""

    async def once() -> None:
        at.claude.while_thinking = None
        await happens()

    at.claude.while_thinking = once


# Who may answer.


async def test_who_came_after_a_message_does_not_answer_it(at):
    """A message waits behind another one; whom it names is invited only then."""
    await send_out(at, "nyx")
    late = []

    async def happens() -> None:
        heard = utterance(f"Nyx and Fangs, it is {SECRET}", where=CHANNEL, author_id=BOB)
        late.append(asyncio.create_task(at.app.conversation.take_turn(heard, at.mouth)))
        await until_noted(at, heard.message_id)
        await invite(at, "nyx")

    while_thinking(at, happens)
    await at.hear("Pixel, hello", where=CHANNEL)
    await asyncio.gather(*late)
    assert at.mouth.speakers == ["", "Fangs"]
    await at.hear("Nyx, what was it?", where=CHANNEL)
    assert SECRET not in "".join(shown(at, "Nyx"))


async def test_what_waits_and_was_heard_by_different_characters_is_answered_by_who_heard_it(at):
    await send_out(at, "nyx")
    late = []

    async def happens() -> None:
        for text, name in ((f"Fangs, remember that it is {SECRET}", "fangs"), ("Nyx, hi", "nyx")):
            who = (BOB, "Bob") if name == "nyx" else (MIRA, "Zoe")
            heard = utterance(text, where=CHANNEL, author_id=who[0], author_name=who[1])
            late.append(asyncio.create_task(at.app.conversation.take_turn(heard, at.mouth)))
            await until_noted(at, heard.message_id)
            await invite(at, "nyx")

    while_thinking(at, happens)
    await at.hear("Pixel, hello", where=CHANNEL)
    await asyncio.gather(*late)
    assert at.mouth.speakers == ["", "Nyx", "Fangs"]
    assert SECRET not in shown(at, "Nyx")[0]
    assert "Zoe#" not in shown(at, "Nyx")[0]
    assert SECRET in shown(at, "Fangs")[0]


async def test_two_who_are_called_at_once_by_two_people_both_answer(at):
    late = []

    async def happens() -> None:
        for text, author in (("Fangs, are you there?", MIRA), ("Nyx, are you there?", BOB)):
            heard = utterance(text, where=CHANNEL, author_id=author)
            late.append(asyncio.create_task(at.app.conversation.take_turn(heard, at.mouth)))
            await until_noted(at, heard.message_id)

    while_thinking(at, happens)
    await at.hear("Pixel, hello", where=CHANNEL)
    await asyncio.gather(*late)
    assert at.mouth.speakers == ["", "Nyx", "Fangs"]


async def test_in_private_a_message_is_for_who_was_there_for_it(at):
    crafts, late = stagecraft(at), []

    async def happens() -> None:
        heard = utterance(f"Remember that it is {SECRET}", where=DM)
        late.append(asyncio.create_task(at.app.conversation.take_turn(heard, at.mouth)))
        await until_noted(at, heard.message_id)
        await crafts.choose(DM, crafts.role("nyx"))

    while_thinking(at, happens)
    await at.hear("hello", where=DM)
    await asyncio.gather(*late)
    await at.hear("hello, you", where=DM)
    assert at.mouth.speakers == ["", "Nyx"]
    assert SECRET not in "".join(shown(at, "Nyx"))
    assert await at.app.memories.of("nyx", MIRA) == []


async def test_who_was_sent_out_of_a_channel_takes_up_nothing_in_its_threads(tmp_path):
    """Not even the small model that tells what one said to another reads it in its name."""
    async with company(tmp_path, direction=chatty(chain=2)) as at:
        await send_out(at, "nyx")
        at.claude.will_say(*[f"Nyx, Fangs, it is {SECRET}"] * 2)
        await at.hear("Pixel, hello", where=THREAD)
        assert at.mouth.speakers == ["", "Fangs"]
        await invite(at, "nyx")
        at.claude.queue.clear()
        at.claude.will_say("I know of nothing.")
        await at.hear("Nyx, what was it?", where=THREAD)
        assert SECRET not in shown(at, "Nyx")[0]


async def test_who_is_sent_out_before_its_turn_does_not_speak(at):
    while_thinking(at, lambda: send_out(at, "nyx"))
    await at.hear("Fangs and Nyx?", where=CHANNEL)
    assert at.mouth.speakers == ["Fangs"]


async def test_who_was_called_and_does_not_play_leaves_a_scene_alone(at):
    async def happens() -> None:
        await begin(at, "fangs,pixel", turns=2)

    while_thinking(at, happens)
    await at.hear("Fangs and Nyx?", where=CHANNEL)
    assert at.mouth.speakers == ["Fangs", "Fangs", ""]


async def test_one_who_is_sent_out_while_it_thinks_knows_what_it_said(at):
    at.claude.will_say(f"It is {SECRET}.")
    while_thinking(at, lambda: send_out(at, "nyx"))
    await at.hear("Nyx?", where=CHANNEL)
    await invite(at, "nyx")
    await at.hear("Nyx, again?", where=CHANNEL)
    assert SECRET in shown(at, "Nyx")[-1]


@pytest.mark.parametrize("where", [CHANNEL, THREAD], ids=["channel", "thread of it"])
async def test_who_is_sent_out_while_a_reply_is_said_has_not_heard_it(at, monkeypatch, where):
    """Of a thread it is known which channel it belongs to, however the reply was picked up."""
    for _ in range(2):  # from then on all statements are prepared
        await at.hear("Pixel, hello", where=where)
    said = at.mouth.say

    async def say(part: Part, *, to: int) -> int:
        await send_out(at, "nyx")
        return await said(part, to=to)

    monkeypatch.setattr(at.mouth, "say", say)
    at.claude.will_say(f"It is {SECRET}.")
    await at.hear("Pixel, what is it?", where=where)
    monkeypatch.undo()
    await invite(at, "nyx")
    await at.hear("Nyx, Fangs, what did Pixel say?", where=where)
    assert SECRET not in shown(at, "Nyx")[-1]
    assert SECRET in shown(at, "Fangs")[-1]


# Words that change.


async def test_new_words_in_an_old_message_are_not_heard_by_who_is_out_by_then(at):
    old = await at.hear("Pixel, guess what", where=CHANNEL)
    await send_out(at, "nyx")
    await at.app.message_log.edited(CHANNEL.channel_id, old.message_id, f"Pixel, it is {SECRET}")
    await invite(at, "nyx")
    await at.hear("Nyx, Fangs, what is it?", where=CHANNEL)
    assert SECRET not in shown(at, "Nyx")[-1]
    assert SECRET in shown(at, "Fangs")[-1]


@pytest.mark.parametrize("how", ["another", "rewrite", "go on"])
async def test_another_take_is_not_heard_by_who_is_out_by_then(at, how):
    await at.hear("Pixel, guess what", where=CHANNEL)
    await send_out(at, "nyx")
    remaking, asker = at.app.revisions, Requester(MIRA, "Mira")
    at.claude.will_say(f"It is {SECRET}.")
    if how == "another":
        takes = await remaking.another("pixel", asker, CHANNEL)
        await remaking.choose("pixel", asker, CHANNEL, turn_id=takes.turn_id, number=2, mouth=at.mouth)
    elif how == "rewrite":
        await remaking.rewrite("pixel", asker, CHANNEL, f"It is {SECRET}.", mouth=at.mouth)
    else:
        await remaking.go_on("pixel", asker, CHANNEL, mouth=at.mouth)
    at.claude.queue.clear()
    await invite(at, "nyx")
    await at.hear("Nyx, Fangs, Pixel: what is it?", where=CHANNEL)
    assert SECRET not in shown(at, "Nyx")[-1]
    assert SECRET in shown(at, "Fangs")[-1]
    assert SECRET in shown(at, "Pixel")[-1]


async def test_a_reply_that_is_rewritten_is_found_again_in_its_new_words_alone(at):
    """What was said before, and is kept to be found again, goes with the take that said it."""
    await agree(at)
    at.claude.will_say("The tulip, of course.")
    await at.hear("Pixel, which flower is it?", where=CHANNEL)
    at.claude.will_find(finding())
    await at.app.consolidation.run("pixel")
    assert "The tulip, of course." in [one.text for one in await archived(at)]
    asker = Requester(MIRA, "Mira")
    await at.app.revisions.rewrite("pixel", asker, CHANNEL, f"The {SECRET}.", mouth=at.mouth)
    kept = [one.text for one in await archived(at)]
    assert f"The {SECRET}." in kept
    assert "The tulip, of course." not in kept


async def test_a_reminder_is_said_by_who_promised_it_and_heard_by_who_is_there(at):
    """C82, C25: what is due comes from the character that was asked, and who is out hears nothing of it."""
    await at.hear("Nyx, hello", where=CHANNEL)
    await at.hear(f"Nyx, remind me in 10 minutes to water the {SECRET}", where=CHANNEL)
    await send_out(at, "fangs")
    at.clock.pass_time(601)
    at.claude.will_say(f"The {SECRET} is thirsty.")

    async def venue(_due):
        return Venue(CHANNEL, at.mouth)

    assert await at.app.reminder_delivery.fire(venue) == 1
    assert at.mouth.speakers[-1] == "Nyx"
    await invite(at, "fangs")
    at.claude.prompts.clear()
    await at.hear("Fangs, what is thirsty?", where=CHANNEL)
    assert "thirsty." not in shown(at, "Fangs")[0]


# Scenes that can't go on.


async def test_a_scene_in_a_channel_that_can_not_be_written_to_ends(at):
    at.mouth.will_fail.append(Unsayable("forbidden"))
    await begin(at, "fangs,nyx")
    await follow(at)
    assert await scene_of(at) is None
    assert at.mouth.said == []


async def test_a_scene_goes_on_once_its_channel_can_be_reached_again(at):
    at.mouth.will_fail.append(Unsaid("503"))
    await begin(at, "fangs,nyx")
    await follow(at)
    assert await scene_of(at) is not None
    await at.app.finish_replies(lambda _channel: at.mouth)
    await at.app.following.resume(lambda _channel: at.mouth)
    assert at.mouth.speakers == ["Fangs", "Nyx", "Fangs"]
    assert await scene_of(at) is None


async def test_a_scene_whose_next_line_is_dropped_with_what_it_follows_ends(at):
    """The line is written down, can't be said yet, and what it follows is deleted meanwhile."""
    await begin(at, "fangs,nyx")
    at.mouth.will_fail.extend([None, Unsaid("503")])
    await follow(at)
    first = next(number for number, _ in at.mouth.posted.values())
    await at.app.message_log.deleted(CHANNEL.channel_id, {first})
    assert await scene_of(at) is None
    await at.app.finish_replies(lambda _channel: at.mouth)
    assert at.mouth.speakers == ["Fangs"]


async def test_a_scene_of_which_nothing_is_left_to_say_keeps_nobody_out(at):
    """What was written down a day ago and never said is let go, and the scene with it."""
    await begin(at, "fangs,nyx")
    at.mouth.will_fail.append(Unsaid("503"))
    await follow(at)
    at.clock.pass_time(DAY + HOUR)
    await at.app.message_log.prune()
    assert await scene_of(at) is None


async def test_who_was_to_speak_long_ago_says_nothing_any_more(tmp_path):
    """As long as replies are taken up again after a stop, and no longer."""
    async with company(tmp_path) as at:
        await at.hear("hello", where=CHANNEL, message_id=70)
        async with at.database.begin() as db:
            await db.cues.add([cue_of("nyx", CHANNEL.channel_id, 70, "named", at.clock, 0.0, 0)])
        at.clock.pass_time(HOUR)
        await follow(at)
        assert "Nyx" not in at.mouth.speakers
        async with at.database.read() as db:
            assert await db.cues.next(CHANNEL.channel_id) is None


async def test_one_who_is_to_speak_is_not_overlooked_when_two_look_at_once(at):
    """The first has just found nobody when the second comes, with somebody who is to speak."""
    await at.hear("hello", where=CHANNEL, message_id=70)
    following, real = at.app.following, at.database.read
    reads: list[int] = []

    def read(*, brief=False):
        if not reads:
            reads.append(1)
            return _then(real(brief=brief), add)
        return real(brief=brief)

    async def add() -> None:
        async with at.database.begin() as db:
            await db.cues.add([cue_of("nyx", CHANNEL.channel_id, 70, "named", at.clock, 0.0, 0)])
        await follow(at)

    at.database.read = read
    await following.follow(CHANNEL.channel_id, at.mouth)
    assert at.mouth.speakers[-1:] == ["Nyx"]


def _then(reading, happens):
    @asynccontextmanager
    async def both():
        async with reading as db:
            yield db
        await happens()

    return both()


async def test_a_scene_and_a_call_at_once_are_both_played(at):
    await begin(at, "fangs,nyx", turns=3)
    await asyncio.gather(follow(at), at.hear("Nyx, hello", where=CHANNEL), follow(at))
    assert sorted(at.mouth.speakers) == ["Fangs", "Fangs", "Nyx", "Nyx"]
    assert await scene_of(at) is None


# Crashes.


class Stop(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("stage", ["pledged", "part_posted", "settled"])
@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_a_scene_that_a_crash_cuts_is_played_to_its_end_with_each_line_once(tmp_path, stage, nth):
    async with company(tmp_path) as before:
        before.claude.will_say("one", "two", "three")
        await begin(before, "fangs,nyx")
        left = [nth]

        def reached(name: str) -> None:
            left[0] -= name == stage
            if not left[0]:
                raise Stop

        before.app.outbox._reached = reached
        before.app.conversation._replies._answering._reached = reached
        with pytest.raises(Stop):
            await follow(before)
        mouth = before.mouth
    async with company(tmp_path) as at:
        at.clock.pass_time(60)
        at.claude.will_say(*["one", "two", "three"][len(mouth.said) + (stage == "pledged") :])
        await at.app.finish_replies(lambda _channel: mouth)
        await at.app.following.resume(lambda _channel: mouth)
        assert mouth.said == ["one", "two", "three"]
        assert mouth.speakers == ["Fangs", "Nyx", "Fangs"]
        assert await scene_of(at) is None


@pytest.mark.parametrize("stage", ["pledged", "part_posted", "settled"])
@pytest.mark.parametrize("nth", [1, 2])
async def test_two_who_were_called_answer_once_each_whatever_a_crash_cuts(tmp_path, stage, nth):
    async with company(tmp_path) as before:
        left = [nth]

        def reached(name: str) -> None:
            left[0] -= name == stage
            if not left[0]:
                raise Stop

        before.app.outbox._reached = reached
        before.app.conversation._replies._answering._reached = reached
        with pytest.raises(Stop):
            await before.hear("Fangs and Nyx?", where=CHANNEL)
        mouth = before.mouth
    async with company(tmp_path) as at:
        at.clock.pass_time(60)
        await at.app.finish_replies(lambda _channel: mouth)
        await at.app.following.resume(lambda _channel: mouth)
        await at.app.following.resume(lambda _channel: mouth)
        assert mouth.speakers == ["Fangs", "Nyx"]


# Where a line stands (C30).


async def test_a_line_that_answers_no_message_stands_behind_all_that_others_heard(at):
    """Nyx comes in for a scene, and heard nothing of what Pixel's transcript holds."""
    await send_out(at, "nyx")
    for number in range(3):
        at.claude.will_say(f"answer {number}")
        await at.hear(f"Pixel, line {number}", where=CHANNEL)
    at.claude.will_say("Who has the lantern?", "Not I.", "Nor I.")
    await begin(at, "nyx,pixel", turns=3)
    await follow(at)
    before, after = [one for one in at.claude.prompts if "You play Pixel," in one.system[0].text][-2:]
    assert as_bytes(blocks(after)).startswith(prefix(before))
    assert after.text.index("answer 2") < after.text.index("Who has the lantern?")


async def test_a_scene_after_a_days_silence_knows_its_own_lines(at):
    """The place where the transcript begins lies behind all that was said before."""
    await at.hear("Nyx, Fangs, hello", where=CHANNEL)
    async with at.database.begin() as db:
        for slug in ("nyx", "fangs"):
            await db.channels.take_seat(CHANNEL.channel_id, slug)
            await db.channels.begin_transcript(CHANNEL.channel_id, slug, 8)
    at.clock.pass_time(2 * DAY)
    at.claude.will_say("Who has the lantern?", "Not I.", "Nor anybody else.")
    await begin(at, "nyx,fangs", turns=3)
    await follow(at)
    assert "Who has the lantern?" in at.claude.prompts[-1].text
    assert "Not I." in at.claude.prompts[-1].text


async def test_a_reply_to_a_line_tells_nobody_who_was_sent_out_for_it(at):
    await send_out(at, "nyx")
    told = await at.hear(f"Pixel, it is {SECRET}", where=CHANNEL, author_id=BOB, author_name="Bob")
    await invite(at, "nyx")
    quote = Quote(told.message_id, BOB, "Bob", told.text, EPOCH)
    await at.hear("Nyx, what do you say?", where=CHANNEL, reply_to=told.message_id, quote=quote)
    assert SECRET not in "".join(shown(at, "Nyx"))
