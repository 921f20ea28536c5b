"""The loopback Discord, tried by a real discord.py client on the real wire."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator

import aiohttp
import discord
import pytest

from tests.world import discord_faults as faults
from tests.world import launch
from tests.world.discord_events import Intent
from tests.world.discord_files import Upload
from tests.world.discord_listening import SHORT, Listener, all_intents, listening, until
from tests.world.discord_mentions import pinged_by
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User
from tests.world.discord_pointing import point_discord_at, point_discord_back
from tests.world.discord_schema import REPOSITORY, document_path
from tests.world.discord_server import DiscordServer
from tests.world.discord_session import packing
from tests.world.discord_snowflakes import Snowflakes, made_at

NOBODY = discord.AllowedMentions.none()
MESSAGES = r"/channels/\d+/messages"


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
def alice(server: DiscordServer) -> User:
    return server.add_user("Alice", display_name="Alice A.")


def messageable(client: discord.Client, channel: Channel) -> discord.PartialMessageable:
    return client.get_partial_messageable(channel.id, guild_id=channel.guild.id if channel.guild else None)


def message_route(channel: Channel) -> discord.http.Route:
    return discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)


# --- gateway


async def test_the_bot_gets_ready_hears_a_message_and_replies(server, general, alice):
    async with listening(server) as client:

        @client.event
        async def on_message(message: discord.Message) -> None:
            if message.author != client.user:
                assert message.author.display_name == "Alice A."
                await message.reply("hello back", allowed_mentions=NOBODY)

        asked = await alice.say(general, "hello", mentions=[server.bot])
        answer = await server.wait_for_message(general)
    assert answer.content == "hello back"
    assert answer.reference is asked
    assert answer.pinged == frozenset()
    assert asked.pinged == {server.bot.id}
    assert server.identify_count == 1
    assert Intent(server.gateway.identifies[0].intents) & Intent.MESSAGE_CONTENT


async def test_a_direct_message_reaches_the_bot_and_its_answer_the_user(server, alice):
    async with listening(server, intents=all_intents(message_content=False)) as client:
        await alice.dm("psst")
        await until(lambda: client.heard == ["psst"])
        user = await client.fetch_user(alice.id)
        await user.send("what is it?")
    assert alice.dm_channel is not None
    assert alice.dm_channel.texts == ["psst", "what is it?"]


async def test_the_bot_hears_its_own_messages(server, general):
    async with listening(server) as client:
        await messageable(client, general).send("echo")
        await until(lambda: client.heard == ["echo"])


async def test_without_the_message_content_intent_only_addressed_words_are_readable(server, general, alice):
    async with listening(server, intents=all_intents(message_content=False)) as client:
        await alice.say(general, "between us")
        await alice.say(general, "for you", mentions=[server.bot])
        await until(lambda: client.heard == ["", f"{server.bot.mention} for you"])


async def test_without_the_guild_messages_intent_nothing_is_heard_in_guilds(server, general, alice):
    async with listening(server, intents=all_intents(guild_messages=False)) as client:
        await alice.say(general, "anybody?")
        await alice.dm("you!")
        await until(lambda: client.heard == ["you!"])


@pytest.mark.parametrize("how", ["reset", "reconnect", 1001, 4000, 4009])
async def test_after_every_cut_the_bot_resumes_and_hears_each_message_once(server, general, alice, how):
    server.gateway.cut_after_every(3, how=how)
    async with listening(server) as client:
        for number in range(20):
            await alice.say(general, str(number))
            await asyncio.sleep(0.002)
        await until(lambda: len(client.heard) >= 20)
    assert client.heard == [str(number) for number in range(20)]
    assert server.gateway.cuts >= 6
    assert server.identify_count == 1


async def test_a_replay_can_bring_messages_twice(server, general, alice):
    server.gateway.replay_twice = True
    server.gateway.replay_overlap = 1
    async with listening(server) as client:
        await alice.say(general, "before")
        await until(lambda: client.heard == ["before"])
        server.gateway.reset_connections()
        await alice.say(general, "meanwhile")
        await until(lambda: len(client.heard) == 5)
    assert client.heard == ["before", "before", "before", "meanwhile", "meanwhile"]


async def test_an_invalid_session_brings_ready_anew_and_the_gap_only_over_rest(server, general, alice):
    async with listening(server) as client:
        server.gateway.invalidate_sessions()
        await alice.say(general, "in the gap")
        await until(lambda: client.readies == 2)
        await alice.say(general, "after it")
        await until(lambda: client.heard == ["after it"])
        history = [each.content async for each in messageable(client, general).history()]
    assert history == ["after it", "in the gap"]
    assert server.identify_count == 2


async def test_a_forgotten_session_cannot_be_resumed(server, general):
    async with listening(server) as client:
        server.gateway.forget_sessions()
        await until(lambda: client.readies == 2)
    assert [resume.accepted for resume in server.gateway.resumes] == [False]


async def test_a_resumable_invalid_session_is_resumed(server, general):
    async with listening(server):
        server.gateway.invalidate_sessions(resumable=True)
        await until(lambda: [each.accepted for each in server.gateway.resumes] == [True])
    assert server.identify_count == 1


async def test_the_bot_comes_back_when_discord_was_gone(server, general, alice):
    async with listening(server) as client:
        await server.stop()
        await alice.say(general, "while it was dark")
        await server.start()
        await until(lambda: client.heard == ["while it was dark"])


@pytest.mark.parametrize(
    ("code", "error"),
    [(4004, discord.ConnectionClosed), (4013, discord.ConnectionClosed)],
)
async def test_a_fatal_close_code_ends_the_bot(server, general, code, error):
    server.gateway.refuse(code)
    with pytest.raises(error) as raised:
        async with listening(server):
            pass
    assert raised.value.code == code
    assert server.identify_count == 1


async def test_an_intent_that_was_not_granted_is_refused(server, general):
    server.privileged = Intent.GUILD_MEMBERS
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with listening(server):
            pass


async def test_a_wrong_token_is_refused_over_rest_and_gateway(server):
    server.token = "another"
    point_discord_at(server.base_url, pause=SHORT)
    async with Listener(all_intents()) as client:
        with pytest.raises(discord.LoginFailure):
            await client.login("not.the.token")
    assert [request.status for request in server.requests] == [401]


async def test_presence_members_and_heartbeats_are_there(server, general, alice):
    server.gateway.heartbeat_interval = 0.05
    assert general.guild is not None
    general.guild.add_member(alice, nick="Al")
    async with listening(server, intents=all_intents(members=True)) as client:
        guild = client.get_guild(general.guild.id)
        assert guild is not None
        await until(lambda: guild.get_member(alice.id))
        await client.change_presence(activity=discord.Game("chess"))
        await until(lambda: server.gateway.presences)
        await until(lambda: server.gateway.heartbeats > 2)
        assert [each.nick for each in guild.members if each.id == alice.id] == ["Al"]
    assert server.gateway.presences[0]["activities"][0]["name"] == "chess"


async def test_each_shard_hears_its_own_guilds(server, alice):
    channels = [server.add_guild(f"guild {n}").add_text_channel("c") for n in range(6)]
    point_discord_at(server.base_url, pause=SHORT)
    heard: list[tuple[int | None, int]] = []

    class Sharded(discord.AutoShardedClient):
        async def on_message(self, message: discord.Message) -> None:
            assert message.guild is not None
            heard.append((message.guild.shard_id, message.guild.id))

    client = Sharded(intents=all_intents(), shard_count=2, guild_ready_timeout=0)
    task = asyncio.create_task(client.start(server.token))
    try:
        await until(client.is_ready, task)
        for channel in channels:
            await alice.say(channel, "here")
        await until(lambda: len(heard) == 6)
    finally:
        await client.close()
        await asyncio.wait([task], timeout=5)
    assert {shard for shard, _ in heard} == {0, 1}
    assert all(shard == (guild >> 22) % 2 for shard, guild in heard)


def test_without_compression_frames_go_out_as_they_are():
    assert packing(None) is None


SMALL_BOT = """
import os, signal, sys, discord
from tests.world.discord_pointing import point_discord_at
point_discord_at(sys.argv[1], pause=0.02)
client = discord.Client(
    intents=discord.Intents(guilds=True, messages=True, message_content=True), guild_ready_timeout=0
)
@client.event
async def on_message(message):
    if message.author != client.user:
        await message.channel.send("heard " + message.content)
        if message.content == "die":
            os.kill(os.getpid(), signal.SIGKILL)
