"""The situation of a reply: the place, the kind of conversation, the mood among the characters.

All of it stands at the prompt's end, so that the provider's cache holds; nothing of it is logged.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from bot.conversation.company import PlayedCharacter
from bot.conversation.config import Manner
from bot.conversation.context.followups import FollowUp, FollowUps
from bot.conversation.context.lore import Bookshelf, Lore
from bot.conversation.context.mirroring import mirrored
from bot.conversation.context.mood_state import Inner, InnerLife
from bot.conversation.speakers import Casting
from bot.conversation.text.emote_choice import emote_note
from bot.conversation.text.names import clean_name, indented, speaker_label
from bot.conversation.types import Aside, PromptSituation, Recollection, Utterance
from bot.prompts import fill
from database import UnitOfWork
from database.models import Channel, CueRow, Encounter, Scene, Seat
from database.repositories.musings import HeldMusing
from memory.places import Where, audience_of
from personas import blending as blends
from personas.character import Mode, names_of
from personas.initiative import is_curious
from personas.relations import affinity
from personas.relations.memories import MOST_SHARED, told
from personas.selection.mentions import called, spoken
from personas.selection.topic import context_of

LONGEST_AFTER = 8_000
"""The maximum number of letters of a card's end note: every answer pays for them anew."""
PRESENCE_TOKENS = 200
"""The limit in tokens for the inner life's notes in each prompt."""
CONTEXT_LINES = 6
"""The number of latest lines that determine the kind of conversation (F102)."""


@dataclass(frozen=True, slots=True)
class Companion:
    """Another character present, and the relation to it."""

    name: str
    stage: str
    tension: str


@dataclass(frozen=True, slots=True)
class Setting:
    """The facts about a place that were read for a reply."""

    where: Where
    heard: tuple[Utterance, ...]
    label: str
    """The label of the reply's addressee in the transcript."""
    note: str | None
    note_depth: int
    guises: dict[str, str]
    others: tuple[Companion, ...]
    scene: Scene | None
    inner: Inner
    together: tuple[str, ...] = ()
    """Memories of joint events with others present, a line each."""
    emotes: tuple[str, ...] = ()
    followup: FollowUp | None = None
    musings: tuple[HeldMusing, ...] = ()

    @property
    def user(self) -> str:
        """The name for {{user}}: the addressee's, or that of the persona whom they play."""
        return clean_name(self.guises.get(self.label, self.heard[-1].author_name), "somebody")


