"""The features that admins may switch off for their whole server, as choices and as text (C91)."""

from discord import app_commands

from bot.conversation.attention.explain import SWITCH_NAMES
from bot.conversation.attention.server_rules import SWITCHES, RuleKind
from bot.core.i18n import _

SWITCHES_TOLD = {
    (RuleKind.ADULTS, True): _(
        "Characters for adults may hear and answer again, in channels of this server that are marked as "
        "age-restricted and in no others."
    ),
    (RuleKind.ADULTS, False): _(
        "Characters for adults hear and answer nothing in this server from now on, not even in "
        "age-restricted channels."
    ),
    (RuleKind.NOTICES, True): _(
        "Whoever writes to me here that they want to die or to hurt themselves is shown in private where to "
        "find help."
    ),
    (RuleKind.NOTICES, False): _(
        "Nobody here is shown any more where to find help. Characters still answer people in distress gently."
    ),
}


def offered_switches() -> list[app_commands.Choice[str]]:
    """Return the switches as choices of an option."""
    return [app_commands.Choice(name=str(SWITCH_NAMES[switch]), value=switch.value) for switch in SWITCHES]
