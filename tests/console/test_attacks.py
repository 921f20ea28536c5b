"""Attacks on the console, by name: each is tried on a bot that runs, and each is refused."""

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from bot.audit import Actor
from console.access import SESSION_SECONDS, Access, Doorway
from console.pages.characters import HIDDEN, LEAKED, hidden
from console.site import SessionGuard
from console.view import VERSION
from tests.console.conftest import COOKIE, Site
from tests.fakes import FakeClock

pytestmark = pytest.mark.timeout(180)
PAGES = ("/", "/memories", "/characters", "/relations", "/costs", "/health", "/settings", "/audit", "/events")
FORMS = {
    "/health/run": {"job": "heartbeat"},
    "/reveal": {"channel_id": "1"},
    "/memories/change": {"person": "1", "number": "1", "do": "forget"},
    "/characters/pixel/change": {"file": "character.env", "text": "", "do": "save"},
    "/audit/undo": {"number": "1"},
    "/leave": {},
}
SCRIPT = "\"'><script>document.title='owned'</script>"
OUTSIDE = "nobody's business"

Attack = Callable[["Attacker"], Awaitable[None]]
ATTACKS: dict[str, Attack] = {}


class Attacker:
    """Somebody who reaches the port, and who may have got hold of a session."""

    def __init__(self, site: Site, session: aiohttp.ClientSession, cookie: str) -> None:
        self.site = site
        self.session = session
        self.cookie = {"Cookie": f"{COOKIE}={cookie}"}
        self.own = {**self.cookie, "Origin": site.base, "Sec-Fetch-Site": "same-origin"}

    async def asks(self, path: str, headers: dict[str, str] | None = None, **how: Any) -> Any:
        """Ask for something by GET, with the cookie unless `headers` are given; return the answer, read."""
        return await self._sends("GET", path, self.cookie if headers is None else headers, **how)

    async def posts(self, path: str, form: Any, headers: dict[str, str] | None = None) -> Any:
        """Send a form, as the console's own page does unless `headers` are given; return the answer, read."""
        return await self._sends("POST", path, self.own if headers is None else headers, data=form)

    async def _sends(self, method: str, path: str, headers: dict[str, str], **how: Any) -> Any:
        address = URL(path if path.startswith("http") else f"{self.site.base}{path}", encoded=True)
        sent = self.session.request(method, address, headers=headers, allow_redirects=False, **how)
        response: Any
        async with asyncio.timeout(20), sent as response:
            streams = response.content_type == "text/event-stream"
            response.words = "" if streams else await response.text()
            return response


def attack(tried: Attack) -> Attack:
    """Add an attack to those that are tried; the first line of its docstring is its name."""
    ATTACKS[(tried.__doc__ or "").strip().splitlines()[0]] = tried
    return tried


@attack
async def no_cookie(attacker: Attacker) -> None:
    """Pages are asked for without a cookie"""
    for path in PAGES:
        assert (await attacker.asks(path, {})).status == 401, path
    for path, form in FORMS.items():
        without = {name: value for name, value in attacker.own.items() if name != "Cookie"}
        assert (await attacker.posts(path, form, without)).status == 401, path


@attack
async def forged_cookie(attacker: Attacker) -> None:
    """A cookie is made up"""
    for forged in ("forged", "", "null", "a" * 5_000, "' OR 1=1 --"):
        assert (await attacker.asks("/", {"Cookie": f"{COOKIE}={forged}"})).status == 401


@attack
async def guessed_link(attacker: Attacker) -> None:
    """A link is guessed"""
    for token in ("guessed", "", "%00", "*"):
        assert (await attacker.asks(f"/enter?token={token}", {})).status == 403


@attack
async def used_link(attacker: Attacker) -> None:
    """A link that was used is used again"""
    link = await attacker.site.link()
    assert (await attacker.asks(link, {})).status == 200
    assert (await attacker.asks(link, {})).status == 403


