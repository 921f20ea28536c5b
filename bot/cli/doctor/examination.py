"""All checks of the doctor, run concurrently, and their findings."""

import asyncio
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from bot.cli.doctor.account import (
    MOST_SERVERS,
    BotAccount,
    DiscordUnreachableError,
    TokenRefusedError,
    invite_link,
    look_up,
)
from bot.cli.doctor.configuration import (
    SETUP,
    character_findings,
    company_findings,
    settings_faults,
    settings_findings,
)
from bot.cli.doctor.finding import Finding
from bot.cli.doctor.models import claude_findings
from bot.cli.doctor.probing import probe_findings
from bot.cli.doctor.report import as_json as json_of
from bot.cli.doctor.report import as_text, clean, is_ok, show, terminal_width
from bot.cli.doctor.senses import senses_findings
from bot.cli.doctor.storage import data_findings, recall_finding
from bot.discord.client import PORTAL
from bot.settings import SECRETS, Loaded, Settings, SettingsError, load_settings

FEW_SESSIONS = 50
_SHOWN_SERVERS = 5
_NO_LOG_CHANNEL = Finding(
    "discord.log_channel",
    "notice",
    "log_channel is not set: notices stand in the log alone.",
    "Write the id of a channel as log_channel into config.env.",
)
_NO_OPERATOR = Finding(
    "discord.operators",
    "notice",
    "admin_ids is not set: nobody can administer the bot from Discord.",
    "Write your Discord id as admin_ids into config.env "
    "(Developer Mode, right-click yourself, Copy User ID).",
)


async def discord_findings(settings: Settings, *, offline: bool, deadline: float) -> list[Finding]:
    """Return the findings about the Discord account, with a timeout in seconds; skipped if `offline`."""
    token = settings.discord_token.get_secret_value()
    missing = [] if settings.log_channel else [_NO_LOG_CHANNEL]
    missing += [] if settings.admin_ids else [_NO_OPERATOR]
    if not token:
        sentence = "There is no discord_token: the bot can't be on Discord."
        return [Finding("discord.token", "problem", sentence, SETUP), *missing]
    if offline:
        return [_skipped("this was asked for offline"), *missing]
    try:
        account = await look_up(token, log_channel=settings.log_channel, deadline=deadline)
    except TokenRefusedError as error:
        return [Finding("discord.token", "problem", str(error)), *missing]
    except DiscordUnreachableError as error:
        return [_skipped(f"Discord can't be reached ({error})"), *missing]
    return [*account_findings(account), *missing]


def account_findings(account: BotAccount) -> list[Finding]:
    """Return the findings about a known account."""
    findings = [
        Finding("discord.token", "ok", f"The token is that of {account.name}."),
        *_intents(account),
        _sessions(account),
        _servers(account),
        Finding("discord.invite", "ok", f"To add it to a server: {invite_link(account.application_id)}"),
    ]
    if account.log_channel:
        findings.append(_log_channel(account.log_channel.name, account.log_channel.fault))
    return findings


def _skipped(why: str) -> Finding:
    sentence = f"Token, intents, servers and log channel are not checked: {why}."
    return Finding("discord.account", "skipped", sentence)


def _intents(account: BotAccount) -> list[Finding]:
    if not account.missing_intents:
        return [Finding("discord.intents", "ok", "Every intent that the bot needs is on.")]
    return [
        Finding(
            "discord.intents",
            "problem",
            f"'{switch}' is off: Discord does not let the bot connect.",
            f"Switch it on, on your application's page 'Bot': {PORTAL}",
        )
        for switch in account.missing_intents
    ]


def _sessions(account: BotAccount) -> Finding:
    check, left = "discord.sessions", account.sessions_left
    hours = max(1, round(account.sessions_reset / 3600))
    if left == 0:
        sentence = f"Discord takes no more connections from this bot for {hours} h."
        return Finding(check, "problem", sentence, "Wait, and find out what restarts it all the time.")
    if left <= FEW_SESSIONS:
        sentence = f"Only {left} connections to Discord are left for the next {hours} h."
        return Finding(check, "notice", sentence, "Find out what restarts the bot all the time.")
    return Finding(check, "ok", f"{left} connections to Discord are left for today.")


def _servers(account: BotAccount) -> Finding:
    count = len(account.servers)
    if count == 0:
        mend = "Open the link below to add it to one."
        return Finding("discord.servers", "notice", "It is in no server yet; it answers DMs only.", mend)
    shown = ", ".join(account.servers[:_SHOWN_SERVERS])
    more = ", …" if count > _SHOWN_SERVERS else ""
    number = f"{count} or more" if count == MOST_SERVERS else str(count)
    servers = "server" if count == 1 else "servers"
    return Finding("discord.servers", "ok", f"It is in {number} {servers}: {shown}{more}.")


def _log_channel(name: str, fault: str) -> Finding:
    if fault:
        mend = "Give the bot access, or correct log_channel in config.env."
        return Finding("discord.log_channel", "problem", f"The channel of log_channel {fault}.", mend)
    return Finding("discord.log_channel", "ok", f"Notices go to #{name}.")


NETWORK_SECONDS = 5.0


async def examine(
    *,
    config: Path,
    character_env: Path,
    environ: Mapping[str, str],
    overrides: Mapping[str, str],
    as_json: bool,
    offline: bool,
) -> int:
    """Check everything, print the findings, and return the exit code: 1 when there is a problem (C03).

    With `offline` no network request is made, and network checks are reported as skipped.
    """
    # Logging is not set up here, and warnings would appear among the findings.
    for name in ("discord", "bot"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    if sys.stdout.isatty() and not as_json:
        show("Looking at everything ...\n")
    try:
        loaded = load_settings(config, character_env, environ, overrides=overrides)
    except SettingsError as error:
        findings = settings_faults(error)
        secrets = [value for name, value in environ.items() if name.lower() in SECRETS]
    else:
        findings = await look(loaded, config=config, offline=offline)
        secrets = list(loaded.settings.secrets)
    findings = [clean(finding, secrets=secrets) for finding in findings]
    colour = sys.stdout.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    show(json_of(findings) if as_json else as_text(findings, width=terminal_width(), colour=colour))
    return 0 if is_ok(findings) else 1


async def look(
    loaded: Loaded, *, config: Path, offline: bool, deadline: float = NETWORK_SECONDS
) -> list[Finding]:
    """Return the findings of every check, in display order; each check has a timeout of `deadline` s."""
    settings = loaded.settings
    company, stored, claude, probed, discord = await asyncio.gather(
        company_findings(loaded),
        data_findings(settings, offline=offline, deadline=deadline),
        claude_findings(settings, offline=offline, deadline=deadline),
        probe_findings(settings, offline=offline, deadline=deadline),
        discord_findings(settings, offline=offline, deadline=deadline),
    )
    own = [*settings_findings(loaded, config=config), *character_findings(loaded), *company]
    recall = recall_finding(settings.embedding_model)
    return [*own, *stored, recall, *senses_findings(settings), *claude, *probed, *discord]
