"""Characters as people and admins see them: who there is, and what one is made of (F095, F102, F111)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.i18n import _
from bot.roles import Role
from bot.stagecraft import Attending
from cogs._discord.characters import shown
from cogs._discord.quoting import in_a_line, inline
from database.models import Milestone
from personas import blending as blends
from personas.contexts import CONTEXTS, Context

ABOUT_ROOM, WORDS_ROOM, LINE_ROOM = 200, 120, 400
MOST_LISTED = 30
FOR_ADULTS = _("for adults: age-restricted channels only")
Quote = Callable[[str, int], str]
"""Makes words of an author's a part of a line of ours, of at most so many units."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What there is to tell of a character; `tokens` are those of what stands in each of its prompts.

    `talk` is what the talk here is told to be. `blending` says whether the operator lets anybody blend, and
    `notices` are told to operators alone: they hold paths.
    """

    role: Role
    present: bool
    tokens: int
    talk: Context
    blending: bool
    answered: int
    lately: int
    stages: Sequence[Milestone]
    notices: bool


def listing(attending: Sequence[Attending], *, private: bool, chosen: str | None) -> list[str]:
    """Return two lines for each character."""
    lines = []
    for one in attending:
        role, about = one.role, [_hearing(one.present, private=private)]
        about += ["answers here where nobody else is called"] if chosen == role.slug and not private else []
        about += ["the bot's own account"] if role.primary else []
        about += [FOR_ADULTS] if role.nsfw else []
        framework = role.character.framework
        about += [f"framework {inline(framework, WORDS_ROOM)}"] if framework else []
        description = role.character.description
        said = f": {inline(description, ABOUT_ROOM)}" if description.strip() else ""
        lines.append(f"**{shown(role)}** (`{role.slug}`){said}\n-# {' · '.join(about)}")
    return lines


def sheet(of: Examined, *, plain: bool = False) -> str:
    """Return everything about a character, for a message or, `plain`, for a file."""
    quote: Quote = in_a_line if plain else inline
    return "\n".join(_sheet(of, quote))


def _sheet(of: Examined, quote: Quote) -> Iterator[str]:
    role, character = of.role, of.role.character
    persona = role.playing.persona
    yield f"**{quote(role.name, WORDS_ROOM)}** ({role.slug})"
    version = f", compiled as {persona.id} {persona.version[:12]}" if persona else ""
    own = f"version {quote(character.version, WORDS_ROOM)}" if character.version else "no version of its own"
    yield f"- Version: {own}{version}"
    yield f"- Here: {'hears what is said' if of.present else 'does not hear what is said'}"
    if role.nsfw:
        yield f"- Audience: {FOR_ADULTS}"
    yield f"- In every prompt: {of.tokens:,} tokens"
    yield f"- Framework: {quote(character.framework, WORDS_ROOM) if character.framework else 'none'}"
    yield from _blending(of, quote)
    modes = [f"{one.name} ({', '.join(one.cues) or 'now and then'})" for one in character.modes]
    yield from _listed("Modes", modes, quote)
    yield from _listed("Likes to talk about", character.interests, quote)
    yield from _listed("Rather leaves to others", character.avoidances, quote)
    yield from _books(role, quote)
    yield f"- Growth: {_growth(of)}"
    yield from _notices(of, quote)


def _blending(of: Examined, quote: Quote) -> Iterator[str]:
    """Yield how frameworks colour the character, by the kind of talk, and the talk here now (C76)."""
    character = of.role.character
    if not of.blending or character.blending is None or not character.blending.enabled:
        why = "" if of.blending else " (switched off for everybody: framework_blending)"
        yield f"- Blending: off{why}"
        return
    for context in CONTEXTS:
        weights = blends.weights_for(character.blending, context)
        yield f"- Blending when the talk is {context}: {_weights(weights, quote)}"
    weights = blends.weights_for(character.blending, of.talk.name)
    blended, notices = blends.blend(of.talk.name, weights, of.role.playing.frameworks)
    yield f"- The talk here is {of.talk.name} now (sure: {of.talk.confidence:.0%}), so it blends:"
    counted = _weights(blended.weights, quote)
    for line in (counted, *blends.written(blended).splitlines()[1:], *notices):
        yield f"  > {quote(line, LINE_ROOM)}"


def _weights(weights: Mapping[str, float], quote: Quote) -> str:
    heaviest = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{quote(name, WORDS_ROOM)} {weight:g}" for name, weight in heaviest) or "nothing"


def _books(role: Role, quote: Quote) -> Iterator[str]:
    books = role.playing.lorebooks
    if not books:
        yield "- Lorebooks: none"
    for file, book in list(books.items())[:MOST_LISTED]:
        count = len(book.entries)
        yield f"- Lorebook {quote(file, WORDS_ROOM)}: {count:,} {'entry' if count == 1 else 'entries'}"


def _growth(of: Examined) -> str:
    answered = f"has answered {of.answered:,} {'time' if of.answered == 1 else 'times'}"
    answered += f", {of.lately:,} of them in the last seven days"
    stages = [f"{one.milestone}{' (taken back)' if one.reverted_at else ''}" for one in of.stages]
    return f"{answered}; stages reached: {', '.join(stages) or 'none'}"


def _notices(of: Examined, quote: Quote) -> Iterator[str]:
    """Yield what was found wrong with its files."""
    notices = of.role.playing.notices
    count = f"{len(notices):,} {'remark' if len(notices) == 1 else 'remarks'}"
    if not notices:
        yield "- Its files: nothing to remark"
    elif not of.notices:
        yield f"- Its files: {count}, which the bot's operators can read here"
    else:
        yield f"- Its files: {count}"
        yield from (f"  - {quote(one, LINE_ROOM)}" for one in notices)


def _listed(what: str, words: Sequence[str], quote: Quote) -> Iterator[str]:
    if words:
        told = ", ".join(quote(one, WORDS_ROOM) for one in words[:MOST_LISTED])
        more = f" and {len(words) - MOST_LISTED} more" if len(words) > MOST_LISTED else ""
        yield f"- {what}: {told}{more}"


def _hearing(present: bool, *, private: bool) -> str:
    if private:
        return "talks with you here" if present else "not here: /persona choose asks for it"
    return "hears this channel" if present else "does not hear this channel"
