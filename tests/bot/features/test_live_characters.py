"""Characters from folders, and what changes them, as the very next prompt shows it (C06, F095, F110)."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from bot.audit import Actor, AuditLog
from bot.features.admin.edit_characters import IdentityEdits
from bot.features.admin.edits import Edits
from bot.features.admin.selves import NotLaidDown, Selves
from bot.features.characters.library import Library
from bot.features.characters.shelves import CharacterFaults, CharacterSource, sources_of
from personas.cards.convert import card_of
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, Table, table
from tests.company import QUIET
from tests.support.live_characters import home as home  # noqa: PLC0414 - a fixture
from tests.support.live_characters import last, library, sheet, write

ADMIN = Actor(7, 8)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(40)


def book(**entries: str) -> str:
    """Return a lorebook with an entry for each key."""
    return json.dumps(
        {
            "name": "the book",
            "entries": [
                {"keys": [key], "content": text, "enabled": True, "insertion_order": 1, "extensions": {}}
                for key, text in entries.items()
            ],
            "extensions": {},
        }
    )


def selves(at: Table, shelf: Library) -> Selves:
    audit = AuditLog(at.database, at.clock)
    changes = Edits(at.database, at.clock, [IdentityEdits(at.clock, shelf.touch)])
    return Selves(at.database, changes, audit, at.clock, changed=shelf.touch)


async def test_an_edit_of_a_file_shows_in_the_very_next_prompt(home):
    """C06, F048."""
    async with table(home, library=library(home, "nyx")) as at:
        await at.hear("hello")
        write(home / "characters/nyx/character.env", sheet("Nyx", "You are Nyx, who mends clocks now."))
        await at.hear("hello")
        first, second = (prompt.system[0].text for prompt in at.claude.prompts)
        assert "watches the stars" in first
        assert "watches the stars" not in second
        assert "mends clocks now" in second


async def test_a_new_name_is_what_it_is_called_by_from_then_on(home):
    async with table(home, library=library(home, "fangs", "nyx")) as at:
        write(
            home / "characters/nyx/character.env",
            sheet("Selene", "You are Selene.", character_id="nyx"),
        )
        await at.hear("Selene, hello", where=CHANNEL)
        assert at.mouth.speakers == ["Selene"]


async def test_a_broken_edit_changes_nothing_and_is_told_once(home, caplog):
    async with table(home, library=library(home, "nyx")) as at:
        await at.hear("hello")
        write(home / "characters/nyx/character.env", 'default_name="Nyx\n')
        for _ in range(3):
            await at.hear("hello")
        assert "watches the stars" in last(at)
        assert len([one for one in caplog.records if "stays as it was" in one.message]) == 1
        write(home / "characters/nyx/character.env", sheet("Nyx", "You are well again."))
        await at.hear("hello")
        assert "well again" in last(at)


async def test_what_did_not_change_is_not_compiled_again(home, monkeypatch):
    """D13: incremental."""
    compiled = []
    real = Library._compiled_of

    async def counting(self, shelf, database):
        compiled.append(shelf.character.slug)
        return await real(self, shelf, database)

    monkeypatch.setattr(Library, "_compiled_of", counting)
    async with table(home, library=library(home, "nyx", "fangs")) as at:
        await at.hear("hello")
        await at.hear("hello")
        assert sorted(compiled) == ["fangs", "nyx"]
        write(home / "characters/fangs/character.env", sheet("Fangs", "You are Fangs the second."))
        await at.hear("hello")
        assert sorted(compiled) == ["fangs", "fangs", "nyx"]


async def test_a_folder_with_a_card_alone_is_a_character(home):
    """C31, F107."""
    write(home / "characters/pixel/card.json", card_of(PIXEL))
    async with table(home, library=library(home, "pixel")) as at:
        await at.hear("hello")
        assert "a catgirl who debugs" in at.claude.prompts[0].system[0].text


async def test_one_that_can_not_be_played_keeps_no_other_from_it(home, caplog):
    """F095: a bad file is told of, the others load."""
    write(home / "characters/broken/character.env", 'default_name="Broken"\n')
    write(home / "characters/nyx/lorebook.json", '{"entries": [\n{]')
    async with table(home, library=library(home, "nyx", "broken", "fangs")) as at:
        assert [role.slug for role in at.app.company] == ["nyx", "fangs"]
    told = "\n".join(one.getMessage() for one in caplog.records)
    assert "core_prompt" in told
    assert "nyx/lorebook.json:2" in told


async def test_the_first_one_has_to_be_playable(tmp_path):
    write(tmp_path / "characters/broken/character.env", 'default_name="Broken"\n')
    with pytest.raises(CharacterFaults, match="core_prompt"):
        await library(tmp_path, "broken").open()


async def test_a_file_that_kills_its_reader_is_never_read_here(home, monkeypatch):
    """Faults D7: what may come from strangers is read in a limited process first."""
    from bot.features.characters import shelves as shelf
    from bot.features.characters.strangers import RefusedStranger

    async def die(_data, *, name, deadline):
        raise RefusedStranger(name, "takes too long to read", "don't use this file", dangerous=True)

    monkeypatch.setattr(shelf, "read_stranger", die)
    write(home / "characters/fangs/card.json", card_of(PIXEL))
    async with table(home, library=library(home, "nyx", "fangs")) as at:
        assert [role.slug for role in at.app.company] == ["nyx"]


async def test_what_a_character_was_compiled_to_can_be_looked_at(home):
    """F095, F099, F111."""
    write(
        home / "characters/nyx/character.env",
        sheet("Nyx", "You are Nyx, who watches the stars.", framework="caring"),
    )
    async with table(home, library=library(home, "nyx")) as at:
        await at.hear("hello")
        persona = at.app.company.primary.playing.persona
        assert persona is not None
        assert persona.id == "nyx@caring"
    saved = json.loads((home / "compiled/nyx@caring.json").read_text(encoding="utf-8"))
    assert saved["id"] == "nyx@caring"
    assert "watches the stars" in saved["prompt"]


async def test_a_picture_within_a_card_becomes_a_file(home):
    """F098."""
    import base64

    picture = base64.b64encode(PICTURE).decode()
    character = {
        "character_id": "moth",
        "display_name": "Moth",
        "identity": {"role": "a moth"},
        "knowledge_domain": {},
        "opinions": {},
        "voice_and_tone": {},
        "quirks": [],
        "avatar_url": f"data:image/png;base64,{picture}",
    }
    write(home / "characters/moth/character.json", json.dumps(character))
    async with table(home, library=library(home, "nyx", "moth")) as at:
        await at.hear("hello")
        avatar = at.app.company.by_slug["moth"].playing.avatar
        assert avatar == home / "pictures/moth.png"
        assert avatar is not None
        assert avatar.read_bytes() == PICTURE


def test_active_personas_are_folders_and_all_means_every_one(home):
    """F108."""
    characters = home / "characters"
    write(characters / "_frameworks/mine.json", "{}")

    def names(*others: str) -> list[str]:
        found = sources_of(characters=characters, character="nyx", sheet=None, others=others, slug="")
        return [one.folder.name for one in found if one.folder]

    assert names() == ["nyx"]
    assert names("all") == ["nyx", "fangs"]
    assert names("Fangs.json", "nobody", "nyx") == ["nyx", "fangs"]


def test_a_character_beside_the_program_has_the_folder_of_its_slug(home):
    own = home / "character.env"
    (source,) = sources_of(characters=home / "characters", character="", sheet=own, others=(), slug="nyx")
    assert source == CharacterSource(home / "characters/nyx", own)


# What admins lay down (F110, C85).


async def test_what_admins_lay_down_shows_in_the_very_next_prompt(home):
    """F110, C85: added, edited and removed."""
    shelf = library(home, "nyx")
    async with table(home, library=shelf) as at:
        nyx = at.app.company.primary
        await at.hear("hello")
        added = await selves(at, shelf).add(ADMIN, nyx, "trait", "afraid of owls")
        await selves(at, shelf).add(ADMIN, nyx, "lore", "The tower fell in 1702.")
        await at.hear("hello")
        assert "afraid of owls" in at.claude.prompts[-1].system[0].text
        assert "The tower fell in 1702." in at.claude.prompts[-1].system[0].text
        await selves(at, shelf).reword(ADMIN, nyx, int(added.key[1]), "fond of owls")
        await at.hear("hello")
        assert "fond of owls" in at.claude.prompts[-1].system[0].text
        assert "afraid of owls" not in last(at)
        await selves(at, shelf).remove(ADMIN, nyx, int(added.key[1]))
        await at.hear("hello")
        assert "owls" not in last(at)
        assert len({prompt.system[0].text for prompt in at.claude.prompts}) == 4


async def test_each_change_is_audited_with_what_was_before_it(home):
    """C85."""
    shelf = library(home, "nyx")
    async with table(home, library=shelf) as at:
        nyx = at.app.company.primary
        added = await selves(at, shelf).add(ADMIN, nyx, "quirk", "hums")
        await selves(at, shelf).reword(ADMIN, nyx, int(added.key[1]), "whistles")
        await selves(at, shelf).remove(ADMIN, nyx, int(added.key[1]))
        async with at.database.read() as db:
            rows = await db.audits.latest(None, limit=9)
    assert [(one.actor_id, one.action) for one in rows] == [(7, "identity")] * 3
    hums, whistles = ({"kind": "quirk", "text": text, "made_by": 7} for text in ("hums", "whistles"))
    assert [(one.key, one.before, one.after) for one in reversed(rows)] == [
        ([*added.key], None, hums),
        ([*added.key], hums, whistles),
        ([*added.key], whistles, None),
    ]


async def test_what_is_laid_down_is_checked(home):
    shelf = library(home, "nyx", "fangs")
    async with table(home, library=shelf) as at:
        nyx, fangs = at.app.company
        with pytest.raises(NotLaidDown, match="1 to 1000"):
            await selves(at, shelf).add(ADMIN, nyx, "fact", " \u200b ")
        added = await selves(at, shelf).add(ADMIN, nyx, "fact", "is left-handed")
        with pytest.raises(NotLaidDown, match="no line"):
            await selves(at, shelf).remove(ADMIN, fangs, int(added.key[1]))
        await at.hear("Fangs, hi", where=CHANNEL)
        assert "left-handed" not in last(at)


async def test_a_stage_of_growth_shows_in_the_next_prompt_and_leaves_the_files_alone(home):
    """C75."""
    from bot.conversation.config import Growing

    character = {
        "character_id": "moth",
        "display_name": "Moth",
        "identity": {"role": "a moth"},
        "knowledge_domain": {},
        "opinions": {},
        "voice_and_tone": {},
        "quirks": ["flutters"],
        "evolution_stages": [
            {"milestone": 2, "changes": {"personality": {"new_quirks": ["writes sonnets"]}}}
        ],
    }
    path = home / "characters/moth/character.json"
    write(path, json.dumps(character))
    shelf = library(home, "moth")
    manner = replace(AT_ONCE, growing=Growing(milestones=(2,)))
    async with table(home, library=shelf, manner=manner) as at:
        for _ in range(3):
            await at.hear("hello")
        assert ["sonnets" in prompt.system[0].text for prompt in at.claude.prompts] == [False, False, True]
        moth = at.app.company.primary
        await selves(at, shelf).set_stage(ADMIN, moth, 2, stands=False)
        await at.hear("hello")
        assert "sonnets" not in last(at)
    assert json.loads(path.read_text(encoding="utf-8")) == character


# What stands at the prompt's end.


async def test_how_it_talks_in_private_is_not_how_it_talks_in_public(home):
    """C48."""
    write(
        home / "characters/nyx/character.env",
        sheet("Nyx", "You are Nyx.", public_voice="Speak in riddles.", private_voice="Speak softly."),
    )
    async with table(home, library=library(home, "nyx")) as at:
        await at.hear("hello", where=DM)
        assert "Speak softly." in last(at)
        assert "riddles" not in last(at)
        await at.hear("Nyx, hello", where=CHANNEL)
        assert "Speak in riddles." in last(at)
        assert "softly" not in last(at)


@pytest.mark.parametrize(
    ("mode", "says"),
    [("deep_focus", "deep focus"), ("playful", "playful"), ("quiet_companion", "quiet company")],
)
async def test_the_mode_of_the_house_stands_in_the_prompt(tmp_path, mode, says):
    """C78, F086."""
    async with table(tmp_path, manner=replace(AT_ONCE, mode=mode)) as at:
        await at.hear("hello")
        assert "(The house is " in last(at)
        assert says in last(at)
    async with table(tmp_path / "casual") as at:
        await at.hear("hello")
        assert "(The house is " not in last(at)


async def test_a_characters_own_mode_is_called_up_by_its_cue(home):
    """F008, C78."""
    modes = "DAY: bright and quick\nNOIR: a rainy detective | rain, crime"
    write(home / "characters/nyx/character.env", sheet("Nyx", "You are Nyx.", modes=modes))
    async with table(home, library=library(home, "nyx")) as at:
        await at.hear("there was a crime last night")
        assert "Nyx is in the mode NOIR" in last(at)
        assert "a rainy detective" in last(at)
        seen = set()
        for _ in range(30):
            await at.hear("hello")
            seen.add("mode NOIR" in last(at))
        assert seen == {True, False}


@pytest.mark.slow
async def test_behaviour_leans_where_the_talk_goes(home):
    """F102, C76: blended by the kind of talk, at the prompt's end."""
    blending = {"enabled": True, "contexts": {"technical": {"neuro": 0.8, "assistant": 0.2}}}
    card = json.loads(card_of(PIXEL))
    card["data"]["extensions"]["masquerade"]["blending"] = blending
    write(home / "characters/pixel/card.json", json.dumps(card))
    async with table(home, library=library(home, "pixel")) as at:
        await at.hear("my Python function raises a TypeError in line 12, here is the traceback")
        assert "The talk is technical just now." in last(at)
    async with table(home, library=library(home, "pixel"), manner=replace(AT_ONCE, blending=False)) as at:
        await at.hear("my Python function raises a TypeError in line 12", message_id=90_000)
        assert "The talk is technical" not in last(at)


