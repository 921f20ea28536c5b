"""Further characters on the real wire: one webhook a channel, names and faces, what goes wrong (C20, A9)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import discord
import pytest

from bot.conversation.company import Speaker
from bot.conversation.types import Mouth, Part
from bot.core.errors import Gone, Unpostable, Unsaid
from cogs._discord.posting import Posting, pieces_of, safe_name
from cogs._discord.speaking import DiscordMouth
from cogs._discord.webhooks import ASKED_AGAIN, NAME, Webhooks, username_of
from tests.fakes import FakeClock
from tests.world import discord_faults as faults
from tests.world.discord_listening import Listener, listening, until
from tests.world.discord_objects import Channel, User
from tests.world.discord_pointing import point_discord_back
from tests.world.discord_roles import ORDINARY_PERMISSIONS
from tests.world.discord_server import DiscordServer

PIXEL = Speaker("pixel", "Pixel", primary=True)
FANGS = Speaker("fangs", "Fangs", "https://example.org/fangs.png")
NYX = Speaker("nyx", "Nyx")
EXECUTE = r"/webhooks/\d+/[^/]+"
HOOK = "/webhooks/{webhook_id}/{webhook_token}"
NOBODY: dict[str, Any] = {"parse": []}


@pytest.fixture(autouse=True)
def _discord_as_it_was() -> Iterator[None]:
    yield
    point_discord_back()


@dataclass
class Stage:
    """A channel in which our bot is, and what knows its webhooks."""

    server: DiscordServer
    client: Listener
    general: Channel
    mira: User
    clock: FakeClock = field(default_factory=lambda: FakeClock(datetime.now(UTC)))
    unauthorized: list[bool] = field(default_factory=list)
    webhooks: Webhooks = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Let everything be forgotten that is not written down."""
        self.webhooks = Webhooks(self.client, self.clock)

    def mouth(self, speaker: Speaker, channel: Channel | None = None, *, partial: bool = False) -> Mouth:
        place = channel or self.general
        there: Any = None if partial else self.client.get_channel(place.id)
        channel_there = there or self.client.get_partial_messageable(place.id)
        mouth = DiscordMouth(
            channel_there,
            Posting(channel_there, clock=self.clock, on_unauthorized=lambda: self.unauthorized.append(True)),
            me=self.server.bot.id,
            clock=self.clock,
            webhooks=self.webhooks,
        )
        return mouth.speaking_as(speaker)

    async def say(self, speaker: Speaker, text: str, *, to: int = 0, number: int = 1, **where: Any) -> int:
        part = Part(number, text, f"r{len(self.server.messages)}.{number}")
        return await self.mouth(speaker, **where).say(part, to=to)

    @property
    def hooks(self) -> list[str]:
        return [hook.name for hook in self.server.webhooks.values() if hook.channel is self.general]

    @property
    def said(self) -> list[tuple[str, str]]:
        return said_in(self.general)

    def bodies(self, method: str, template: str) -> list[dict[str, Any]]:
        return [request.body for request in self.server.requests_to(method, template)]


def said_in(channel: Channel) -> list[tuple[str, str]]:
    """Return who is shown to have said what."""
    return [(message.alias or message.author.name, message.content) for message in channel.messages]


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running
    assert running.unknown_requests == []
    assert running.schema_faults == []


@pytest.fixture
async def stage(server: DiscordServer) -> AsyncIterator[Stage]:
    general = server.add_guild("The Guild").add_text_channel("general")
    async with listening(server) as client:
        yield Stage(server, client, general, server.add_user("Mira"))


@pytest.fixture
async def unarmed(server: DiscordServer) -> AsyncIterator[Stage]:
    """A guild in which the bot may not manage webhooks."""
    guild = server.add_guild("The Guild", bots=[])
    guild.add_member(server.bot, permissions=ORDINARY_PERMISSIONS)
    general = guild.add_text_channel("general")
    async with listening(server) as client:
        yield Stage(server, client, general, server.add_user("Mira"))


# --- One webhook ----------------------------------------------------------------------------------


