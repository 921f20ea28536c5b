"""Files that hang on messages, honest ones and others."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.world.discord_world import World

MOST_WAVES = 256
WAVES_A_SECOND = 10


@dataclass(frozen=True)
class Upload:
    """A file: `size`, `content_type`, `width`, `height` and `seconds` are what Discord says of it.

    All that may be lies. `served_as` is the content type that the CDN's answer carries, the declared one by
    default. An `endless` file goes on repeating its body until the reader hangs up, one that `stalls` stops
    half way and never ends, and instead of one with a `status` the CDN answers that.
    """

    filename: str
    body: bytes = b""
    content_type: str | None = "application/octet-stream"
    size: int | None = None
    endless: bool = False
    served_as: str | None = None
    description: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    waveform: str | None = None
    stalls: bool = False
    status: int | None = None


def voice_message(body: bytes, seconds: float, *, waveform: str | None = None, **lies: Any) -> Upload:
    """Return a voice message, as Discord's apps upload it: ogg/opus with its length and its waves."""
    waves = bytes(37 * number % 256 for number in range(min(MOST_WAVES, int(seconds * WAVES_A_SECOND) + 1)))
    drawn = base64.b64encode(waves).decode() if waveform is None else waveform
    what = {"content_type": "audio/ogg", **lies}
    return Upload("voice-message.ogg", body, seconds=seconds, waveform=drawn, **what)


@dataclass(frozen=True)
class Attachment:
    """A file that hangs on a message; its link is signed anew whenever Discord shows it."""

    id: int
    upload: Upload
    path: str
    world: World

    @property
    def url(self) -> str:
        """Return a link that the CDN takes until links expire."""
        return self.world.link_to(self.path)

    def payload(self) -> dict[str, Any]:
        """Return Discord's attachment object."""
        upload = self.upload
        given = {
            "content_type": upload.content_type,
            "description": upload.description,
            "width": upload.width,
            "height": upload.height,
            "duration_secs": upload.seconds,
            "waveform": upload.waveform,
        }
        return {
            "id": str(self.id),
            "filename": upload.filename,
            "size": len(upload.body) if upload.size is None else upload.size,
            "url": self.url,
            "proxy_url": self.url,
            **{key: value for key, value in given.items() if value is not None},
        }
