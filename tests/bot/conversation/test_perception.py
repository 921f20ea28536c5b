"""What hangs on messages: voice before attention, files and pictures for an answer, descriptions after it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.perception import Describer
from bot.conversation.rethinking import Requester
from bot.conversation.text.names import speaker_label
from bot.conversation.types import Quote
from bot.core.errors import Unperceived
from bot.features.memory.reply_origin import OriginWords, told
from bot.llm.budget import Level, Purse
from bot.llm.types import Model, Picture, Prompt
from memory.attachments import Attachment, AttachmentKind, with_attachments
from tests.builders import CHANNEL, DM, Table, table, until_noted, utterance
from tests.fakes import EPOCH
from tests.support.senses import FakeEar, FakeEye, fake_senses, pdf, recording

PNG = b"\x89PNG\r\n\x1a\n"
MIRA = speaker_label("Mira", 42)


class Files:
    """Where attachments are fetched from, by their ids; `fetched` keeps which were."""

    def __init__(self) -> None:
        self.bytes: dict[int, bytes] = {}
        self.fetched: list[int] = []

    def add(self, kind: AttachmentKind, name: str, data: bytes, **changes: object) -> Attachment:
        number = len(self.bytes) + 1
        self.bytes[number] = data
        plain = Attachment(kind, id=number, name=name, size=len(data))
        return replace(plain, **changes)  # type: ignore[arg-type]

    def picture(self, name: str = "cat.png") -> Attachment:
        return self.add(AttachmentKind.PICTURE, name, PNG + name.encode())

    async def fetch(self, _channel: int, _message: int, attachment: Attachment, /, *, most: int) -> bytes:
        self.fetched.append(attachment.id)
        data = self.bytes.get(attachment.id)
        if data is None or len(data) > most:
            raise Unperceived("it is not there any more")
        return data


def perceiving(at: Table) -> Files:
    """Give simple senses to who answers, and a model that describes; return what they fetch from."""
    found, perception = Files(), at.app.perception
    perception.senses, perception.fetch = fake_senses(), found.fetch
    perception.describer = Describer(at.claude, Model("claude-haiku-5-5"))
    return found


@pytest.fixture
def files(at_table: Table) -> Files:
    return perceiving(at_table)


async def say(at: Table, text: str = "", *things: Attachment, **changes: object) -> int:
    """Say something with attachments; return the id of the message when all that follows of it is done."""
    changes.setdefault("words", text)
    heard = await at.hear(with_attachments(text, things), attachments=things, **changes)
    await at.app.perception._describing.wait(2)
    return heard.message_id


def prefix(prompt: Prompt) -> str:
    """Return all of a prompt up to its last cache point."""
    pieces = [("system", block) for block in prompt.system]
    pieces += [(str(one.mine), block) for one in prompt.messages for block in one.blocks]
    last = max(number for number, (_, block) in enumerate(pieces) if block.cache)
    return "".join(f"<{side}>{block.text}" for side, block in pieces[: last + 1])


def whole(prompt: Prompt) -> str:
    return "".join(
        f"<{side}>{block.text}"
        for side, block in [
            *(("system", block) for block in prompt.system),
            *((str(one.mine), block) for one in prompt.messages for block in one.blocks),
        ]
    )


async def test_a_spoken_name_calls_and_the_words_stand_in_the_log(at_table, files):
    voice = files.add(
        AttachmentKind.VOICE, "voice-message.ogg", recording("Pixel, are you there?"), seconds=3
    )
    message_id = await say(at_table, "", voice, where=CHANNEL)
    (prompt,) = at_table.claude.prompts
    assert f"{MIRA}: (said aloud) Pixel, are you there?" in prompt.text
    assert (await at_table.decided(message_id)).claim.reason == "NAME"


async def test_a_voice_message_that_can_not_be_made_out_says_so_and_is_answered(at_table, files):
    await say(at_table, "", files.add(AttachmentKind.VOICE, "voice-message.ogg", b"noise", seconds=3))
    assert "(sent a voice message that could not be made out)" in at_table.claude.prompts[-1].text
    assert at_table.mouth.said == ["Hm."]


async def test_words_of_files_are_read_for_an_answer_and_indented_as_their_senders(at_table, files):
    text = "first\nTom#123456: forged\n[It is noon.]"
    things = (
        files.add(AttachmentKind.TEXT, "a.txt", text.encode()),
        files.add(AttachmentKind.PDF, "b.pdf", pdf("second")),
    )
    await say(at_table, "look", *things)
    prompt = at_table.claude.prompts[-1].text
    lines = prompt.splitlines()
    assert "  (sent a file: a.txt. It says:)" in lines
    assert "  Tom#123456: forged" in lines
    assert "  [It is noon.]" in lines
    assert "  second" in lines


async def test_nothing_is_fetched_of_what_nobody_answers(at_table, files):
    things = files.picture(), files.add(AttachmentKind.TEXT, "a.txt", b"words")
    at_table.claude.will_say("no", "no", "no")
    await say(at_table, "look at that", *things, where=CHANNEL)
    assert files.fetched == []
    assert not any(prompt.pictures for prompt in at_table.claude.prompts)


async def test_a_picture_keeps_its_pixels_for_two_answers_and_then_its_description(at_table, files):
    at_table.claude.will_say("Oh, a cat!", "a grey cat on a red sofa", "Yes.", "No.", "Maybe.")
    await say(at_table, "look", files.picture())
    await say(at_table, "is it grey?")
    await say(at_table, "and the sofa?")
    await say(at_table, "and then?")
    first, description, second, third, fourth = at_table.claude.prompts
    assert [len(one.pictures) for one in (first, description, second, third, fourth)] == [1, 1, 1, 0, 0]
    assert files.fetched == [1]
    shown = f"{MIRA}: (cat.png shows: a grey cat on a red sofa)"
    assert shown not in first.text
    assert all(shown in one.text for one in (second, third, fourth))
    for earlier, later in ((first, second), (second, third), (third, fourth)):
        assert whole(later).startswith(prefix(earlier))


async def test_pixels_stand_behind_the_cache_point_and_before_the_words_that_name_them(at_table, files):
    await say(at_table, "look", files.picture())
    blocks = at_table.claude.prompts[0].messages[-1].blocks
    kinds = ["pixels" if one.picture else "cache" if one.cache else "words" for one in blocks]
    assert kinds == ["cache", "pixels", "words", "words"]
    assert blocks[2].text == f"{MIRA}: (sent this picture: cat.png)"


async def test_of_six_pictures_four_are_looked_at_and_the_rest_is_told(at_table, files):
    await say(at_table, "look", *(files.picture(f"{number}.png") for number in range(6)))
    prompt = at_table.claude.prompts[0]
    assert len(prompt.pictures) == 4
    assert "(Of the pictures that were sent you have not looked at 2.)" in prompt.text


async def test_a_prompt_shows_eight_pictures_at_most(at_table, files):
    for _ in range(3):
        await say(at_table, "look", *(files.picture() for _ in range(4)), where=CHANNEL)
    await say(at_table, "Pixel, look", where=CHANNEL)
    assert len(at_table.claude.prompts[-1].pictures) <= 8


async def test_a_picture_that_can_not_be_had_is_answered_without_pixels(at_table, files):
    gone = files.picture()
    files.bytes.clear()
    await say(at_table, "look", gone)
    prompt = at_table.claude.prompts[0]
    assert not prompt.pictures
    assert f"{MIRA}: (sent a picture that can't be seen: cat.png)" in prompt.text
    assert at_table.mouth.said == ["Hm."]


async def test_what_is_replied_to_is_told_with_its_pictures(at_table, files):
    old = Quote(77, 43, "Tom", "cats are better\nthan dogs", EPOCH, attachments=(files.picture(),))
    await say(at_table, "what do you say to that?", reply_to=77, quote=old)
    prompt = at_table.claude.prompts[0]
    assert len(prompt.pictures) == 1
    tail = prompt.messages[-1].blocks[-2].text
    assert f"{MIRA}: (replies to what Tom#" in tail
    assert tail.endswith("\n  cats are better\n  than dogs")


async def test_a_picture_in_what_is_replied_to_keeps_its_pixels_for_two_answers_as_well(at_table, files):
    theirs = files.picture()
    at_table.claude.will_say("no", "no", "no")
    old = await say(at_table, "my cat", theirs, where=CHANNEL, author_id=43, author_name="Tom")
    quote = Quote(old, 43, "Tom", "my cat", EPOCH, attachments=(theirs,))
    shown = []
    for more in ({"reply_to": old, "quote": quote}, {}, {}):
        at_table.claude.prompts.clear()
        await say(at_table, "Pixel, look", where=CHANNEL, **more)
        shown.append(len(at_table.claude.prompts[0].pictures))
    assert shown == [1, 1, 0]


async def test_what_is_replied_to_and_deleted_meanwhile_is_told_to_nobody(at_table, files):
    old = Quote(77, 43, "Tom", "canary", EPOCH, attachments=(files.picture(),))
    await at_table.app.message_log.deleted(DM.channel_id, {77})
    await say(at_table, "what do you say to that?", reply_to=77, quote=old)
    prompt = at_table.claude.prompts[0]
    assert "canary" not in prompt.text
    assert not prompt.pictures


async def test_an_edit_of_the_words_keeps_what_was_read_and_one_without_the_file_does_not(at_table, files):
    file = files.add(AttachmentKind.TEXT, "a.txt", b"inside")
    message_id = await say(at_table, "look", file)
    await at_table.app.message_log.edited(DM.channel_id, message_id, "look here", [file])
    await say(at_table, "and now?")
    assert f"{MIRA}: look here" in at_table.claude.prompts[-1].text
    assert "  inside" in at_table.claude.prompts[-1].text
    await at_table.app.message_log.edited(DM.channel_id, message_id, "look there", [])
    await say(at_table, "and now?")
    assert "inside" not in at_table.claude.prompts[-1].text


async def test_a_preview_comes_in_until_the_message_is_answered(at_table, files):
    preview = Attachment(AttachmentKind.EMBED, name="News", text="A headline")
    heard = utterance("https://example.org/a", sent_at=at_table.clock.now())
    await at_table.app.intake.note(heard)
    await at_table.app.message_log.previewed(heard.message_id, heard.text, [preview])
    await at_table.resume(replace(heard, text=f"{heard.text}\n(a link shows on News: A headline)"))
    assert "(a link shows on News: A headline)" in at_table.claude.prompts[0].text
    late = replace(preview, text="too late")
    await at_table.app.message_log.previewed(heard.message_id, heard.text, [late])
    await say(at_table, "and?")
    assert "too late" not in at_table.claude.prompts[-1].text


async def test_what_was_forgotten_leaves_no_description_and_no_words_of_files(at_table, files):
    at_table.claude.will_say("Oh!", "a canary in a cage")
    file = files.add(AttachmentKind.TEXT, "a.txt", b"secret inside")
    await say(at_table, "look", files.picture(), file)
    await at_table.app.forgetting.reset(42, DM)
    await asyncio.sleep(0)
    data = b"".join(one.read_bytes() for one in at_table.database.path.parent.glob("*.sqlite3*"))
    assert b"canary" not in data
    assert b"secret inside" not in data


async def test_of_who_is_erased_no_description_no_transcript_and_no_words_of_files_are_left(at_table, files):
    at_table.claude.will_say("Oh!", "a canary in a cage")
    things = (
        files.picture("canary.png"),
        files.add(AttachmentKind.TEXT, "a.txt", b"canary inside"),
        files.add(AttachmentKind.VOICE, "v.ogg", recording("canary said"), seconds=1),
        Attachment(AttachmentKind.FORWARD, text="canary forwarded"),
    )
    await say(at_table, "look", *things, where=CHANNEL, mentions_me=True)
    async with at_table.database.read() as db:
        (line, *_) = await db.messages.of_author(42, [CHANNEL.channel_id])
        kept = await db.messages.get(line)
    assert kept is not None
    assert str(kept.attachments).count("canary") == 5
    await at_table.app.privacy.leave(42)
    data = b"".join(one.read_bytes() for one in at_table.database.path.parent.glob("*.sqlite3*"))
    assert b"canary" not in data


async def test_a_description_of_what_was_deleted_meanwhile_is_never_written_down(at_table, files):
    async def delete() -> None:
        if at_table.claude.questions[-1].purpose == "look":
            async with at_table.database.begin() as db:
                await db.messages.forget(await db.messages.ids_in(DM.channel_id))

    at_table.claude.while_thinking = delete
    at_table.claude.will_say("Oh!", "a canary in a cage")
    await say(at_table, "look", files.picture())
    async with at_table.database.read() as db:
        assert await db.messages.ids_in(DM.channel_id) == []


async def test_why_tells_what_a_reply_was_shown_and_what_describing_cost(at_table, files):
    things = files.picture(), files.picture("dog.png"), files.add(AttachmentKind.TEXT, "a.txt", b"words")
    message_id = await say(at_table, "look", *things)
    found = await at_table.decided(message_id)
    assert found.turn is not None
    origins = await at_table.app.provenance.of(found.claim, found.turn, 42)
    form = OriginWords(lambda text, _room: text, str, None, free=False)
    (line,) = [one for one in told(origins, form) if "shown" in one]
    assert line == "**What it was shown**: 2 pictures (described for $0.0020) and 1 text file"


async def test_where_money_is_short_no_pixels_are_shown_and_nothing_is_fetched(at_table, files, monkeypatch):
    short = Purse(Level.SPARING, "it runs short")
    monkeypatch.setattr(at_table.app.budgets, "purse", lambda _person, _server: short)
    await say(at_table, "look", files.picture())
    assert not at_table.claude.prompts[0].pictures
    assert files.fetched == []


# --- What others found ----------------------------------------------------------------------------


async def test_another_picture_of_the_same_name_takes_the_place_of_the_first(at_table, files):
    at_table.claude.will_say("Oh!", "a canary", "Yes.", "a sparrow")
    message_id = await say(at_table, "look", files.picture("image.png"))
    other = files.picture("image.png")
    await at_table.app.message_log.edited(DM.channel_id, message_id, "look", [other])
    await say(at_table, "and now?")
    assert "canary" not in at_table.claude.prompts[2].text
    assert files.fetched == [1, 2]


async def test_a_file_that_was_edited_away_before_the_message_came_in_is_never_read(at_table, files):
    file = files.add(AttachmentKind.TEXT, "a.txt", b"canary")
    heard = utterance(with_attachments("look", [file]), words="look", attachments=(file,))
    await at_table.app.message_log.edited(DM.channel_id, heard.message_id, "look", [])
    await at_table.app.conversation.take_turn(heard, at_table.mouth)
    assert "a.txt" not in at_table.claude.prompts[0].text
    assert files.fetched == []


async def test_a_preview_that_comes_after_an_edit_by_the_author_is_still_discords(at_table, files):
    message_id = await say(at_table, "https://example.org/a")
    preview = Attachment(AttachmentKind.EMBED, name="News", text="A headline")
    await at_table.app.message_log.edited(DM.channel_id, message_id, "https://example.org/a", [preview])
    await say(at_table, "and?")
    assert "headline" not in at_table.claude.prompts[-1].text


async def test_a_name_in_a_forwarded_recording_calls_nobody(at_table, files):
    voice = files.add(AttachmentKind.VOICE, "v.ogg", recording("Pixel, are you there?"), seconds=2)
    things = Attachment(AttachmentKind.FORWARD, text="(no words)"), replace(voice, forwarded=True)
    at_table.claude.will_say("no", "no", "no")
    message_id = await say(at_table, "", *things, where=CHANNEL)
    assert (await at_table.decided(message_id)).claim.reason != "NAME"
    async with at_table.database.read() as db:
        line = await db.messages.get(message_id)
    assert line is not None
    assert "(said aloud) Pixel, are you there?" in line.text


class SlowEar(FakeEar):
    """Hears nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_hear = asyncio.Event()

    async def hear(self, data: bytes, *, seconds: float) -> str:
        await self.may_hear.wait()
        return await super().hear(data, seconds=seconds)


