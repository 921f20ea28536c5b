"""The characters that are played here, each as it is now, and all of them together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from personas.character import Character
from personas.frameworks import Framework
from personas.lorebooks.model import Lorebook
from personas.persona import Persona


def speaker_id(slug: str) -> int:
    """Return what stands for a character where others have a Discord id.

    It is negative, which no id of Discord's is, and always the same for a slug.
    """
    return -1 - int.from_bytes(blake2b(slug.encode(), digest_size=7).digest(), "big")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says something in a place: under which name, and with which face.

    The `primary` one is the bot's own account; `avatar` is an https URL, or "" for the bot's. With `nsfw`
    it says nothing where Discord does not keep children out.
    """

    slug: str
    name: str
    avatar: str = ""
    primary: bool = False
    nsfw: bool = False

    @property
    def id(self) -> int:
        return speaker_id(self.slug)


@dataclass(frozen=True)
class Playing:
    """A character as it is played: what all of its files, its admins and its growth make of it.

    `character.core_prompt` is the whole compiled prompt. `avatar` is a picture of it as a file, if it has
    one, `persona` what it was compiled to, and `frameworks` are those that it may lean on in a talk.
    """

    character: Character
    persona: Persona | None = None
    lorebooks: Mapping[str, Lorebook] = field(default_factory=dict)
    frameworks: Mapping[str, Framework] = field(default_factory=dict)
    avatar: Path | None = None
    notices: tuple[str, ...] = ()


class PlayedCharacter:
    """One character, as it is now: what changes shows in the very next prompt (D13, F048)."""

    def __init__(self, playing: Playing, *, primary: bool = True) -> None:
        self.slug = playing.character.slug
        self.primary = primary
        self.playing = playing
        self.face = ""
        """An https URL of its picture, once there is one."""

    @property
    def character(self) -> Character:
        return self.playing.character

    @property
    def name(self) -> str:
        return self.character.name

    @property
    def nsfw(self) -> bool:
        """Say whether it is for adults only (C91)."""
        return self.character.nsfw

    @property
    def speaker(self) -> Speaker:
        return Speaker(self.slug, self.name, self.face, primary=self.primary, nsfw=self.nsfw)


class Company:
    """Everybody who is played here. The first is the bot's own account; it alone speaks in private unless
    another was asked for."""

    def __init__(self, roles: Sequence[PlayedCharacter]) -> None:
        self.by_slug = {role.slug: role for role in roles}
        self.primary = roles[0]

    @classmethod
    def of(cls, primary: Character, others: Iterable[Character] = ()) -> "Company":
        """Return a company of characters that stay as they are."""
        return cls(
            (
                PlayedCharacter(Playing(primary)),
                *(PlayedCharacter(Playing(one), primary=False) for one in others),
            )
        )

    def join(self, role: PlayedCharacter) -> None:
        """Let one more character hear and speak, from the next message on."""
        self.by_slug[role.slug] = role

    def part(self, slug: str) -> None:
        """Let a character go; what it knows stays, for the day on which it comes back."""
        del self.by_slug[slug]

    def for_adults(self, slug: str) -> PlayedCharacter | None:
        """Return a character that is for adults only; None for any other."""
        role = self.by_slug.get(slug)
        return role if role and role.nsfw else None

    def speaker(self, slug: str) -> Speaker:
        """Return who speaks as a character, also where nobody knows it any more."""
        role = self.by_slug.get(slug)
        return role.speaker if role else Speaker(slug, slug, nsfw=True)

    @property
    def roles(self) -> tuple[PlayedCharacter, ...]:
        return tuple(self.by_slug.values())

    def __iter__(self) -> Iterator[PlayedCharacter]:
        return iter(self.roles)

    def __len__(self) -> int:
        return len(self.by_slug)
