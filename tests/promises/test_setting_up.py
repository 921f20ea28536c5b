"""From nothing to a bot that answers: `python main.py setup` in a terminal, with right and wrong answers."""

import stat

import pytest

from tests.promises.outside import Clone
from tests.promises.quoting import promise

pytestmark = pytest.mark.timeout(300)
OF_NO_USE = "sk-ant-mistyped"


@pytest.fixture
def newcomer(clone: Clone, discord, claude) -> Clone:
    """Give a fresh clone, without any file of its own, where Discord and Claude are ours."""
    clone.environ |= {"LOOPBACK_DISCORD": discord.base_url, "ANTHROPIC_BASE_URL": claude.base_url}
    return clone


def lines_of(clone: Clone) -> set[str]:
    """Return the lines of config.env that set something, without quotes."""
    lines = clone.config.read_text().splitlines()
    return {line.replace('"', "").replace("'", "") for line in lines if line and not line.startswith("#")}


@promise(
    "README.md",
    "Run `python main.py setup`. It asks for both, checks them, lets you pick a character and writes "
    "`config.env`, which only you can read.",
)
@promise("README.md", "Open the invite link that it prints, and choose your server.")
@promise("operating.md", "`python main.py setup` | asks for what is needed and writes `config.env`")
def test_right_answers_make_a_config_that_only_its_owner_can_read(newcomer: Clone, discord, claude):
    code, printed = newcomer.answer(
        "setup", ("Discord token", discord.token), ("Claude key", claude.api_key), ("[Cc]haracter.*:", "nyx")
    )
    assert code == 0, printed
    assert {
        f"discord_token={discord.token}",
        f"anthropic_api_key={claude.api_key}",
        "character=nyx",
    } <= lines_of(newcomer)
    assert stat.S_IMODE(newcomer.config.stat().st_mode) == 0o600
    assert f"client_id={discord.application_id}" in printed
    assert discord.token not in printed
    assert claude.api_key not in printed


@pytest.mark.slow
@promise("README.md", "It asks for both, checks them")
def test_wrong_answers_are_refused_at_once_and_asked_for_again(newcomer: Clone, discord, claude):
    code, printed = newcomer.answer(
        "setup",
        ("Discord token", "mistyped.bot.token"),
        ("does not accept.*Discord token", discord.token),
        ("Claude key", OF_NO_USE),
        ("refuses.*Claude key", claude.api_key),
        ("[Cc]haracter.*:", "nobody"),
        ("[Cc]haracter.*:", "pixel"),
    )
    assert code == 0, printed
    assert f"discord_token={discord.token}" in lines_of(newcomer)
    assert f"anthropic_api_key={claude.api_key}" in lines_of(newcomer)
    assert "character=pixel" in lines_of(newcomer)
    assert OF_NO_USE not in newcomer.config.read_text()