class Staging:
    """Composes the end of a prompt after the conversation."""

    def __init__(
        self,
        casting: Casting,
        inner: InnerLife,
        bookshelf: Bookshelf,
        followups: FollowUps,
        *,
        tokens: Callable[[str], int],
        rng: Random,
        manner: Manner,
    ) -> None:
        self._casting = casting
        self._followups = followups
        self._inner = inner
        self._curiosity = manner.curiosity.level
        self._mode = manner.mode
        self._blending = manner.blending
        self._rng = rng
        self._tokens = tokens
        self._bookshelf = bookshelf

    async def read(
        self,
        db: UnitOfWork,
        role: PlayedCharacter,
        where: Where,
        *,
        channel: Channel | None,
        heard: Sequence[Utterance],
        cue: CueRow | None,
        emotes: Iterable[str] = (),
        replying: bool = False,
    ) -> Setting:
        """Read the situation of a place: its note, the personas of people, the other characters present.

        `emotes` are the names of the place's own emotes. Only a reply to messages (`replying`) may come back
        to something earlier.
        """
        played = await db.users.guises_in({message.author_id for message in heard}, where.channel_id)
        labels = {
            message.author_id: speaker_label(message.author_name, message.author_id) for message in heard
        }
        scene = await db.cues.scene_of(cue.scene_id) if cue is not None and cue.scene_id is not None else None
        return Setting(
            where,
            tuple(heard),
            labels[heard[-1].author_id],
            channel.note if channel else None,
            channel.note_depth if channel else 0,
            {labels[person]: name for person, name in played.items()},
            await self._others(db, role, where),
            scene,
            await self._inner.read(db, role, heard[-1].author_id, private=where.place.private),
            await self._together(db, role, where, heard),
            tuple(emotes),
            await self._followups.find(db, role, where, heard)
            if replying and self._asks(role, heard)
            else None,
            await self._inner.musings.read(db, role, where),
        )

    def _asks(self, role: PlayedCharacter, heard: Sequence[Utterance]) -> bool:
        """Say whether the character would ask back now; a second attempt at a reply gives the same result."""
        return is_curious(self._curiosity, Random(f"{role.slug} {heard[-1].message_id}"))

    async def _others(self, db: UnitOfWork, role: PlayedCharacter, where: Where) -> tuple[Companion, ...]:
        """Return the other characters present, with the relation to each (F094, D14)."""
        if not where.place.holds_several or len(self._casting.company) == 1:
            return ()
        severities = await self._casting.severities(db, role)
        stages = await db.affinities.stages(role.slug)
        return tuple(
            Companion(
                other.name,
                stages.get(other.slug) or affinity.STRANGERS,
                affinity.wording(severities.get(other.slug, 0.0)),
            )
            for other in await self._casting.present(db, where)
            if other.slug != role.slug
        )

    async def _together(
        self, db: UnitOfWork, role: PlayedCharacter, where: Where, heard: Sequence[Utterance]
    ) -> tuple[str, ...]:
        """Return memories of others who are present or mentioned, the oldest first (F093).

        These are events of this place that all characters present could hear; a thread also has its
        channel's.
        """
        if not where.place.holds_several or len(self._casting.company) == 1:
            return ()
        shared = await db.affinities.shared(
            role.slug, audience_of(where).channel_ids, limit=MOST_SHARED * len(self._casting.company)
        )
        if not shared:
            return ()
        others = {other.slug: other for other in self._casting.company if other.slug != role.slug}
        spoken_of = called(
            spoken(" ".join(message.said for message in heard)),
            {slug: names_of(other.character) for slug, other in others.items()},
        )
        meant = {other.slug for other in await self._casting.present(db, where)}.union(spoken_of)
        lines = [
            self._remembered(met, where, {**others, role.slug: role})
            for met in shared
            if (met.other if met.speaker == role.slug else met.speaker) in meant & others.keys()
        ]
        return tuple(reversed(lines[:MOST_SHARED]))

    def _remembered(self, met: Encounter, where: Where, everybody: Mapping[str, PlayedCharacter]) -> str:
        """Return an event with its date and place: `2026-03-02, in #cave: Fangs insulted Nyx`."""
        day = met.at.astimezone(self._inner.zone).date()
        name = clean_name(where.name, "")
        here = f"#{name}" if name else "this place"
        place = here if met.channel_id == where.channel_id else "the channel of this thread"
        speaker, other = everybody[met.speaker].name, everybody[met.other].name
        return f"{day}, in {place}: {told(met.memory or '', speaker, other, met.topic)}"

    async def staged(
        self, role: PlayedCharacter, remembered: Recollection, setting: Setting, seat: Seat | None
    ) -> Recollection:
        """Return a recollection with the end of the prompt for this one reply."""
        presence = self._presence(role, remembered, setting)
        talk = _talk(remembered, setting)
        thoughts, musings = self._inner.musings.note(role, setting.musings, talk, tokens=self._tokens)
        notes = [
            *_voice(role, setting.where),
            *_company(role, setting),
            *_together(role, setting),
            *_scene(role, setting),
            *self._manner(role, remembered, setting),
            *_guises(setting),
            *presence,
            *filter(None, [thoughts]),
        ]
        lore = await self._lore(role, remembered, setting, seat)
        notes = [*lore.notes, *notes]
        asides = lore.asides
        if setting.note:
            asides = (*asides, Aside(setting.note_depth, fill("note", note=indented(setting.note))))
        if after := role.character.post_history:
            notes.append(
                fill(
                    "post_history",
                    name=role.name,
                    text=indented(self._bookshelf.expanded(after[:LONGEST_AFTER], role, setting.user)),
                )
            )
        tempo = self._inner.tempo(role, setting.inner)
        followup = setting.followup if setting.followup and setting.followup.note in presence else None
        asked_back, asked_whom = (followup.place, followup.person_id) if followup else (None, None)
        stage = PromptSituation(
            tuple(notes),
            asides,
            lore.state,
            lore.entries,
            setting.guises,
            tempo,
            asked_back,
            asked_whom,
            self._inner.guard_told(role, setting.inner, presence),
            musings,
        )
        return replace(remembered, stage=stage)

    def _presence(self, role: PlayedCharacter, remembered: Recollection, setting: Setting) -> list[str]:
        """Return notes on feelings, the relation to the person and style, within a common limit.

        The least important note comes last, and is omitted if there is no room for it.
        """
        wished = [
            *self._inner.notes(role, setting.inner, setting.label),
            *([setting.followup.note] if setting.followup else []),
            *self._style(role, remembered, setting),
        ]
        kept: list[str] = []
        for note in wished:
            if sum(map(self._tokens, [*kept, note])) <= PRESENCE_TOKENS:
                kept.append(note)
        return kept

    def _style(self, role: PlayedCharacter, remembered: Recollection, setting: Setting) -> list[str]:
        """Return how to adapt to the person's writing, and the emotes that fit (C39, C77)."""
        notes = []
        if role.character.mirror_style:
            notes.append(mirrored(role.character, remembered.lines, setting.label))
        if setting.emotes:
            moods = self._inner.moods(role, setting.inner)
            notes.append(emote_note(setting.emotes, _talk(remembered, setting), role.character, moods))
        return [note for note in notes if note]

    async def _lore(
        self, role: PlayedCharacter, remembered: Recollection, setting: Setting, seat: Seat | None
    ) -> Lore:
        """Return the lore that the conversation triggers (F105, C32)."""
        if not role.playing.lorebooks:
            return Lore()
        lines = remembered.lines
        own = max((number for number, line in enumerate(lines) if line.mine), default=-1)
        return await self._bookshelf.look_up(
            role,
            lines,
            seat=seat,
            user=setting.user,
            fresh=len(lines) - max(own, 0),
        )

    def _manner(self, role: PlayedCharacter, remembered: Recollection, setting: Setting) -> list[str]:
        """Return the general mode, the character's mode, and the frameworks for this conversation."""
        notes = [fill(f"mode_{self._mode}")]
        talk = _talk(remembered, setting)
        if mode := self._mode_of(role, talk):
            notes.append(fill("own_mode", name=role.name, mode=mode.name, text=indented(mode.text)))
        if self._blending and role.character.blending:
            notes.append(_blended(role, context_of(talk).name))
        return [note for note in notes if note]

    def _mode_of(self, role: PlayedCharacter, talk: Sequence[str]) -> Mode | None:
        """Return the mode that the conversation triggers, or occasionally a random one other than the first
        (F008, C78).
        """
        modes = role.character.modes
        if not modes:
            return None
        newest = " ".join(talk[-1:]).casefold()
        cued = [mode for mode in modes if any(cue.casefold() in newest for cue in mode.cues)]
        if cued:
            return cued[0]
        return modes[0] if self._rng.random() >= SLIP else self._rng.choice(modes)


