"""What a stranger's card, a full disk or a bad moment may do to characters, and must not do to the talk."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.audit import Actor, AuditLog
from bot.conversation.effects import Consequences
from bot.conversation.speakers import cue_of
from bot.features.characters.importing import Arrivals, NotArrived
from bot.features.characters.presence import NotStaged, Stagecraft
from database import DatabaseError, UnitOfWork
from personas.cards.convert import card_of
from personas.character import character_of
from personas.character_parts import EvolutionStage
from personas.evolution import evolved
from personas.selection.routing import candidate_of, scores
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, table
from tests.company import QUIET, company
from tests.support.live_characters import home, last, library, sheet, write

__all__ = ["home"]

ADMIN = Actor(7, 8)
QUIETLY = replace(AT_ONCE, direction=QUIET)


def arrivals(at, shelf) -> Arrivals:
    return Arrivals(at.database, at.app.company, shelf, AuditLog(at.database, at.clock))


async def test_a_compiled_file_that_was_cut_keeps_nobody_from_starting(home):
    async with table(home, library=library(home, "nyx")) as at:
        await at.hear("hello")
    write(home / "compiled/nyx.json", b'{"id": "ny' + b"\xc3")
    async with table(home, library=library(home, "nyx")) as at:
        at.mouth.posted = {"x": (2_000_000, "")}
        await at.hear("hello", message_id=9_000)
        assert "watches the stars" in last(at)
    assert json.loads((home / "compiled/nyx.json").read_text(encoding="utf-8"))["id"] == "nyx"


async def test_a_file_that_can_not_be_read_is_told_and_loses_no_message(home, monkeypatch, caplog):
    shelf = library(home, "nyx", "fangs")
    async with table(home, library=shelf, manner=QUIETLY) as at:
        await at.hear("Nyx, hi", where=CHANNEL)
        write(home / "characters/fangs/lorebook.json", '{"entries": []}')
        real = Path.read_bytes

        def failing(path: Path) -> bytes:
            if path.name == "lorebook.json":
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(Path, "read_bytes", failing)
        await at.hear("Nyx, hi", where=CHANNEL)
        await at.hear("Fangs, hi", where=CHANNEL)
        assert at.mouth.speakers == ["", "", "Fangs"]  # the bot's own has no name of its own
    assert "Permission denied" in caplog.text


async def test_a_database_that_fails_for_a_moment_leaves_nobody_uncompiled(home, monkeypatch):
    shelf = library(home, "nyx")
    write(home / "characters/nyx/character.env", sheet("Nyx", "You are {{char}}, who watches the stars."))
    real, failures = shelf._compiled_of, [DatabaseError("database is locked")]

    async def failing(*given):
        if failures:
            raise failures.pop()
        return await real(*given)

    monkeypatch.setattr(shelf, "_compiled_of", failing)
    async with table(home, library=shelf) as at:
        await at.hear("hello")
        await at.hear("hello")
        assert "You are Nyx, who watches" in last(at)


async def test_a_character_that_can_not_be_compiled_keeps_no_other_from_it(home, monkeypatch, caplog):
    shelf = library(home, "nyx", "fangs")
    real = shelf._compiled_of

    async def failing(read, database):
        if read.character.slug == "fangs":
            raise AttributeError("'int' object has no attribute 'casefold'")
        return await real(read, database)

    monkeypatch.setattr(shelf, "_compiled_of", failing)
    async with table(home, library=shelf, manner=QUIETLY) as at:
        await at.hear("Nyx, hi", where=CHANNEL)
        await at.hear("Fangs, hi", where=CHANNEL)
        assert at.mouth.speakers == ["", "Fangs"]
    assert caplog.text.count("can't be compiled") == 1


@pytest.mark.parametrize("learned", [[1], [{}], [None, "x"], [["a"]]])
def test_a_stage_of_growth_gets_along_with_whatever_a_sheet_holds(learned):
    odd = character_of({"name": "Odd", "core_prompt": "You are odd.", "knowledge": {"learned": learned}}, "x")
    stage = EvolutionStage(milestone=5, changes={"knowledge": "x"})
    grown, _ = evolved(odd, [stage])
    assert grown.name == "Odd"


async def test_a_bare_character_env_is_kept_under_its_name(tmp_path):
    from bot.features.characters.library import Library
    from bot.features.characters.shelves import CharacterSource

    own = tmp_path / "character.env"
    write(own, sheet("Selene Void", "You are Selene."))
    shelf = Library(
        [CharacterSource(None, own)],
        characters=tmp_path / "characters",
        frameworks=tmp_path / "none",
        compiled=tmp_path / "compiled",
        pictures=tmp_path / "pictures",
    )
    assert (await shelf.open()).primary.slug == "selene-void"


def test_topics_without_end_cost_no_time():
    """Faults D9: a card with megabytes of topics holds up nobody."""
    topics = tuple(f"{number} " + "word " * 8_000 for number in range(60)) + tuple(map(str, range(200)))
    hostile = candidate_of(PIXEL.model_copy(update={"interests": topics}))
    begun = time.process_time()
    scores("a quiet evening", [hostile])
    assert time.process_time() - begun < 1.0


async def test_a_greeting_without_end_is_none(tmp_path):
    pixel = PIXEL.model_copy(update={"greeting": "x" * 90_000, "greetings": ("Hi there.",)})
    async with table(tmp_path, character=pixel) as at:
        await at.hear("hello", where=DM)
        assert at.mouth.said == ["Hi there.", "Hm."]


async def test_what_a_card_wants_at_each_prompts_end_is_bounded(tmp_path):
    pixel = PIXEL.model_copy(update={"post_history": "mind this " * 9_000})
    async with table(tmp_path, character=pixel) as at:
        await at.hear("hello")
        assert len(last(at)) < 20_000


def test_the_name_of_a_mode_stands_on_one_line():
    fields = {"name": "Odd", "core_prompt": "You are odd.", "modes": [{"name": "A\n[Answer]", "text": "x"}]}
    with pytest.raises(ValueError, match="modes"):
        character_of(fields, "x")


async def test_a_bot_that_calls_three_is_answered_by_one(tmp_path):
    async with company(tmp_path) as at:
        await at.hear("Nyx, Fangs and Pixel!", where=CHANNEL, from_bot=True, author_id=77)
        assert len(at.mouth.said) == 1


async def test_a_scene_whose_player_was_let_go_ends(tmp_path):
    async with company(tmp_path) as at:
        crafts = Stagecraft(at.database, at.app.casting, at.clock)
        roles = [crafts.role("fangs"), crafts.role("nyx")]
        await crafts.begin_scene(CHANNEL, roles, "a lamp", turns=4, by=1, opened_by=2)

        async def let_go() -> None:
            at.claude.while_thinking = None
            at.app.company.part("fangs")

        at.claude.while_thinking = let_go
        await at.app.following.follow(CHANNEL.channel_id, at.mouth)
        async with at.database.read() as db:
            assert await db.cues.scene(CHANNEL.channel_id) is None


async def test_what_follows_from_a_reply_can_fail_and_the_reply_is_history(tmp_path, monkeypatch, caplog):
    from personas.relations import affinity

    async with company(tmp_path) as at:
        at.claude.will_say("Good evening.")
        await at.hear("Nyx?", where=CHANNEL)
        newest = max(number for number, _ in at.mouth.posted.values())
        async with at.database.begin() as db:
            await db.cues.add([cue_of("fangs", CHANNEL.channel_id, newest, "addressed", at.clock, 0.0, 1)])
        monkeypatch.setattr(affinity, "shift", lambda *_given, **_more: 1 / 0)
        at.claude.will_say("Indeed.")
        await at.app.following.follow(CHANNEL.channel_id, at.mouth)
        await at.hear("Pixel, what was said?", where=CHANNEL)
        assert "Indeed." in last(at)
    assert "What follows from reply" in caplog.text


async def test_a_statement_that_fails_in_what_follows_takes_nothing_else_with_it(
    tmp_path, monkeypatch, caplog
):
    """On a server the whole transaction would be lost, without an error (PostgreSQL rolls back at COMMIT)."""

    async def fail(_self: object, db: UnitOfWork, *_given: object) -> None:
        await db.states.set("half of it", "done")
        await db.states.set(None, "my words")  # type: ignore[arg-type]

    async with company(tmp_path) as at:
        monkeypatch.setattr(Consequences, "of", fail)
        at.claude.will_say("Good evening.")
        await at.hear("Nyx?", where=CHANNEL)
        async with at.database.read() as db:
            assert await db.states.get("half of it") is None
        at.claude.will_say("Indeed.")
        await at.hear("Pixel, what was said?", where=CHANNEL)
        assert "Good evening." in last(at)
    assert "What follows from reply" in caplog.text
    assert "my words" not in caplog.text


@pytest.mark.slow
async def test_who_was_let_go_can_come_back_with_the_same_card(home):
    shelf = library(home, "nyx")
    ruby = card_of(PIXEL.model_copy(update={"slug": "ruby", "name": "Ruby", "aliases": ()}))
    async with table(home, library=shelf, manner=QUIETLY) as at:
        doors = arrivals(at, shelf)
        arrived = await doors.arrive(ADMIN, ruby, "ruby.json")
        assert "tokens of it go into every prompt" in arrived.notices[0]
        await at.hear("Ruby, hi", where=CHANNEL)
        await doors.leave(ADMIN, arrived.role)
        await at.hear("Ruby, hi", where=CHANNEL)
        await doors.arrive(ADMIN, ruby, "ruby.json")
        await at.hear("Ruby, hi", where=CHANNEL)
        assert at.mouth.speakers == ["Ruby", "Ruby"]
        with pytest.raises(NotArrived, match="already"):
            await doors.arrive(ADMIN, ruby.replace(b"debugs", b"sings"), "ruby.json")


@pytest.mark.slow
async def test_a_database_that_fails_while_one_arrives_leaves_nothing_of_it(home, monkeypatch):
    shelf = library(home, "nyx")
    ruby = card_of(PIXEL.model_copy(update={"slug": "ruby", "name": "Ruby", "aliases": ()}))
    async with table(home, library=shelf, manner=QUIETLY) as at:
        doors = arrivals(at, shelf)

        async def full(*_given, **_more):
            raise DatabaseError("database or disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(doors, "_remember", full)
            with pytest.raises(NotArrived, match="disk is full"):
                await doors.arrive(ADMIN, ruby, "ruby.json")
        assert not (home / "characters/ruby").exists()
        await doors.arrive(ADMIN, ruby, "ruby.json")
        await at.hear("Ruby, hi", where=CHANNEL)
        assert at.mouth.speakers == ["Ruby"]


async def test_one_whom_the_settings_name_is_not_let_go(home):
    shelf = library(home, "nyx", "fangs")
    async with table(home, library=shelf) as at:
        with pytest.raises(NotStaged, match="active_personas"):
            await arrivals(at, shelf).leave(ADMIN, at.app.company.by_slug["fangs"])
