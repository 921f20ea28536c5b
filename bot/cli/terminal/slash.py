"""Slash commands of the terminal."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from bot.app import App
from bot.cli.terminal.company import persona_told, scene_told
from bot.cli.terminal.inner import mood_told, relationship_told, thoughts_told
from bot.cli.terminal.session import NO_COST, TerminalMouth, TerminalSession
from bot.cli.terminal.why import why_told
from bot.conversation.forgetting import MOST_PAIRS
from bot.conversation.revisions import Takes
from bot.core.errors import MasqueradeError
from bot.features.memory.wording import worded
from database.models import Fact
from memory.rules import MemoryRefused

COMMANDS = {
    "help": "these lines",
    "who": "who is here, which model speaks, where everything is kept",
    "status": "what was spent, how long the talk is, what is remembered",
    "why": "why the last line was answered, or the one N lines back",
    "persona": "who is here; also: show, choose, invite, dismiss NAME",
    "scene": "what is played; also: start NAME, NAME: TOPIC; stop; note WORDS",
    "show": "show a file (also: drop it into the window), with words behind it",
    "reroll": "another take on the last reply; say behind it what to change",
    "swipe": "go to another take on the last reply: the next, or number N",
    "continue": "let the character go on with its last reply",
    "edit": "give the last reply the words that you write behind it",
    "reveal": "show what is blacked out in what was said last",
    "remember": "have the words that you write behind it remembered for good",
    "memory": "what is remembered; also: edit N WORDS, pin N, delete N",
    "privacy": "whether you may be remembered, and what is kept; also: yes, no",
    "mood": "how the character feels, and what moved it; also: hormones",
    "thoughts": "what the character believes and keeps wondering about",
    "relationship": "how it stands with you, and why; also: undo N, kind NAME",
    "forget": "forget the last exchange, or the last N",
    "reset": "forget this conversation; what is remembered for good stays",
    "quit": "leave (so do /exit and Ctrl-D)",
}
QUIT = "quit"
SHOW = "show"
SLOW = frozenset(("reroll", "continue", "scene"))
"""Commands that call a model and can be stopped."""
_OTHER_NAMES = {"exit": QUIT, "forget_last": "forget", "reset_conversation": "reset", "edit_reply": "edit"}
# A path or a date is talk: a command name consists of letters only.
_COMMAND = re.compile(r"\s*/([A-Za-z]+(?:_[A-Za-z]+)?|(?=\s*$))(?:\s+(.*))?", re.DOTALL)
_MEMORY = re.compile(r"(list|edit|pin|delete|learning)(?:\s+(on|off|\d{1,9})(?:\s+(.+))?)?", re.DOTALL)
OFF = "Remembering is switched off (memory_consent=off), so nothing is noted."
WHOSE_MEMORY = "Of {name}: /persona choose NAME shows what another one knows."
HOW_TO_MEMORY = (
    "Write /memory alone, or behind it: list, edit N words, pin N, delete N, learning on, learning off."
)


@dataclass(frozen=True, slots=True)
class Command:
    """A command's name in lower case, known or not, and its arguments."""

    name: str
    rest: str = ""


def command_in(line: str) -> Command | None:
    """Return the command in a line; None if the line is talk."""
    found = _COMMAND.fullmatch(line)
    if found is None:
        return None
    name = found[1].lower()
    return Command(_OTHER_NAMES.get(name, name), (found[2] or "").strip())


def unknown(name: str) -> str:
    """Report an unknown command, with a suggestion."""
    nearest = get_close_matches(name[:80], [*COMMANDS, *_OTHER_NAMES], n=1)
    hint = f" (did you mean /{nearest[0]}?)" if nearest else ""
    return f"There is no command /{name[:80]}{hint}. /help lists them."


async def answer(session: TerminalSession, command: Command, mouth: TerminalMouth) -> str:
    """Run a known command other than /quit, and return its output."""
    try:
        return await _DOING[command.name](session, command.rest, mouth)
    except MemoryRefused as refused:
        return worded(refused)
    except MasqueradeError as error:
        return str(error)


def introductions(app: App) -> str:
    """Return all characters with their descriptions."""
    everybody = (role.character for role in app.company)
    return "\n".join(
        f"{member.name}: {member.description}" if member.description else member.name for member in everybody
    )