async def test_lore_comes_up_when_it_is_spoken_of_and_the_prompts_beginning_stays(home):
    """C32, C30: activated lore stands at the end."""
    write(home / "characters/nyx/lorebook.json", book(lighthouse="{{char}} built it with {{user}}."))
    async with table(home, library=library(home, "nyx")) as at:
        await at.hear("hello")
        assert "built it" not in last(at)
        await at.hear("tell me of the lighthouse")
        assert "Nyx built it with Mira." in last(at)
        assert "built it" not in at.claude.prompts[-1].system[0].text
        assert "built it" in at.claude.prompts[-1].messages[-1].blocks[-1].text


@pytest.mark.slow
async def test_lore_keeps_its_state_over_a_restart(home):
    """C33: sticky for three turns."""
    entry = {
        "keys": ["lighthouse"],
        "content": "The lamp is out.",
        "enabled": True,
        "insertion_order": 1,
        "scan_depth": 1,
        "extensions": {"sticky": 3, "scan_depth": 1},
    }
    write(home / "characters/nyx/lorebook.json", json.dumps({"entries": [entry], "extensions": {}}))
    seen = []
    for number in range(6):
        async with table(home, library=library(home, "nyx")) as at:
            at.mouth.posted = {"x": (2_000_000 + number, "")}
            await at.hear("the lighthouse" if number == 0 else "hm", message_id=70_000 + number)
            seen.append("The lamp is out." in last(at))
    assert seen == [True, True, True, True, False, False]


