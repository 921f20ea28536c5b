"""The CDN: what was uploaded, avatars, links that expired, and bodies without end."""

import asyncio
import base64

from aiohttp import web

from tests.world.discord_files import Upload
from tests.world.discord_world import World

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
# Where even an endless body ends, so that a reader without a limit fails and does not hang.
ENOUGH = 1 << 31


class Cdn:
    """Serves what hangs on messages; `bytes_sent` counts bodies only."""

    def __init__(self, world: World) -> None:
        self.bytes_sent = 0
        self.requests: list[str] = []
        self._world = world

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.match_info["path"]
        self.requests.append(path)
        upload = self._world.files.get(path)
        if upload is None and path.startswith(("avatars/", "embed/avatars/", "icons/")):
            upload = Upload("pixel.png", PIXEL, "image/png")
        if (fault := self._fault(request, upload)) or upload is None:
            return web.Response(status=fault, text="This content is no longer available.")
        served_as = upload.served_as or upload.content_type or "application/octet-stream"
        if upload.endless:
            return await self._pour(request, upload, served_as)
        if upload.stalls:
            return await self._stall(request, upload, served_as)
        self.bytes_sent += len(upload.body)
        return web.Response(body=upload.body, headers={"Content-Type": served_as})

    def _fault(self, request: web.Request, upload: Upload | None) -> int:
        if upload is None:
            return 404
        age = request.query.get("ex")
        if age is not None and int(age, 16) < self._world.links_age:
            return self._world.expired_status
        return upload.status or 0

    def requests_for(self, filename: str) -> int:
        """Return how often a file was asked for, by the end of its path."""
        return sum(path.endswith(f"/{filename}") for path in self.requests)

    async def _stall(self, request: web.Request, upload: Upload, served_as: str) -> web.StreamResponse:
        """Send half of a file, and nothing more until the reader hangs up."""
        response = web.StreamResponse(headers={"Content-Type": served_as})
        response.content_length = len(upload.body)
        await response.prepare(request)
        half = upload.body[: len(upload.body) // 2]
        await response.write(half)
        self.bytes_sent += len(half)
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(0.02)
        return response

    async def _pour(self, request: web.Request, upload: Upload, served_as: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": served_as})
        await response.prepare(request)
        piece = (upload.body or b"\0") * (65_536 // len(upload.body or b"\0") + 1)
        sent = 0
        try:
            while sent < ENOUGH:
                await response.write(piece)
                sent += len(piece)
                self.bytes_sent += len(piece)
        except ConnectionError:
            # The reader had enough, as it should.
            return response
        return response