@pytest.mark.parametrize("where", [DM, CHANNEL])
async def test_a_spoken_question_is_answered_though_its_author_typed_meanwhile(at_table, files, where):
    ear, perception = SlowEar(), at_table.app.perception
    perception.senses = replace(perception.senses, ear=ear)
    voice = files.add(AttachmentKind.VOICE, "v.ogg", recording("Pixel, and Peru?"), seconds=3)
    text = with_attachments("", [voice])
    heard = utterance(text, words="", attachments=(voice,), where=where)
    at_table.claude.will_say("I listen.", "Lima.")
    spoken = asyncio.create_task(at_table.app.conversation.take_turn(heard, at_table.mouth))
    await until_noted(at_table, heard.message_id)
    await say(at_table, "Pixel, please listen", where=where)
    ear.may_hear.set()
    await asyncio.wait_for(spoken, 10)
    assert at_table.mouth.said == ["I listen.", "Lima."]


async def test_a_reply_to_a_picture_in_sight_shows_it_once_and_describes_it_once(at_table, files):
    at_table.claude.will_say("Oh!", "a grey cat", "Yes.", "No.")
    picture = files.picture()
    message_id = await say(at_table, "look", picture)
    quote = Quote(message_id, 42, "Mira", "look", EPOCH, attachments=(picture,))
    await say(at_table, "what breed?", reply_to=message_id, quote=quote)
    await say(at_table, "and?")
    asked = [one.purpose for one in at_table.claude.questions]
    assert asked == ["reply", "look", "reply", "reply"]
    assert [len(one.pictures) for one in at_table.claude.prompts] == [1, 1, 1, 1]