@attack
async def raced_link(attacker: Attacker) -> None:
    """A link is used many times in the same moment"""
    link = await attacker.site.link()
    answers = await asyncio.gather(*(attacker.asks(link, {}) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200, *[403] * 7]


@attack
async def link_from_a_log(attacker: Attacker) -> None:
    """A link is looked for in the log, and at the socket by another user"""
    token = (await attacker.site.link()).rpartition("=")[2]
    assert (await attacker.asks(f"/enter?token={token}", {})).status == 200
    assert token not in attacker.site.bot.log
    assert stat.S_IMODE((attacker.site.bot.data / "console.sock").stat().st_mode) == 0o600


@attack
async def cookie_after_leaving(attacker: Attacker) -> None:
    """A cookie is used after its session was left"""
    entered = await attacker.asks(await attacker.site.link(), {})
    kept = {"Cookie": f"{COOKIE}={entered.cookies[COOKIE].value}"}
    assert (await attacker.asks("/", kept)).status == 200
    assert (await attacker.posts("/leave", {}, {**attacker.own, **kept})).status == 303
    assert (await attacker.asks("/", kept)).status == 401


@attack
async def cookie_read_by_a_script(attacker: Attacker) -> None:
    """A script, or another site, is to get the cookie"""
    entered = await attacker.asks(await attacker.site.link(), {})
    cookie = entered.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "strict"


@attack
async def rebound_host(attacker: Attacker) -> None:
    """A foreign name is bound to 127.0.0.1 (DNS rebinding)"""
    port = attacker.site.port
    for host in ("evil.example", f"evil.example:{port}", f"127.0.0.1.evil.example:{port}", "localhost.evil"):
        assert (await attacker.asks("/", {**attacker.cookie, "Host": host})).status == 400, host


@attack
async def foreign_origin(attacker: Attacker) -> None:
    """Another site sends a form (CSRF)"""
    port = attacker.site.port
    foreign = ("http://evil.example", "null", "", f"http://127.0.0.1:{port + 1}", f"https://127.0.0.1:{port}")
    for path, form in FORMS.items():
        for origin in foreign:
            headers = {**attacker.own, "Origin": origin}
            assert (await attacker.posts(path, form, headers)).status == 403, (path, origin)


@attack
async def form_from_nowhere(attacker: Attacker) -> None:
    """A form does not say where it comes from, or from another site"""
    for path, form in FORMS.items():
        assert (await attacker.posts(path, form, attacker.cookie)).status == 403, path
        for site in ("cross-site", "same-site", "none"):
            headers = {**attacker.cookie, "Sec-Fetch-Site": site}
            assert (await attacker.posts(path, form, headers)).status == 403, (path, site)
            assert (await attacker.posts(path, form, {**attacker.own, **headers})).status == 403, (path, site)


@attack
async def change_by_a_link(attacker: Attacker) -> None:
    """A change is asked for by a link or a picture's address"""
    for path, form in FORMS.items():
        assert (await attacker.asks(path, params=form)).status in (404, 405), path


@attack
async def read_by_another_site(attacker: Attacker) -> None:
    """Another site reads a page, or puts it into a frame"""
    for path in PAGES:
        answer = await attacker.asks(path, {**attacker.cookie, "Origin": "http://evil.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers, path
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["Cache-Control"] == "no-store", path


@attack
async def path_of_a_script(attacker: Attacker) -> None:
    """A path leads out of the folder of scripts"""
    for path in ("../site.py", "%2e%2e/site.py", "..%2fsite.py", "/etc/passwd", "%00", "..%5csite.py"):
        assert (await attacker.asks(f"/static/{path}")).status in (400, 404), path


@attack
async def path_in_the_editor(attacker: Attacker) -> None:
    """A path leads out of a character's folder, to be read and to be written"""
    outside = attacker.site.bot.folder / "outside.md"
    for name in ("../../outside.md", str(outside), "..%2f..%2foutside.md", "..\\..\\outside.md", ".", "\0"):
        answer = await attacker.asks("/characters/pixel", params={"file": name})
        assert answer.status == 404, name
        form = {"file": name, "text": "x", "do": "save"}
        assert (await attacker.posts("/characters/pixel/change", form)).status == 404, name
    for slug in ("..", "%2e%2e", "..%2fpixel", "_frameworks"):
        assert (await attacker.asks(f"/characters/{slug}?file=outside.md")).status == 404, slug
    assert outside.read_text() == OUTSIDE


@attack
async def link_in_a_folder(attacker: Attacker) -> None:
    """A symbolic link in a character's folder leads out of it"""
    outside, link = attacker.site.bot.folder / "outside.md", "characters/pixel/inside.md"
    (attacker.site.bot.folder / link).symlink_to(outside)
    assert (await attacker.asks("/characters/pixel?file=inside.md")).status == 404
    form = {"file": "inside.md", "text": "x", "do": "save"}
    assert (await attacker.posts("/characters/pixel/change", form)).status == 404
    assert outside.read_text() == OUTSIDE


@attack
async def header_in_a_field(attacker: Attacker) -> None:
    """A line break in a field is to become a header of the answer"""
    broken = "1\r\nSet-Cookie: owned=1\r\nX-Owned: 1"
    answers = [
        await attacker.posts("/reveal", {"channel_id": "1", "shown": broken}),
        await attacker.posts(
            "/memories/change", {"character": broken, "person": "1", "number": "1", "do": "forget"}
        ),
        await attacker.asks("/enter", {}, params={"token": broken}),
        await attacker.asks("/", params={"place": broken, "shown": broken}),
    ]
    for answer in answers:
        assert "X-Owned" not in answer.headers
        assert "owned" not in answer.cookies
    assert answers[0].headers["Location"] == "/?shown=#detail"


@attack
async def sent_elsewhere(attacker: Attacker) -> None:
    """A link to the console leads to another site"""
    for path in ("//evil.example/", "//evil.example/characters/", "/\\evil.example/", "/%2f%2fevil.example/"):
        assert (await attacker.asks(path)).status in (400, 404), path
    slash = await attacker.asks("/characters/")
    assert slash.headers.get("Location", "/").startswith(("/", attacker.site.base))


@attack
async def too_large(attacker: Attacker) -> None:
    """A form of 10 MB, and one that never ends"""
    assert (await attacker.posts("/reveal", BytesIO(b"x" * 10_000_000))).status == 413

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000

    with suppress(aiohttp.ClientError):  # it was cut off
        assert (await attacker.posts("/reveal", endless())).status == 413


@attack
async def many_fields(attacker: Attacker) -> None:
    """A form of very many fields"""
    assert (await attacker.posts("/reveal", b"a&" * 400_000)).status == 400


@attack
async def preview_of_a_link(attacker: Attacker) -> None:
    """A link is asked for by a preview, before the one for whom it is"""
    link = await attacker.site.link()
    async with attacker.session.head(URL(link, encoded=True)) as previewed:
        assert previewed.status == 403
        assert COOKIE not in previewed.cookies
    assert (await attacker.asks(link, {})).status == 200


@attack
async def key_in_a_prompt(attacker: Attacker) -> None:
    """A hidden key is moved to where the prompt shows it"""
    sheet, key = attacker.site.bot.folder / "characters/nyx/character.env", "sk-ant-canary-key"
    before = sheet.read_text()
    try:
        sheet.write_text(f"{before}\nANTHROPIC_API_KEY={key}\n")
        assert key not in (await attacker.asks("/characters/nyx?file=character.env")).words
        moved = hidden(before).replace('core_prompt="', f'core_prompt="\nANTHROPIC_API_KEY={HIDDEN}\n', 1)
        for do in ("try", "save"):
            form = {"file": "character.env", "text": moved, "do": do, "was": ""}
            answer = await attacker.posts("/characters/nyx/change", form)
            assert answer.status == 422
            assert key not in answer.words
        assert LEAKED in answer.words
    finally:
        sheet.write_text(before)


@attack
async def mark_of_a_page(attacker: Attacker) -> None:
    """Words that the console itself puts into pages are said by somebody"""
    answer = await attacker.asks("/memories", params={"words": VERSION})
    assert f'value="{VERSION}"' in answer.words


@attack
async def odd_methods(attacker: Attacker) -> None:
    """A page is asked for by a method that it does not know"""
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        sent = attacker.session.request(method, "/health/run", headers=attacker.own)
        async with sent as answer:
            assert answer.status in (400, 405), method


@attack
async def script_in_a_query(attacker: Attacker) -> None:
    """Markup, code of a template and SQL in every query are to be taken for more than words"""
    template, sql = "{{98765*43210}}{% raw %}", "%' OR 1=1 --"
    for word in (SCRIPT, template, sql):
        for path, name in (
            *(("/", one) for one in ("place", "person", "outcome", "before", "shown")),
            *(("/memories", one) for one in ("character", "words", "person")),
            *(("/characters/pixel", one) for one in ("file", "saved")),
        ):
            answer = await attacker.asks(path, params={name: word})
            assert answer.status in (200, 404), (path, name)
            assert "<script>document" not in answer.words, (path, name)
            assert str(98765 * 43210) not in answer.words, (path, name)
    assert "Momo" in (await attacker.asks("/memories?words=Momo")).words
    assert "Momo" not in (await attacker.asks("/memories", params={"words": sql})).words


@attack
async def script_in_a_form(attacker: Attacker) -> None:
    """Markup in every field of every form"""
    for path, form in FORMS.items():
        if path == "/leave":
            continue
        for name in form:
            answer = await attacker.posts(path, {**form, "do": "try", name: SCRIPT})
            assert answer.status in (303, 400, 404, 409, 422), (path, name)
            assert "<script>document" not in answer.words, (path, name)


@attack
async def somebody_elses_number(attacker: Attacker) -> None:
    """Jobs, changes, lines and prompts are named that are none"""
    assert (await attacker.posts("/health/run", {"job": "rm -rf /"})).status == 404
    for number in ("0", "-1", "999999", "9" * 18):
        assert (await attacker.posts("/audit/undo", {"number": number})).status == 409
        assert (await attacker.asks(f"/lines/1/prompts/{number}")).status == 404


def test_at_least_twelve_attacks_are_tried_and_each_has_a_name():
    assert len(ATTACKS) >= 12
    assert all(ATTACKS)


@pytest.mark.slow
async def test_every_attack_is_refused(site, visitor):
    await site.talk.use("privacy yes")
    await site.talk.use("remember", memory="I have a cat named Momo")
    (site.bot.folder / "outside.md").write_text(OUTSIDE)
    cookie = visitor.headers["Cookie"].partition("=")[2]
    async with aiohttp.ClientSession(site.base) as session:
        attacker = Attacker(site, session, cookie)
        # What is refused below is done where it is asked for as the page does.
        assert (await attacker.posts("/health/run", FORMS["/health/run"])).status == 303
        assert (await attacker.asks("/static/console.css")).status == 200
        assert (await attacker.asks("/characters/pixel", params={"file": "character.env"})).status == 200
        succeeded = {}
        for name, tried in ATTACKS.items():
            try:
                await tried(attacker)
            except Exception as error:  # noqa: BLE001 - the others are tried, too
                succeeded[name] = f"{type(error).__name__}: {error}"
        assert succeeded == {}
        assert (await attacker.asks("/")).status == 200
    assert site.talk.rows("SELECT text FROM facts") == [("I have a cat named Momo",)]
    assert "Traceback" not in site.bot.log


async def test_a_cookie_that_grew_old_opens_nothing():
    clock = FakeClock()
    access, answers = Access(clock), list[int]()

    async def inner(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answers.append(message["status"])

    cookie = access.enter(access.link(Actor(7, 8)))
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    guard = SessionGuard(inner, access, set)
    await guard(dict(scope), None, send)  # type: ignore[arg-type]
    clock.pass_time(SESSION_SECONDS + 1)
    await guard(dict(scope), None, send)  # type: ignore[arg-type]
    assert answers == [200, 401]


async def test_nobody_reaches_the_socket_before_it_is_shut_to_others(tmp_path, monkeypatch):
    def tried(path: Path, mode: int) -> None:
        with socket.socket(socket.AF_UNIX) as other, pytest.raises(ConnectionRefusedError):
            other.connect(str(path))
        os.chmod(path, mode)  # noqa: PTH101 - it is the method itself that is replaced
        shut.append(mode)

    shut = list[int]()
    monkeypatch.setattr(Path, "chmod", tried)
    doorway = Doorway(tmp_path, lambda: "a link")
    await doorway.open()
    assert shut == [0o600]
    reader, writer = await asyncio.open_unix_connection(tmp_path / "console.sock")
    assert await reader.read() == b"a link\n"
    writer.close()
    await doorway.close()
