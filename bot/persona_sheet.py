"""Descriptions of characters for people and admins: the list, and each one's sheet (F095, F102, F111)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.app import App
from bot.conversation.company import PlayedCharacter
from bot.conversation.context.situation import CONTEXT_LINES
from bot.conversation.context.transcript import WINDOW
from bot.conversation.prompt import system_prompt
from bot.core.i18n import _, n_, number
from bot.features.characters.presence import Attending
from database.models import Milestone
from memory.places import Where
from personas import blending as blends
from personas.selection.topic import CONTEXTS, Context, context_of

ABOUT_ROOM, WORDS_ROOM, LINE_ROOM, NAME_ROOM = 200, 120, 400, 80
MOST_LISTED = 30
FOR_ADULTS = _("for adults: age-restricted channels only")
ANSWERS_ELSE = _("answers here where nobody else is called")
OWN_ACCOUNT = _("the bot's own account")
HAS_FRAMEWORK = _("framework {name}")
TALKS, NOT_CHOSEN = _("talks with you here"), _("not here: /persona choose asks for it")
HEARS, HEARS_NOT = _("hears this channel"), _("does not hear this channel")

VERSION, VERSION_COMPILED = _("- Version: {version}"), _("- Version: {version}, compiled as {compiled}")
OWN_VERSION, NO_VERSION = _("version {version}"), _("no version of its own")
HEARS_HERE, HEARS_NOT_HERE = _("- Here: hears what is said"), _("- Here: does not hear what is said")
AUDIENCE = _("- Audience: {who}")
EVERY_PROMPT = n_("- In every prompt: {count} token", "- In every prompt: {count} tokens")
FRAMEWORK, NO_FRAMEWORK = _("- Framework: {name}"), _("- Framework: none")
MODE, AT_TIMES = _("{name} ({cues})"), _("now and then", "when a character is in a mode")
MODES, MODES_MORE = _("- Modes: {all}"), _("- Modes: {all} and {count} more")
LIKES = _("- Likes to talk about: {all}")
LIKES_MORE = _("- Likes to talk about: {all} and {count} more")
LEAVES = _("- Prefers to leave to others: {all}")
LEAVES_MORE = _("- Prefers to leave to others: {all} and {count} more")
NO_BLENDING = _("- Blending: off")
NOBODY_BLENDS = _("- Blending: off (switched off for everybody: framework_blending)")
BLENDING = _("- Blending when the talk is {kind}: {weights}")
TALK_NOW = _("- The talk here is {kind} now (sure: {sure:.0%}), so it blends:")
NOTHING = _("nothing", "no frameworks")
NO_BOOKS = _("- Lorebooks: none")
BOOK = n_("- Lorebook {name}: {count} entry", "- Lorebook {name}: {count} entries")
GROWTH = n_(
    "- Growth: has answered {count} time, {lately} of them in the last seven days; stages reached: {stages}",
    "- Growth: has answered {count} times, {lately} of them in the last seven days; stages reached: {stages}",
)
STAGE_BACK, NO_STAGES = _("{stage} (taken back)"), _("none", "stages of growth")
NO_REMARKS = _("- Its files: no remarks")
REMARKS = n_("- Its files: {count} remark", "- Its files: {count} remarks")
REMARKS_FOR_OPERATORS = n_(
    "- Its files: {count} remark, which the bot's operators can read here",
    "- Its files: {count} remarks, which the bot's operators can read here",
)
KINDS = {
    "technical": _("technical", "a kind of talk"),
    "casual": _("casual", "a kind of talk"),
    "formal": _("formal", "a kind of talk"),
    "creative": _("creative", "a kind of talk"),
    "educational": _("educational", "a kind of talk"),
}
Quote = Callable[[str, int], str]
"""Quotes an author's text inside a line of ours, cut to a maximum length."""


@dataclass(frozen=True, slots=True)
class Examined:
    """Description of a character; `tokens` counts the fixed part of its prompts.

    `talk` is the kind of talk detected here. `blending` says whether the operator enables blending, and
    `notices` are shown to operators only, since they contain paths.
    """

    role: PlayedCharacter
    present: bool
    tokens: int
    talk: Context
    blending: bool
    answered: int
    lately: int
    stages: Sequence[Milestone]
    notices: bool


async def examine(app: App, role: PlayedCharacter, where: Where, *, notices: bool) -> Examined:
    """Collect the description of a character in a place; `notices` are for operators only."""
    tokens = app.voice.tokens
    attending = await app.presence.attending(where)
    growth = await app.growth.growth(role)
    answered, stages = growth.answered, growth.stages
    return Examined(
        role,
        next(entry.present for entry in attending if entry.role is role),
        sum(tokens(block.text) for block in system_prompt(role.character)),
        await _talk(app, role, where),
        app.manner.blending,
        answered,
        await app.growth.lately(role),
        stages,
        notices=notices,
    )


async def _talk(app: App, role: PlayedCharacter, where: Where) -> Context:
    """Return the kind of talk that a character heard in a place, detected as for its next reply (F102)."""
    since = app.clock.now() - WINDOW
    async with app.database.read() as db:
        rows = await db.messages.transcript(where.channel_id, role.slug, since=since, limit=100)
    others = [row.text for row in rows if row.heard_through is None or row.character != role.slug]
    return context_of(others[-CONTEXT_LINES:])