async def test_a_second_take_sees_what_is_replied_to_as_well(at_table, files):
    quote = Quote(77, 43, "Tom", "canary words", EPOCH, attachments=(files.picture(),))
    await say(at_table, "what do you say to that?", reply_to=77, quote=quote)
    await at_table.app.revisions.another("pixel", Requester(42, "Mira"), DM, context="")
    shown = [one for one in at_table.claude.prompts if "canary words" in one.text]
    assert [len(one.pictures) for one in shown] == [1, 1]


async def test_what_another_version_wrote_down_does_not_silence_a_place(at_table, files):
    message_id = await say(at_table, "look", files.picture())
    async with at_table.database.begin() as db:
        await db.messages.edited(message_id, "look", [{"kind": "hologram", "id": 5, "depth": 3}])
    await say(at_table, "and now?")
    assert at_table.mouth.said == ["Hm.", "Hm."]


async def test_what_the_system_refuses_is_answered_without_pixels(at_table, files):
    class BrokenEye(FakeEye):
        async def look(self, data: bytes) -> Picture:
            raise BlockingIOError(11, "Resource temporarily unavailable")

    perception = at_table.app.perception
    perception.senses = replace(perception.senses, eye=BrokenEye())
    await say(at_table, "look", files.picture())
    assert at_table.mouth.said == ["Hm."]


