"""Export of a person's data, as files that can be imported again (C65)."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from bot.core.clock import Clock
from bot.features.privacy.export_format import FORMAT, MOST_BYTES, VERSION, FactValuesPiece
from database import Database, UnitOfWork
from database.models import Fact, FactChange
from database.types import EPOCH
from memory.attachments import attachments_of, described

_SEAL = "seal of exports"
_ROOM = MOST_BYTES * 9 // 10
"""Maximum size of a file in bytes; longer exports are split, as a larger file could not be imported."""

Section = Literal[
    "facts",
    "changes",
    "archive",
    "log",
    "notes",
    "reminders",
    "guises",
    "voice",
    "staged",
    "bonds",
    "dealings",
    "tickets",
    "acts",
]
_Group = list[tuple[Section, dict[str, Any]]]

_FACT = tuple(FactValuesPiece.model_fields)
_LINE = ("id", "channel_id", "author_id", "author_name", "text", "sent_at", "reply_to")
_NOTE = ("channel_id", "character", "text", "first_at", "last_at")
_REMINDER = (
    "character kind text channel_id guild_id zone due_at made_at month day source_id".split()  # noqa: SIM905
)
_GUISE = ("channel_id", "name", "made_at")
_VOICE = ("channel_id", "choice", "made_at")
_BOND = (
    "character changed_at talked_at anger rapport trust formality exchanges stage kind".split()  # noqa: SIM905
)
_DEALING = "character at metric change cause disputed_at".split()  # noqa: SIM905
_TICKET = ("guild_id", "thread_id", "opened_at", "closed_at")
_ACT = "at action detail entity key before after".split()  # noqa: SIM905
_HEARD = ("guild_id", "at")
_NAME = ("guild_id", "name", "first_seen", "last_seen")


@dataclass(frozen=True, slots=True)
class File:
    """An exported file."""

    name: str
    data: bytes


class Exporting:
    """Writes exports; their seal later proves that a file was made here and not changed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def export(self, person_id: int) -> list[File]:
        """Return all of a person's data, in as many files as needed.

        It holds nothing about others: only replies that answered nobody else, and only notes on talk between
        the two.
        """
        key = await seal_key(self._database)
        async with self._database.read() as db:
            head = await self._head(db, person_id)
            groups = [group async for group in _groups(db, person_id)]
        packs = list(_packed(groups, room=_ROOM - len(_written(head))))
        day = f"{self._clock.now():%Y-%m-%d}"
        files = []
        for number, pack in enumerate(packs, 1):
            document = head | pack | {"part": number, "parts": len(packs)}
            document["seal"] = seal(key, document)
            name = f"masquerade-{day}.json" if len(packs) == 1 else f"masquerade-{day}-{number}.json"
            files.append(File(name, _written(document)))
        return files

    async def _head(self, db: UnitOfWork, person_id: int) -> dict[str, Any]:
        consent, place = await db.consents.of(person_id), await db.consents.place_of(person_id)
        spent = await db.calls.spending(since=EPOCH, user_id=person_id)
        return {
            "format": FORMAT,
            "version": VERSION,
            "made_at": _plain(self._clock.now()),
            "person_id": person_id,
            "consent": {"given": consent[0], "at": _plain(consent[1]), **place._asdict()}
            if consent
            else None,
            "heard_aloud": [_values(hearing, _HEARD) for hearing in await db.consents.hearing_of(person_id)],
            "zone": await db.reminders.zone(person_id),
            "names": [_values(name, _NAME) for name in await db.users.nicknames(person_id)],
            "usage": {
                name: getattr(spent, name)
                for name in ("calls", "unpriced", "cost", "input_tokens", "output_tokens")
            },
        }


async def _groups(db: UnitOfWork, person_id: int) -> Any:
    """Yield groups of pieces that share a file: a fact with its changes, or a single line."""
    for group in await _facts(db, person_id):
        yield group
    for reminder in await db.reminders.of_person(person_id):
        yield [("reminders", _values(reminder, _REMINDER))]
    tickets = await db.tickets.of_person(person_id)
    of_theirs = [("tickets", _values(ticket, _TICKET)) for ticket in tickets]
    for piece in [*await _played(db, person_id), *await _dealt(db, person_id), *of_theirs]:
        yield [piece]
    for note in await db.people.private_notes(person_id):
        yield [("notes", _values(note, _NOTE))]
    for line in await db.people.lines(person_id):
        text = described(line.text, attachments_of(line.attachments))
        mine = line.heard_through is not None
        yield [("log", _values(line, _LINE) | {"text": text, "mine": mine})]
    for kept in await db.archive.of_person(person_id):
        yield [("archive", _values(kept, (*_LINE, "guild_id", "mine", "character")))]


