"""What the log shows, and what it never does."""

import io
import logging
import re
import sys

import pytest

from bot.core.logging import LineHandler, Redaction, keep_out_of_log, set_up_logging

# Built from pieces, so that no scanner takes this file for a leak.
TOKEN = ".".join(["MTIzNDU2Nzg5MDEyMzQ1Njc4", "GhIjKl", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"])
KEY = "-".join(["sk", "ant", "api03", "CanaryCanaryCanary_0123456789"])
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ [\w.]+ .*")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    root = logging.getLogger()
    names = [name for name in root.manager.loggerDict if isinstance(logging.getLogger(name), logging.Logger)]
    levels = {name: logging.getLogger(name).level for name in names}
    level = root.level
    yield
    root.setLevel(level)
    for one in [one for one in root.handlers if isinstance(one, LineHandler)]:
        root.removeHandler(one)
    for name in root.manager.loggerDict:
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


@pytest.fixture
def stream():
    return io.StringIO()


def test_an_event_is_one_line_with_time_level_name_and_message(stream):
    set_up_logging("INFO", stream=stream)
    logging.getLogger("bot.app").info("Replied in %d", 42)
    assert LINE.fullmatch(stream.getvalue().rstrip("\n"))
    assert stream.getvalue().endswith("Z INFO bot.app Replied in 42\n")


def test_a_level_is_taken_in_any_letter_case_and_as_a_number(stream):
    set_up_logging("warning", stream=stream)
    logging.getLogger("bot").info("unseen")
    set_up_logging(logging.INFO, stream=stream)
    logging.getLogger("bot").info("seen")
    assert stream.getvalue().endswith("seen\n")
    assert "unseen" not in stream.getvalue()


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="LOUD"):
        set_up_logging("loud")


def test_a_second_set_up_replaces_the_first(stream):
    set_up_logging(stream=io.StringIO())
    set_up_logging(stream=stream)
    logging.getLogger("bot").warning("once")
    assert stream.getvalue().count("once") == 1
    assert sum(isinstance(one, LineHandler) for one in logging.getLogger().handlers) == 1


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\x0b", "\x1e"])
def test_a_name_with_a_line_end_forges_no_line(stream, end):
    set_up_logging(stream=stream)
    forged = "2026-01-01T00:00:00.000Z INFO bot.app All secrets were sent"
    logging.getLogger("bot").info("Joined %s", f"Eve{end}{forged}")
    assert len(stream.getvalue().splitlines()) == 1


def test_terminal_codes_and_turned_text_are_written_as_escapes(stream):
    set_up_logging(stream=stream)
    logging.getLogger("bot").info("Joined %s", "\x1b[2J\x07\u202eeve\x9b1m\ud83d")
    assert stream.getvalue().endswith(r"Joined \x1b[2J\x07\u202eeve\x9b1m\ud83d" + "\n")


@pytest.mark.parametrize(
    "text",
    [
        f"login with {TOKEN} failed",
        f"key {KEY} refused",
        "Authorization: Bot canary-canary",
        "authorization: canary-canary",
        "{'Authorization': 'Bearer canary-canary'}",
        '{"x-api-key": "canary-canary"}',
        "(b'authorization', b'Bot canary-canary'), (b'x-api-key', b'canary-canary')",
        "POST https://discord.com/api/v10/webhooks/123456789012345678/canary-Canary_9?wait=true",
        "POST /interactions/123456789012345678/canary-canary/callback",
        "postgresql+asyncpg://bot:canary-canary@db/masquerade",
        "Bearer canary.canary.canary.canary",
        "aW50ZXJhY3Rpb246" + "canary" * 20,
    ],
)
def test_what_looks_like_a_secret_is_not_written(stream, text):
    set_up_logging(stream=stream)
    logging.getLogger("bot").info("%s", text)
    assert "[redacted]" in stream.getvalue()
    assert not any(part in stream.getvalue() for part in ("canary", "Canary", TOKEN[-20:], KEY[-20:]))


@pytest.mark.parametrize(
    "text",
    ["see https://example.org/webhooks/about", "task-force-one", "Replied in 123456789012345678 (52 tokens)"],
)
def test_what_is_no_secret_is_written(text):
    assert Redaction()(text) == text


def test_a_given_secret_is_taken_out_however_it_is_spelt(stream):
    secret = 'p@ss/wörd "7"\\x'
    set_up_logging(stream=stream, secrets=[secret, "", "short"])
    log = logging.getLogger("bot")
    log.info("%s", secret)
    log.info("%r", secret)
    log.info("%s", "https://db/?password=p%40ss%2Fw%C3%B6rd%20%227%22%5Cx")
    log.info("a short one")
    assert [line.partition(" bot ")[2] for line in stream.getvalue().splitlines()] == [
        "[redacted]",
        "'[redacted]'",
        "https://db/?password=[redacted]",
        "a short one",
    ]


def test_a_secret_that_is_known_later_is_taken_out_from_then_on(stream):
    set_up_logging(stream=stream)
    keep_out_of_log("hunter2hunter2")
    logging.getLogger("bot").warning("the key is hunter2hunter2")
    assert stream.getvalue().endswith("the key is [redacted]\n")


def test_of_two_secrets_that_begin_alike_the_longer_goes_whole():
    assert Redaction(["hunter22", "hunter22-and-more"])("hunter22-and-more") == "[redacted]"


def test_a_traceback_is_written_without_secrets_and_indented(stream):
    set_up_logging(stream=stream, secrets=["first line\nsecond line"])
    broken = ValueError("first line\nsecond line\n2026-01-01 INFO forged\x1b[0m")
    try:
        raise broken from KeyError(TOKEN)
    except ValueError:
        logging.getLogger("bot").exception("It broke")
    head, *rest = stream.getvalue().splitlines()
    assert head.endswith("ERROR bot It broke")
    assert all(line.startswith("    ") for line in rest)
    assert any("Traceback" in line for line in rest)
    assert rest[-2:] == ["    ValueError: [redacted]", r"    2026-01-01 INFO forged\x1b[0m"]
    assert TOKEN not in stream.getvalue()


def test_the_stack_is_written_where_it_is_asked_for(stream):
    set_up_logging(stream=stream)
    logging.getLogger("bot").info("Here", stack_info=True)
    assert "    Stack (most recent call last):" in stream.getvalue()


@pytest.mark.parametrize(
    "name",
    ["discord.http", "discord.gateway", "anthropic._base_client", "httpx2", "httpcore2.http11", "sqlalchemy"],
)
def test_a_library_logs_no_text_even_when_it_turns_debugging_on_itself(stream, name):
    set_up_logging("DEBUG", stream=stream)
    logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger(name).debug("what people said")
    logging.getLogger(name).warning("what happened")
    assert "what people said" not in stream.getvalue()
    assert "what happened" in stream.getvalue()


@pytest.mark.parametrize("name", ["aiosqlite", "apscheduler.scheduler", "httpx2", "sqlalchemy.engine.Engine"])
def test_a_library_that_logs_every_call_is_heard_from_warning_on(stream, name):
    set_up_logging("DEBUG", stream=stream)
    logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger(name).info("INSERT INTO")
    assert stream.getvalue() == ""


def test_the_sdks_do_not_even_format_what_is_not_written(stream):
    set_up_logging("DEBUG", stream=stream)
    assert not logging.getLogger("discord.gateway").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("anthropic._base_client").isEnabledFor(logging.DEBUG)


def test_our_own_debugging_is_written(stream):
    set_up_logging("DEBUG", stream=stream)
    logging.getLogger("cogs.chat").debug("3 parts")
    assert stream.getvalue().endswith("DEBUG cogs.chat 3 parts\n")


def test_a_level_above_the_floors_holds_for_libraries_too(stream):
    set_up_logging("ERROR", stream=stream)
    logging.getLogger("discord").warning("unseen")
    assert stream.getvalue() == ""


def test_only_a_terminal_gets_colours():
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        set_up_logging(stream=stream)
        logging.getLogger("bot").error("It broke")
    assert terminal.getvalue().startswith("\x1b[31m")
    assert terminal.getvalue().endswith("\x1b[0m\n")
    assert "\x1b" not in file.getvalue()


def test_a_terminal_can_be_spared_colours():
    terminal = Terminal()
    set_up_logging(stream=terminal, colour=False)
    logging.getLogger("bot").error("It broke")
    assert "\x1b" not in terminal.getvalue()


def test_a_line_that_cannot_be_formatted_shows_none_of_its_arguments(stream, capsys, monkeypatch):
    handler = set_up_logging(stream=stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    logging.getLogger("bot").info("%d parts", "what somebody said")
    assert stream.getvalue().startswith("A log line of test_log:")
    assert stream.getvalue().endswith("could not be written: TypeError\n")
    assert "what somebody said" not in stream.getvalue() + "".join(capsys.readouterr())


def test_a_stream_that_is_gone_stops_nobody():
    stream = io.StringIO()
    set_up_logging(stream=stream)
    stream.close()
    logging.getLogger("bot").info("into the void")
    assert stream.closed


def test_a_stream_with_few_characters_gets_escapes_for_the_others():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    set_up_logging(stream=stream)
    logging.getLogger("bot").info("Joined %s", "Zoë")
    assert raw.getvalue().endswith(rb"Joined Zo\xeb" + b"\n")


def test_the_log_goes_to_stderr_unless_told_otherwise():
    assert set_up_logging().stream is sys.stderr
