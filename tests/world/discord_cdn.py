"""The CDN: attachments as they were uploaded, avatars, and bodies without end."""

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
        if upload is None:
            return web.Response(status=404)
        served_as = upload.served_as or upload.content_type or "application/octet-stream"
        if upload.endless:
            return await self._pour(request, upload, served_as)
        self.bytes_sent += len(upload.body)
        return web.Response(body=upload.body, headers={"Content-Type": served_as})

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
