"""The prompt: stable parts first, volatile parts last, so that the provider's cache holds."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from bot.conversation.context.transcript import written
from bot.conversation.text.names import clean_name, clean_text, render_line, speaker_label
from bot.conversation.types import (
    Aside,
    Episode,
    Head,
    Knowledge,
    Line,
    Quoted,
    Recollection,
    Utterance,
    Wish,
)
from bot.llm.types import Block, Message, Prompt
from bot.prompts import fill
from memory.places import Place
from memory.sensitive.distress import reads_as_distress
from memory.worth import Recalled
from personas.character import Character

TENDER_FOR = timedelta(hours=1)
TENDER_LINES = 12
"""The time, and the number of others' lines, for which words of distress make replies gentle."""
BEGINNING = "(The conversation begins here.)"
REMEMBERED = "(What {name} remembers, by when it was last said:)"
QUOTED = "(Said here before:)"
_INDENT = "  "


def system_prompt(character: Character) -> tuple[Block, ...]:
    """Return the rules and the character: byte-identical for all places and people (C30, faults D3)."""
    rules = fill("reply", name=character.name)
    return (Block(f"{rules}\n\n{character.core_prompt}", cache=True),)


def compose_prompt(
    character: Character,
    remembered: Recollection,
    heard: Sequence[Utterance],
    *,
    now: datetime,
    wish: Wish = Wish(),  # noqa: B008 - a value that never changes
) -> Prompt:
    """Return the prompt for a reply to `heard`, the newest message last.

    The transcript only grows between two prompts; the tail after the last cache point (time, place,
    addressee) is never cached. Users' words stand in user messages only, and so do the remarks of a wish. If
    somebody is in distress a second block of `system` says how to answer.
    """
    recalled = written_recalled(remembered.recalled, character.name)
    ending = (
        written_fresh(remembered.fresh),
        recalled,
        *remembered.stage.notes,
        *wish.remarks,
        _tail(character, heard, now, wish.note),
    )
    tail = "\n".join(piece for piece in ending if piece)
    prompt = prompt_with(character, remembered, tail, shown=_shown(remembered))
    if not is_tender(remembered, heard, now):
        return prompt
    return replace(prompt, system=(*prompt.system, Block(fill("gentle", name=character.name))))


def is_tender(remembered: Recollection, heard: Sequence[Utterance], now: datetime) -> bool:
    """Say whether somebody here recently wrote that they want to die or to hurt themselves (C91).

    The reply to that, and all in the hour after it, get a fixed instruction to be gentle.
    """
    lately = [line for line in remembered.lines if not line.mine and now - line.said_at <= TENDER_FOR]
    said = {message.text for message in heard} | {line.text for line in lately[-TENDER_LINES:]}
    return any(map(reads_as_distress, said))


def prompt_with(
    character: Character, remembered: Recollection, tail: str, *, shown: Sequence[Block] = ()
) -> Prompt:
    """Return a prompt whose beginning the provider has cached, and that ends with `shown`."""
    messages = _talk(remembered.lines, remembered.stage.asides)
    if top := written_head(remembered.head, character.name):
        messages = _headed(Block(top, cache=True), messages)
    _append(messages, Message(mine=False, blocks=(*shown, Block(tail))))
    return Prompt(system=system_prompt(character), messages=tuple(messages))


def _talk(lines: Sequence[Line], asides: Sequence[Aside]) -> list[Message]:
    """Return the transcript, with each aside at its distance from the end.

    The text after the first aside changes with every line, so no cache point lies there.
    """
    depth = min(max((aside.depth for aside in asides), default=0), len(lines))
    kept, rest = lines[: len(lines) - depth], lines[len(lines) - depth :]
    messages = _with_cache_points(list(_messages(kept)))
    for index in range(depth + 1):
        left = depth - index
        texts = [aside.text for aside in asides if min(aside.depth, depth) == left]
        moved = [Message(mine=False, blocks=(Block("\n".join(texts)),))] if texts else []
        if index < depth:
            moved += _messages(rest[index : index + 1], begun=bool(messages or moved))
        for message in moved:
            _append(messages, message)
    return messages