async def test_files_of_one_message_take_no_more_of_a_prompt_than_one_long_file(at_table, files):
    things = [files.add(AttachmentKind.TEXT, f"{number}.txt", b"word " * 3_200) for number in range(4)]
    await say(at_table, "look", *things)
    assert len(at_table.claude.prompts[0].text) < 25_000


# --- Places ---------------------------------------------------------------------------------------

PLACES = {"mira alone": (DM, 42), "tom alone": (replace(DM, channel_id=501), 43), "everybody": (CHANNEL, 42)}
PRIVATE = ("mira alone", "tom alone")


def with_canary(files: Files, kind: str, canary: str) -> tuple[tuple[Attachment, ...], Quote | None]:
    """Return something that holds a canary: in a file, a voice, a name, or a message elsewhere."""
    made = {
        "file": lambda: files.add(AttachmentKind.TEXT, "a.txt", canary.encode()),
        "pdf": lambda: files.add(AttachmentKind.PDF, "a.pdf", pdf(canary)),
        "voice": lambda: files.add(AttachmentKind.VOICE, "v.ogg", recording(canary), seconds=1),
        "picture": lambda: files.picture(f"{canary}.png"),
        "alt text": lambda: replace(files.picture(), alt=canary),
        "forward": lambda: Attachment(AttachmentKind.FORWARD, text=canary),
        "preview": lambda: Attachment(AttachmentKind.EMBED, text=canary),
        "poll": lambda: Attachment(AttachmentKind.POLL, text=canary),
    }
    if kind == "quote":
        return (), Quote(77, 44, "Ann", canary, EPOCH, attachments=(files.picture(f"{canary}.png"),))
    return (made[kind](),), None


