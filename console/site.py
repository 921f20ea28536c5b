"""The console's web server, which runs in the bot's event loop, with its routes and access checks."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import uvicorn
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.app import App
from bot.audit import Actor
from bot.core.tasks import spawn
from bot.features.operations.metrics import METRICS_TYPE, HealthReports
from console import pages
from console.access import AT_THE_MACHINE, SESSION_SECONDS, Access, Doorway
from console.changes import Changes
from console.view import TemplateView, session_of

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
COOKIE = "masquerade_console"
LARGEST_FORM, MOST_FIELDS = 1 << 20, 20
CLOSE_SECONDS = 2.0
FOR_MACHINES = ("/healthz", "/metrics")
STATIC = Path(__file__).parent / "static"
TAKEN = "The console can't be opened: port {port} (console_port) is taken. Choose another one."
NO_WAY_IN = (
    "You need a fresh link: run `python main.py console`, or write `console` into the log channel. "
    "A link works once, for ten minutes.\n"
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'; object-src 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Console:
    """Serves the pages on 127.0.0.1 and creates the login links."""

    def __init__(self, app: App) -> None:
        settings = app.settings
        self._port = settings.console_port
        self._origin = (settings.console_origin or "").rstrip("/")
        self._access = Access(app.clock)
        self._changes = Changes(app.database)
        self._doorway = Doorway(settings.data_dir, lambda: self.link(AT_THE_MACHINE))
        self._view = TemplateView(app)
        self._reports = HealthReports(app.health)
        self._machines_ask = FOR_MACHINES if settings.console_has_metrics else ()
        self.port = 0
        """The port on which the server listens; 0 if it does not."""
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    def link(self, actor: Actor) -> str:
        """Return a URL that opens the console once within ten minutes."""
        return f"{self._origin or f'http://{HOST}:{self.port}'}/enter?token={self._access.link(actor)}"

    async def start(self) -> None:
        """Start the server. If the port is taken, log it and let the bot run on."""
        config = uvicorn.Config(
            self._application(),
            host=HOST,
            port=self._port,
            access_log=False,  # the URL of a link holds its token
            log_config=None,
            log_level="warning",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        try:
            listening = socket.create_server((HOST, self._port))
        except OSError:
            log.error(TAKEN.format(port=self._port))  # noqa: TRY400 - it says it all
            return
        # asyncio sets it only on sockets with an explicit protocol; without it pages wait 40 ms for an ACK.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = listening.getsockname()[1]
        self._serving = spawn(self._server.serve([listening]), name="Console")
        self._changes.open()
        await self._doorway.open()
        log.info("The console is on, port %d: `python main.py console` prints a link to it", self.port)

    async def close(self) -> None:
        """Stop the server, after the streams of open pages, for which it would wait."""
        if self._server is None or self._serving is None:
            return
        self._changes.close()
        await self._doorway.close()
        self._server.should_exit = True
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.shield(self._serving)
        self._serving.cancel()

    def _application(self) -> ASGIApp:
        hosts = [HOST, "localhost", *([urlsplit(self._origin).hostname] if self._origin else [])]
        routes = [
            *(Route(path, self._answer_machine) for path in self._machines_ask),
            Route("/enter", self._enter),
            Route("/leave", self._leave, methods=["POST"]),
            Route("/events", self._events),
            *pages.routes(self._view),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        guarded = Middleware(SessionGuard, access=self._access, own=self._own_origins)
        trusted = Middleware(TrustedHostMiddleware, allowed_hosts=[host for host in hosts if host])
        return Starlette(routes=routes, middleware=[trusted, guarded])

    def _own_origins(self) -> set[str]:
        return {f"http://{HOST}:{self.port}", f"http://localhost:{self.port}", self._origin} - {""}

    async def _enter(self, request: Request) -> Response:
        # A link preview, which requests by HEAD, must not use up the token.
        token = request.query_params.get("token", "") if request.method == "GET" else ""
        cookie = self._access.enter(token)
        if cookie is None:
            return PlainTextResponse(NO_WAY_IN, 403)
        # Not an HTTP redirect: a browser sends no strict cookie after a redirect from another site.
        response = await self._view.page("entered.html", request)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=int(SESSION_SECONDS),
            httponly=True,
            samesite="strict",
            secure=self._origin.startswith("https:"),
        )
        return response

    async def _leave(self, request: Request) -> Response:
        self._access.leave(request.cookies.get(COOKIE, ""))
        return RedirectResponse("/", 303)

    async def _events(self, request: Request) -> Response:
        session = session_of(request)
        if self._changes.full:
            return PlainTextResponse("Too many pages are open: close some.\n", 429)
        topics = self._changes.of_page(partial(self._access.ended, session))
        return EventSourceResponse(topics, ping=15)

    async def _answer_machine(self, request: Request) -> Response:
        if request.url.hostname not in (HOST, "localhost"):  # a reverse proxy could pass requests of anybody
            return PlainTextResponse(NO_WAY_IN, 401)
        if request.url.path == "/metrics":
            return Response(self._reports.metrics(), media_type=METRICS_TYPE)
        text, status = self._reports.healthz()
        return PlainTextResponse(text, status)


class _Server(uvicorn.Server):
    """A server that leaves signals to the bot."""

    def capture_signals(self) -> Any:
        return nullcontext()


class SessionGuard:
    """Middleware that requires a session, allows changes only from our own pages, and limits forms."""

    def __init__(self, app: ASGIApp, access: Access, own: Callable[[], set[str]]) -> None:
        self._app = app
        self._access = access
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        session = self._access.session(request.cookies.get(COOKIE, ""))
        scope["session"] = session
        if refused := self._refused(request, known=session is not None):
            await refused(scope, receive, _with_headers(send))
            return
        if request.method not in ("GET", "HEAD"):
            body = await _body(receive)
            if body is None:
                await PlainTextResponse("That is too large.\n", 413)(scope, receive, _with_headers(send))
                return
            form = await asyncio.to_thread(_form, body)
            if form is None:
                await PlainTextResponse("That is no form of these pages.\n", 400)(
                    scope, receive, _with_headers(send)
                )
                return
            scope["form"] = form
        await self._app(scope, receive, _with_headers(send))

    def _refused(self, request: Request, *, known: bool) -> Response | None:
        path = request.url.path
        if not known and path not in ("/enter", *FOR_MACHINES) and not path.startswith("/static/"):
            # An open page requests by htmx; the header makes it reload, so that its old contents vanish.
            return PlainTextResponse(NO_WAY_IN, 401, {"HX-Refresh": "true"})
        if request.method in ("GET", "HEAD"):
            return None
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        own = origin in self._own() if origin is not None else site == "same-origin"
        if not own or site not in (None, "same-origin"):
            return PlainTextResponse("Only the console's own pages may change anything.\n", 403)
        return None


async def _body(receive: Receive) -> bytes | None:
    """Return the body of a request; None if it is too large or incomplete."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > LARGEST_FORM:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _form(body: bytes) -> dict[str, str] | None:
    """Return the fields of a form; None if there are too many."""
    try:
        words = body.decode("utf-8", "replace")
        return dict(parse_qsl(words, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        return None


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *(
                    (name.lower().encode(), value.encode())
                    for name, value in _HEADERS.items()
                    if name.lower().encode() not in present or name == "Cache-Control"
                ),
            ]
        await send(message)

    return sending
