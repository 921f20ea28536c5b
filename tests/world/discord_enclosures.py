"""What a message holds besides its words and files: stickers, polls, embeds, and other messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.world.discord_files import Upload
from tests.world.discord_snowflakes import timestamp

Json = dict[str, Any]
StickerKind = Literal["png", "apng", "lottie", "gif"]

FORMATS: dict[str, int] = {"png": 1, "apng": 2, "lottie": 3, "gif": 4}
_ENDINGS = {"apng": "png", "lottie": "json"}
_TYPES = {"png": "image/png", "json": "application/json", "gif": "image/gif"}

IS_VOICE_MESSAGE = 1 << 13
HAS_SNAPSHOT = 1 << 14


@dataclass(frozen=True)
class Sticker:
    """A sticker; its `file` is what the CDN serves, and may be as dishonest as any upload."""

    id: int
    name: str
    file: Upload
    kind: StickerKind = "png"

    @property
    def path(self) -> str:
        """Return where the CDN has it: an animated PNG is a PNG by name, too."""
        return f"stickers/{self.id}.{_ENDINGS.get(self.kind, self.kind)}"

    def payload(self) -> Json:
        """Return Discord's sticker item."""
        return {"id": str(self.id), "name": self.name, "format_type": FORMATS[self.kind]}


def sticker_file(kind: StickerKind, body: bytes) -> Upload:
    """Return an honest file for a sticker."""
    ending = _ENDINGS.get(kind, kind)
    return Upload(f"sticker.{ending}", body, _TYPES[ending])


@dataclass(frozen=True)
class Poll:
    """A poll; an answer may begin with an emoji of its own, "🍵 Tea". One without `hours` never ends."""

    question: str
    answers: Sequence[str]
    hours: float | None = 24
    several: bool = False
    votes: Sequence[int] = ()
    finished: bool = False

    def payload(self, sent_at: float) -> Json:
        """Return Discord's poll object."""
        ends = None if self.hours is None else timestamp(sent_at + self.hours * 3600)
        counts = [
            {"id": number, "count": count, "me_voted": False} for number, count in enumerate(self.votes, 1)
        ]
        return {
            "question": {"text": self.question},
            "answers": [
                {"answer_id": number, "poll_media": _media(answer)}
                for number, answer in enumerate(self.answers, 1)
            ],
            "expiry": ends,
            "allow_multiselect": self.several,
            "layout_type": 1,
            "results": {"answer_counts": counts, "is_finalized": self.finished},
        }


def _media(answer: str) -> Json:
    emoji, space, text = answer.partition(" ")
    if space and emoji and not emoji.isascii() and not emoji[0].isalnum():
        return {"text": text, "emoji": {"id": None, "name": emoji}}
    return {"text": answer}


def link_preview(url: str, title: str, description: str = "", *, site: str = "", **more: Any) -> Json:
    """Return the embed that Discord makes of a link by itself; `more` are further fields of it."""
    given = {"description": description, "provider": {"name": site} if site else None}
    return {"type": "link", "url": url, "title": title} | {k: v for k, v in given.items() if v} | more


def picture_preview(url: str, *, width: int = 640, height: int = 480) -> Json:
    """Return the embed that Discord makes of a link to a picture."""
    picture = {"url": url, "proxy_url": url, "width": width, "height": height}
    return {"type": "image", "url": url, "thumbnail": picture}