def who(session: TerminalSession) -> str:
    """Describe the characters, the model and the storage location."""
    app = session.app
    kind = f"on this machine, {NO_COST}" if app.server.free else session.cost()
    folder = app.settings.data_dir.resolve()
    return (
        f"{introductions(app)}\n"
        f"Model: {app.server.model} ({kind})\n"
        f"Kept in {folder}: the conversation for 24 hours, what is summed up of it and remembered, "
        "the costs, and masquerade.log"
    )


async def _help(_session: TerminalSession, _rest: str, _mouth: TerminalMouth) -> str:
    return "\n".join(f"/{command:<14}{meaning}" for command, meaning in COMMANDS.items())


async def _who(session: TerminalSession, _rest: str, _mouth: TerminalMouth) -> str:
    await session.count_cost()
    return who(session)


async def _status(session: TerminalSession, _rest: str, _mouth: TerminalMouth) -> str:
    await session.count_cost()
    length, memories, learns = await session.standing()
    spent = session.spending
    learning = "on" if learns else "off (turn it on with /memory learning on)"
    roles = session.app.company
    minds = [(role.name, await session.app.statuses.of(role.slug)) for role in roles]
    return (
        f"This session: {spent.input_tokens:,} tokens read and {spent.output_tokens:,} written, "
        f"{session.cost()}, with {session.app.server.model}\n"
        f"This conversation: {length.lines} of your lines word for word, {length.summed_up} lines summed up\n"
        f"Remembered for good: {memories}; learning by itself is {learning}"
        + "".join(f"\nOn {name}'s mind: {mind}" for name, mind in minds if mind)
    )


async def _reroll(session: TerminalSession, rest: str, mouth: TerminalMouth) -> str:
    async with mouth.typing():
        takes = await session.reroll(rest)
    if takes.newest == 1:
        return "I came up with the same words again. Say what to change: /reroll WORDS"
    return await _show(session, mouth, takes, takes.newest)


async def _swipe(session: TerminalSession, rest: str, mouth: TerminalMouth) -> str:
    takes = await session.takes()
    if takes.newest == 1:
        return "There is only this one take. /reroll thinks of another."
    number = int(rest) if rest.isdecimal() and len(rest) < 4 else takes.stands % takes.newest + 1
    if not 1 <= number <= takes.newest:
        return f"There are takes 1 to {takes.newest}."
    return await _show(session, mouth, takes, number)


async def _show(session: TerminalSession, mouth: TerminalMouth, takes: Takes, number: int) -> str:
    takes = await session.choose(takes, number, mouth)
    return f"(take {takes.stands} of {takes.newest}; /swipe goes to another)"


async def _continue(session: TerminalSession, _rest: str, mouth: TerminalMouth) -> str:
    await session.go_on(mouth)
    return ""


async def _edit(session: TerminalSession, rest: str, mouth: TerminalMouth) -> str:
    if not rest:
        return "Write the new words behind it: /edit words"
    await session.rewrite(rest, mouth)
    return ""


async def _remember(session: TerminalSession, rest: str, _mouth: TerminalMouth) -> str:
    if not rest:
        return "Write behind it what is to be remembered: /remember words"
    slug = (await session.host()).slug
    memory = await session.app.memories.remember(slug, session.person_id, rest, session.where)
    return (
        f"Remembered as number {memory.number}. /memory shows it; /memory delete {memory.number} undoes it."
    )


async def _memory(session: TerminalSession, rest: str, _mouth: TerminalMouth) -> str:
    found = _MEMORY.fullmatch(rest or "list")
    if found is None:
        return HOW_TO_MEMORY
    verb, which, words = found.groups()
    memories, person, host = session.app.memories, session.person_id, await session.host()
    if verb == "list":
        whose = [] if session.alone else [WHOSE_MEMORY.format(name=host.name)]
        return "\n".join([*whose, _listed(await memories.of(host.slug, person))])
    if verb == "learning" and which in ("on", "off"):
        gone = await memories.let_learn(person, which == "on")
        went = f"; {gone} memories that were learnt that way are deleted" if gone else ""
        return f"Learning by itself is {which} now{went}."
    if which is None or not which.isdecimal() or (verb == "edit") != bool(words):
        return HOW_TO_MEMORY
    number = int(which)
    if verb == "edit":
        await memories.edit(host.slug, person, number, words)
        return f"Number {number} is changed."
    if verb == "pin":
        pinned = (await memories.pin(host.slug, person, number)).pinned
        return f"Number {number} is {'pinned: it stays as it is' if pinned else 'not pinned any more'}."
    await memories.forget(host.slug, person, number)
    return f"Number {number} is forgotten, in every form that it ever had."


