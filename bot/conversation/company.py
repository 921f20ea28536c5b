"""The characters played here, with their current state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from personas.character import Character
from personas.frameworks import Framework
from personas.lorebooks.model import Lorebook
from personas.persona import Persona


def speaker_id(slug: str) -> int:
    """Return the id that stands for a character in place of a Discord id.

    It is negative, unlike any Discord id, and always the same for a slug.
    """
    return -1 - int.from_bytes(blake2b(slug.encode(), digest_size=7).digest(), "big")


@dataclass(frozen=True, slots=True)
class Speaker:
    """The speaker of a line in a place: name and avatar.

    The `primary` speaker is the bot's own account; `avatar` is an https URL, or "" for the bot's own. A
    speaker with `nsfw` speaks only in age-restricted channels.
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
    """A character as it is played: the result of its files, its admins' edits and its growth.

    `character.core_prompt` is the whole compiled prompt. `avatar` is its picture as a file, if it has one,
    `persona` its compiled form, and `frameworks` are those that it may use in a conversation.
    """

    character: Character
    persona: Persona | None = None
    lorebooks: Mapping[str, Lorebook] = field(default_factory=dict)
    frameworks: Mapping[str, Framework] = field(default_factory=dict)
    avatar: Path | None = None
    notices: tuple[str, ...] = ()


class PlayedCharacter:
    """One character in its current state: changes show in the very next prompt (D13, F048)."""

    def __init__(self, playing: Playing, *, primary: bool = True) -> None:
        self.slug = playing.character.slug
        self.primary = primary
        self.playing = playing
        self.face = ""
        """The https URL of its picture, once it is uploaded."""

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
    """All characters played here. The first is the bot's own account; only it speaks in private unless
    another was chosen.
    """

    def __init__(self, roles: Sequence[PlayedCharacter]) -> None:
        self.by_slug = {role.slug: role for role in roles}
        self.primary = roles[0]

    @classmethod
    def of(cls, primary: Character, others: Iterable[Character] = ()) -> "Company":
        """Return a company of characters that don't change."""
        return cls(
            (
                PlayedCharacter(Playing(primary)),
                *(PlayedCharacter(Playing(character), primary=False) for character in others),
            )
        )

    def join(self, role: PlayedCharacter) -> None:
        """Add a character, from the next message on."""
        self.by_slug[role.slug] = role

    def part(self, slug: str) -> None:
        """Remove a character; its memory stays in case it comes back."""
        del self.by_slug[slug]

    def for_adults(self, slug: str) -> PlayedCharacter | None:
        """Return an adults-only character; None for any other."""
        role = self.by_slug.get(slug)
        return role if role and role.nsfw else None

    def speaker(self, slug: str) -> Speaker:
        """Return the speaker for a character, even if the character is no longer known."""
        role = self.by_slug.get(slug)
        return role.speaker if role else Speaker(slug, slug, nsfw=True)

    @property
    def roles(self) -> tuple[PlayedCharacter, ...]:
        return tuple(self.by_slug.values())

    def __iter__(self) -> Iterator[PlayedCharacter]:
        return iter(self.roles)

    def __len__(self) -> int:
        return len(self.by_slug)
