"""Presence of characters in places, scenes among them, channel notes and user personas."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.company import PlayedCharacter
from bot.conversation.effects import SCENE, STOPPED
from bot.conversation.safety import why_not
from bot.conversation.speakers import Casting, cue_of
from bot.conversation.text.names import clean_name, clean_text, is_blank
from bot.conversation.turns import note_place
from bot.core.clock import Clock
from bot.core.errors import MasqueradeError
from bot.core.i18n import _
from database import Database, UnitOfWork
from database.models import Scene
from memory.places import Where

MOST_SCENE_TURNS = 30
LONGEST_TOPIC, LONGEST_NOTE, LONGEST_GUISE = 500, 1_000, 80
DEEPEST_NOTE = 50

NO_CHARACTER = _("There is no character called {name!r} here. There are: {known}.")
ONLY_ONE = _("{name} is the only one here: /settings deactivate switches it off.")
ONLY_ONE_IN_PRIVATE = _("In private only one character is with you: choose it with /persona choose.")
NO_SCENE_IN_PRIVATE = _("A scene needs a channel of a server: in private only one character is there.")
TOO_FEW = _("A scene takes at least two characters: name two or more, with commas between.")
SCENE_OF = _("A scene has 1 to {most} lines.")
TOPIC_OF = _("Say in 1 to {most} characters what the scene is about.")
SWITCHED_OFF = _("I am switched off here: /settings activate switches me on.")
BEING_PLAYED = _("A scene is being played here already: end it with /scene stop.")
NO_SCENE = _("No scene is being played here.")
NOTE_OF = _("Write a note of 1 to {most} characters.")
DEPTH_OF = _("The depth is a number from 0, the very end, to {deepest} lines before it.")
NAME_OF = _("A name has 1 to {most} characters that can be seen.")


class NotStaged(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """A refused change of presence, scene or note; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Attending:
    """A character and whether it is present in a place."""

    role: PlayedCharacter
    present: bool


