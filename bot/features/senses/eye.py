"""Untrusted pictures, scaled down and re-encoded in a separate process (Pillow)."""

from typing import Annotated

from pydantic import Field

from bot.core.errors import Unperceived
from bot.features.senses import child
from bot.features.senses.process import ChildAnswer, Process
from bot.llm.types import Picture

DEADLINE = 10.0
"""Timeout in seconds for a picture, including the start of the process."""
LONGEST_EDGE = 1568
PROGRAM = child.beside("picture_child.py")

_Edge = Annotated[int, Field(ge=1, le=LONGEST_EDGE)]
_MOST_MADE = 4 << 20


class _Seen(ChildAnswer):
    width: _Edge
    height: _Edge


class PillowEye:
    """Reads PNG, JPEG, WebP and GIF, detected by content; of an animation, the first frame.

    The output is WebP, which is small, or with `jpeg` JPEG, which every server reads.
    """

    def __init__(self, *, jpeg: bool = False) -> None:
        self._jpeg = jpeg
        self._process = Process(PROGRAM)

    async def look(self, data: bytes) -> Picture:
        """Return the picture upright, without metadata, its longer edge at most 1,568 pixels."""
        answer, made = await self._process.ask(data, "JPEG" if self._jpeg else "WEBP", deadline=DEADLINE)
        seen = _Seen.of(answer)
        begins = made[:3] == b"\xff\xd8\xff" if self._jpeg else made[:4] + made[8:12] == b"RIFFWEBP"
        if len(made) > _MOST_MADE or not begins:
            raise Unperceived("what was made of it is no picture")
        return Picture(made, seen.width, seen.height, "image/jpeg" if self._jpeg else "image/webp")
