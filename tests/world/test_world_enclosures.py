"""What hangs on messages in the loopback Discord, as a real discord.py client finds it on the real wire."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import discord
import pytest

from tests.world.discord_accounts import BotAccount
from tests.world.discord_cdn import PIXEL
from tests.world.discord_enclosures import FORMATS, Poll, StickerKind, link_preview, picture_preview
from tests.world.discord_events import Intent
from tests.world.discord_files import Upload, voice_message
from tests.world.discord_listening import all_intents, listening, until
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User
from tests.world.discord_payloads import message_payload
from tests.world.discord_pointing import point_discord_back
from tests.world.discord_schema import document_path, load_schema
from tests.world.discord_server import DiscordServer

PICTURE = Upload("cat.png", PIXEL, "image/png", width=1, height=1, description="my cat")
TEA = Poll("Tea?", ["🍵 Yes", "No, thanks"], votes=[2, 0])
PREVIEW = link_preview("https://example.org/a", "A page", "About it", site="Example")


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running
    assert running.unknown_requests == []


@pytest.fixture(autouse=True)
def _discord_as_it_was() -> Iterator[None]:
    yield
    point_discord_back()


@pytest.fixture
def general(server: DiscordServer) -> Channel:
    return server.add_guild("Test guild").add_text_channel("general")


@pytest.fixture
def alice(server: DiscordServer) -> User:
    return server.add_user("Alice")


async def heard_and_fetched(
    server: DiscordServer, channel: Channel, message: Message | None = None, **said: Any
) -> list[discord.Message]:
    """Say something; return it as it comes over the gateway, and as it is fetched over REST."""
    async with listening(server, intents=all_intents()) as client:
        coming = asyncio.create_task(client.wait_for("message", timeout=5))
        await asyncio.sleep(0)
        posted = await server.add_user("Mira").say(channel, **said)
        fetched = await client.get_partial_messageable(channel.id).fetch_message(posted.id)
        return [await coming, fetched]


async def asked(url: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.read()


# --- files


async def test_a_picture_says_its_type_its_size_its_edges_and_what_it_is(server, general):
    for message in await heard_and_fetched(server, general, attachments=[PICTURE]):
        [file] = message.attachments
        assert (file.filename, file.content_type, file.size) == ("cat.png", "image/png", len(PIXEL))
        assert (file.width, file.height, file.description) == (1, 1, "my cat")
        assert await asked(file.url) == (200, PIXEL)
    assert server.cdn.requests_for("cat.png") == 2


async def test_a_voice_message_is_one_to_the_library(server, general):
    for message in await heard_and_fetched(server, general, voice=voice_message(b"OggS", 2.5)):
        [file] = message.attachments
        assert message.flags.voice
        assert file.is_voice_message()
        assert (file.duration, file.content_type, message.content) == (2.5, "audio/ogg", "")
        assert file.waveform is not None
        assert len(file.waveform) == 26


async def test_beside_a_voice_message_or_a_forward_there_are_no_words(general, alice):
    with pytest.raises(ValueError, match="no words"):
        await alice.say(general, "listen!", voice=voice_message(b"OggS", 1))


@pytest.mark.parametrize("status", [404, 403])
async def test_links_expire_and_a_message_fetched_anew_has_good_ones(server, general, alice, status):
    message = await alice.say(general, attachments=[PICTURE])
    old = message.attachments[0].url
    server.expire_links(status=status)
    assert (await asked(old))[0] == status
    assert await asked(message.attachments[0].url) == (200, PIXEL)


@pytest.mark.parametrize("status", [404, 403, 500])
async def test_of_a_single_file_the_cdn_may_know_nothing(general, alice, status):
    message = await alice.say(general, attachments=[Upload("gone.png", PIXEL, status=status)])
    assert (await asked(message.attachments[0].url))[0] == status


async def test_a_file_may_stop_half_way_and_never_end(server, general, alice):
    message = await alice.say(general, attachments=[Upload("slow.txt", b"12345678", stalls=True)])
    async with aiohttp.ClientSession() as session, session.get(message.attachments[0].url) as response:
        assert await response.content.readexactly(4) == b"1234"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await response.content.readany()
    assert server.cdn.bytes_sent == 4


async def test_a_file_may_be_larger_than_it_says(server, general, alice):
    message = await alice.say(general, attachments=[Upload("small.txt", b"x" * 5_000, size=10)])
    status, body = await asked(message.attachments[0].url)
    assert (status, len(body), message.attachments[0].payload()["size"]) == (200, 5_000, 10)


# --- stickers and emoji


@pytest.mark.parametrize("kind", list(FORMATS))
async def test_a_sticker_is_found_where_the_library_looks_for_it(server, general, kind: StickerKind):
    sticker = server.add_sticker("wave", b"bytes of it", kind=kind)
    for message in await heard_and_fetched(server, general, stickers=[sticker]):
        [found] = message.stickers
        assert (found.name, found.format.name) == ("wave", kind)
        assert await asked(found.url) == (200, b"bytes of it")


@pytest.mark.parametrize("animated", [False, True])
async def test_a_custom_emoji_stands_in_the_words_and_its_picture_on_the_cdn(server, general, animated):
    written = server.add_emoji("blob", PIXEL, animated=animated)
    for message in await heard_and_fetched(server, general, text=f"{written}!"):
        assert message.content == f"{written}!"
        emoji = discord.PartialEmoji.from_str(written)
        assert emoji.name == "blob"
        assert await asked(emoji.url) == (200, PIXEL)


# --- embeds


async def test_previews_come_later_by_an_update_that_is_no_edit(server, general, alice):
    async with listening(server, intents=all_intents()) as client:
        edited = asyncio.create_task(client.wait_for("raw_message_edit", timeout=5))
        said = await alice.say(general, "https://example.org/a", previews=[PREVIEW], previews_after=0.05)
        assert said.embeds == []
        update = await edited
    assert update.message.edited_at is None
    [shown] = update.message.embeds
    assert (shown.type, shown.title, shown.provider.name) == ("link", "A page", "Example")
    assert said.embeds == [PREVIEW]


async def test_nothing_is_previewed_of_what_is_deleted(server, general, alice):
    said = await alice.say(general, "https://example.org/a", previews=[PREVIEW], previews_after=0.02)
    await alice.delete(said)
    await asyncio.sleep(0.05)
    assert said.embeds == []


async def test_embeds_may_be_there_at_once_and_be_all_there_is(server, general):
    both = [PREVIEW, picture_preview("https://example.org/b.png")]
    for message in await heard_and_fetched(server, general, embeds=both):
        assert [each.type for each in message.embeds] == ["link", "image"]
        assert message.content == ""


# --- forwards, polls, replies


async def test_a_forward_holds_a_message_as_it_was_with_all_that_hung_on_it(server, general, alice):
    sticker = server.add_sticker("wave")
    first = await alice.say(
        server.add_guild("Elsewhere").add_text_channel("there"),
        "look",
        attachments=[PICTURE],
        embeds=[PREVIEW],
        stickers=[sticker],
    )
    for message in await heard_and_fetched(server, general, forward=first):
        assert message.reference is not None
        assert message.reference.type is discord.MessageReferenceType.forward
        assert message.reference.message_id == first.id
        assert (message.type, message.content) == (discord.MessageType.default, "")
        assert message.flags.forwarded
        [inside] = message.message_snapshots
        assert inside.content == "look"
        assert [each.filename for each in inside.attachments] == ["cat.png"]
        assert [each.title for each in inside.embeds] == ["A page"]
        assert [each.name for each in inside.stickers] == ["wave"]
        assert await asked(inside.attachments[0].url) == (200, PIXEL)


async def test_a_forward_knows_nothing_of_later_edits_and_of_a_forward_holds_what_is_inside(
    server, general, alice
):
    first = await alice.say(general, "teh")
    forward = await alice.say(general, forward=first)
    again = await alice.say(general, forward=forward)
    await alice.edit(first, "the")
    await alice.delete(first)
    for message in (forward, again):
        [inside] = message_payload(message, None)["message_snapshots"]
        assert inside["message"]["content"] == "teh"


@pytest.mark.parametrize("hours", [24, 1.5])
async def test_a_poll_has_a_question_and_answers(server, general, hours):
    asks = Poll("Tea?", ["🍵 Yes", "No, thanks"], hours=hours, votes=[2, 0])
    for message in await heard_and_fetched(server, general, poll=asks):
        assert message.poll is not None
        assert message.poll.question == "Tea?"
        assert [each.text for each in message.poll.answers] == ["Yes", "No, thanks"]
        assert str(message.poll.answers[0].emoji) == "🍵"
        assert message.content == ""


async def test_a_poll_may_never_end(general, alice):
    asked = await alice.say(general, poll=Poll("Tea?", ["Yes"], hours=None))
    assert message_payload(asked, None)["poll"]["expiry"] is None


async def test_a_reply_shows_what_it_replies_to_or_that_it_is_gone_or_neither(server, general, alice):
    first, gone = await alice.say(general, "first"), await alice.say(general, "gone")
    await alice.delete(gone)
    for how, kind in (
        ({"reply_to": first}, discord.Message),
        ({"reply_to": gone}, discord.DeletedReferencedMessage),
        ({"reply_to": first, "quotes": False}, type(None)),
    ):
        for message in await heard_and_fetched(server, general, text="so?", **how):
            assert message.type is discord.MessageType.reply
            assert message.reference is not None
            assert type(message.reference.resolved) is kind
        assert ("referenced_message" in message_payload(general.messages[-1], None)) is (
            kind is not type(None)
        )


async def test_without_the_message_content_intent_nothing_of_it_is_shown(server, general, alice):
    server.first_bot.privileged = Intent.GUILD_MEMBERS
    said = await alice.say(
        general, "look", attachments=[PICTURE], embeds=[PREVIEW], poll=TEA, stickers=[server.add_sticker("x")]
    )
    passed_on = await alice.say(general, forward=said)
    async with listening(server, intents=all_intents(message_content=False)) as client:
        place = client.get_partial_messageable(general.id)
        shown = await place.fetch_message(said.id)
        inside = (await place.fetch_message(passed_on.id)).message_snapshots[0]
    for each in (shown, inside):
        assert (each.content, each.attachments, each.embeds) == ("", [], [])
    assert shown.poll is None
    assert [each.name for each in shown.stickers] == ["x"]


# --- Discord's own document


async def everything(server: DiscordServer, channel: Channel, alice: User) -> list[Message]:
    """Say something of each kind."""
    first, gone = await alice.say(channel, "first"), await alice.say(channel, "gone")
    await alice.delete(gone)
    full = await alice.say(
        channel,
        "look",
        attachments=[PICTURE, Upload("a.txt", b"words", "text/plain; charset=utf-8"), Upload("x", b"")],
        embeds=[PREVIEW, picture_preview("https://example.org/b.png")],
        stickers=[server.add_sticker(kind, kind=kind) for kind in ("png", "apng", "lottie", "gif")],
    )
    return [
        first,
        full,
        await alice.say(channel, forward=full),
        await alice.say(channel, voice=voice_message(b"OggS", 3)),
        await alice.say(channel, poll=TEA),
        await alice.say(channel, server.add_emoji("blob")),
        await alice.say(channel, "so?", reply_to=full),
        await alice.say(channel, "so?", reply_to=gone),
        await alice.say(channel, "so?", reply_to=full, quotes=False),
    ]


@pytest.mark.skipif(not document_path().is_file(), reason="Discord's OpenAPI document is not here")
@pytest.mark.parametrize("private", [False, True])
async def test_each_kind_of_message_is_as_discords_document_has_it(server, general, alice, private):
    viewer: BotAccount = server.first_bot
    channel = server.dm_with(alice) if private else general
    for message in await everything(server, channel, alice):
        for bare in (False, True):
            payload = message_payload(message, viewer, bare=bare)
            faults = load_schema().faults_in(payload, component="MessageResponse")
            assert faults == [], "\n".join(faults)


@pytest.mark.skipif(not document_path().is_file(), reason="Discord's OpenAPI document is not here")
def test_what_the_document_does_not_know_is_found():
    schema = load_schema()
    assert "unknown field 'nam'" in schema.faults_in({"nam": "x"}, component="MessageStickerItemResponse")
    assert len(schema.faults_in({"id": "1", "name": 5}, component="MessageStickerItemResponse")) == 2


async def test_each_kind_is_heard_once_by_a_bot(server, general, alice):
    async with listening(server) as client:
        said = await everything(server, general, alice)
        await until(lambda: len(client.heard) == len(said) + 1)
