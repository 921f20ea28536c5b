"""Several bots in one loopback Discord: each acts as the account whose token it brings."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from tests.world.discord_accounts import BotAccount
from tests.world.discord_events import Intent
from tests.world.discord_listening import SHORT, Listener, all_intents, listening, until
from tests.world.discord_objects import Channel, User
from tests.world.discord_payloads import gateway_payload
from tests.world.discord_pointing import point_discord_at, point_discord_back
from tests.world.discord_requests import DiscordError
from tests.world.discord_server import DiscordServer
from tests.world.process import beside, world


@pytest.fixture(autouse=True)
def _discord_as_it_was() -> Iterator[None]:
    yield
    point_discord_back()


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running
    assert running.unknown_requests == []
    assert running.schema_faults == []


@pytest.fixture
def general(server: DiscordServer) -> Channel:
    return server.add_guild("Test guild").add_text_channel("general")


@pytest.fixture
def fangs(server: DiscordServer, general: Channel) -> BotAccount:
    """Make a second bot, later than the guild that it is in all the same."""
    return server.add_bot("Fangs")


@pytest.fixture
def alice(server: DiscordServer) -> User:
    return server.add_user("Alice")


@pytest.fixture
async def both(server: DiscordServer, fangs: BotAccount) -> AsyncIterator[tuple[Listener, Listener]]:
    """Connect the first bot and Fangs."""
    async with listening(server) as first, listening(server, fangs) as second:
        yield first, second


def place(client: discord.Client, channel: Channel) -> discord.TextChannel:
    found = client.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


# --- who is who


async def test_each_client_is_the_account_of_its_token(server, fangs, both):
    for client, account in zip(both, server.bots.values(), strict=True):
        assert client.user is not None
        assert (client.user.id, client.user.name) == (account.id, account.user.name)
        assert client.application_id == account.application_id
        assert (await client.application_info()).name == account.user.name
    assert [each.account for each in server.gateway.identifies] == [server.first_bot, fangs]
    assert (server.first_bot.identify_count, fangs.identify_count) == (1, 1)


async def test_an_unknown_token_is_refused_over_rest_and_gateway_while_others_go_on(server, fangs, general):
    async with listening(server, fangs) as client:
        point_discord_at(server.base_url, pause=SHORT)
        async with Listener(all_intents()) as stranger:
            with pytest.raises(discord.LoginFailure):
                await stranger.login("loopback.nobody.token")
        assert server.requests[-1].status == 401
        assert await close_code(server, 2, identify("loopback.nobody.token")) == 4004
        await place(client, general).send("still here")
    assert server.gateway.identifies[-1].account is None
    assert general.texts == ["still here"]


async def test_a_session_is_resumed_with_its_own_token_only(server, fangs):
    async with gateway(server, 2, identify(server.token)) as (_, ready):
        resume = {"session_id": ready["session_id"], "seq": 1}
        assert await close_code(server, 6, resume | {"token": "loopback.nobody.token"}) == 4004
        async with gateway(server, 6, resume | {"token": fangs.token}) as (op, resumable):
            assert (op, resumable) == (9, False)
        async with gateway(server, 6, resume | {"token": server.token}) as (op, _):
            assert op == 0
    assert [each.accepted for each in server.gateway.resumes] == [False, True]


def identify(token: str) -> dict[str, Any]:
    return {"token": token, "intents": int(Intent.GUILDS), "properties": {}}


@asynccontextmanager
async def gateway(server: DiscordServer, op: int, said: dict[str, Any]) -> AsyncIterator[tuple[int, Any]]:
    """Say one thing to the gateway without a library; yields op and payload of the answer."""
    async with aiohttp.ClientSession() as http, http.ws_connect(server.gateway_url) as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": op, "d": said})
        answer = await socket.receive(timeout=5)
        heard = json.loads(answer.data) if answer.type is aiohttp.WSMsgType.TEXT else {}
        yield heard.get("op", -1), heard.get("d", socket.close_code)


async def close_code(server: DiscordServer, op: int, said: dict[str, Any]) -> int:
    async with gateway(server, op, said) as (_, code):
        assert isinstance(code, int)
        return code


# --- what each hears and says


async def test_two_bots_hear_each_other_and_themselves(server, general, fangs, both):
    first, second = both
    await place(first, general).send("are you there?")
    await until(lambda: second.heard == ["are you there?"])
    await place(second, general).send("where else?")
    told = [(server.bot.id, "are you there?"), (fangs.id, "where else?")]
    await until(lambda: first.said == second.said == told)
    assert [message.content for message in server.bot_messages] == ["are you there?"]
    assert [message.content for message in general.said_by(fangs.user)] == ["where else?"]
    posts = server.requests_to("POST", "/channels/{channel_id}/messages")
    assert [each.by for each in posts] == [server.first_bot, fangs]


async def test_the_same_nonce_posts_once_for_each_bot(server, general, both):
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=general.id)
    body = {"content": "once each", "nonce": "r1.0", "enforce_nonce": True}
    ids = [(await client.http.request(route, json=body))["id"] for client in both * 2]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2
    assert general.texts == ["once each", "once each"]


async def test_without_the_content_intent_each_bot_reads_its_own_words_and_calls(
    server, general, fangs, alice
):
    bare = all_intents(message_content=False)
    async with listening(server, intents=bare) as first, listening(server, fangs, intents=bare) as second:
        called = await alice.say(general, "hello", mentions=[fangs.user])
        await place(second, general).send(
            "mine", reference=place(second, general).get_partial_message(called.id)
        )
        await until(lambda: len(first.heard) == len(second.heard) == 2)
    assert first.heard == ["", ""]
    assert second.heard == [f"{fangs.user.mention} hello", "mine"]
    quoted = [gateway_payload(general.messages[1], each, bare=True) for each in server.bots.values()]
    assert [each["referenced_message"]["content"] for each in quoted] == ["", called.content]


async def test_an_intent_is_granted_to_each_application_by_itself(server, general, fangs, alice):
    fangs.privileged = Intent.NONE
    await alice.say(general, "between us")
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with listening(server, fangs):
            pass
    async with (
        listening(server) as first,
        listening(server, fangs, intents=all_intents(message_content=False)) as second,
    ):
        for client, content in ((first, "between us"), (second, "")):
            assert [each.content async for each in place(client, general).history()] == [content]
        assert (await first.application_info()).flags.gateway_message_content_limited
        assert not (await second.application_info()).flags.gateway_message_content_limited


async def test_only_the_others_see_a_bot_type(server, general, fangs):
    intents = all_intents(typing=True)
    async with (
        listening(server, intents=intents) as first,
        listening(server, fangs, intents=intents) as second,
    ):
        seen: list[tuple[str, int]] = []

        def watch(name: str) -> Any:
            async def on_raw_typing(typing: discord.RawTypingEvent) -> None:
                seen.append((name, typing.user_id))

            return on_raw_typing

        for name, client in (("first", first), ("second", second)):
            client.event(watch(name))
        await place(second, general).typing()
        await place(first, general).typing()
        await until(lambda: len(seen) == 2)
    assert seen == [("first", fangs.id), ("second", server.bot.id)]


async def test_a_reaction_and_an_edit_are_of_the_bot_that_makes_them(server, general, fangs, both):
    first, second = both
    sent = await place(first, general).send("mine")
    theirs = await place(second, general).fetch_message(sent.id)
    await theirs.add_reaction("\N{BAT}")
    assert general.messages[0].reactions == {"\N{BAT}": [fangs.user]}
    seen = [(await place(client, general).fetch_message(sent.id)).reactions[0].me for client in both]
    assert seen == [False, True]
    route = discord.http.Route(
        "PATCH", "/channels/{channel_id}/messages/{message_id}", channel_id=general.id, message_id=sent.id
    )
    with pytest.raises(discord.Forbidden) as raised:
        await second.http.request(route, json={"content": "yours"})
    assert raised.value.code == 50005


async def test_direct_messages_are_between_one_bot_and_its_user(server, fangs, alice, both):
    first, second = both
    await alice.dm("for the first")
    asked = await alice.dm("for Fangs", to=fangs)
    await until(lambda: first.heard and second.heard)
    await (await second.fetch_user(alice.id)).send("yes?")
    assert (first.heard, second.heard[0]) == (["for the first"], "for Fangs")
    assert asked.channel.texts == ["for Fangs", "yes?"]
    assert alice.dm_channel.texts == ["for the first"]
    with pytest.raises(discord.Forbidden):
        await first.get_partial_messageable(asked.channel.id).send("may I?")
    with pytest.raises(discord.HTTPException) as raised:
        await first.http.start_private_message(fangs.id)
    assert raised.value.code == 50007


# --- guilds


async def test_each_bot_has_a_managed_role_of_its_name_in_every_guild(server, fangs, general, both):
    server.add_guild("Later guild")
    first, second = both
    await until(lambda: len(first.guilds) == len(second.guilds) == 2)
    for client in both:
        for guild in client.guilds:
            managed = {role.name: role.tags.bot_id for role in guild.roles if role.managed and role.tags}
            assert managed == {"Masquerade": server.bot.id, "Fangs": fangs.id}
            assert guild.me.guild_permissions.manage_webhooks
            assert [member.id for member in guild.members] == [client.user.id]


async def test_a_bot_is_told_only_of_the_guilds_that_it_is_in(server, general, alice, fangs, both):
    first, second = both
    apart = server.add_guild("Apart", bots=[server.first_bot])
    corner = apart.add_text_channel("corner")
    await alice.say(corner, "without Fangs")
    await alice.say(general, "with both")
    await until(lambda: second.heard and len(first.heard) == 2)
    assert second.heard == ["with both"]
    assert [guild.name for guild in second.guilds] == ["Test guild"]
    assert [guild.name async for guild in second.fetch_guilds()] == ["Test guild"]
    for refused in (second.fetch_guild(apart.id), second.fetch_channel(corner.id)):
        with pytest.raises(discord.Forbidden):
            await refused

    apart.add_member(fangs.user)
    await until(lambda: len(second.guilds) == 2)
    await until(lambda: {"Fangs"} <= {role.name for role in first.get_guild(apart.id).roles})
    await alice.say(corner, "now with Fangs")
    await until(lambda: second.heard[-1] == "now with Fangs")


async def test_a_bot_made_for_no_guild_is_in_none(server, general):
    hermit = server.add_bot("Hermit", guilds=[])
    async with listening(server, hermit) as client:
        assert list(client.guilds) == []
    assert server.bots_in(general) == [server.first_bot]
    assert general.guild.add_member(hermit.user, permissions=0).roles == []


async def test_a_bot_renames_itself_alone(server, general, fangs, both):
    guild = both[1].get_guild(general.guild.id)
    assert guild is not None
    await guild.me.edit(nick="Count")
    assert general.guild.members[fangs.id].nick == "Count"
    assert general.guild.members[server.bot.id].nick is None


# --- commands and webhooks


async def test_a_command_reaches_the_bot_that_is_asked_and_it_alone_may_answer(
    server, general, alice, fangs, both
):
    for client, word in zip(both, ("mask", "bite"), strict=True):

        def answering(word: str) -> Any:
            async def greet(interaction: discord.Interaction) -> None:
                await interaction.response.send_message(word)

            return greet

        client.tree.command(name="greet", description="Says a word.")(answering(word))
        await client.tree.sync()
    theirs = await alice.use_command(general, "greet", of=fangs)
    assert (await theirs.wait_answered()).author is fangs.user
    ours = await alice.use_command(general, "greet")
    assert (await ours.wait_answered()).content == "mask"
    assert general.texts == ["bite", "mask"]
    assert len(server.command_syncs) == len(fangs.command_syncs) == 1
    with pytest.raises(DiscordError):
        server.interactions.find(theirs.token, server.application_id)
    with pytest.raises(discord.Forbidden) as raised:
        await both[0].http.get_global_commands(fangs.application_id)
    assert raised.value.code == 20012


async def test_a_webhook_is_its_makers_and_keeps_its_token_from_others(server, general, fangs, both):
    first, second = both
    await (await place(second, general).create_webhook(name="voices")).send("boo", username="Ghost")
    seen = [(await place(client, general).webhooks())[0].token is not None for client in both]
    assert seen == [False, True]
    await until(lambda: first.heard == ["boo"])
    assert general.messages[0].sender_id == fangs.application_id
    assert server.bot_messages == []


# --- processes


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_two_processes_are_two_bots_each_with_a_model_of_its_own(tmp_path: Path):
    async with world(tmp_path) as pixel:
        fangs = pixel.discord.add_bot("Fangs")
        channel = pixel.discord.add_guild().add_text_channel("general")
        mira = pixel.discord.add_user("Mira")
        async with beside(pixel, fangs, CHARACTER="fangs") as other:
            pixel.claude.will_say("beep")
            other.claude.will_say("I vant to answer")
            await asyncio.gather(pixel.start(), other.start())
            await mira.say(channel, "good evening", mentions=[fangs.user])
            answer = await pixel.discord.wait_for_message(channel, author=fangs.user)
            await mira.say(channel, "and you?", mentions=[pixel.discord.bot])
            second = await pixel.discord.wait_for_message(channel)
        assert (answer.content, second.content) == ("I vant to answer", "beep")
        assert other.data.is_dir()
        assert other.data != pixel.data