async def test_two_characters_speak_through_one_webhook_with_their_own_names_and_faces(stage):
    await stage.say(PIXEL, "beep")
    await stage.say(FANGS, "good evening")
    await stage.say(NYX, "hush")
    assert stage.said == [("Masquerade", "beep"), ("Fangs", "good evening"), ("Nyx", "hush")]
    assert [one.alias_avatar for one in stage.general.messages] == [None, FANGS.avatar, None]
    assert [one.webhook is None for one in stage.general.messages] == [True, False, False]
    assert stage.hooks == [NAME]
    assert len(stage.server.requests_to("GET", "/channels/{channel_id}/webhooks")) == 1


async def test_what_speaks_has_the_id_that_stands_for_the_character(stage):
    assert stage.mouth(FANGS).me == FANGS.id < 0
    assert stage.mouth(PIXEL).me == stage.server.bot.id
    assert stage.mouth(FANGS).speaking_as(NYX).me == NYX.id


async def test_two_who_speak_at_once_make_one_webhook(stage):
    stage.server.faults.on("POST", r"/channels/\d+/webhooks", then=faults.delayed(0.1))
    await asyncio.gather(*(stage.say(one, f"I am {one.name}") for one in (FANGS, NYX, FANGS, NYX)))
    assert len(stage.general.messages) == 4
    assert stage.hooks == [NAME]


async def test_after_a_restart_our_webhook_is_found_among_others(stage):
    stage.server.add_webhook(stage.general, NAME, user=stage.mira, by_application=False)
    other = stage.server.add_bot("Other")
    stage.server.add_webhook(stage.general, NAME, user=other.user)
    await stage.say(FANGS, "before")
    stage.restart()
    await stage.say(FANGS, "after")
    before, after = stage.general.messages
    assert before.webhook is after.webhook
    assert after.webhook.application_id == stage.server.application_id
    assert len(stage.hooks) == 3


async def test_in_a_thread_the_webhook_of_the_channel_around_it_speaks(stage):
    thread = stage.general.add_thread("side talk")
    await until(lambda: stage.client.get_channel(thread.id))
    message_id = await stage.say(FANGS, "in here", channel=thread)
    await stage.mouth(FANGS, thread).edit(message_id, "in here!")
    assert said_in(thread) == [("Fangs", "in here!")]
    await stage.mouth(FANGS, thread).unsay(message_id)
    assert thread.messages == stage.general.messages == []
    assert stage.hooks == [NAME]


@pytest.mark.parametrize("threaded", [False, True])
async def test_a_channel_that_is_known_by_its_id_alone_is_spoken_in_as_well(stage, threaded):
    place = stage.general.add_thread("side talk") if threaded else stage.general
    await stage.say(FANGS, "hello", channel=place, partial=True)
    assert said_in(place) == [("Fangs", "hello")]


@pytest.mark.parametrize("how", ["deleted", "another token"])
async def test_a_webhook_that_is_gone_is_made_anew_and_nobody_is_told_of_a_bad_token(stage, how):
    await stage.say(FANGS, "before")
    [hook] = stage.server.webhooks.values()
    if how == "deleted":
        stage.server.webhooks.clear()
    else:
        hook.token = "another"
    await stage.say(FANGS, "after")
    assert stage.said == [("Fangs", "before"), ("Fangs", "after")]
    assert stage.hooks == [NAME]
    assert stage.unauthorized == []


async def test_where_every_webhook_is_gone_at_once_it_is_said_later(stage):
    stage.server.faults.on("POST", EXECUTE, then=faults.refused(401, 50027, "Invalid"), times=None)
    with pytest.raises(Unsaid):
        await stage.say(FANGS, "hello")
    assert stage.unauthorized == []


# --- Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Fangs", "Fangs"),
        ("Discordia", "Dis-cordia"),
        ("DISCORD Clyde", "DIS-CORD Cly-de"),
        ("Everyone", "Everyone."),
        (" two\nlines ", "two lines"),
        ("\u200b", "slug"),
    ],
)
async def test_discord_takes_every_name(stage, name, shown):
    await stage.say(Speaker("slug", name), "hello")
    assert stage.said == [(shown, "hello")]


