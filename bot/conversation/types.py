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
    """Somebody who may be meant, by every name that they go by here."""

    id: int
    names: tuple[str, ...]
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that somebody replies to, as it stands in Discord now. It is never written down.

    `author_id` said it, `mine` where a character of ours did. `text` is bounded; the pictures of it are
    looked at as if they had been sent with the reply.
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
    """What somebody replies to, and the labels of both as the transcript names them."""

    by: str
    speaker: str
    quote: Quote


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message as the character hears it. Only the ids are to be trusted: every string is a user's.

    `mentions` are the user ids that it mentions, in their order; `people` are those whom Discord names
    beside it: who is mentioned or replied to, and the bots of the server. `text` holds `words` and all that
    can be read of the `attachments`; `quote` is what it replies to. `aloud` marks what was said in a call,
    and `alone` that nobody else was in that call with the character.
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
    replies_to: int | None = None  # the author of what it replies to
    words: str | None = None  # what was typed, where `text` also names people, files and stickers
    account_name: str = ""  # the account's own name, where `author_name` is a guild nickname
    author_roles: tuple[int, ...] | None = ()  # None where nobody said which they are
    mentions: tuple[int, ...] = ()
    people: tuple[Person, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    quote: Quote | None = None
    aloud: bool = False
    alone: bool = False

    @property
    def said(self) -> str:
        """The words that its author typed or spoke, without those of files, previews and the like."""
        return self.text if self.words is None else self.words


def as_edited(heard: Utterance, text: str, attachments: tuple[Attachment, ...] | None = None) -> Utterance:
    """Return an utterance in the form that it was edited to; `attachments` where these may be others."""
    if text == heard.text:
        return heard
    attachments = heard.attachments if attachments is None else attachments
    words = without_attachments(text, attachments)
    # The log holds mentions by name: one that was edited out took its @ along.
    mentioned = heard.mentions_me and "@" in words
    return replace(heard, text=text, words=words, mentions_me=mentioned, attachments=attachments)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A line said lately in a channel, as far as deciding looks at it; `mine` is the character's own."""

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
    """One line of the transcript, at its `place` in the log. `mine` marks what the character itself said.

    `person_id` said it; where a character did, it `drew_on` some people. `of_picture` marks what stands for
    a picture of an earlier line, which is no line of the log.
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
    """A picture of a message that a prompt may show; `speaker` sent it, by the label of the transcript.

    Without a `picture` it was not looked at, or can't be seen.
    """

    message_id: int
    speaker: str
    attachment: Attachment
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """What is left of older talk in a place: when it was, and the character's notes of it."""

    text: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the character knows for good about one person, by the number of each memory."""

    speaker: str
    memories: tuple[tuple[int, str], ...]
    person_id: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the transcript, and changes rarely: the provider's cache holds it.

    `at` is the moment whose memories it shows, about `people`; `renewed` says that it is another one
    than the last prompt's. `ids` are the facts that stand in it, or are known newly.
    """

    episodes: tuple[Episode, ...] = ()
    known: tuple[Knowledge, ...] = ()
    at: datetime | None = None
    people: tuple[int, ...] = ()
    renewed: bool = False
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Aside:
    """Something to be kept in mind that stands `depth` lines before the end of the talk."""

    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class PromptSituation:
    """What besides the talk makes a reply what it is here and now, all of it near the prompt's end.

    `notes` are paragraphs of ours or an operator's: lore, behaviour, mode, how the characters get on.
    `asides` stand further up. `lore` is what lorebooks will remember from this turn on, `entries` names
    those that spoke. `names` are whom people play, by the label under which they speak. `tempo` is how fast
    it types now, 1 for as fast as ever. `asked_back` is the place in the log of what it may come back to.
    `guard` says how hostile it is and how thick its skin, where the notes speak of that.
    `musings` are the character's own thoughts among the notes.
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
    """What comes to mind before a reply: only what this place may know.

    `lines` run oldest first; `floor` is the place of the first of them, kept so that the next prompt
    begins with the same bytes; `heard_through` is the log position of the last one that others said.
    `fresh` is known since the `head` was written; `tokens` is the size of all that was said, the lines
    that did not fit included. `recalled` was found by search; `stage` is what else matters here and now.
    `seated` says that the character has a place there already, with a transcript that began at `begun`.
    `premium` is whom it answers, and `sendable` a place that does not refuse its words just now. `sights` are
    the pictures of what is answered, and was answered last; `unseen` more of them were too many. `quotes` are
    what is replied to; `read` names files and voice messages of what is answered: kind and message.
    What is in `listening` was not heard yet: these recordings are still being transcribed. The reply is to
    be a voice message where `spoken` says so.
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
    """What the character is going to say. A fallback is said, but never remembered.

    `lasting` marks a fault that only the operator can mend: it is shown once an hour to each; `unpaid` says
    that the budget of the day is spent, which is told once a day. `floor` is where the transcript began that
    was really sent. `expert` is who wrote it and why, where it was not the general model.
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
    """What is wanted of one reply besides: `remarks` are people's words about it, the `note` is ours."""

    remarks: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a reply, as it is sent: `nonce` makes sending it again harmless.

    Where it was posted already, `message_id` says as what, and `todo` what is to be done about it: 'edit'
    it to the text, or 'delete' it. One that is `spoken` goes out as a voice message, where that can be.
    """

    number: int
    text: str
    nonce: str
    message_id: int | None = None
    todo: str | None = None
    spoken: bool = False


@dataclass(frozen=True, slots=True)
class GrownReply:
    """Messages that show a reply before it is written down, with the words that each shows.

    `mark` begins the nonces of those that it needs besides.
    """

    parts: tuple[Part, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class Showing:
    """Where a reply is seen while it comes: `show` is given all of it so far, and "" where it begins anew.

    What is `replaceable` may begin anew at any time; what is not stands there for good once it was shown.
    """

    show: Callable[[str], None]
    replaceable: bool = False


NO_EMOTES: Mapping[str, str] = MappingProxyType({})
"""What a place has that has no emotes of its own, such as a private talk."""


class Mouth(Protocol):
    """Where a reply is said: a Discord channel, the terminal, a test. `me` is the id it speaks with."""

    @property
    def me(self) -> int: ...

    @property
    def emotes(self) -> Mapping[str, str]:
        """The place's own emotes: how each is written there, such as `<:smile_cat:123>`, by its name."""

    def speaking_as(self, speaker: Speaker) -> "Mouth":
        """Return what speaks here as one of the characters; the primary one speaks as the bot itself."""

    @property
    def show(self) -> Callable[[str], None] | None:
        """What shows a reply while it comes, given all of it so far; None where it is only said whole."""

    def typing(self) -> AbstractAsyncContextManager[None]:
        """Show that the character is writing, for as long as the context is open."""

    async def say(self, part: Part, *, to: int) -> int:
        """Post one part and return the id of the message it became.

        `to` is the user who may be pinged. Raises Unsayable when this place can't be written to,
        Unpostable when this part can't be posted anywhere, and Unsaid when it may work later.
        """

    async def edit(self, message_id: int, text: str) -> None:
        """Give a message of the character's new words; raises as `say` does."""

    async def unsay(self, message_id: int) -> None:
        """Delete a message of the character's; one that is gone already is fine. Raises as `say` does."""

    async def react(self, message_id: int) -> None:
        """Show at a message that it can't be answered; raises as `say` does."""

    async def whisper(self, part: Part, *, to: int) -> bool:
        """Say something as the bot to one user alone, in private; False where they can't be reached so.

        Raises as `say` does.
        """

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        """Return the id of the message that `part` already became; None when it was not posted.

        It is one of those after message `after`, and none of the `known` ones, which other parts became.
        """


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it comes in, before anybody looked at it: whose it is, and where.

    `look` returns what was said, which may take asking Discord; None where it is nothing for a character.
    `gapless` says, when it is noted, whether everything before it in its channel was heard; `not_noted` is
    told where it could not be.
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
    """What was said in a channel and is not answered yet: each function asks Discord for it.

    `left` was noted before a stop, and nothing was decided about it; `missed` was said while nobody listened.
    `caught_up` is told when all of that is noted; `gapless` says that nothing else was missed.
    """

    left: Callable[[], Awaitable[Sequence[Utterance]]]
    missed: Callable[[], Awaitable[Sequence[Arrival]]]
    caught_up: Callable[[], object]
    gapless: bool = True


def arrived(heard: Utterance, mouth: Mouth, *, gapless: bool = True) -> Arrival:
    """Return the arrival of a message that needs no second look."""

    async def look() -> Utterance:
        return heard

    return Arrival(
        heard.where.channel_id, heard.message_id, heard.author_id, look, lambda: mouth, lambda: gapless
    )
