"""The attachments of a message: pictures, files, voice, previews, forwarded messages, polls.

A message's `text` holds all that can be read of them, so whatever is true of somebody's words (who may hear
them, consent, erasure, export) is true of these too. The attachments are kept beside it, so that an edit of
the words does not lose what was read once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Self


class AttachmentKind(StrEnum):
    """What an attachment is; the value is what the database keeps."""

    PICTURE = "picture"
    STICKER = "sticker"
    TEXT = "text"
    PDF = "pdf"
    VOICE = "voice"
    FILE = "file"
    EMBED = "embed"
    FORWARD = "forward"
    POLL = "poll"


READ = frozenset({AttachmentKind.TEXT, AttachmentKind.PDF, AttachmentKind.VOICE})
"""Of these the words are made out. Pictures are looked at anew, and all else is as Discord tells it."""

_PICTURES = frozenset({"image/png", "image/apng", "image/jpeg", "image/webp", "image/gif"})
_TEXTS = frozenset(
    {"application/json", "application/xml", "application/x-yaml", "application/toml", "application/sql"}
    | {"application/javascript", "application/x-sh", "application/x-python"}
)
_TEXT_ENDINGS = {
    *(".txt", ".text", ".md", ".rst", ".log", ".csv", ".tsv", ".srt", ".tex", ".ini", ".cfg", ".conf"),
    *(".json", ".yaml", ".yml", ".toml", ".xml", ".html", ".css", ".diff", ".patch", ".sql", ".sh"),
    *(".py", ".js", ".ts", ".c", ".h", ".cpp", ".cs", ".java", ".go", ".rs", ".rb", ".php", ".lua"),
}
_BY_ENDING = {
    **dict.fromkeys((".png", ".apng", ".jpg", ".jpeg", ".webp", ".gif"), AttachmentKind.PICTURE),
    ".pdf": AttachmentKind.PDF,
    **dict.fromkeys(_TEXT_ENDINGS, AttachmentKind.TEXT),
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment. Every string comes from a user or a model, and is clean text.

    `id` is Discord's, unique in its channel; no URL is kept, since Discord's expire. `size` is in bytes as
    Discord tells it, `seconds` the length of a voice message. `text` is what can be read of it: the words of
    a file, a transcript, a preview, a poll. `alt` is the sender's own description; `shows` is what a model
    saw in a picture, told after the first answer to it, when the log of the place had grown to `told_at`.
    That took `cost` US dollars, None where nobody knows. `fault` is set where it could not be read. What is
    `forwarded` was said or sent by somebody else, elsewhere.
    """

    kind: AttachmentKind
    id: int = 0
    name: str = ""
    size: int = 0
    seconds: float = 0.0
    text: str = ""
    alt: str = ""
    shows: str = ""
    told_at: int = 0
    cost: float | None = None
    fault: bool = False
    forwarded: bool = False

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Return what `to_json` wrote; what another version wrote besides is passed over."""
        known = {key: value for key, value in kept.items() if key in cls.__dataclass_fields__}
        kinds = set(AttachmentKind)
        kind = AttachmentKind(kept["kind"]) if kept.get("kind") in kinds else AttachmentKind.FILE
        return cls(**{**known, "kind": kind})

    def to_json(self) -> dict[str, Any]:
        """Return what the database keeps: only fields that say something."""
        return {key: value for key, value in asdict(self).items() if value} | {"kind": self.kind.value}

    @property
    def unread(self) -> bool:
        """Say whether its bytes hold words that nobody has looked at yet."""
        return self.kind in READ and not self.text and not self.fault

    @property
    def pictured(self) -> bool:
        """Say whether it can be shown to a model as a picture; a sticker that is none has a `fault`."""
        return self.kind in (AttachmentKind.PICTURE, AttachmentKind.STICKER) and not self.fault


def kind_of(name: str, content_type: str | None = None) -> AttachmentKind:
    """Return what a file is by its media type, and by its name where there is none."""
    media = (content_type or "").partition(";")[0].strip().lower()
    if media in _PICTURES:
        return AttachmentKind.PICTURE
    if media == "application/pdf":
        return AttachmentKind.PDF
    if media in _TEXTS or (media.startswith("text/") and media != "text/rtf"):
        return AttachmentKind.TEXT
    found = _BY_ENDING.get(PurePath(name.lower()).suffix, AttachmentKind.FILE)
    # A picture of another type than ours, such as SVG, does not become one by its name.
    return AttachmentKind.FILE if found is AttachmentKind.PICTURE and media else found


def attachments_of(kept: Sequence[dict[str, Any]] | None) -> tuple[Attachment, ...]:
    """Return the attachments that a row of the log keeps."""
    return tuple(Attachment.from_json(one) for one in kept or ())


def json_of(attachments: Iterable[Attachment]) -> list[dict[str, Any]] | None:
    """Return attachments as a row of the log keeps them; None for none."""
    return [one.to_json() for one in attachments] or None


def with_attachments(words: str, attachments: Iterable[Attachment]) -> str:
    """Return the text of a message: its words, then a line or more for each attachment."""
    lines = (_WRITTEN[one.kind](one) for one in attachments)
    return "\n".join(piece for piece in (words, *lines) if piece)


def without_attachments(text: str, attachments: Sequence[Attachment]) -> str:
    """Return the words of a message from its text; all of it where the attachments are other ones by now."""
    added = with_attachments("", attachments)
    return text.removesuffix(added).rstrip("\n") if added else text


def described(text: str, attachments: Iterable[Attachment]) -> str:
    """Return a message's text with what its pictures show: for notes, facts and search."""
    return "\n".join([text, *(line for one in attachments if (line := description_line(one)))])


