"""Texts about presence and scenes, for Discord and the terminal."""

from bot.core.i18n import _, n_

NOBODY = "nobody"
"""Accepted in place of a character's name."""

CHOSEN = _("From now on **{name}** answers here where nobody else is called.")
NOBODY_CHOSEN = _("From now on it depends on who is called, and on the topic, who answers here.")
INVITED = _("**{name}** hears this channel from now on.")
DISMISSED = _(
    "**{name}** does not hear this channel any more, and never learns what is said while it is "
    "away. /persona invite lets it in again."
)

OPENING = n_(
    "**A scene of {count} line** by {who}, about:\n{topic}\n-# /scene stop ends it.",
    "**A scene of {count} lines** by {who}, about:\n{topic}\n-# /scene stop ends it.",
)
STOPPED = n_(
    "The scene ends: of {count} line {done} were said. What is being said just now is its last.",
    "The scene ends: of {count} lines {done} were said. What is being said just now is its last.",
)
PLAYING = n_(
    "**A scene** by {who}: {done} of {count} line were said. It is about:\n{topic}",
    "**A scene** by {who}: {done} of {count} lines were said. It is about:\n{topic}",
)
NOTED = _("I keep that in mind for this channel, {depth}. /scene note_clear takes it away.")
AT_THE_END = _("at the very end of what I read")
DEEPER = n_("{count} line before the end of what I read", "{count} lines before the end of what I read")
CLEARED = _("There is no note for this channel any more.")
NO_NOTE = _("There is no note for this channel.")
NOTE = _("**The note of this channel**, {depth}:\n{note}")


def depth_in_words(depth: int) -> str:
    """Describe the position of a note."""
    return DEEPER.format(count=depth) if depth else str(AT_THE_END)
