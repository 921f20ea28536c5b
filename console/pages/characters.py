"""The page Characters: an editor of their files, with the resulting prompt and its size."""

import asyncio
import difflib
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.conversation.company import PlayedCharacter
from bot.features.characters.library import Library
from bot.features.characters.shelves import CharacterFaults
from bot.settings import SECRETS
from console.view import TemplateView, form_of, session_of
from personas.character import Character

LARGEST_FILE = 500_000
CHANGED = "Somebody else changed this file meanwhile. Below is what you wrote; load the page for theirs."
LEAKED = "A key or a password would become part of the character: leave it where it was, or leave it out."
SHORTEST_KEY = 8
HIDDEN = "(hidden)"
_KEY = "|".join(SECRETS)
_SECRETS = (
    re.compile(
        rf"""(?im)^(?P<before>[ \t#]*(?:export[ \t]+)?['"]?(?P<name>{_KEY})['"]?[ \t]*[=:][ \t]*)"""
        # A quoted value may span lines; an unclosed one extends to the end of the file.
        r"""(?P<value>"(?:\\[\s\S]|[^"\\])*".*|'(?:\\[\s\S]|[^'\\])*'.*|["'][\s\S]*|\S.*)(?P<after>)"""
    ),
    re.compile(r"(?P<before>\w://)(?P<value>[^/@\s]+)(?P<after>@(?P<name>[^/\s\"']+))"),
)
"""Keys, and passwords in URLs; a hidden value is only restored for the same `name`."""
EDITED = "edited a character's file"


class CharacterPages:
    """The list of characters and one of their files at a time."""

    def __init__(self, view: TemplateView) -> None:
        self._view = view
        self._app = view.app

    async def page(self, request: Request) -> Response:
        roles = list(self._app.company.by_slug.values())
        tokens = {role.slug: self._app.voice.tokens(role.character.core_prompt) for role in roles}
        return await self._view.page("characters.html", request, roles=roles, tokens=tokens)

    async def file(self, request: Request) -> Response:
        """Show a file of a character, by default the first."""
        role, library = self._found(request)
        if role is None or library is None:
            return PlainTextResponse("There is no such character here.\n", 404)
        paths = await asyncio.to_thread(library.files_of, role.slug)
        name = request.query_params.get("file") or (paths[0].name if paths else None)
        path = await asyncio.to_thread(_named, paths, name)
        if path is None:
            return PlainTextResponse("There is no such file of theirs.\n", 404)
        stored = await asyncio.to_thread(_read, path)
        shown = await asyncio.to_thread(hidden, stored)
        return await self._editor(request, role, paths, path, stored, shown)

    async def change(self, request: Request) -> Response:
        """Preview a character with an edited file, and write the file if requested and valid."""
        role, library = self._found(request)
        form = form_of(request)
        if role is None or library is None:
            return PlainTextResponse("There is no such character here.\n", 404)
        paths = await asyncio.to_thread(library.files_of, role.slug)
        path = await asyncio.to_thread(_named, paths, form.get("file"))
        if path is None:
            return PlainTextResponse("There is no such file of theirs.\n", 404)
        text = form.get("text", "").replace("\r\n", "\n")
        stored = await asyncio.to_thread(_read, path)
        whole = await asyncio.to_thread(restored, text, stored)
        editor = partial(self._editor, request, role, paths, path, stored, text)
        try:
            tried = await library.tried(role, path, whole, self._app.database)
        except CharacterFaults as faults:
            return await editor(faults=str(faults).splitlines(), status=422)
        if await asyncio.to_thread(_leaks, stored, role.character, tried.character):
            return await editor(faults=[LEAKED], status=422)
        if form.get("do") != "save":
            return await editor(prompt=tried.character.core_prompt, tried=True)
        if form.get("was") != _mark(stored):
            return await editor(faults=[CHANGED], status=409)
        await library.write(role, path, whole)
        await self._app.audit.note(session_of(request).actor, EDITED, f"{role.slug}/{path.name}")
        await self._app.refresh()
        return RedirectResponse(f"/characters/{role.slug}?file={path.name}&saved=1", 303)

    def _found(self, request: Request) -> tuple[PlayedCharacter | None, Library | None]:
        return self._app.company.by_slug.get(request.path_params["slug"]), self._app.library

    async def _editor(
        self,
        request: Request,
        role: PlayedCharacter,
        paths: list[Path],
        path: Path,
        stored: str,
        text: str,
        *,
        prompt: str = "",
        tried: bool = False,
        faults: Sequence[str] = (),
        status: int = 200,
    ) -> Response:
        shown = prompt or role.character.core_prompt
        return await self._view.page(
            "character.html",
            request,
            status=status,
            role=role,
            files=paths,
            file=path,
            text=text,
            was=_mark(stored),
            prompt=shown,
            tokens=self._app.voice.tokens(shown),
            tokens_now=self._app.voice.tokens(role.character.core_prompt),
            diff=await asyncio.to_thread(_changes, stored, text) if tried else [],
            tried=tried,
            faults=faults,
            notices=role.playing.notices,
        )


def hidden(text: str) -> str:
    """Return a file's text without the values of keys and passwords."""
    for secret in _SECRETS:
        text = secret.sub(rf"\g<before>{HIDDEN}\g<after>", text)
    return text


def restored(text: str, stored: str) -> str:
    """Return an edited file with the stored values in place of the hidden ones."""
    for secret in _SECRETS:
        text = _restored(secret, text, stored)
    return text


def _restored(secret: re.Pattern[str], text: str, stored: str) -> str:
    values = defaultdict[str, list[str]](list)
    for found in secret.finditer(stored):
        values[found["name"].casefold()].append(found["value"])

    def value(found: re.Match[str]) -> str:
        kept = values[found["name"].casefold()]
        if found["value"].strip() != HIDDEN or not kept:
            return found[0]
        return f"{found['before']}{kept.pop(0)}{found['after']}"

    return secret.sub(value, text)


def _leaks(stored: str, before: Character, after: Character) -> bool:
    """Return whether an edit would put a secret of the file into the prompt, which the page shows."""
    values = (found["value"] for secret in _SECRETS for found in secret.finditer(stored))
    keys = {piece for value in values for piece in re.split(r"[\s\"']+", value) if len(piece) >= SHORTEST_KEY}
    told, telling = repr(before), repr(after)
    return any(key in telling and key not in told for key in keys)


def _changes(stored: str, after: str) -> list[str]:
    before = hidden(stored)
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), "now", "new", lineterm="", n=2))


def _named(paths: list[Path], name: str | None) -> Path | None:
    """Return the path with a name from the list; None if it is missing or the file is too large."""
    return next((path for path in paths if path.name == name and path.stat().st_size <= LARGEST_FILE), None)


def _read(path: Path) -> str:
    return path.read_text("utf-8", "replace")


def _mark(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def routes(view: TemplateView) -> list[Route]:
    characters = CharacterPages(view)
    return [
        Route("/characters", characters.page),
        Route("/characters/{slug}", characters.file),
        Route("/characters/{slug}/change", characters.change, methods=["POST"]),
    ]