def listing(attending: Sequence[Attending], quote: Quote, *, alone: bool, chosen: str | None) -> list[str]:
    """Return two lines per character; `alone` means that one at a time is with the person."""
    lines = []
    for entry in attending:
        role, about = entry.role, [_hearing(entry.present, alone=alone)]
        about += [str(ANSWERS_ELSE)] if chosen == role.slug and not alone else []
        about += [str(OWN_ACCOUNT)] if role.primary else []
        about += [str(FOR_ADULTS)] if role.nsfw else []
        framework = _framework(role)
        about += [HAS_FRAMEWORK.format(name=quote(framework, WORDS_ROOM))] if framework else []
        description = role.character.description
        said = f": {quote(description, ABOUT_ROOM)}" if description.strip() else ""
        lines.append(f"**{quote(role.name, NAME_ROOM)}** (`{role.slug}`){said}\n-# {' · '.join(about)}")
    return lines


def _framework(role: PlayedCharacter) -> str:
    """Return the framework in use, which may be a fallback for a missing one (F099)."""
    persona = role.playing.persona
    if persona is None:
        return role.character.framework
    return persona.framework.framework_id if persona.framework else ""


def sheet(of: Examined, quote: Quote) -> str:
    """Return the complete sheet of a character."""
    return "\n".join(_sheet(of, quote))


def _sheet(of: Examined, quote: Quote) -> Iterator[str]:
    role, character = of.role, of.role.character
    yield f"**{quote(role.name, WORDS_ROOM)}** ({role.slug})"
    yield _version(of, quote)
    yield str(HEARS_HERE if of.present else HEARS_NOT_HERE)
    if role.nsfw:
        yield AUDIENCE.format(who=FOR_ADULTS)
    yield EVERY_PROMPT.format(count=of.tokens)
    framework = _framework(role)
    yield FRAMEWORK.format(name=quote(framework, WORDS_ROOM)) if framework else str(NO_FRAMEWORK)
    yield from _blending(of, quote)
    modes = [MODE.format(name=mode.name, cues=", ".join(mode.cues) or AT_TIMES) for mode in character.modes]
    yield from _listed(MODES, MODES_MORE, modes, quote)
    yield from _listed(LIKES, LIKES_MORE, character.interests, quote)
    yield from _listed(LEAVES, LEAVES_MORE, character.avoidances, quote)
    yield from _books(role, quote)
    yield _growth(of)
    yield from _notices(of, quote)


def _version(of: Examined, quote: Quote) -> str:
    version, persona = of.role.character.version, of.role.playing.persona
    own = OWN_VERSION.format(version=quote(version, WORDS_ROOM)) if version else str(NO_VERSION)
    if persona is None:
        return VERSION.format(version=own)
    return VERSION_COMPILED.format(version=own, compiled=f"{persona.id} {persona.version[:12]}")


def _blending(of: Examined, quote: Quote) -> Iterator[str]:
    """Yield the framework weights by kind of talk, and the blend for the current talk (C76)."""
    character = of.role.character
    if not of.blending or character.blending is None or not character.blending.enabled:
        yield str(NO_BLENDING if of.blending else NOBODY_BLENDS)
        return
    for context in CONTEXTS:
        weights = blends.weights_for(character.blending, context)
        yield BLENDING.format(kind=KINDS[context], weights=_weights(weights, quote))
    weights = blends.weights_for(character.blending, of.talk.name)
    blended, notices = blends.blend(of.talk.name, weights, of.role.playing.frameworks)
    yield TALK_NOW.format(kind=KINDS[of.talk.name], sure=of.talk.confidence)
    counted = _weights(blended.weights, quote)
    for line in (counted, *blends.written(blended).splitlines()[1:], *notices):
        yield f"  > {quote(line, LINE_ROOM)}"


def _weights(weights: Mapping[str, float], quote: Quote) -> str:
    heaviest = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{quote(name, WORDS_ROOM)} {weight:g}" for name, weight in heaviest) or str(NOTHING)


def _books(role: PlayedCharacter, quote: Quote) -> Iterator[str]:
    books = role.playing.lorebooks
    if not books:
        yield str(NO_BOOKS)
    for file, book in list(books.items())[:MOST_LISTED]:
        yield BOOK.format(name=quote(file, WORDS_ROOM), count=len(book.entries))


def _growth(of: Examined) -> str:
    stages = [
        STAGE_BACK.format(stage=milestone.milestone) if milestone.reverted_at else f"{milestone.milestone}"
        for milestone in of.stages
    ]
    reached = ", ".join(stages) or str(NO_STAGES)
    return GROWTH.format(count=of.answered, lately=number(of.lately), stages=reached)


def _notices(of: Examined, quote: Quote) -> Iterator[str]:
    """Yield the notices about its files, in English as in the log."""
    notices = of.role.playing.notices
    if not notices:
        yield str(NO_REMARKS)
    elif not of.notices:
        yield REMARKS_FOR_OPERATORS.format(count=len(notices))
    else:
        yield REMARKS.format(count=len(notices))
        yield from (f"  - {quote(notice, LINE_ROOM)}" for notice in notices)


def _listed(whole: str, cut: str, words: Sequence[str], quote: Quote) -> Iterator[str]:
    if words:
        told = ", ".join(quote(word, WORDS_ROOM) for word in words[:MOST_LISTED])
        more = len(words) - MOST_LISTED
        yield cut.format(all=told, count=number(more)) if more > 0 else whole.format(all=told)


def _hearing(present: bool, *, alone: bool) -> str:
    if alone:
        return str(TALKS if present else NOT_CHOSEN)
    return str(HEARS if present else HEARS_NOT)