async def test_a_name_that_is_too_long_is_cut(stage):
    await stage.say(Speaker("slug", "x" * 200), "hello")
    [(shown, _)] = stage.said
    assert len(shown) == 80
    assert len(username_of(Speaker("slug", "\N{CLOWN FACE}" * 200)).encode("utf-16-le")) <= 160


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Fangs", "Fangs"),
        ("**Fangs**", "\\*\\*Fangs\\*\\*"),
        ("# Fangs", "\\# Fangs"),
        ("1. Fangs", "1\\. Fangs"),
        ("- Fangs", "\\- Fangs"),
    ],
)
def test_a_name_before_words_shows_as_it_is(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["@everyone", "<@123456789012345678>", "<@&123456789012345678>"])
def test_a_name_before_words_mentions_nobody(name):
    assert "@everyone" not in safe_name(name)
    assert not safe_name(name).startswith("<")


# --- Without a webhook ----------------------------------------------------------------------------


async def test_without_the_permission_the_bot_says_it_with_the_name_before_it(unarmed, caplog):
    caplog.set_level(logging.WARNING, "cogs._discord.webhooks")
    await unarmed.say(PIXEL, "beep")
    await unarmed.say(FANGS, "good evening")
    await unarmed.say(NYX, "hush")
    assert [text for _, text in unarmed.said] == ["beep", "Fangs: good evening", "Nyx: hush"]
    [told] = caplog.messages
    assert "Manage Webhooks" in told
    assert not [request for request in unarmed.server.requests if "webhooks" in request.path]


async def test_in_direct_messages_the_bot_says_it_with_the_name_before_it(stage, caplog):
    private = stage.server.dm_with(stage.mira)
    await stage.say(FANGS, "psst", channel=private, partial=True)
    assert private.texts == ["Fangs: psst"]
    assert [one for one in caplog.records if one.name.startswith("cogs.")] == []


async def test_a_channel_that_refuses_is_asked_again_after_a_while(stage):
    refusal = stage.server.faults.on(
        "GET", r"/channels/\d+/webhooks", then=faults.missing_permissions(), times=1
    )
    await stage.say(FANGS, "one")
    await stage.say(FANGS, "two")
    stage.clock.pass_time(ASKED_AGAIN)
    await stage.say(FANGS, "three")
    assert [text for _, text in stage.said] == ["Fangs: one", "Fangs: two", "three"]
    assert refusal.hits == 1


async def test_a_channel_that_is_full_of_webhooks_gets_the_name_before_the_words(stage, caplog):
    for number in range(15):
        stage.server.add_webhook(stage.general, f"hook {number}", user=stage.mira, by_application=False)
    await stage.say(FANGS, "hello")
    assert [text for _, text in stage.said] == ["Fangs: hello"]
    assert any("Integrations" in told for told in caplog.messages)


LONG = " ".join(f"word{number}" for number in range(300))[:2000]


async def test_a_part_that_the_name_makes_too_long_is_said_in_two_messages(unarmed):
    assert len(LONG) == 2000
    mouth = unarmed.mouth(FANGS)
    message_id = await mouth.say(Part(1, LONG, "r5.1"), to=unarmed.mira.id)
    first, second = unarmed.general.messages
    assert first.id == message_id
    assert f"{first.content} {second.content}" == f"Fangs: {LONG}"
    assert second.reference is first
    assert second.mentions.users == ()
    await mouth.edit(message_id, "short")
    assert unarmed.general.texts == ["Fangs: short"]
    await mouth.edit(message_id, LONG)
    assert unarmed.general.texts == pieces_of("Fangs", LONG)
    await mouth.edit(message_id, f"X{LONG[1:]}")
    assert unarmed.general.texts == pieces_of("Fangs", f"X{LONG[1:]}")
    await mouth.unsay(message_id)
    assert unarmed.general.texts == []


