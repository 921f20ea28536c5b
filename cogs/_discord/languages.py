"""In which language something is posted that nobody asked for with a command (C95)."""

from contextlib import AbstractContextManager

from discord import Guild

from bot.core.i18n import speaking


def language_of_the_server(channel: object) -> AbstractContextManager[None]:
    """Use the language of the server that a channel is in; English in private, where nobody tells theirs."""
    guild = getattr(channel, "guild", None)
    return speaking(guild.preferred_locale.value if isinstance(guild, Guild) else None)
