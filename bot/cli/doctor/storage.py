"""Checks of the data folder, the database and semantic search; they change nothing."""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from bot.app import DATABASE_NAME
from bot.cli.doctor.finding import Finding
from bot.settings import Settings
from database import DatabaseCorrupt, DatabaseError, files, schema, servers
from memory.embeddings import EmbedderMissing, open_embedder


async def data_findings(settings: Settings, *, offline: bool, deadline: float) -> list[Finding]:
    """Return the findings about the data folder and the database, local or on a server."""
    url = settings.database_url.get_secret_value()
    if not url:
        return await asyncio.to_thread(storage_findings, settings.data_dir)
    folder = await asyncio.to_thread(_folder, settings.data_dir)
    left = _left_behind(settings.data_dir / DATABASE_NAME)
    return [folder, await _server(url, offline=offline, deadline=deadline), *left]


def recall_finding(model: str) -> Finding:
    """Return whether semantic search of memories works, or how to install it."""
    check = "data.recall"
    try:
        embedder = open_embedder(model)
    except EmbedderMissing as error:
        install = f"pip install --constraint constraints.txt '.[{error.extra}]'"
        return Finding(
            check,
            "notice",
            str(error),
            f"Run: {sys.executable} -m {install if error.extra else 'memory.vocabulary'}",
        )
    if embedder is None:
        return Finding(check, "ok", "Memories are searched by words alone: embedding_model is off.")
    embedder.close()
    return Finding(check, "ok", f"Memories are searched by meaning: {embedder.name}.")


async def _server(url: str, *, offline: bool, deadline: float) -> Finding:
    check = "data.database"
    try:
        servers.require_driver()
        if offline:
            return Finding(check, "skipped", f"{_named(url)} is not looked at: this was asked for offline.")
        async with asyncio.timeout(deadline):
            found = await servers.look(url)
        servers.check(url, found)
    except DatabaseError as error:
        return Finding(check, "problem", str(error))
    except TimeoutError:
        return Finding(check, "problem", f"{_named(url)} did not answer within {deadline:g} seconds.")
    server = f"{_named(url)} answers (version {found.version})"
    if not found.tables:
        return Finding(check, "ok", f"{server}, and will be filled at the first start.")
    if found.revision == schema.head():
        return Finding(check, "ok", f"{server}, and is up to date.")
    return Finding(check, "ok", f"{server}, and will be brought up to date: make a backup before.")


def _named(url: str) -> str:
    place = servers.place_of(url)
    return place[0].upper() + place[1:]


def _left_behind(path: Path) -> list[Finding]:
    """Return a notice if an SQLite file is left from before the move to a server."""
    if not path.exists():
        return []
    sentence = f"{path} still holds what was kept there before the database was on a server."
    mend = "Take it over with `python main.py move-database`, or remove it: nothing in it is forgotten."
    return [Finding("data.left_behind", "notice", sentence, mend)]


def storage_findings(data_dir: Path) -> list[Finding]:
    """Return the findings about the data folder and its database. It blocks: call it in a thread."""
    folder = _folder(data_dir)
    if folder.level == "problem":
        return [folder]
    return [folder, _database(data_dir / DATABASE_NAME), *_backups(data_dir / files.BACKUPS)]


def _folder(data_dir: Path) -> Finding:
    check = "data.folder"
    mend = "Change its owner or permissions, or set data_dir in config.env."
    try:
        if data_dir.is_dir():
            # Permission bits don't cover read-only disks or root, so try to write.
            with tempfile.TemporaryFile(dir=data_dir):
                return Finding(check, "ok", f"{data_dir} can be written to.")
        if os.path.lexists(data_dir):
            return Finding(check, "problem", f"data_dir {data_dir} is no folder.", mend)
        parent = next(parent for parent in data_dir.absolute().parents if parent.exists())
    except OSError as error:
        return Finding(check, "problem", f"data_dir {data_dir} can't be written to: {error.strerror}.", mend)
    if not (parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)):
        return Finding(check, "problem", f"data_dir {data_dir} can't be made in {parent}.", mend)
    return Finding(check, "ok", f"{data_dir} will be made at the first start.")


def _database(path: Path) -> Finding:
    check = "data.database"
    try:
        if not path.exists():
            return Finding(check, "ok", f"{path} will be made at the first start.")
        files.check(path, backups=path.parent / files.BACKUPS)
        return _schema(path)
    except DatabaseCorrupt as error:
        return Finding(check, "problem", str(error))
    except DatabaseError as error:
        return Finding(check, "notice", str(error), "Stop that program and look again.")
    except OSError as error:
        return Finding(check, "problem", f"{path} can't be read: {error.strerror}.")


def _schema(path: Path) -> Finding:
    check, at, newest = "data.database", files.revision(path), schema.head()
    if at == newest:
        return Finding(check, "ok", f"{path} is sound.")
    if at is None:
        sentence = f"{path} is a SQLite file, but not one of ours."
        return Finding(check, "problem", sentence, "Move it away and start again.")
    # Revisions are four-digit numbers, counted up.
    if at > newest:
        sentence = f"{path} was written by a later version (schema {at}; this one knows {newest})."
        return Finding(check, "problem", sentence, "Update Masquerade, or restore an older backup.")
    return Finding(check, "ok", f"{path} is sound, and will be brought up to date after a backup.")


def _backups(folder: Path) -> list[Finding]:
    """Return the age of the newest backup; backups kept elsewhere are unknown."""
    copies = (
        copy for copy in folder.glob("*.sqlite3") if "-before-" not in copy.name
    )  # -before- copies expire automatically
    made = [copy.stat().st_mtime for copy in copies]
    if not made:
        return []
    hours = (time.time() - max(made)) / 3600
    age = f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours"
    return [Finding("data.backups", "ok", f"The newest backup in {folder} is {age} old.")]
