"""docs/administration.md and docs/operating.md: what admins and operators do on Discord, and machines."""

import asyncio
import socket
import urllib.error
import urllib.request

import pytest
import pytest_asyncio

from tests.promises.outside import Clone, copied
from tests.promises.quoting import promise
from tests.promises.stage import PATIENCE, STILL, TYPES_AT_ONCE, Stage, on_stage
from tests.world.discord_objects import Channel

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="module")]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


PORT, CONSOLE_PORT = free_port(), free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(cloned: Clone, tmp_path_factory: pytest.TempPathFactory):
    """Start a bot that has a log channel, and a port for machines."""
    clone = copied(cloned, tmp_path_factory.mktemp("stage") / "masquerade")
    async with on_stage(
        clone, **TYPES_AT_ONCE, metrics_port=str(PORT), console_port=str(CONSOLE_PORT)
    ) as stage:
        headquarters = stage.guild("Headquarters")
        log_channel = headquarters.add_text_channel("log")
        with clone.config.open("a") as config:
            config.write(f"log_channel={log_channel.id}\n")
        await stage.start()
        yield stage


@pytest.fixture
def log_channel(stage: Stage) -> Channel:
    return next(each for each in stage.discord.channels.values() if each.name == "log")


async def ordered(stage: Stage, log_channel: Channel, order: str, saying: str = "") -> str:
    """Write an order into the log channel and return the answer: notices may stand there, too."""
    asked = await stage.operator.say(log_channel, order)
    answer = await stage.discord.wait_for_message(
        log_channel,
        after=asked,
        where=lambda message: saying in message.content.lower(),
        timeout=PATIENCE,
    )
    return answer.content


def asked_at(path: str) -> tuple[int, str]:
    """Ask the bot over HTTP."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


# --- the console ------------------------------------------------------------------------------------


@promise(
    "operating.md",
    "`python main.py console` | prints a link to the [console](console.md) of the bot that runs",
)
@promise(
    "administration.md", "`console` | a link to the [console](console.md), for you, once, within ten minutes"
)
@promise("console.md", "The console listens on 127.0.0.1 and nowhere else.")
async def test_a_link_from_the_command_line_or_the_log_channel_opens_the_console_once(
    stage: Stage, log_channel: Channel
):
    printed = (await asyncio.to_thread(stage.clone.main, "console")).out.strip()
    told = (await ordered(stage, log_channel, "console", "enter?token=")).split()[0].strip("<>")
    for link in (printed, told):
        assert link.startswith(f"http://127.0.0.1:{CONSOLE_PORT}/enter?token=")
        assert await asyncio.to_thread(status_of, link) == 200
        assert await asyncio.to_thread(status_of, link) == 403
    assert await asyncio.to_thread(status_of, f"http://127.0.0.1:{CONSOLE_PORT}/") == 401


def status_of(address: str) -> int:
    """Ask for a page, and return what came of that."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


# --- in a server ------------------------------------------------------------------------------------


@promise(
    "administration.md",
    "it does not even take in what is said: no word of it is kept, and nothing of it reaches Claude.",
)
@promise(
    "administration.md",
    "To let the character speak in one channel only, switch the server off and that channel on.",
)
@promise("administration.md", "What you set holds from the very next message on")
async def test_where_it_is_switched_off_no_word_is_kept_and_none_reaches_claude(stage: Stage):
    guild = stage.guild()
    quiet, loud = guild.add_text_channel("quiet"), guild.add_text_channel("loud")
    mira, boss = stage.somebody("Mira", guild), stage.admin("Boss", guild)
    await stage.told(boss, quiet, "settings deactivate", whole_server=True)
    await stage.told(boss, loud, "settings activate")
    word = await stage.is_not_answered(mira, quiet, "Pixel, {}?")
    await stage.ask(mira, loud, "Pixel, {}?")
    assert stage.asked_with(word) == []
    assert stage.holds(word) == []