def with_known(attachments: Iterable[Attachment], known: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """Return attachments, each as `known` has it where it is among these: with what was read of it."""
    by_id = {(one.kind, one.id): one for one in known if one.id}
    return tuple(by_id.get((one.kind, one.id), one) for one in attachments)


def description_line(one: Attachment) -> str:
    """Return the line of a transcript that stands for a picture's pixels; "" where nobody described it."""
    return f"({one.name or 'the picture'} shows: {one.shows})" if one.shows else ""


def _picture(one: Attachment) -> str:
    alt = f', described as "{one.alt}"' if one.alt else ""
    return f"(sent a picture: {one.name}{alt})"


def _sticker(one: Attachment) -> str:
    return f"(sent a sticker: {one.name})"


def _file(one: Attachment) -> str:
    if one.text:
        return f"(sent a file: {one.name}. It says:)\n{one.text}\n(the end of {one.name})"
    if one.fault:
        return f"(sent a file: {one.name}, which can't be read)"
    return f"(sent a file: {one.name}{_size(one.size)})"


def _voice(one: Attachment) -> str:
    if one.text:
        return f"(said aloud) {one.text}"
    if one.fault:
        return "(sent a voice message that could not be made out)"
    if not one.seconds:
        return "(sent a voice message)"
    return f"(sent a voice message of {round(one.seconds)} seconds)"


def _embed(one: Attachment) -> str:
    site = f" on {one.name}" if one.name else ""
    return f"(a link shows{site}: {one.text})"


def _forward(one: Attachment) -> str:
    return f"(forwards a message:)\n{one.text}\n(the end of what is forwarded)"


def _poll(one: Attachment) -> str:
    return f"(asks in a poll: {one.text})"


def _size(size: int) -> str:
    if size >= 1_000_000:
        return f", {size / 1_000_000:.1f} MB"
    return f", {max(1, round(size / 1000))} kB" if size else ""


_WRITTEN = {
    AttachmentKind.PICTURE: _picture,
    AttachmentKind.STICKER: _sticker,
    AttachmentKind.TEXT: _file,
    AttachmentKind.PDF: _file,
    AttachmentKind.VOICE: _voice,
    AttachmentKind.FILE: _file,
    AttachmentKind.EMBED: _embed,
    AttachmentKind.FORWARD: _forward,
    AttachmentKind.POLL: _poll,
}
"""How an attachment stands in its message's text, which never changes once a prompt has held it."""