client.run(sys.argv[2], log_handler=None)
"""


async def start_small_bot(server: DiscordServer) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", SMALL_BOT, server.base_url, server.token, cwd=REPOSITORY
    )


@pytest.mark.slow
async def test_the_world_outlives_a_bot_that_is_killed_and_started_again(server, general, alice):
    bots = [await start_small_bot(server)]
    try:
        await server.wait_until_connected()
        await alice.say(general, "die")
        await server.wait_for_message(general)
        async with asyncio.timeout(5):
            assert await bots[0].wait() == -signal.SIGKILL
        await server.wait_until(lambda: not server.gateway_connections)
        await alice.say(general, "nobody is there")
        bots.append(await start_small_bot(server))
        await server.wait_until_connected()
        await alice.say(general, "again")
        await server.wait_for_message(general)
    finally:
        for bot in bots:
            if bot.returncode is None:
                bot.kill()
            await asyncio.wait_for(bot.wait(), 5)
    assert general.texts == ["die", "heard die", "nobody is there", "again", "heard again"]
    assert server.identify_count == 2


# --- REST


async def test_the_same_enforced_nonce_posts_nothing_again(server, general):
    async with listening(server) as client:
        http = client.http
        body = {"content": "once", "nonce": "r1.0", "enforce_nonce": True}
        route = message_route(general)
        first = await http.request(route, json=body)
        again = await http.request(route, json=body)
        server.nonce_window = -1
        later = await http.request(route, json=body)
    assert first["id"] == again["id"] != later["id"]
    assert general.texts == ["once", "once"]


async def test_a_429_is_waited_out(server, general):
    server.faults.on("POST", MESSAGES, then=faults.rate_limited(0.15))
    server.faults.on("POST", MESSAGES, then=faults.rate_limited(0.15, scope="global"))
    async with listening(server) as client:
        await messageable(client, general).send("patience")
    posted = server.requests_to("POST", "/channels/{channel_id}/messages")
    assert [each.status for each in posted] == [429, 429, 200]
    assert posted[1].time - posted[0].time >= 0.14
    assert posted[2].time - posted[1].time >= 0.14
    assert general.texts == ["patience"]


async def test_a_real_bucket_lets_through_what_it_allows(server, general):
    server.faults.limit("POST", MESSAGES, allow=2, per=0.3)
    async with listening(server) as client:
        place = messageable(client, general)
        for number in range(3):
            await place.send(str(number))
    assert general.texts == ["0", "1", "2"]
    posted = server.requests_to("POST", "/channels/{channel_id}/messages")
    assert posted[2].time - posted[0].time >= 0.25
    assert 429 not in [request.status for request in server.requests]


async def test_edits_of_all_messages_of_a_channel_are_limited_together(server, general):
    server.faults.limit_edits(allow=2, per=0.4)
    other = server.add_guild("Elsewhere").add_text_channel("general")
    posted = [server.post(place, server.bot, "draft") for place in (general, general, general, other)]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as http:

        async def edited(message: Message) -> aiohttp.ClientResponse:
            url = f"{server.base_url}/api/v10/channels/{message.channel.id}/messages/{message.id}"
            async with http.patch(url, json={"content": "final"}) as answer:
                return answer

        assert [(await edited(message)).status for message in posted] == [200, 200, 429, 200]
        refused = await edited(posted[2])
        assert 0 < float(refused.headers["X-RateLimit-Reset-After"]) <= 0.4
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert "Retry-After" in refused.headers
        await asyncio.sleep(0.45)
        assert (await edited(posted[2])).status == 200


async def test_a_webhooks_edits_are_limited_too_and_discord_py_waits_for_them(server, general):
    server.faults.limit_edits(allow=2, per=0.4)
    hook = server.add_webhook(general, "Masquerade", user=server.bot)
    async with aiohttp.ClientSession() as session:
        ours = discord.Webhook.partial(hook.id, hook.token, session=session)
        point_discord_at(server.base_url)
        said = [await ours.send("draft", wait=True) for _ in range(2)]
        for number in range(3):
            await said[number % 2].edit(content=f"{number}", allowed_mentions=NOBODY)
    assert general.texts == ["2", "1"]
    edits = [request for request in server.requests if request.method == "PATCH"]
    assert edits[-1].time - edits[0].time >= 0.35


async def test_a_fault_lasts_so_long_from_its_first_strike_on_or_until_it_is_ended(server, general):
    server.faults.on("POST", MESSAGES, then=faults.server_error(503), lasts=0.3)
    async with listening(server) as client:
        place = messageable(client, general)
        await asyncio.sleep(0.4)
        with pytest.raises(discord.DiscordServerError):
            await place.send("too early")
        await asyncio.sleep(0.4)
        await place.send("patience")
        rule = server.faults.on("POST", MESSAGES, then=faults.missing_permissions(), times=None)
        with pytest.raises(discord.Forbidden):
            await place.send("refused")
        rule.end()
        await place.send("welcome")
    assert general.texts == ["patience", "welcome"]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (faults.dm_blocked(), 403, 50007),
        (faults.missing_permissions(), 403, 50013),
        (faults.unknown_channel(), 404, 10003),
        (faults.unknown_message(), 404, 10008),
        (faults.unauthorized(), 401, 0),
        (faults.server_error(503), 503, 0),
        (faults.cloudflare_ban(), 429, 0),
    ],
)
async def test_a_rule_makes_the_second_request_fail_and_only_it(server, general, fault, status, code):
    rule = server.faults.on("POST", MESSAGES, then=fault, after=1)
    async with listening(server) as client:
        place = messageable(client, general)
        await place.send("one")
        with pytest.raises(discord.HTTPException) as raised:
            await place.send("two")
        await place.send("three")
    assert (raised.value.status, raised.value.code) == (status, code)
    assert rule.hits == 1
    assert general.texts == ["one", "three"]


@pytest.mark.parametrize(("nonce", "stored"), [({}, 2), ({"nonce": "n1", "enforce_nonce": True}, 1)])
async def test_a_message_can_be_stored_although_the_answer_is_500(server, general, nonce, stored):
    server.faults.on("POST", MESSAGES, then=faults.server_error(stores=True))
    async with listening(server) as client:
        await client.http.request(message_route(general), json={"content": "again"} | nonce)
    # discord.py repeats the request by itself: only a nonce keeps it from being said twice.
    assert general.texts == ["again"] * stored
    assert [each.status for each in server.requests][-2:] == [500, 200]


async def test_a_message_can_be_stored_although_the_connection_is_reset(server, general):
    server.faults.on("POST", MESSAGES, then=faults.reset(stores=True))
    async with listening(server) as client:
        with pytest.raises((OSError, aiohttp.ClientError)):
            await messageable(client, general).send("kept")
    assert general.texts == ["kept"]
    assert server.requests[-1].status == 0


async def test_history_pages_through_what_came_after(server, general, alice):
    old = await alice.say(general, "long ago", sent_at=server.clock() - 3600)
    said: list[Message] = [await alice.say(general, str(number)) for number in range(120)]
    async with listening(server) as client:
        place = messageable(client, general)
        after = discord.Object(said[9].id)
        newer = [each.content async for each in place.history(after=after, limit=None)]
        before = discord.Object(said[2].id)
        older = [each.content async for each in place.history(before=before)]
        around = [each async for each in place.history(around=after, limit=3)]
        alone = await place.fetch_message(old.id)
    assert newer == [str(number) for number in range(10, 120)]
    assert older == ["1", "0", "long ago"]
    assert sorted(int(each.content) for each in around) == [8, 9, 10]
    assert abs(alone.created_at.timestamp() - (said[0].sent_at - 3600)) < 1


@pytest.mark.parametrize(
    ("content", "code"), [("x" * 2001, 50035), (" \n ", 50006), ("\U0001f600" * 2000, None)]
)
async def test_discord_counts_code_points_and_refuses_the_blank(server, general, content, code):
    async with listening(server) as client:
        place = messageable(client, general)
        if code is None:
            await place.send(content)
            return
        with pytest.raises(discord.HTTPException) as raised:
            await place.send(content)
    assert raised.value.code == code
    assert general.messages == []


async def test_messages_are_edited_deleted_and_reacted_to(server, general, alice):
    async with listening(server) as client:
        gone = asyncio.create_task(client.wait_for("raw_bulk_message_delete", timeout=5))
        place = messageable(client, general)
        posted = await place.send("draft", file=discord.File(__file__, "test.py"))
        await posted.edit(content="final")
        await posted.add_reaction("\N{THUMBS UP SIGN}")
        kept = general.messages[0]
        assert (kept.content, kept.edits) == ("final", ["draft"])
        assert kept.reactions == {"\N{THUMBS UP SIGN}": [server.bot]}
        assert b"loopback Discord" in await posted.attachments[0].read()
        await posted.remove_reaction("\N{THUMBS UP SIGN}", discord.Object(server.bot.id))
        theirs = await alice.say(general, "mine")
        with pytest.raises(discord.Forbidden):
            await place.get_partial_message(theirs.id).edit(content="yours")
        await client.http.delete_messages(general.id, [kept.id, theirs.id])
        await gone
        await place.typing()
    assert general.messages == []
    assert len(general.typed_at) == 1


async def test_people_edit_delete_react_and_type(server, general, alice):
    async with listening(server) as client:
        edited = asyncio.create_task(client.wait_for("raw_message_edit", timeout=5))
        deleted = asyncio.create_task(client.wait_for("raw_message_delete", timeout=5))
        reacted = asyncio.create_task(client.wait_for("raw_reaction_add", timeout=5))
        await asyncio.sleep(0)
        message = await alice.say(general, "teh")
        await alice.edit(message, "the")
        await alice.react(message, "\N{EYES}")
        await alice.delete(message)
        assert (await edited).message.content == "the"
        assert (await reacted).user_id == alice.id
        assert (await deleted).message_id == message.id


async def test_the_bot_renames_itself_and_sets_up_its_account(server, general):
    async with listening(server) as client:
        assert general.guild is not None
        guild = client.get_guild(general.guild.id)
        assert guild is not None
        await guild.me.edit(nick="Nyx")
        info = await client.application_info()
        assert info.flags.gateway_message_content_limited
        assert (await guild.fetch_member(server.bot.id)).nick == "Nyx"
    assert general.guild.members[server.bot.id].nick == "Nyx"


async def test_a_webhook_speaks_under_another_name(server, general):
    async with listening(server) as client:
        assert general.guild is not None
        channel = client.get_channel(general.id)
        assert isinstance(channel, discord.TextChannel)
        hook = await channel.create_webhook(name="voices")
        said = await hook.send("boo", username="Ghost", wait=True, allowed_mentions=NOBODY)
        await hook.edit_message(said.id, content="boo!")
        await until(lambda: client.heard == ["boo"])
        assert len(await channel.webhooks()) == 1
    assert (general.messages[0].alias, general.messages[0].content) == ("Ghost", "boo!")


async def test_a_slash_command_is_synced_used_deferred_and_answered(server, general, alice):
    async with listening(server) as client:

        @client.tree.command(description="Says it back.")
        async def echo(interaction: discord.Interaction, text: str) -> None:
            await interaction.response.defer(ephemeral=True)
            await interaction.followup.send(text)
            await interaction.followup.send("aloud", ephemeral=False)

        await client.tree.sync()
        used = await alice.use_command(general, "echo", text="hi")
        answer = await used.wait_answered()
        await until(lambda: len(used.messages) == 2)
    assert (answer.content, answer.is_ephemeral) == ("hi", True)
    assert general.texts == ["aloud"]
    assert [scope for scope, _ in server.command_syncs] == [None]


async def test_a_second_answer_to_an_interaction_is_refused(server, general, alice):
    async with listening(server) as client:
        codes: list[int] = []

        @client.tree.command(description="Answers twice.")
        async def twice(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("one")
            interaction.response._response_type = None
            try:
                await interaction.response.send_message("two")
            except discord.HTTPException as error:
                codes.append(error.code)

        await client.tree.sync()
        await alice.use_command(general, "twice")
        await until(lambda: codes)
    assert codes == [40060]
    assert general.texts == ["one"]


async def test_a_button_is_pressed_and_changes_its_message(server, general, alice):
    async with listening(server) as client:

        class Question(discord.ui.View):
            @discord.ui.button(label="Yes", custom_id="yes")
            async def yes(
                self, interaction: discord.Interaction, _: discord.ui.Button[discord.ui.View]
            ) -> None:
                await interaction.response.edit_message(content="agreed", view=None)

        await messageable(client, general).send("well?", view=Question(timeout=5))
        pressed = await alice.press(general.messages[0], "yes")
        await pressed.wait_acknowledged()
    assert general.texts == ["agreed"]
    assert general.messages[0].components == []


async def test_an_attachment_may_lie_about_itself(server, general, alice):
    lie = Upload("cat.png", b"MZ not a picture", "image/png", size=10)
    endless = Upload("long.bin", b"abc", endless=True)
    message = await alice.say(general, "look", attachments=[lie, endless])
    async with aiohttp.ClientSession() as session:
        async with session.get(message.attachments[0].url) as response:
            assert await response.read() == lie.body
            assert response.content_type == "image/png"
        async with session.get(message.attachments[1].url) as response:
            assert response.content_length is None
            assert len(await response.content.readexactly(1 << 20)) == 1 << 20
    assert message.attachments[0].payload()["size"] == 10


async def test_a_request_that_nobody_answers_is_noted():
    async with DiscordServer(check_schema=False) as server, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {server.token}"}
        async with session.get(f"{server.base_url}/api/v10/nonsense", headers=headers) as answer:
            assert answer.status == 404
        assert server.unknown_requests == ["GET /nonsense"]
        assert not server.schema_available


@pytest.mark.skipif(not document_path().is_file(), reason="Discord's OpenAPI document is not here")
@pytest.mark.parametrize("body", [{"content": 5}, {"contents": "typo"}, {"nonce": "x" * 26}])
async def test_a_body_that_the_document_forbids_is_noted(body):
    async with DiscordServer() as server, aiohttp.ClientSession() as session:
        channel = server.add_guild().add_text_channel("general")
        url = f"{server.base_url}/api/v10/channels/{channel.id}/messages"
        headers = {"Authorization": f"Bot {server.token}"}
        async with session.post(url, json={"embeds": []} | body, headers=headers):
            pass
        assert len(server.schema_faults) == 1


async def test_waiting_for_a_message_that_never_comes_has_an_end(server, general):
    with pytest.raises(TimeoutError):
        await server.wait_for_message(general, timeout=0.01)


# --- parts


@pytest.mark.parametrize(
    ("allowed", "pinged"),
    [
        (None, ((1, 2, 9), True)),
        ({"parse": []}, ((), False)),
        ({"parse": ["users"]}, ((1, 2), False)),
        ({"parse": [], "users": ["2"], "replied_user": True}, ((2, 9), False)),
        ({"parse": ["everyone"]}, ((), True)),
    ],
)
def test_allowed_mentions_say_who_is_pinged(allowed, pinged):
    mentions = pinged_by("<@1> and <@!2> and @everyone", allowed, replied_to=9)
    assert (mentions.users, mentions.everyone) == pinged


def test_snowflakes_carry_their_moment_and_rise():
    snowflakes = Snowflakes(lambda: 1_800_000_000.25)
    ids = [snowflakes.make() for _ in range(1000)]
    assert ids == sorted(set(ids))
    assert made_at(ids[0]) == 1_800_000_000.25
    assert made_at(snowflakes.make(1_700_000_000.5)) == 1_700_000_000.5


def test_the_process_is_killed_at_the_named_stage_and_time(monkeypatch):
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _, number: killed.append(number))
    monkeypatch.setenv("CRASH_AT", "part_sent:2")
    hook = launch.crash_hook()
    assert hook is not None
    hook("composed")
    hook("part_sent")
    assert killed == []
    hook("part_sent")
    assert killed == [signal.SIGKILL]


def test_without_a_crash_point_nothing_is_hooked(monkeypatch):
    monkeypatch.delenv("CRASH_AT", raising=False)
    assert launch.crash_hook() is None
