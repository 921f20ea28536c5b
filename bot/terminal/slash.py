"""What can be asked of the program itself: lines that begin with a slash."""

import re
from difflib import get_close_matches

from bot.terminal.session import Session

COMMANDS = {
    "help": "these lines",
    "who": "who the character is, which model speaks, where everything is kept",
    "reset": "let the character forget this conversation",
    "quit": "leave (so do /exit and Ctrl-D)",
}
QUIT = "quit"
_OTHER_NAMES = {"exit": QUIT}
# A path or a date is talk: a command is one word of letters.
_COMMAND = re.compile(r"\s*/([A-Za-z]+)(?:\s|$)")


def command_in(line: str) -> str | None:
    """Return the command's name in lower case, known or not; None when the line is talk."""
    found = _COMMAND.match(line)
    if found is None:
        return None
    name = found[1].lower()
    return _OTHER_NAMES.get(name, name)


def unknown(name: str) -> str:
    """Say that there is no such command, and which one may have been meant."""
    nearest = get_close_matches(name[:80], [*COMMANDS, *_OTHER_NAMES], n=1)
    hint = f" (did you mean /{nearest[0]}?)" if nearest else ""
    return f"There is no command /{name[:80]}{hint}. /help lists them."


async def answer(session: Session, name: str) -> str:
    """Do what a known command other than /quit asks for, and return what there is to read."""
    if name == "who":
        await session.count_cost()
        return who(session)
    if name == "reset":
        lines = await session.forget()
        return f"{session.character.name} has forgotten this conversation ({lines} lines)."
    return "\n".join(f"/{command:<7}{meaning}" for command, meaning in COMMANDS.items())


def who(session: Session) -> str:
    """Say who is talking here, with which model, and where that is kept."""
    app = session.app
    about = f": {app.character.description}" if app.character.description else ""
    kind = "on this machine, no cost" if app.server.local else session.cost()
    folder = app.settings.data_dir.resolve()
    return (
        f"{app.character.name}{about}\n"
        f"Model: {app.server.model} ({kind})\n"
        f"Kept in {folder}: the conversation for 24 hours, the costs, and masquerade.log"
    )