def _append(messages: list[Message], message: Message) -> None:
    """Append a message; consecutive messages of the same side are merged."""
    if messages and messages[-1].mine == message.mine:
        messages[-1] = Message(message.mine, (*messages[-1].blocks, *message.blocks))
    else:
        messages.append(message)


def _headed(top: Block, messages: Sequence[Message]) -> list[Message]:
    """Put the preamble before the transcript."""
    if not messages:
        return [Message(mine=False, blocks=(top,))]
    first, *rest = messages
    said = () if first.blocks[0].text == BEGINNING else first.blocks
    return [Message(mine=False, blocks=(top, *said)), *rest]


def _messages(lines: Iterable[Line], *, begun: bool = False) -> Iterable[Message]:
    """Join lines of others, and lines of the character, into alternating messages."""
    first = not begun
    for mine, run in groupby(lines, key=lambda line: line.mine):
        if first and mine:
            yield Message(mine=False, blocks=(Block(BEGINNING),))
        first = False
        yield Message(mine=mine, blocks=(Block("\n".join(written(line) for line in run)),))


def _with_cache_points(messages: list[Message]) -> list[Message]:
    """Set a cache point where the previous request ended, and after the last permanent line."""
    others = [index for index, message in enumerate(messages) if not message.mine]
    for index in others[-2:]:
        text = messages[index].blocks[0].text
        messages[index] = Message(mine=False, blocks=(Block(text, cache=True),))
    return messages


def _tail(character: Character, heard: Sequence[Utterance], now: datetime, note: str) -> str:
    labels = dict.fromkeys(speaker_label(message.author_name, message.author_id) for message in heard)
    return fill(
        "tail",
        name=character.name,
        time=now.strftime("%A %d %B %Y, %H:%M UTC"),
        place=_place(heard[-1], " and ".join(labels)),
        note=f" {note}" if note else "",
    )


def _place(heard: Utterance, people: str) -> str:
    """Describe the place and the people present. Channel and guild names are users' text: quoted."""
    where = heard.where
    if where.place is not Place.GUILD:
        return f"A private conversation with {people}"
    channel, server = _quoted(f"#{where.name}"), _quoted(where.guild_name)
    addressee = f"you answer {people}" if heard.author_id else "nobody is answered"
    return f"The channel {channel} of the server {server}, where others read along; {addressee}"


def _quoted(name: str) -> str:
    return '"' + clean_name(name, "unnamed").replace('"', "'") + '"'


def written_head(head: Head, name: str) -> str:
    """Return the preamble as it stands in the prompt; "" without one.

    All of it is indented: words of people, noted by a model, can't pass for a line of the transcript or for
    the program's own words.
    """
    paragraphs = [_episode(episode, name) for episode in head.episodes]
    if head.known:
        heading = f"(What people here told {name}, or {name} noted about them:)"
        paragraphs.append("\n".join([heading, *map(written_knowledge, head.known)]))
    return "\n".join(paragraphs)


def written_fresh(fresh: Iterable[Knowledge]) -> str:
    """Return the new facts for the prompt's end; "" without any."""
    lines = [written_knowledge(knowledge) for knowledge in fresh]
    return "\n".join(["(Told or noted since then:)", *lines]) if lines else ""