async def _facts(db: UnitOfWork, person_id: int) -> list[_Group]:
    """Return a person's facts, each with its changes; changes of deleted facts come last."""
    changes: dict[int, list[FactChange]] = {}
    for change in await db.people.changes(person_id):
        changes.setdefault(change.memory_id, []).append(change)
    groups: list[_Group] = [
        [("facts", _fact(fact)), *(("changes", _change(change)) for change in changes.pop(fact.id, ()))]
        for fact in await db.people.facts(person_id)
    ]
    return groups + [[("changes", _change(change)) for change in past] for past in changes.values()]


async def _dealt(db: UnitOfWork, person_id: int) -> _Group:
    """Return a person's bonds with characters, the ledger behind them, and operators' actions."""
    bonds = await db.bonds.of_person(person_id)
    ledger = await db.bonds.ledger(person_id)
    return [
        *(("bonds", _values(bond, _BOND)) for bond in bonds),
        *(("dealings", _values(dealing, _DEALING)) for dealing in ledger),
        *(("acts", _values(act, _ACT)) for act in await db.audits.about(person_id)),
    ]


async def _played(db: UnitOfWork, person_id: int) -> _Group:
    """Return a person's user personas, voice choices, scenes and channel notes."""
    guises = await db.users.guises_of(person_id)
    scenes = await db.people.scenes(person_id)
    notes = await db.people.noted_channels(person_id)
    return [
        *(("guises", _values(guise, _GUISE)) for guise in guises),
        *(("voice", _values(choice, _VOICE)) for choice in await db.users.voice_choices_of(person_id)),
        *(("staged", _staged("scene", scene.channel_id, scene.topic, scene.started_at)) for scene in scenes),
        *(("staged", _staged("note", channel.id, channel.note or "", None)) for channel in notes),
    ]


def _packed(groups: Iterable[_Group], *, room: int) -> Iterator[dict[str, Any]]:
    """Yield the sections of each file; at least one file."""
    pack: dict[str, Any] = {}
    left = room
    for group in groups:
        size = sum(_size(_written(piece)) for _, piece in group)
        if pack and size > left:
            yield pack
            pack, left = {}, room
        for section, piece in group:
            pack.setdefault(section, []).append(piece)
        left -= size
    yield pack


def _size(piece: bytes) -> int:
    """Return the size of a piece inside the file, where it is indented by two more levels."""
    return len(piece) + 2 * (piece.count(b"\n") + 1) + 2


async def seal_key(database: Database) -> bytes:
    """Return the key of all seals; the first export creates it."""
    async with database.read() as db:
        key = await db.states.get(_SEAL)
    if key is None:
        async with database.begin() as db:
            key = await db.states.get(_SEAL)
            if key is None:
                key = secrets.token_hex(32)
                await db.states.set(_SEAL, key)
    return bytes.fromhex(key)


def seal(key: bytes, document: Mapping[str, Any]) -> str:
    """Return the seal of a file's content, excluding the seal itself."""
    content = {name: value for name, value in document.items() if name != "seal"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()


def fits(key: bytes, document: Mapping[str, Any]) -> bool:
    """Return whether a file was made here and is unchanged."""
    return hmac.compare_digest(seal(key, document), str(document.get("seal", "")))


def _fact(fact: Fact) -> dict[str, Any]:
    return _values(fact, ("id", "character", *_FACT, "changed_at"))


def _change(change: FactChange) -> dict[str, Any]:
    values = _values(change, ("batch", "memory_id", "character", "at", "cause"))
    before = change.before
    return values | {"before": before and {key: _plain(value) for key, value in before.items()}}


def _staged(kind: str, channel_id: int, text: str, at: datetime | None) -> dict[str, Any]:
    return {"kind": kind, "channel_id": channel_id, "text": text, "at": _plain(at)}


def _values(row: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _written(document: Mapping[str, Any] | BaseModel) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
