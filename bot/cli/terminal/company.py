"""Characters present in the terminal, and scenes: /persona and /scene (C20, C24-C26)."""

import re
from textwrap import shorten

from bot.cli.terminal.markup import Marked
from bot.cli.terminal.session import TerminalMouth, TerminalSession
from bot.conversation.company import PlayedCharacter
from bot.conversation.effects import PLAYED
from bot.conversation.effects import STOPPED as BY_HAND
from bot.conversation.text.names import clean_text
from bot.features.characters.presence import NO_SCENE
from bot.features.characters.presence_words import (
    CHOSEN,
    CLEARED,
    DISMISSED,
    INVITED,
    NO_NOTE,
    NOBODY,
    NOBODY_CHOSEN,
    NOTE,
    NOTED,
    OPENING,
    PLAYING,
    STOPPED,
    depth_in_words,
)
from bot.persona_sheet import examine, listing, sheet
from database.models import Scene

LINES = 6
"""Default number of lines of a scene, as on Discord."""
ONLY_ONE = "{name} is the only one here; active_personas in config.env brings others."
HOW_TO_PERSONA = (
    "Write /persona alone, or behind it: show NAME, choose NAME or nobody, invite NAME, dismiss NAME."
)
HOW_TO_SCENE = (
    "Write /scene alone, or behind it: start NAME, NAME: what it is about (start 10 NAME, NAME: ... for ten "
    "lines), stop, note WORDS, note_clear."
)
BROKE_OFF = "The scene broke off: {why}."
_PERSONA = re.compile(r"(show|choose|invite|dismiss)\s+(\S.*)", re.DOTALL)
_START = re.compile(r"start\s+(?:(\d{1,3})\s+)?([^:]+):\s*(\S.*)", re.DOTALL)
_NOTE = re.compile(r"note\s+(\S.*)", re.DOTALL)


def in_short(words: str, room: int) -> str:
    """Shorten somebody else's text for use inside a line of ours."""
    return shorten(clean_text(words), room, placeholder="…")


async def persona_told(session: TerminalSession, rest: str, mouth: TerminalMouth) -> str:
    """Handle /persona: list or describe characters, let one in or out, choose the one that answers."""
    stagecraft = session.app.presence
    if rest in ("", "list"):
        return await _listed(session)
    found = _PERSONA.fullmatch(rest)
    if found is None:
        return HOW_TO_PERSONA
    verb, name = found[1], found[2].strip()
    role = None if verb == "choose" and name.casefold() == NOBODY else stagecraft.role(name)
    if verb == "show" and role:
        return Marked(sheet(await examine(session.app, role, session.where, notices=True), in_short))
    if session.alone:
        return ONLY_ONE.format(name=session.character.name)
    absent = role is not None and not await stagecraft.hears(role, session.where)
    if verb == "choose" or role is None:
        await stagecraft.choose(session.where, role)
        told = CHOSEN if role else NOBODY_CHOSEN
    else:
        await stagecraft.attend(session.where, role, present=verb == "invite")
        told = INVITED if verb == "invite" else DISMISSED
    line = Marked(told.format(name=role.name if role else ""))
    if role is None or verb == "dismiss":
        return line
    await mouth.note(line)  # before the new character's greeting
    await session.arrive(role, mouth, absent=absent)
    return ""


async def _listed(session: TerminalSession) -> str:
    attending = await session.app.presence.attending(session.where)
    async with session.app.database.read() as db:
        channel = await db.channels.get(session.where.channel_id)
    lines = listing(attending, in_short, alone=False, chosen=channel.chosen if channel else None)
    lines += [ONLY_ONE.format(name=session.character.name)] if session.alone else []
    return Marked("\n".join(lines))


async def scene_told(session: TerminalSession, rest: str, mouth: TerminalMouth) -> str:
    """Handle /scene: start, stop or show a scene, and manage the channel's note."""
    stagecraft, where = session.app.presence, session.where
    if rest in ("", "show"):
        return await _shown(session)
    if rest == "stop":
        ended = await stagecraft.stop_scene(where)
        return STOPPED.format(count=ended.turns, done=ended.done)
    if rest == "note_clear":
        note = await stagecraft.noted(where)
        await stagecraft.note(where, None, depth=0, by=session.person_id)
        return str(CLEARED if note else NO_NOTE)
    if found := _NOTE.fullmatch(rest):
        await stagecraft.note(where, found[1], depth=0, by=session.person_id)
        return NOTED.format(depth=depth_in_words(0))
    if found := _START.fullmatch(rest):
        members = [stagecraft.role(name) for name in found[2].split(",") if name.strip()]
        return await _played(session, members, found[3], int(found[1] or LINES), mouth)
    return HOW_TO_SCENE


async def _played(
    session: TerminalSession, members: list[PlayedCharacter], topic: str, lines: int, mouth: TerminalMouth
) -> str:
    """Run a scene to its end; return why it ended early, if it did."""
    scene_id = await session.app.presence.begin_scene(
        session.where, members, topic, turns=lines, by=session.person_id, opened_by=session.next_id()
    )
    who = ", ".join(dict.fromkeys(f"**{role.name}**" for role in members))
    await mouth.note(Marked(OPENING.format(count=lines, who=who, topic=_quoted(topic))))
    why = await session.follow(mouth)
    async with session.app.database.read() as db:
        scene = await db.cues.scene_of(scene_id)
    if scene is None or scene.ended_at is None or scene.ended in (PLAYED, BY_HAND):
        return ""
    return BROKE_OFF.format(why=(why or scene.ended or "").rstrip("."))


async def _shown(session: TerminalSession) -> str:
    async with session.app.database.read() as db:
        scene = await db.cues.scene(session.where.channel_id)
    noted = await session.app.presence.noted(session.where)
    note = NOTE.format(depth=depth_in_words(noted[1]), note=_quoted(noted[0])) if noted else NO_NOTE
    return Marked(f"{_described(session, scene) if scene else NO_SCENE}\n{note}")


def _described(session: TerminalSession, scene: Scene) -> str:
    known = session.app.company.by_slug
    who = ", ".join(f"**{known[slug].name}**" for slug in scene.members if slug in known)
    return PLAYING.format(who=who, done=scene.done, count=scene.turns, topic=_quoted(scene.topic))


def _quoted(words: str) -> str:
    return "\n".join(f"> {line}" for line in words.split("\n"))