async def test_without_a_budget_there_is_no_lore(home):
    write(home / "characters/nyx/lorebook.json", book(lighthouse="It is tall."))
    async with table(home, library=library(home, "nyx"), manner=replace(AT_ONCE, lore=0)) as at:
        await at.hear("the lighthouse")
        assert "It is tall." not in last(at)


@pytest.mark.slow
async def test_the_prompts_beginning_stays_while_lore_mode_blend_and_note_change(home):
    """C30: byte for byte, though everything at the end changes."""
    from bot.features.characters.presence import Stagecraft

    blending = {"enabled": True, "contexts": {}}
    card = json.loads(card_of(PIXEL))
    card["data"]["extensions"]["masquerade"] |= {
        "blending": blending,
        "modes": [{"name": "DAY", "text": "bright"}, {"name": "NOIR", "text": "rainy", "cues": ["crime"]}],
        "public_voice": "Loud.",
    }
    write(home / "characters/pixel/card.json", json.dumps(card))
    write(home / "characters/pixel/lorebook.json", book(lighthouse="It is tall.", python="It is a snake."))
    async with table(
        home, library=library(home, "pixel", "nyx"), manner=replace(AT_ONCE, direction=QUIET)
    ) as at:
        crafts = Stagecraft(at.database, at.app.casting, at.clock)
        said = [
            "hello there",
            "the lighthouse and the crime",
            "my python function raises a TypeError, here is the traceback",
            "Dear Sir, I hereby request a formal statement",
            "a crime in the lighthouse",
        ]
        for number, text in enumerate(said):
            if number == 3:
                await crafts.note(CHANNEL, "It is snowing.", depth=0, by=1)
            await at.hear(f"Pixel, {text}", where=CHANNEL)
        prompts = at.claude.prompts
    tails = [prompt.messages[-1].blocks[-1].text for prompt in prompts]
    assert len(set(tails)) == len(tails)
    assert len({prompt.system for prompt in prompts}) == 1
    for one, other in pairwise(prompts):
        before, after = (kept(prompt) for prompt in (one, other))
        assert after.startswith(before)