def _blended(role: PlayedCharacter, context: str) -> str:
    """Return the character's frameworks for this kind of conversation; "" for none (F102)."""
    weights = blends.weights_for(role.character.blending, context)
    if not weights:
        return ""
    blend, _ = blends.blend(context, weights, role.playing.frameworks)
    return blends.written(blend)


def _talk(remembered: Recollection, setting: Setting) -> list[str]:
    """Return the latest lines of others."""
    talk = [line.text for line in remembered.lines if not line.mine][-CONTEXT_LINES:]
    return talk or [message.text for message in setting.heard]


SLIP = 0.25
"""The chance that a character with modes uses one that nothing triggered."""


def _voice(role: PlayedCharacter, where: Where) -> list[str]:
    """Return its voice for public or for private conversation, never both (C48)."""
    private = where.place.private
    text = role.character.private_voice if private else role.character.public_voice
    return (
        [fill("voice", name=role.name, where="in private" if private else "in public", text=indented(text))]
        if text
        else []
    )


def _company(role: PlayedCharacter, setting: Setting) -> list[str]:
    if not setting.others:
        return []
    lines = [
        f"  {other.name}: {other.stage}{f', {other.tension}' if other.tension else ''}"
        for other in setting.others
    ]
    return [fill("company", name=role.name, others="\n".join(lines))]


def _together(role: PlayedCharacter, setting: Setting) -> list[str]:
    """Return joint events with others here, without any words that were said."""
    if not setting.together:
        return []
    lines = "\n".join(f"  {line}" for line in setting.together)
    return [fill("together", name=role.name, lines=lines)]


def _scene(role: PlayedCharacter, setting: Setting) -> list[str]:
    scene = setting.scene
    if scene is None:
        return []
    left = scene.turns - scene.done
    return [fill("scene", name=role.name, topic=indented(scene.topic), left=str(left))]


def _guises(setting: Setting) -> list[str]:
    if not setting.guises:
        return []
    lines = [f"  {label} plays {clean_name(name, 'somebody')}" for label, name in setting.guises.items()]
    return [fill("guises", played="\n".join(lines))]
