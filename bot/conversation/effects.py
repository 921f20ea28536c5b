"""Effects of a reply: the next speaker, relations of characters, growth (C72, C73, C75)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.conversation.company import PlayedCharacter
from bot.conversation.config import Manner
from bot.conversation.context.mood_state import InnerLife
from bot.conversation.dealings import Dealings
from bot.conversation.decision import UNASKED, Reason
from bot.conversation.speakers import Casting, cue_of
from bot.core.clock import Clock
from database import UnitOfWork
from database.models import Channel, CueRow, MessageRow, Scene, Turn
from memory.places import Place, where_of
from personas.evolution import crossed
from personas.selection.orchestration import next_of_scene

log = logging.getLogger(__name__)

SCENE_PAUSE = 2.0
"""Seconds between two lines of a scene, before generation of the next one begins."""
SCENE = "scene"
COUNTED_EVERY = 10
"""The number of answers after which a character's file is rewritten (F104)."""
PLAYED, STOPPED, UNSAID = "played to its end", "stopped", "could not be said"


@dataclass(frozen=True, slots=True)
class News:
    """A change of a character for the log channel; `changed` says that its definition is different now.

    With `counted` its files get the new number of answers; its text may be empty.
    """

    character: str
    text: str = ""
    changed: bool = False
    counted: bool = False


class Consequences:
    """Stores the effects of a reply, in the transaction that makes it history."""

    def __init__(
        self,
        casting: Casting,
        inner: InnerLife,
        clock: Clock,
        manner: Manner,
    ) -> None:
        self._casting = casting
        self._inner = inner
        self._dealings = Dealings(casting.company, inner, clock, manner.direction)
        self._growing = manner.growing
        self._clock = clock

    async def of(
        self, db: UnitOfWork, turn: Turn, lines: Sequence[MessageRow], channel: Channel | None
    ) -> list[News]:
        """Store the effects of a reply's lines; return news for admins."""
        role = self._casting.company.by_slug.get(turn.character)
        if not lines or role is None:
            await self._break_off(db, turn, gone=role is None)
        if role is None or not lines or turn.fallback:
            return []
        said = "\n".join(line.text for line in lines)
        asked = turn.reason not in UNASKED
        news = await self._grow(db, role) if asked else []
        if asked:
            await self._inner.take_in(db, role, turn)
        if len(self._casting.company) == 1:
            return news
        trigger = await db.messages.get(turn.trigger_id)
        cue = await db.cues.of_turn(turn.id) if turn.reason == Reason.CUE.name else None
        if trigger is not None and trigger.character:
            became = await self._dealings.of(db, role, lines, trigger, cue)
            other = self._casting.company.by_slug.get(trigger.character)
            news += [
                News(role.slug, f"{role.name} and {other.name}: {change}.") for change in became if other
            ]
        if channel is not None and Place(channel.place).holds_several:
            await self._go_on(db, channel, cue, trigger, lines[-1], said, role)
        return news

    # Growth.

    async def _grow(self, db: UnitOfWork, role: PlayedCharacter) -> list[News]:
        count = await db.characters.count_interaction(role.slug)
        news = [] if count % COUNTED_EVERY else [News(role.slug, counted=True)]
        milestones = {*self._growing.milestones, *(stage.milestone for stage in role.character.stages)}
        if not self._growing.enabled or count < min(milestones, default=count + 1):
            return news
        reached = await db.characters.reached(role.slug)
        for milestone in crossed(0, count, milestones, reached):
            stage = next((stage for stage in role.character.stages if stage.milestone == milestone), None)
            changes = dict(stage.changes) if stage else None
            await db.characters.reach_milestone(role.slug, milestone, changes, at=self._clock.now())
            change = f"it changes by its stage {milestone}" if changes else "its files name no stage for that"
            news.append(
                News(
                    role.slug,
                    f"{role.name} has answered {milestone} times: {change}.",
                    changed=changes is not None,
                )
            )
        return news

    # The next speaker.

    async def _go_on(
        self,
        db: UnitOfWork,
        channel: Channel,
        cue: CueRow | None,
        trigger: MessageRow | None,
        line: MessageRow,
        said: str,
        role: PlayedCharacter,
    ) -> None:
        chain = (cue.chain if cue else 0) + 1
        if cue is not None and cue.scene_id is not None:
            await self._next_line(db, cue.scene_id, channel.id, line.id)
            return
        if trigger is None or (trigger.from_bot and not trigger.character):
            return  # otherwise bots would talk with each other for ever
        if await db.cues.scene(channel.id) or await db.cues.next(channel.id):
            return  # another speaker is waiting already
        where = where_of(channel)
        joins = await self._casting.joins(db, where, role.slug, said, since_human=chain, cast_id=line.cast_id)
        if joins is not None:
            await db.cues.add(
                [cue_of(joins.slug, channel.id, line.id, joins.reason, self._clock, joins.delay, chain)]
            )

    async def _break_off(self, db: UnitOfWork, turn: Turn, *, gone: bool) -> None:
        """Cancel a scene after a line could not be posted, or after its player left."""
        cue = await db.cues.of_turn(turn.id)
        if cue is None or cue.scene_id is None:
            return
        if gone or not await db.messages.of_turn(turn.id):
            await db.cues.end_scene(cue.scene_id, ended=UNSAID, at=self._clock.now())

    async def _next_line(self, db: UnitOfWork, scene_id: int, channel_id: int, message_id: int) -> None:
        """Let the next character of a scene speak, or end the scene (C26)."""
        done = await db.cues.played(scene_id)
        scene = await db.cues.scene_of(scene_id)
        if scene is None or scene.ended_at is not None:
            return
        slug = next_of_scene(self._playing(scene), done, scene.turns)
        if slug is None:
            await db.cues.end_scene(scene_id, ended=PLAYED, at=self._clock.now())
            return
        cue = cue_of(slug, channel_id, message_id, SCENE, self._clock, SCENE_PAUSE, done)
        cue.scene_id = scene_id
        await db.cues.add([cue])

    def _playing(self, scene: Scene) -> list[str]:
        return [slug for slug in scene.members if slug in self._casting.company.by_slug]
