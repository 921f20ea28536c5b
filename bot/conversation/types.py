"""The values that one message becomes on its way to a reply: each stage takes one and returns the next."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from bot.conversation.company import Speaker
from bot.llm.types import ModelCall, Picture
from database.repositories.musings import HeldMusing
from memory.attachments import Attachment, without_attachments
from memory.places import Where
from memory.worth import Recalled


@dataclass(frozen=True, slots=True)
class Person:
    """A possible addressee, with all names used here."""

    id: int
    names: tuple[str, ...]
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """The target of a reply, in its current form on Discord. It is never stored.

    `author_id` is its author, `mine` marks a character of ours. `text` is bounded; its pictures are treated
    as if they had been sent with the reply.
    """

    message_id: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    mine: bool = False
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Quoted:
    """The target of a reply, and the labels of both authors in the transcript."""

    by: str
    speaker: str
    quote: Quote


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message as the character reads it. Only the ids are to be trusted: every string is a user's.

    `mentions` are the mentioned user ids, in their order; `people` are those in Discord's data about it:
    mentioned people, the author of the reply's target, and the bots of the server. `text` contains `words`
    and everything readable of the `attachments`; `quote` is the target of the reply. `aloud` marks speech in
    a call, and `alone` that nobody else was in that call with the character.
    """

    message_id: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    where: Where
    from_bot: bool = False
    from_self: bool = False
    mentions_me: bool = False
    reply_to: int | None = None
    replies_to_me: bool = False
    replies_to: int | None = None  # the author of the reply's target
    words: str | None = None  # the typed words, if `text` also names people, files and stickers
    account_name: str = ""  # the account's own name, where `author_name` is a guild nickname
    author_roles: tuple[int, ...] | None = ()  # None if unknown
    mentions: tuple[int, ...] = ()
    people: tuple[Person, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    quote: Quote | None = None
    aloud: bool = False
    alone: bool = False

    @property
    def said(self) -> str:
        """The author's typed or spoken words, without those of files, previews and the like."""
        return self.text if self.words is None else self.words


def as_edited(heard: Utterance, text: str, attachments: tuple[Attachment, ...] | None = None) -> Utterance:
    """Return an utterance in its edited form, with its new `attachments` if these may differ."""
    if text == heard.text:
        return heard
    attachments = heard.attachments if attachments is None else attachments
    words = without_attachments(text, attachments)
    # The log holds mentions by name: an edit that removed a mention removed its @ too.
    mentioned = heard.mentions_me and "@" in words
    return replace(heard, text=text, words=words, mentions_me=mentioned, attachments=attachments)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A recent line of a channel, as far as the decision needs it; `mine` is the character's own."""

    message_id: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    mine: bool = False
    from_bot: bool = False
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the transcript, at its `place` in the log. `mine` marks the character's own.

    `person_id` is the author; a character's line `drew_on` some people. `of_picture` marks the description of
    an earlier line's picture, which is no line of the log.
    """

    place: int
    speaker: str
    text: str
    mine: bool
    said_at: datetime
    person_id: int | None = None
    drew_on: tuple[int, ...] = ()
    of_picture: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture of a message for the prompt; `speaker` is its sender's label in the transcript.

    Without a `picture` it was not loaded, or failed.
    """

    message_id: int
    speaker: str
    attachment: Attachment
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """The summary of older conversation in a place: its time, and the character's notes."""

    text: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The character's permanent facts about one person, by the number of each memory."""

    speaker: str
    memories: tuple[tuple[int, str], ...]
    person_id: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """The text before the transcript; it changes rarely, so the provider's cache holds it.

    `at` is the time of its memories, about `people`; `renewed` says that it differs from the last prompt's.
    `ids` are the facts that it contains, and the new ones.
    """

    episodes: tuple[Episode, ...] = ()
    known: tuple[Knowledge, ...] = ()
    at: datetime | None = None
    people: tuple[int, ...] = ()
    renewed: bool = False
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Aside:
    """A note that stands `depth` lines before the transcript's end."""

    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class PromptSituation:
    """The situation of a reply besides the conversation, all of it near the prompt's end.

    `notes` are paragraphs of ours or an operator's: lore, behaviour, mode, relations of the characters.
    `asides` stand further up. `lore` is the new state of lorebooks after this turn, `entries` names those
    used. `names` are the personas of people, by label. `tempo` multiplies the typing speed. `asked_back` is
    the place in the log of something left open that it may mention. `guard` is the hostility and the
    thickness of the skin, if the notes mention them. `musings` are the character's own thoughts among the
    notes.
    """

    notes: tuple[str, ...] = ()
    asides: tuple[Aside, ...] = ()
    lore: Mapping[str, Any] | None = None
    entries: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    tempo: float = 1.0
    asked_back: int | None = None
    asked_whom: int | None = None
    guard: tuple[float, ...] = ()
    musings: tuple[HeldMusing, ...] = ()


@dataclass(frozen=True, slots=True)
class Recollection:
    """The memory for a reply: only facts that this place may know.

    `lines` run oldest first; `floor` is the place of the first of them, stored so that the next prompt begins
    with the same bytes; `heard_through` is the log position of the last one by others. `fresh` are facts
    learned since the `head` was written; `tokens` is the size of the conversation, omitted lines included.
    `recalled` are the search results; `stage` is the rest of the situation. `seated` says that the character
    has a transcript there already, which began at `begun`. `premium` describes the addressee, and `sendable`
    a place that currently accepts posts. `sights` are the pictures of the messages answered now and last;
    `unseen` counts those beyond the limit. `quotes` are the targets of replies; `read` names the files and
    voice messages of the answered messages: kind and message. `listening` are recordings that are still being
    transcribed. `spoken` asks for a voice message.
    """

    lines: tuple[Line, ...]
    floor: int
    heard_through: int
    head: Head = Head()
    fresh: tuple[Knowledge, ...] = ()
    tokens: int = 0
    recalled: tuple[Recalled, ...] = ()
    stage: PromptSituation = PromptSituation()
    seated: bool = False
    begun: int = 0
    premium: bool = False
    sendable: bool = True
    sights: tuple[Sight, ...] = ()
    unseen: int = 0
    quotes: tuple[Quoted, ...] = ()
    read: tuple[str, ...] = ()
    listening: frozenset[int] = frozenset()
    spoken: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A character's generated reply. A fallback is posted, but never remembered.

    `lasting` marks a fault that only the operator can fix: it is shown once an hour to each person; `unpaid`
    says that the day's budget is spent, which is mentioned once a day. `floor` is the start of the transcript
    that was sent. `expert` is the model that wrote it and why, unless it was the general model.
    """

    text: str
    fallback: bool = False
    lasting: bool = False
    unpaid: bool = False
    floor: int = 0
    calls: tuple[ModelCall, ...] = ()
    expert: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """Additional wishes for one reply: `remarks` are people's words about it, the `note` is ours."""

    remarks: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a reply, in the form that is sent: `nonce` makes a repetition harmless.

    If it was posted already, `message_id` is its id, and `todo` the change to make: 'edit' for the new text,
    or 'delete'. A `spoken` part is sent as a voice message, if possible.
    """

    number: int
    text: str
    nonce: str
    message_id: int | None = None
    todo: str | None = None
    spoken: bool = False


@dataclass(frozen=True, slots=True)
class GrownReply:
    """Messages that display a reply before it is stored, with the text of each.

    `mark` is the prefix of further nonces.
    """

    parts: tuple[Part, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class Showing:
    """The display of a reply in progress: `show` receives all of its text so far, and "" for a restart.

    If `replaceable` it may restart at any time; otherwise shown text is final.
    """

    show: Callable[[str], None]
    replaceable: bool = False


NO_EMOTES: Mapping[str, str] = MappingProxyType({})
"""The emotes of a place without its own, such as a direct message."""


class Mouth(Protocol):
    """The outlet of a reply: a Discord channel, the terminal, a test. `me` is the id of its account."""

    @property
    def me(self) -> int: ...

    @property
    def emotes(self) -> Mapping[str, str]:
        """The place's own emotes: their forms, such as `<:smile_cat:123>`, by name."""

    def speaking_as(self, speaker: Speaker) -> "Mouth":
        """Return the outlet of one of the characters; the primary one speaks as the bot itself."""

    @property
    def show(self) -> Callable[[str], None] | None:
        """Return the display of a reply in progress, which receives its text so far; None without one."""

    def typing(self) -> AbstractAsyncContextManager[None]:
        """Show that the character is writing, for as long as the context is open."""

    async def say(self, part: Part, *, to: int) -> int:
        """Post one part and return its message id.

        `to` is the user who may be pinged. Raises Unsayable if this place refuses posts, Unpostable if this
        part can't be posted anywhere, and Unsaid if a retry may succeed.
        """

    async def edit(self, message_id: int, text: str) -> None:
        """Replace the text of a message of the character's; raises as `say` does."""

    async def unsay(self, message_id: int) -> None:
        """Delete a message of the character's; a missing one is fine. Raises as `say` does."""

    async def react(self, message_id: int) -> None:
        """Mark a message as impossible to answer; raises as `say` does."""

    async def whisper(self, part: Part, *, to: int) -> bool:
        """Tell one user something in private, as the bot; False if that is impossible.

        Raises as `say` does.
        """

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        """Return the message id of a `part` that was posted already; None if it was not.

        It is one of those after message `after`, and none of the `known` ones, which belong to other parts.
        """


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message on arrival, before its content is read: its author, and its place.

    `look` returns the utterance, possibly after a call to Discord; None if it is nothing for a character.
    `gapless` is asked when it is logged: was everything before it in its channel read? `not_noted` is called
    if logging failed.
    """

    channel_id: int
    message_id: int
    author_id: int
    look: Callable[[], Awaitable[Utterance | None]]
    mouth: Callable[[], Mouth]
    gapless: Callable[[], bool]
    not_noted: Callable[[], object] = bool


@dataclass(frozen=True, slots=True)
class Backlog:
    """A channel's unanswered messages: each function asks Discord for them.

    `left` were logged before a stop, without a decision; `missed` were posted during the stop. `caught_up` is
    called when all of them are logged; `gapless` says that nothing else was missed.
    """

    left: Callable[[], Awaitable[Sequence[Utterance]]]
    missed: Callable[[], Awaitable[Sequence[Arrival]]]
    caught_up: Callable[[], object]
    gapless: bool = True


def arrived(heard: Utterance, mouth: Mouth, *, gapless: bool = True) -> Arrival:
    """Return the arrival of a message whose content is known."""

    async def look() -> Utterance:
        return heard

    return Arrival(
        heard.where.channel_id, heard.message_id, heard.author_id, look, lambda: mouth, lambda: gapless
    )