class Stagecraft:
    """Changes presence and scenes; every change takes effect with the next message."""

    def __init__(self, database: Database, casting: Casting, clock: Clock) -> None:
        self._database = database
        self._casting = casting
        self._clock = clock

    def role(self, name: str) -> PlayedCharacter:
        """Return a character by slug, name or alias. Raises NotStaged."""
        wanted = name.strip().casefold()
        if role := self._casting.company.by_slug.get(wanted):
            return role  # two characters may share a name, but never a slug
        for role in self._casting.company:
            names = (role.slug, role.name, *role.character.aliases)
            if wanted in {alias.casefold() for alias in names}:
                return role
        known = ", ".join(role.name for role in self._casting.company)
        raise NotStaged(NO_CHARACTER.format(name=clean_name(name, "that"), known=known))

    async def attending(self, where: Where) -> list[Attending]:
        """Return all characters with their presence in a place."""
        async with self._database.read() as db:
            present = {role.slug for role in await self._casting.present(db, where)}
        return [Attending(role, role.slug in present) for role in self._casting.company]

    async def hears(self, role: PlayedCharacter, where: Where) -> bool:
        """Return whether a character is present in a place."""
        return any(entry.role.slug == role.slug and entry.present for entry in await self.attending(where))

    async def attend(self, where: Where, role: PlayedCharacter, *, present: bool) -> None:
        """Invite a character to a channel, or send it out: it never learns what is said in its absence (C25).

        Raises NotStaged in private.
        """
        self.check_attending(where, role)
        async with self._database.begin() as db:
            await note_place(db, where)
            if present:
                await self._check_admitted(db, [role], where)
            await db.casts.attend(where.channel_id, role.slug, present=present)

    def check_attending(self, where: Where, role: PlayedCharacter) -> None:
        """Raise NotStaged if nobody can be invited or sent out here."""
        if len(self._casting.company) == 1:
            raise NotStaged(ONLY_ONE.format(name=role.name))
        if not where.place.holds_several:
            raise NotStaged(ONLY_ONE_IN_PRIVATE)

    async def choose(self, where: Where, role: PlayedCharacter | None) -> None:
        """Set the character that answers in a place; None leaves it to chance and topic.

        In private it is the only one present. In a channel, others still answer when called.
        """
        async with self._database.begin() as db:
            await note_place(db, where)
            await self._check_admitted(db, [role] if role else [], where)
            await db.channels.choose(where.channel_id, role.slug if role else None)

    async def check_admitted(self, where: Where, role: PlayedCharacter) -> None:
        """Raise NotStaged if a character may not enter a place (C91)."""
        async with self._database.read() as db:
            await self._check_admitted(db, [role], where)

    async def _check_admitted(self, db: UnitOfWork, roles: Sequence[PlayedCharacter], where: Where) -> None:
        """Refuse adult-only characters where children may be present (C91). Raises NotStaged."""
        for role in roles:
            if not await self._casting.admits(db, role, where):
                raise NotStaged(why_not(role, where))

    # Scenes.

    async def begin_scene(
        self,
        where: Where,
        members: Sequence[PlayedCharacter],
        topic: str,
        *,
        turns: int,
        by: int,
        opened_by: int,
    ) -> int:
        """Start a scene of `turns` lines among characters (C26). Raises NotStaged."""
        topic = clean_text(topic).strip()
        cast = list(dict.fromkeys(role.slug for role in members))
        if not where.place.holds_several:
            raise NotStaged(NO_SCENE_IN_PRIVATE)
        if len(cast) < 2:
            raise NotStaged(TOO_FEW)
        if not 1 <= turns <= MOST_SCENE_TURNS:
            raise NotStaged(SCENE_OF.format(most=MOST_SCENE_TURNS))
        if is_blank(topic) or len(topic) > LONGEST_TOPIC:
            raise NotStaged(TOPIC_OF.format(most=LONGEST_TOPIC))
        async with self._database.begin() as db:
            await note_place(db, where)
            if not HouseRules(await db.channels.rules(where.guild_id)).active(where):
                raise NotStaged(SWITCHED_OFF)
            await self._check_admitted(db, members, where)
            if await db.cues.scene(where.channel_id):
                raise NotStaged(BEING_PLAYED)
            scene_id = await db.cues.begin_scene(
                Scene(where.channel_id, cast, topic, turns, by, self._clock.now(), opened_by)
            )
            cue = cue_of(cast[0], where.channel_id, opened_by, SCENE, self._clock, 0.0, 0)
            cue.scene_id = scene_id
            await db.cues.add([cue])
        return scene_id

    async def stop_scene(self, where: Where) -> Scene:
        """End the scene in a place; the line under way is its last. Raises NotStaged."""
        async with self._database.begin() as db:
            scene = await db.cues.scene(where.channel_id)
            if scene is None:
                raise NotStaged(NO_SCENE)
            await db.cues.end_scene(scene.id, ended=STOPPED, at=self._clock.now())
        return scene

    async def note(self, where: Where, text: str | None, *, depth: int, by: int) -> None:
        """Set a channel's note, placed `depth` lines before the end of each prompt (C35).

        None removes it. Raises NotStaged.
        """
        cleaned = clean_text(text).strip() if text is not None else None
        if cleaned is not None and (is_blank(cleaned) or len(cleaned) > LONGEST_NOTE):
            raise NotStaged(NOTE_OF.format(most=LONGEST_NOTE))
        if not 0 <= depth <= DEEPEST_NOTE:
            raise NotStaged(DEPTH_OF.format(deepest=DEEPEST_NOTE))
        async with self._database.begin() as db:
            await note_place(db, where)
            await db.channels.keep_note(where.channel_id, cleaned, depth=depth, by=by)

    async def noted(self, where: Where) -> tuple[str, int] | None:
        """Return the note of a channel and its depth; None if it has none."""
        async with self._database.read() as db:
            channel = await db.channels.get(where.channel_id)
        return (channel.note, channel.note_depth) if channel and channel.note else None

    # User personas.

    async def play_as(self, user_id: int, where: Where, name: str | None) -> str | None:
        """Set a person's persona in a channel (C37), None to clear it; return the cleaned name.

        Raises NotStaged.
        """
        kept = clean_name(name, "") if name is not None else None
        if kept is not None and (is_blank(kept) or len(kept) > LONGEST_GUISE):
            raise NotStaged(NAME_OF.format(most=LONGEST_GUISE))
        async with self._database.begin() as db:
            await db.users.put_on_guise(user_id, where.channel_id, kept, at=self._clock.now())
        return kept

    async def playing(self, user_id: int, where: Where) -> str | None:
        """Return the name of a person's persona in a channel."""
        async with self._database.read() as db:
            return (await db.users.guises_in([user_id], where.channel_id)).get(user_id)
