"""The attachments of a message: pictures, files, voice, previews, forwarded messages, polls.

A message's `text` includes the readable content of its attachments, so the rules for a person's
words (audience, consent, erasure, export) cover attachments too. The attachments are also stored separately,
so that editing the words does not lose their extracted content.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Self


class AttachmentKind(StrEnum):
    """Type of an attachment; the database stores the value."""

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
"""Kinds whose text is extracted once and kept; pictures are viewed anew each time."""

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
    """One attachment. Every string comes from a user or a model and is already cleaned.

    `id` is Discord's and unique in its channel; URLs are not stored because Discord's expire. `size` is in
    bytes as Discord reports it, `seconds` the length of a voice message. `text` is the readable content: the
    words of a file, a transcript, a preview, a poll. `alt` is the sender's own description. `shows` is a
    model's description of a picture, made after the first answer to it, when the channel's log had reached
    position `told_at`; it cost `cost` US dollars, None if unknown. `fault` marks an unreadable attachment,
    `forwarded` an attachment that somebody else originally sent elsewhere.
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
        """Return the attachment that `to_json` wrote, ignoring fields of other versions."""
        known = {key: value for key, value in kept.items() if key in cls.__dataclass_fields__}
        kinds = set(AttachmentKind)
        kind = AttachmentKind(kept["kind"]) if kept.get("kind") in kinds else AttachmentKind.FILE
        return cls(**{**known, "kind": kind})

    def to_json(self) -> dict[str, Any]:
        """Return the fields for the database, without empty ones."""
        return {key: value for key, value in asdict(self).items() if value} | {"kind": self.kind.value}

    @property
    def unread(self) -> bool:
        """Whether the file contains text that has not been extracted yet."""
        return self.kind in READ and not self.text and not self.fault

    @property
    def pictured(self) -> bool:
        """Whether a model can view the attachment as a picture; stickers in other formats have a `fault`."""
        return self.kind in (AttachmentKind.PICTURE, AttachmentKind.STICKER) and not self.fault


def kind_of(name: str, content_type: str | None = None) -> AttachmentKind:
    """Return the kind of a file from its media type, or from its name if it has no media type."""
    media = (content_type or "").partition(";")[0].strip().lower()
    if media in _PICTURES:
        return AttachmentKind.PICTURE
    if media == "application/pdf":
        return AttachmentKind.PDF
    if media in _TEXTS or (media.startswith("text/") and media != "text/rtf"):
        return AttachmentKind.TEXT
    found = _BY_ENDING.get(PurePath(name.lower()).suffix, AttachmentKind.FILE)
    # A picture of an unsupported type, such as SVG, stays unsupported whatever its name ends in.
    return AttachmentKind.FILE if found is AttachmentKind.PICTURE and media else found


def attachments_of(kept: Sequence[dict[str, Any]] | None) -> tuple[Attachment, ...]:
    """Return the attachments stored in a row of the log."""
    return tuple(Attachment.from_json(fields) for fields in kept or ())


def json_of(attachments: Iterable[Attachment]) -> list[dict[str, Any]] | None:
    """Return attachments as a log row stores them; None if there are none."""
    return [attachment.to_json() for attachment in attachments] or None


def with_attachments(words: str, attachments: Iterable[Attachment]) -> str:
    """Return a message's text: its words, then one or more lines for each attachment."""
    lines = (_WRITTEN[attachment.kind](attachment) for attachment in attachments)
    return "\n".join(piece for piece in (words, *lines) if piece)


def without_attachments(text: str, attachments: Sequence[Attachment]) -> str:
    """Return a message's words without its attachments' lines, or all of it if these have changed."""
    added = with_attachments("", attachments)
    return text.removesuffix(added).rstrip("\n") if added else text


def described(text: str, attachments: Iterable[Attachment]) -> str:
    """Return a message's text with the descriptions of its pictures, for notes, facts and search."""
    return "\n".join([text, *(line for attachment in attachments if (line := description_line(attachment)))])


def with_known(attachments: Iterable[Attachment], known: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """Return attachments, replaced by their `known` counterparts, which include extracted content."""
    by_id = {(attachment.kind, attachment.id): attachment for attachment in known if attachment.id}
    return tuple(by_id.get((attachment.kind, attachment.id), attachment) for attachment in attachments)


def description_line(attachment: Attachment) -> str:
    """Return the transcript line that describes a picture; "" if it has no description."""
    return f"({attachment.name or 'the picture'} shows: {attachment.shows})" if attachment.shows else ""


def _picture(attachment: Attachment) -> str:
    alt = f', described as "{attachment.alt}"' if attachment.alt else ""
    return f"(sent a picture: {attachment.name}{alt})"


def _sticker(attachment: Attachment) -> str:
    return f"(sent a sticker: {attachment.name})"


def _file(attachment: Attachment) -> str:
    if attachment.text:
        return (
            f"(sent a file: {attachment.name}. It says:)\n{attachment.text}\n(the end of {attachment.name})"
        )
    if attachment.fault:
        return f"(sent a file: {attachment.name}, which can't be read)"
    return f"(sent a file: {attachment.name}{_size(attachment.size)})"


def _voice(attachment: Attachment) -> str:
    if attachment.text:
        return f"(said aloud) {attachment.text}"
    if attachment.fault:
        return "(sent a voice message that could not be made out)"
    if not attachment.seconds:
        return "(sent a voice message)"
    return f"(sent a voice message of {round(attachment.seconds)} seconds)"


def _embed(attachment: Attachment) -> str:
    site = f" on {attachment.name}" if attachment.name else ""
    return f"(a link shows{site}: {attachment.text})"


def _forward(attachment: Attachment) -> str:
    return f"(forwards a message:)\n{attachment.text}\n(the end of what is forwarded)"


def _poll(attachment: Attachment) -> str:
    return f"(asks in a poll: {attachment.text})"


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
"""Formatters of an attachment's text; never change one, because earlier prompts contain its output."""