def _listed(memories: list[Fact]) -> str:
    kept = [memory for memory in memories if memory.kept]
    noted = [memory for memory in memories if not memory.kept]
    lines = [*map(_line, kept)] or ["Nothing is remembered for good. /remember words changes that."]
    if noted:
        lines += [
            "Noted besides, for as long as you are around (/memory pin N keeps it):",
            *map(_line, noted),
        ]
    return "\n".join(lines)


def _line(memory: Fact) -> str:
    about = ["pinned"] if memory.pinned else []
    about += [f"you said of {memory.subject}"] if memory.subject else []
    about += [f"until {memory.ended_at:%d %B %Y}"] if memory.ended_at else []
    about += [f"{memory.mentions} times"] if memory.mentions > 1 else []
    return f"{memory.number}. {memory.text}" + (f" ({', '.join(about)})" if about else "")


async def _privacy(session: TerminalSession, rest: str, _mouth: TerminalMouth) -> str:
    privacy, person = session.app.privacy, session.person_id
    if rest not in ("", "yes", "no"):
        return "Write /privacy alone, or behind it: yes, no."
    if rest:
        answer = await privacy.answer(person, agreed=rest == "yes")
        if answer.agreed:
            return (
                OFF
                if answer.mode == "off"
                else "From now on facts about you may be noted, and how you two get on. /privacy no ends it."
            )
        told = f" What you told with /remember stays: {answer.told}." if answer.told else ""
        return f"Nothing is noted about you by itself; {answer.gone} memories were deleted.{told}"
    standing = await privacy.standing(person)
    said = {True: "yes", False: "no", None: "nothing yet"}[standing.answer]
    kept = ", ".join(f"{count:,} {name}" for name, count in standing.holdings._asdict().items())
    return f"You said {said} to being remembered (/privacy yes, /privacy no).\nKept of you: {kept}"


async def _why(session: TerminalSession, rest: str, _mouth: TerminalMouth) -> str:
    return await why_told(session, rest)


async def _reveal(_session: TerminalSession, _rest: str, mouth: TerminalMouth) -> str:
    return await mouth.reveal()


async def _mood(session: TerminalSession, rest: str, _mouth: TerminalMouth) -> str:
    return await mood_told(session, rest)


async def _thoughts(session: TerminalSession, _rest: str, _mouth: TerminalMouth) -> str:
    return await thoughts_told(session)


async def _relationship(session: TerminalSession, rest: str, _mouth: TerminalMouth) -> str:
    return await relationship_told(session, rest)


async def _forget(session: TerminalSession, rest: str, _mouth: TerminalMouth) -> str:
    count = int(rest) if rest.isdecimal() and len(rest) < 4 else 0 if rest else 1
    if not 1 <= count <= MOST_PAIRS:
        return f"Write a number from 1 to {MOST_PAIRS} behind it: how many of the last exchanges to forget."
    lines = await session.forget_last(count)
    return f"{session.everybody} has forgotten {lines} lines." if lines else "There is no exchange to forget."


async def _reset(session: TerminalSession, _rest: str, _mouth: TerminalMouth) -> str:
    lines = await session.forget()
    return f"{session.everybody} has forgotten this conversation ({lines} lines)."


_DOING: Mapping[str, Callable[[TerminalSession, str, TerminalMouth], Awaitable[str]]] = {
    "help": _help,
    "who": _who,
    "status": _status,
    "why": _why,
    "persona": persona_told,
    "scene": scene_told,
    "reroll": _reroll,
    "swipe": _swipe,
    "continue": _continue,
    "edit": _edit,
    "reveal": _reveal,
    "remember": _remember,
    "memory": _memory,
    "privacy": _privacy,
    "mood": _mood,
    "thoughts": _thoughts,
    "relationship": _relationship,
    "forget": _forget,
    "reset": _reset,
}