def written_recalled(recalled: Sequence[Recalled], name: str) -> str:
    """Return the search results for the prompt's end; "" without any.

    A person is named once for all of their facts, and a day once for all of its lines. Between lines that are
    not consecutive stand three dots.
    """
    pieces: list[str] = []
    facts = sorted((item for item in recalled if item.kind == "fact"), key=_is_about)
    called = _called(recalled, name)
    for _, theirs in groupby(facts, key=_is_about):
        told = sorted(theirs, key=lambda fact: fact.at)
        about = f", of {_one_line(told[0].about)}" if told[0].about else ""
        pieces.append(f"about {called(told[0])}{about}")
        for day, told_then in groupby(told, key=_day):
            first, *more = (_one_line(fact.text) for fact in told_then)
            pieces += [f"{day}: {first}", *(f"- {text}" for text in more)]
    quotes = list[str]()
    for day, said in groupby((item for item in recalled if item.kind == "line"), key=_day):
        for number, line in enumerate(said):
            before = "" if line.follows else "... "
            quotes.append(f"{before if number else f'{day}, '}{called(line)}: {_one_line(line.text)}")
    headed = ((REMEMBERED.format(name=name), pieces), (QUOTED, quotes))
    return "\n".join(
        line for heading, lines in headed if lines for line in (heading, *(_INDENT + line for line in lines))
    )


def _is_about(fact: Recalled) -> tuple[str, str]:
    return fact.speaker, fact.about


def _called(shown: Sequence[Recalled], name: str) -> Callable[[Recalled], str]:
    """Return a function that names each speaker: by the whole label first, and then by name.

    A name that two speakers share, or that is the character's, never stands without its number.
    """
    labels = {line.speaker for line in shown}
    bearers = Counter(_name_of(label) for label in labels) + Counter([name.casefold()])
    introduced = set[str]()

    def call(line: Recalled) -> str:
        if line.speaker in introduced and bearers[_name_of(line.speaker)] == 1:
            return line.speaker.rpartition("#")[0]
        introduced.add(line.speaker)
        return line.speaker

    return call


def _name_of(label: str) -> str:
    return label.rpartition("#")[0].casefold()


def _day(item: Recalled) -> str:
    return f"{item.at.day} {item.at:%b %Y}"


def written_quote(quoted: Quoted) -> str:
    """Return the target of a reply as a line of its author's: it can't pass for another speaker's."""
    when = f"{quoted.quote.sent_at.day} {quoted.quote.sent_at:%B %Y}"
    author = "you" if quoted.quote.mine else quoted.speaker
    return render_line(
        quoted.by, f"(replies to what {author} said on {when}:)\n{clean_text(quoted.quote.text)}"
    )


def _shown(remembered: Recollection) -> list[Block]:
    """Return the pictures, each after its owner's name, and the targets of replies."""
    blocks, lines = list[Block](), list[str]()
    for sight in remembered.sights:
        if sight.picture is not None:
            sent = render_line(sight.speaker, f"(sent this picture: {sight.attachment.name})")
            blocks += [Block.showing(sight.picture), Block(sent)]
        elif not sight.attachment.shows:
            lines.append(
                render_line(sight.speaker, f"(sent a picture that can't be seen: {sight.attachment.name})")
            )
    if remembered.unseen:
        lines.append(f"(Of the pictures that were sent you have not looked at {remembered.unseen}.)")
    lines += map(written_quote, remembered.quotes)
    return [*blocks, Block("\n".join(lines))] if lines else blocks


def written_knowledge(known: Knowledge) -> str:
    """Return the facts about one person: a label, and a numbered line for each memory."""
    lines = [f"{_INDENT}{number}. {_one_line(text)}" for number, text in known.memories]
    return "\n".join([f"{_INDENT}about {known.speaker}", *lines])


def _episode(episode: Episode, name: str) -> str:
    heading = f"({name}'s notes of what was said here {_when(episode)}:)"
    return "\n".join([heading, *(_INDENT + line for line in clean_text(episode.text).splitlines())])


def _when(episode: Episode) -> str:
    first, last = (f"{at:%A %d %B %Y}" for at in (episode.first_at, episode.last_at))
    return f"on {first}" if first == last else f"from {first} to {last}"


def _one_line(text: str) -> str:
    return " ".join(clean_text(text).split())