def kept(prompt) -> str:
    """Return a prompt up to its last cache point."""
    blocks = [block for message in prompt.messages for block in message.blocks]
    last_point = max(number for number, block in enumerate(blocks) if block.cache)
    return "\n".join(block.text for block in blocks[: last_point + 1])


async def test_a_character_is_as_long_winded_as_its_sheet_says(home):
    """F065: a character's own generation settings; sampling reaches other servers than Claude's alone."""
    card = json.loads(card_of(PIXEL))
    card["data"]["extensions"]["masquerade"]["voice"] = {"temperature": 0.3, "max_tokens": 60}
    write(home / "characters/pixel/card.json", json.dumps(card))
    async with table(home, library=library(home, "pixel")) as at:
        await at.hear("hello")
        (question,) = at.claude.questions
    assert (question.max_tokens, question.sampling) == (60, {"temperature": 0.3})


async def test_a_conversation_that_is_forgotten_leaves_nothing_to_its_lorebooks(home):
    """C33: what is sticky goes with the talk that called it up."""
    entry = {
        "keys": ["lighthouse"],
        "content": "The lamp is out.",
        "enabled": True,
        "insertion_order": 1,
        "extensions": {"sticky": 9, "scan_depth": 1},
    }
    write(home / "characters/nyx/lorebook.json", json.dumps({"entries": [entry], "extensions": {}}))
    async with table(home, library=library(home, "nyx")) as at:
        await at.hear("the lighthouse")
        await at.app.forgetting.reset(42, DM)
        await at.hear("hello")
        assert "The lamp is out." not in last(at)


