"""Files that hang on messages, honest ones and others."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Upload:
    """A file: `size` and `content_type` are what Discord declares and may be lies.

    `served_as` is the content type that the CDN's answer carries, the declared one by default. An
    `endless` file goes on repeating its body until the reader hangs up.
    """

    filename: str
    body: bytes = b""
    content_type: str | None = "application/octet-stream"
    size: int | None = None
    endless: bool = False
    served_as: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class Attachment:
    """A file that hangs on a message."""

    id: int
    upload: Upload
    url: str

    def payload(self) -> dict[str, Any]:
        """Return Discord's attachment object."""
        upload = self.upload
        given = {"content_type": upload.content_type, "description": upload.description}
        return {
            "id": str(self.id),
            "filename": upload.filename,
            "size": len(upload.body) if upload.size is None else upload.size,
            "url": self.url,
            "proxy_url": self.url,
            **{key: value for key, value in given.items() if value is not None},
        }