async def test_a_part_of_which_half_was_said_before_a_crash_is_completed(unarmed):
    part = Part(1, LONG, "r5.1")
    asked = await unarmed.mira.say(unarmed.general, "tell me")
    unarmed.server.faults.on(
        "POST", r"/channels/\d+/messages", then=faults.server_error(), after=1, times=None
    )
    with pytest.raises(Unsaid):
        await unarmed.mouth(FANGS).say(part, to=0)
    assert len(unarmed.general.messages) == 2
    unarmed.server.faults.clear()
    unarmed.restart()
    for _ in range(2):
        found = await unarmed.mouth(FANGS).find(part, after=asked.id, known=set())
        assert found == unarmed.general.messages[1].id
        assert unarmed.general.texts[1:] == pieces_of("Fangs", LONG)
    assert unarmed.general.messages[2].reference is unarmed.general.messages[1]


async def test_what_was_said_before_the_bot_might_use_webhooks_can_still_be_changed(unarmed, server):
    message_id = await unarmed.say(FANGS, "one")
    guild = unarmed.client.get_guild(unarmed.general.guild.id)
    [role] = unarmed.general.guild.members[server.bot.id].roles
    role.permissions |= discord.Permissions(manage_webhooks=True).value
    guild.get_role(role.id)._permissions = role.permissions
    await unarmed.say(FANGS, "two")
    assert unarmed.said[1] == ("Fangs", "two")
    await unarmed.mouth(FANGS).edit(message_id, "won")
    assert unarmed.general.texts == ["Fangs: won", "two"]
    await unarmed.mouth(FANGS).unsay(message_id)
    assert unarmed.general.texts == ["two"]


# --- Exactly once ---------------------------------------------------------------------------------

LOST = [faults.server_error(stores=True), faults.server_error(502, stores=True), faults.reset(stores=True)]


@pytest.mark.parametrize("fault", LOST, ids=["500", "502", "reset"])
@pytest.mark.parametrize("partial", [False, True], ids=["known", "by id"])
async def test_an_answer_that_got_lost_is_no_reason_to_say_it_twice(stage, fault, partial):
    await stage.say(FANGS, "before")
    stage.server.faults.on("POST", EXECUTE, then=fault)
    message_id = await stage.say(FANGS, "hello", partial=partial)
    assert stage.said == [("Fangs", "before"), ("Fangs", "hello")]
    assert message_id == stage.general.messages[-1].id


@pytest.mark.parametrize("fault", [faults.server_error(), faults.server_error(503), faults.reset()])
async def test_what_never_arrived_is_sent_again(stage, fault):
    stage.server.faults.on("POST", EXECUTE, then=fault, times=2)
    await stage.say(FANGS, "hello")
    assert stage.said == [("Fangs", "hello")]
    assert len(stage.server.requests_to("POST", HOOK)) == 3


async def test_the_same_words_of_earlier_do_not_pass_for_what_never_arrived(stage):
    await stage.say(FANGS, "Hm.")
    await stage.say(NYX, "Hm.")
    await stage.mira.say(stage.general, "what?")
    await until(lambda: stage.client.heard[-1:] == ["what?"])
    stage.server.faults.on("POST", EXECUTE, then=faults.server_error())
    await stage.say(FANGS, "Hm.")
    assert stage.said == [("Fangs", "Hm."), ("Nyx", "Hm."), ("Mira", "what?"), ("Fangs", "Hm.")]


async def test_what_stays_uncertain_is_found_after_a_restart(stage):
    asked = await stage.mira.say(stage.general, "Fangs?")
    stage.server.faults.on("POST", EXECUTE, then=faults.reset(stores=True))
    stage.server.faults.on("GET", r"/channels/\d+/messages", then=faults.server_error(), times=None)
    with pytest.raises(Unsaid):
        await stage.say(FANGS, "here I am")
    stage.server.faults.clear()
    stage.restart()
    part = Part(1, "here I am", "r1.1")
    found = await stage.mouth(FANGS).find(part, after=asked.id, known=set())
    assert found == stage.general.messages[-1].id
    assert len(stage.server.requests_to("POST", HOOK)) == 1
    assert await stage.mouth(FANGS).find(part, after=asked.id, known={found}) is None
    assert await stage.mouth(NYX).find(part, after=asked.id, known=set()) is None
    assert await stage.mouth(PIXEL).find(part, after=asked.id, known=set()) is None