@pytest.mark.slow
async def test_a_shared_lorebook_is_read_by_those_whose_domain_it_is(home):
    """F109: knowledge is filtered by the domains of each character."""
    write(home / "characters/_lorebooks/sea.json", book(lighthouse="It is tall."))
    for name, domains in (("moth", ["Sea"]), ("wasp", ["hills"])):
        character = {
            "character_id": name,
            "display_name": name.title(),
            "identity": {"role": "an insect"},
            "knowledge_domain": {"primary": "light", "rag_categories": domains},
            "opinions": {},
            "voice_and_tone": {},
            "quirks": [],
        }
        write(home / f"characters/{name}/character.json", json.dumps(character))
    shelf = library(home, "moth", "wasp")
    async with table(home, library=shelf, manner=replace(AT_ONCE, direction=QUIET)) as at:
        await at.hear("Moth, the lighthouse?", where=CHANNEL)
        assert "It is tall." in last(at)
        await at.hear("Wasp, the lighthouse?", where=CHANNEL)
        assert "It is tall." not in last(at)
        write(home / "characters/_lorebooks/sea.json", book(lighthouse="It is taller now."))
        await at.hear("Moth, the lighthouse?", where=CHANNEL)
        assert "It is taller now." in last(at)


async def test_it_is_counted_how_often_a_character_answered_lately(home):
    """F109: a figure of what each does."""
    shelf = library(home, "nyx", "fangs")
    async with table(home, library=shelf, manner=replace(AT_ONCE, direction=QUIET)) as at:
        nyx, fangs = at.app.company
        await at.hear("Nyx, hi", where=CHANNEL)
        at.clock.pass_time(8 * 24 * 3600)
        await at.hear("Nyx, hi", where=CHANNEL)
        await at.hear("Nyx, hi", where=CHANNEL)
        assert await selves(at, shelf).lately(nyx) == 2
        assert await selves(at, shelf).lately(fangs) == 0
