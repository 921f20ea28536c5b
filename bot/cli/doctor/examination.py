"""All the checks, side by side, and what they found."""

import asyncio
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from bot.cli.doctor.configuration import (
    character_findings,
    company_findings,
    settings_faults,
    settings_findings,
)
from bot.cli.doctor.finding import Finding
from bot.cli.doctor.models import claude_findings
from bot.cli.doctor.report import as_json as json_of
from bot.cli.doctor.report import as_text, clean, is_ok, show, terminal_width
from bot.cli.doctor.standing import discord_findings
from bot.cli.doctor.storage import data_findings
from bot.settings import SECRETS, Loaded, SettingsError, load_settings

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

    With `offline` no network call is made; without a network its checks are shown as not made.
    """
    # Nobody has set up logging here, and warnings would stand among the findings.
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
    """Return the findings of every check, in the order of reading; each waits `deadline` s at most."""
    settings = loaded.settings
    company, stored, claude, discord = await asyncio.gather(
        company_findings(loaded),
        data_findings(settings, offline=offline, deadline=deadline),
        claude_findings(settings, offline=offline, deadline=deadline),
        discord_findings(settings, offline=offline, deadline=deadline),
    )
    own = [*settings_findings(loaded, config=config), *character_findings(loaded), *company]
    return [*own, *stored, *claude, *discord]