async def test_words_under_its_name_through_anothers_webhook_are_not_its_own(stage):
    hook = stage.server.add_webhook(stage.general, "Fangs", user=stage.mira, by_application=False)
    asked = await stage.mira.say(stage.general, "Fangs?")
    stage.server.post(stage.general, hook.user, "here I am", webhook=hook, alias="Fangs")
    part = Part(1, "here I am", "r1.1")
    assert await stage.mouth(FANGS).find(part, after=asked.id, known=set()) is None


async def test_what_the_bot_said_with_the_name_before_it_is_found_in_that_form(unarmed):
    asked = await unarmed.mira.say(unarmed.general, "Fangs?")
    message_id = await unarmed.say(FANGS, "here I am")
    await unarmed.mira.say(unarmed.general, "Fangs: here I am")
    found = await unarmed.mouth(FANGS).find(Part(1, "here I am", "r1.1"), after=asked.id, known=set())
    assert found == message_id


async def test_what_discord_does_not_take_is_not_sent_again(stage):
    stage.server.faults.on("POST", EXECUTE, then=faults.refused(400, 50035, "Invalid Form Body"), times=None)
    with pytest.raises(Unpostable):
        await stage.say(FANGS, "hello")
    assert len(stage.server.requests_to("POST", HOOK)) == 1


# --- Pings ----------------------------------------------------------------------------------------


async def test_nobody_is_pinged_but_whom_it_answers_and_every_payload_says_so(stage):
    text = f"@everyone {stage.mira.mention} {stage.server.owner.mention}"
    for to in (stage.mira.id, 0, NYX.id):
        message_id = await stage.say(FANGS, text, to=to)
        await stage.mouth(FANGS).edit(message_id, f"{text}!")
    posted, edited = stage.bodies("POST", HOOK), stage.bodies("PATCH", f"{HOOK}/messages/{{message_id}}")
    assert [body["allowed_mentions"]["parse"] for body in (*posted, *edited)] == [[]] * 6
    pinged = [[int(one) for one in body["allowed_mentions"].get("users", [])] for body in posted]
    assert pinged == [[stage.mira.id], [], []]
    assert [body["allowed_mentions"].get("users", []) for body in edited] == [[]] * 3
    assert not any(message.mentions.everyone for message in stage.general.messages)


async def test_the_bot_itself_pings_no_character(stage):
    await stage.say(PIXEL, "Nyx, what do you think?", to=NYX.id)
    [body] = stage.bodies("POST", "/channels/{channel_id}/messages")
    assert body["allowed_mentions"].get("users", []) == []


# --- Changing what was said -----------------------------------------------------------------------


async def test_what_it_said_is_edited_and_deleted(stage):
    message_id = await stage.say(FANGS, "one")
    mouth = stage.mouth(FANGS)
    await mouth.edit(message_id, "two")
    assert stage.said == [("Fangs", "two")]
    await mouth.unsay(message_id)
    assert stage.said == []
    await mouth.unsay(message_id)
    with pytest.raises(Gone):
        await mouth.edit(message_id, "three")


async def test_what_a_webhook_said_that_is_gone_can_be_deleted_but_not_edited(stage):
    message_id = await stage.say(FANGS, "one")
    stage.server.webhooks.clear()
    with pytest.raises(Unpostable) as raised:
        await stage.mouth(FANGS).edit(message_id, "two")
    assert type(raised.value) is Unpostable
    await stage.mouth(FANGS).unsay(message_id)
    assert stage.said == []


async def test_typing_and_signs_come_from_the_bot(stage):
    asked = await stage.mira.say(stage.general, "Fangs?")
    await stage.mouth(FANGS).react(asked.id)
    assert list(asked.reactions.values()) == [[stage.server.bot]]
    async with stage.mouth(FANGS).typing():
        await until(lambda: stage.general.typed_at)
