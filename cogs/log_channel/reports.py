"""Reports for operators: Discord Markdown of at most 2000 characters, without any words of a conversation."""

import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from discord.utils import format_dt

from bot.arranging import voice_of
from bot.conversation.attention.explain import in_one_line
from bot.conversation.config import Manner
from bot.conversation.turns import Decided
from bot.features.admin.service import Member, MemberPage
from bot.llm.server import CLAUDE_URL, Server
from cogs._discord.health import latency
from database.repositories.calls import Spending
from memory.places import Where

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

LONGEST = 2000
_PROJECT = Path(__file__).parents[2] / "pyproject.toml"
_LINKS = "https://discord.com/channels"


@cache
def version() -> str:
    """Return the program's version, read from its folder because it is not an installed package."""
    try:
        return str(tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"])
    except (OSError, tomllib.TOMLDecodeError, KeyError):
        return "of an unknown version"


def announcement(name: str) -> str:
    """Return the announcement at the start: the character's name and the commands (F129)."""
    commands = {
        f"shutdown? {name}": "finish what is being said, and stop",
        "user data? ID": "tokens, cost and premium of a user, no words",
        "list users": "everybody who was heard, 20 a page",
        "premium ID": "premium on or off for a user",
        "verbose [on|off]": "tell here what is decided, and why",
        "status": "models, reply settings, uptime, spending, health",
        "jobs": "the scheduled work: what ran, what failed, what is next",
        "testlog": "a test line",
    }
    lines = [f"`{form}`: {about}" for form, about in commands.items()]
    return "\n".join([f"**{name} is here.** Masquerade {version()}. Commands for this channel:", *lines])


def decision_line(decided: Decided) -> str:
    """Return a decision as one line: place, author, link of the message, and outcome (F123)."""
    heard, where = decided.utterance, decided.utterance.where
    place = f"<#{where.channel_id}>" if where.guild_id is not None else "DM"
    outcome = in_one_line(decided.decision.reason, decided.trace, reply=decided.decision.reply)
    return f"{place} <@{heard.author_id}> {_link(where, heard.message_id)} → {outcome}"


def user_data(member: Member) -> str:
    """Return the figures about a user: counts and dates, no words and no names (F123)."""
    spent = member.spending
    return "\n".join(
        [
            f"**User** `{member.user_id}` <@{member.user_id}>",
            f"- premium: {'yes' if member.premium else 'no'}",
            f"- talk: {member.lines:,} lines in the log of the last 24 hours",
            f"- model: {spent.calls:,} calls, {_tokens(spent)}",
            f"- cost: {_dollars(spent)}{_unpriced(spent)}",
            f"- first seen {format_dt(member.first_seen, 'R')}, last seen {format_dt(member.last_seen, 'R')}",
        ]
    )


def user_list(page: MemberPage) -> str:
    """Return one page of all users, most recent speakers first; without mentions if they don't fit."""
    if not page.total:
        return "Nobody was heard yet."
    head = f"**{page.total:,} users**, page {page.number} of {page.pages}"
    full = "\n".join([head, *(_user_line(member, mention=True) for member in page.members)])
    if len(full) <= LONGEST:
        return full
    return "\n".join([head, *(_user_line(member, mention=False) for member in page.members)])


def status(bot: "Masquerade", *, since: datetime, spent: Spending) -> str:
    """Return the bot's configuration and health (F123)."""
    app, manner = bot.app, bot.app.manner
    verbose = "on" if app.administration.is_verbose else "off"
    return "\n".join(
        [
            f"**{app.character.name}**, Masquerade {version()}, started {format_dt(since, 'R')}",
            f"- models: {_models(bot)}, from {_source(app.server)}",
            f"- joining in: {_votes(manner)}",
            f"- other bots: {_patience(manner)}",
            f"- typing: {_pace(manner)}",
            f"- errors: {manner.errors}",
            f"- Discord: {len(bot.guilds):,} servers, latency {latency(bot.shard_latencies())}",
            f"- last 24 hours: {spent.calls:,} calls, {_tokens(spent)}, {_dollars(spent)}{_unpriced(spent)}",
            f"- verbose: {verbose}",
        ]
    )


def _models(bot: "Masquerade") -> str:
    voice = voice_of(bot.app.settings, bot.app.server)
    voting = bot.app.manner.attention.voters.model
    return f"`{voice.model}`, premium `{voice.premium_model}`, voting `{voting}`"


def _source(server: Server) -> str:
    """Return the name of the models' server, but not its address, which may hold a password."""
    if server.rehearsal:
        return "the embedded rehearsal voice"
    return "Anthropic" if server.base_url == CLAUDE_URL else "a server of your own"


def _votes(manner: Manner) -> str:
    votes = manner.attention.voters.count
    if not votes:
        return "never unasked (0 votes)"
    return f"{votes} votes, considered with a chance of {manner.attention.chance:.0%}"


def _patience(manner: Manner) -> str:
    patience = manner.attention.patience
    return (
        f"{patience.threshold} replies in a row to one, {patience.cooldown:g} s apart, "
        f"{patience.energy} in a channel until a person speaks"
    )


def _pace(manner: Manner) -> str:
    pace = manner.pace
    return f"{pace.characters_per_minute:g} characters a minute, {pace.shortest:g} to {pace.longest:g} s"


def _user_line(member: Member, *, mention: bool) -> str:
    person = f"`{member.user_id}`" + (f" <@{member.user_id}>" if mention else "")
    seen = format_dt(member.last_seen, "R")
    premium = " · premium" if member.premium else ""
    return f"{person} · {member.lines:,} lines · {_dollars(member.spending)} · {seen}{premium}"


def _tokens(spent: Spending) -> str:
    return f"{spent.input_tokens:,} tokens in, {spent.output_tokens:,} out"


def _dollars(spent: Spending) -> str:
    more = "+" if spent.unpriced else ""
    return f"${spent.cost:,.4f}{more}"


def _unpriced(spent: Spending) -> str:
    return f" ({spent.unpriced:,} calls have no known price)" if spent.unpriced else ""


def _link(where: Where, message_id: int) -> str:
    return f"{_LINKS}/{where.guild_id or '@me'}/{where.channel_id}/{message_id}"