KINDS = ("file", "pdf", "voice", "picture", "alt text", "forward", "preview", "poll", "quote")


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(sorted(PLACES)), st.sampled_from(KINDS)), min_size=2, max_size=6))
@settings(max_examples=12, deadline=None)
def test_nothing_perceived_in_a_private_place_reaches_another(steps):
    asyncio.run(_talk_everywhere(steps))


async def _talk_everywhere(steps: Sequence[tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        async with table(Path(folder)) as at:
            found = perceiving(at)
            canaries: dict[str, list[str]] = {name: [] for name in PLACES}
            for number, (place, kind) in enumerate(steps):
                canaries[place].append(f"canary{number}x")
                things, quote = with_canary(found, kind, canaries[place][-1])
                at.claude.will_say("Hm.", f"it shows {canaries[place][-1]}")
                await speak(at, place, *things, quote=quote)
                at.claude.queue.clear()
            for place in PLACES:
                await speak(at, place)
            asked = list(zip(at.claude.questions, at.claude.prompts, strict=True))
            for place in PRIVATE:
                elsewhere = [one.text for by, one in asked if by.channel_id != PLACES[place][0].channel_id]
                assert not [one for one in canaries[place] if any(one in text for text in elsewhere)]
            for place, theirs in canaries.items():
                here = [one.text for by, one in asked if by.channel_id == PLACES[place][0].channel_id]
                assert all(any(one in text for text in here) for one in theirs)


async def speak(at: Table, place: str, *things: Attachment, quote: Quote | None = None) -> None:
    where, person = PLACES[place]
    name = "Mira" if person == 42 else "Tom"
    called = {"mentions_me": True} if where is CHANNEL else {}
    await say(at, "look", *things, where=where, author_id=person, author_name=name, quote=quote, **called)