@promise("administration.md", "`/settings deny`, `allow` | a member or a role that it does not listen to")
@promise("administration.md", "What a member said before they were denied is forgotten")
async def test_whom_it_was_told_to_ignore_it_does_not_hear_and_what_they_said_is_forgotten(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira, bob, boss = stage.somebody("Mira", guild), stage.somebody("Bob", guild), stage.admin("Boss", guild)
    before = stage.word()
    await stage.ask(mira, channel, "Pixel, " + before + " {}?")
    await stage.told(boss, channel, "settings deny", user=mira)
    denied = await stage.is_not_answered(mira, channel, "Pixel, {}?")
    await stage.ask(bob, channel, "Pixel, {}?")
    assert stage.asked_with(denied) == []
    assert before not in stage.claude.requests[-1].text
    await stage.told(boss, channel, "settings allow", user=mira)
    await stage.ask(mira, channel, "Pixel, {}?")


@promise("administration.md", "With a chance of 0 it answers only when it is called.")
@promise("administration.md", "`/settings audit` | who changed what")
@promise(
    "administration.md",
    "For members with the permission **Manage Server**, and for the operators in `admin_ids`.",
)
async def test_with_a_chance_of_0_it_answers_only_when_it_is_called(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira, boss = stage.somebody("Mira", guild), stage.admin("Boss", guild)
    await stage.told(mira, channel, "settings chance", percent=0)
    assert "Mira" not in await stage.told(boss, channel, "settings audit")
    await stage.told(boss, channel, "settings chance", percent=0)
    stage.vote = "yes"
    try:
        await stage.is_not_answered(mira, channel, "does anybody know what {} means?")
    finally:
        stage.vote = "no"
    await stage.ask(mira, channel, "Pixel, {}?")
    assert str(boss.id) in await stage.told(boss, channel, "settings audit")


@promise(
    "administration.md",
    "`/help` | the commands that you may use, those of a group in one line; `topic:memory` tells what "
    "each of a group does",
)
@promise("administration.md", "`/status` | what you have used, and what is set here")
@promise(
    "operating.md",
    "`/health` | one sentence: well, or not; since when the model's server refuses the bot, and why "
    "| everybody",
)
async def test_help_status_and_health_answer_everybody(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    mira = stage.somebody("Mira", guild)
    help_ = await stage.told(mira, channel, "help")
    assert "/remember" in help_
    assert "/admin" not in help_
    assert "delete_all" in await stage.told(mira, channel, "help", topic="memory")
    assert "token" in (await stage.told(mira, channel, "status")).lower()
    plain = await stage.told(mira, channel, "health")
    assert len(plain.strip().splitlines()) == 1, plain
    private = stage.discord.dm_with(stage.operator)
    for _ in range(20):  # the first check comes 30 seconds after the start
        full = await stage.told(stage.operator, private, "health")
        if "Nothing has been checked yet" not in full:
            break
        await asyncio.sleep(2)
    assert len(full.splitlines()) > 1, full


# --- the log channel --------------------------------------------------------------------------------


@promise("administration.md", "`user data? ID` | tokens, cost, premium and lines of a user; never words")
@promise("administration.md", "`list users` | all users, 20 a page")
@promise("administration.md", "`testlog` | a test line")
@promise("administration.md", "`status` | models, reply settings, uptime, spending")
@promise("administration.md", "`jobs` | the [scheduled work](operating.md#jobs): each job's last run")
async def test_the_log_channel_tells_operators_numbers_and_never_words(stage: Stage, log_channel: Channel):
    mira = stage.somebody("Mira")
    word = stage.word()
    await stage.ask(mira, stage.discord.dm_with(mira), word + " {}")
    about = await ordered(stage, log_channel, f"user data? {mira.id}", "token")
    assert word not in about
    assert await ordered(stage, log_channel, "list users", str(mira.id))
    assert await ordered(stage, log_channel, "testlog", "test")
    assert await ordered(stage, log_channel, "status", "claude-sonnet-5-5")
    assert await ordered(stage, log_channel, "jobs", "heartbeat")


@promise(
    "administration.md",
    "`premium ID` | turns premium on or off for a user who was heard before: `premium_model` answers them",
)
async def test_premium_members_are_answered_by_the_premium_model(stage: Stage, log_channel: Channel):
    mira = stage.somebody("Mira")
    channel = stage.discord.dm_with(mira)
    await stage.ask(mira, channel, "{}")
    await ordered(stage, log_channel, f"premium {mira.id}")
    await stage.ask(mira, channel, "{}")
    assert stage.claude.requests[-1].model == "claude-opus-5-5"


@promise("administration.md", "The bot ignores the commands of others, and the log notes them.")
@promise("administration.md", "The character takes no part in the talk of this channel.")
async def test_others_command_nothing_in_the_log_channel(stage: Stage, log_channel: Channel):
    mira = stage.somebody("Mira", log_channel.guild)
    for order in ("shutdown? Pixel", "list users", "Pixel, {}?"):
        await stage.is_not_answered(mira, log_channel, order)
    assert stage.process is not None
    assert stage.process.poll() is None


# --- for machines -----------------------------------------------------------------------------------


@promise("operating.md", "`http://127.0.0.1:9464/healthz` | `200 ok`")
@promise("operating.md", "`http://127.0.0.1:9464/metrics` | the text that Prometheus reads")
@promise("operating.md", "all of them gauges whose names begin with `masquerade_`")
@promise(
    "operating.md",
    "`python main.py healthcheck` | says whether the bot that runs is healthy; exits with 1 if not",
)
@promise("operating.md", "the first look comes `heartbeat_seconds` after the start")
async def test_machines_are_told_that_it_is_well(stage: Stage):
    async with asyncio.timeout(120):
        while (await asyncio.to_thread(asked_at, "/healthz"))[0] != 200:
            await asyncio.sleep(1)
    assert (await asyncio.to_thread(asked_at, "/healthz"))[1].strip() == "ok"
    _, metrics = await asyncio.to_thread(asked_at, "/metrics")
    named = [line.split("{")[0].split()[0] for line in metrics.splitlines() if not line.startswith("#")]
    assert named
    assert all(name.startswith("masquerade_") for name in named), named
    assert "masquerade_ready 1" in metrics
    done = await asyncio.to_thread(stage.clone.main, "healthcheck")
    assert done.code == 0, done.said


@promise(
    "administration.md",
    "`shutdown? NAME` | finishes what is being said and stops; NAME is the character's name, exactly",
)
async def test_shutdown_ends_it_in_order_when_the_name_is_right(stage: Stage, log_channel: Channel):
    await stage.operator.say(log_channel, "shutdown? Nyx Void")
    await asyncio.sleep(STILL)
    assert stage.process is not None
    assert stage.process.poll() is None
    await stage.operator.say(log_channel, "shutdown? Pixel")
    assert await stage.ended() == 0
    assert "Traceback" not in stage.log
    await stage.start()
