"""Operators and what is kept of people: by consent, not the private, undone by them (C51, C85)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.features.admin.edit_facts import NOT_AGREED
from bot.features.admin.edit_relations import NOT_AGREED as NO_BOND
from cogs.admin.facts import HIDDEN
from memory.history import TOLD
from personas.relations.bonds import BY_OPERATOR, TAKEN_BACK
from tests.inner_world import agree, stand
from tests.knowing import noted
from tests.staged import company
from tests.support.commands import admin, kept, let_operate, told
from tests.support.discord import World
from tests.support.edits import changes, remove, use
from tests.support.panels import panel_of

SECRET = "dreams of canaries"
PRIVATE: dict[str, Any] = {"scope": "dm", "channel_id": 5, "guild_id": None, "kept": True}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        await agree(entered.app.database, entered.mira.id, at=entered.env.now())
        yield entered


def operator(w: World) -> Any:
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    return anna


async def of_mira(w: World) -> list[Any]:
    async with w.app.database.read() as db:
        return await db.memories.of(w.mira.id, "pixel")


def audit_table(w: World) -> str:
    return "\n".join(line for line in kept(w) if line.startswith('INSERT INTO "audit"'))


# --- Consent (C51) ---------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [None, False])
async def test_nothing_is_laid_down_about_who_did_not_agree(w, answer):
    anna = operator(w)
    if answer is not None:
        await w.app.privacy.answer(w.tom.id, agreed=answer)
    assert await use(w, anna, "admin facts add", person=w.tom, text="keeps a canary") == NOT_AGREED
    assert await use(w, anna, "admin bond set", person=w.tom, trust=9) == NO_BOND
    async with w.app.database.read() as db:
        assert await db.memories.of(w.tom.id, "pixel") == []
        assert await db.bonds.of_person(w.tom.id) == []
    assert await changes(w) == []


async def test_a_no_takes_along_what_operators_laid_down_and_the_values_in_the_audit(w):
    anna = operator(w)
    await use(w, anna, "admin facts add", person=w.mira, text="keeps a canary")
    await use(w, anna, "admin bond set", person=w.mira, trust=9)
    await w.app.privacy.answer(w.mira.id, agreed=False)
    assert await of_mira(w) == []
    assert all((one.before, one.after) == (None, None) for one in await changes(w))
    said = await use(w, anna, "admin changes undo", number=1)
    assert said.startswith("Number 1 can't be taken back: what it was is forgotten")
    assert "What it was is forgotten" in await use(w, anna, "admin changes show", number=1)


async def test_what_an_operator_made_of_it_goes_with_a_no_and_what_they_told_stays(w):
    anna = operator(w)
    await w.app.memories.remember("pixel", w.mira.id, "I love rain", _here(w))
    await noted(w, "has a cat")
    await use(w, anna, "admin facts edit", person=w.mira, number=2, text="has a cat called Tom")
    await w.app.privacy.answer(w.mira.id, agreed=False)
    assert [one.text for one in await of_mira(w)] == ["I love rain"]


def _here(w: World) -> Any:
    from memory.places import Place, Where

    return Where(w.channel.id, Place.GUILD, guild_id=w.guild.id)


# --- What was told in private ----------------------------------------------------------------------


async def test_what_was_told_in_private_is_a_number_and_no_word_anywhere(w):
    anna = operator(w)
    await noted(w, SECRET, **PRIVATE)
    said = await use(w, anna, "admin facts list", person=w.mira)
    assert f"**1.** {HIDDEN}" in said
    said = await use(w, anna, "admin facts list", person=w.mira, search="canaries")
    assert said.startswith("None of that contains")
    said = await use(w, anna, "admin facts edit", person=w.mira, number=1, text="dreams of nothing")
    assert said.startswith("Number 1 was told in private")
    asked = panel_of(await anna.slash(w.channel, "admin facts remove", person=w.mira, number=1))
    assert HIDDEN in asked.content
    assert "canar" not in asked.content
    await anna.click(asked, label="Remove it")
    assert await of_mira(w) == []
    said = await use(w, anna, "admin changes show", number=(await changes(w))[0].id)
    assert "shown to nobody but that person" in said
    assert "canar" not in said
    assert "canar" not in audit_table(w)
    await use(w, anna, "admin changes undo")
    (back,) = await of_mira(w)
    assert (back.text, back.scope, back.number) == (SECRET, "dm", 1)


async def test_an_operator_does_not_learn_by_asking_whether_something_is_known_in_private(w):
    anna = operator(w)
    await noted(w, SECRET, **PRIVATE)
    said = await use(w, anna, "admin facts add", person=w.mira, text=SECRET, reach="private")
    assert said.startswith("Added about")


async def test_what_an_operator_lays_down_for_private_comes_up_in_private_alone(w):
    anna = operator(w)
    await use(w, anna, "admin facts add", person=w.mira, text="keeps a canary", reach="private")
    await w.mira.send(w.channel, "Pixel?")
    assert "canary" not in w.prompt.text
    await w.mira.send_dm("hello")
    assert "keeps a canary" in w.prompt.text


async def test_in_private_there_is_no_server_for_a_fact_to_come_up_in(w):
    anna = operator(w)
    said = told(await anna.user.slash("admin facts add", person=w.mira.user, text="x y"))
    assert said.startswith("There is no server here")


async def test_what_they_told_or_pinned_themselves_is_theirs_to_change(w):
    anna = operator(w)
    await noted(w, "loves rain", origin=TOLD, cause=TOLD, kept=True)
    await noted(w, "loves snow", pinned=True, kept=True)
    for number in (1, 2):
        said = await use(w, anna, "admin facts edit", person=w.mira, number=number, text="loves sun")
        assert said.startswith(f"Number {number} is in their own words, or pinned by them")
    assert len(await changes(w)) == 0
    await remove(w, anna, "admin facts remove", person=w.mira, number=1)
    assert [one.text for one in await of_mira(w)] == ["loves snow"]


async def test_a_secret_is_no_fact_whoever_writes_it(w):
    anna = operator(w)
    said = await use(w, anna, "admin facts add", person=w.mira, text="her password is hunter2hunter2")
    assert said.startswith("I keep no passwords")
    assert "hunter2" not in "\n".join(kept(w))


# --- The audit holds no words of theirs ------------------------------------------------------------


async def test_the_words_of_facts_stand_in_no_audit_and_go_when_they_are_forgotten(w):
    anna = operator(w)
    await use(w, anna, "admin facts add", person=w.mira, text="keeps a canary")
    await use(w, anna, "admin facts edit", person=w.mira, number=1, text="keeps two canaries")
    assert "canar" not in audit_table(w)
    assert "text: keeps a canary" in await use(w, anna, "admin changes show", number=2)
    await w.app.memories.forget("pixel", w.mira.id, 1)
    assert "canar" not in "\n".join(kept(w))
    assert "forgotten since" in await use(w, anna, "admin changes show", number=2)
    for number in (1, 2):
        said = await use(w, anna, "admin changes undo", number=number)
        assert "can't be taken back" in said
    assert await of_mira(w) == []


async def test_what_was_put_back_is_shown_in_the_words_that_it_had(w):
    anna = operator(w)
    await use(w, anna, "admin facts add", person=w.mira, text="keeps a canary")
    await use(w, anna, "admin facts edit", person=w.mira, number=1, text="keeps two owls")
    await remove(w, anna, "admin facts remove", person=w.mira, number=1)
    await use(w, anna, "admin changes undo")
    said = await use(w, anna, "admin changes show", number=(await changes(w))[0].id)
    assert "**Before:** it was not there" in said
    assert "text: keeps two owls" in said
    assert "canary" not in said


async def test_who_leaves_is_in_no_row_of_the_audit_any_more(w):
    anna = operator(w)
    await use(w, anna, "admin facts list", person=w.mira)
    await use(w, anna, "admin facts add", person=w.mira, text="keeps a canary")
    await use(w, anna, "admin bond set", person=w.mira, trust=9)
    assert str(w.mira.id) in audit_table(w)
    await w.app.privacy.leave(w.mira.id)
    assert str(w.mira.id) not in audit_table(w)
    assert all((one.key, one.before, one.after) == (None, None, None) for one in await changes(w))
    assert "canar" not in "\n".join(kept(w))


async def test_an_export_tells_what_operators_did_about_the_person(w):
    anna = operator(w)
    await use(w, anna, "admin facts list", person=w.mira)
    await use(w, anna, "admin bond set", person=w.mira, trust=9)
    (file,) = await w.app.privacy.export(w.mira.id)
    acts = json.loads(file.data)["acts"]
    assert [one["action"] for one in acts] == ["facts looked at", "bond"]
    assert acts[1]["after"]["trust"] == 9
    assert str(anna.id) not in json.dumps(acts)
    await w.app.privacy.take_in(w.mira.id, file.data)


# --- The person sees it, and has the last word ------------------------------------------------------


async def test_they_see_in_their_history_that_an_operator_looked_and_changed_and_undo_it(w):
    anna = operator(w)
    await noted(w, "has a cat", kept=True)
    await use(w, anna, "admin facts list", person=w.mira)
    await use(w, anna, "admin facts edit", person=w.mira, number=1, text="has a dog")
    shown = panel_of(await w.mira.slash(w.channel, "memory history"))
    assert "the bot's operator changed something" in shown.content
    assert "Times that the bot's operators looked at what I know about you: 1" in shown.content
    assert "the bot's operator wrote it" in told(await w.mira.slash(w.channel, "memory list"))
    newest = (await w.app.memories.history("pixel", w.mira.id))[0]
    await w.app.memories.restore("pixel", w.mira.id, newest.id)
    assert [one.text for one in await of_mira(w)] == ["has a cat"]
    said = await use(w, anna, "admin changes undo")
    assert "changed again since" in said


async def test_they_see_in_their_ledger_that_an_operator_did_it_and_take_it_back_whole(w):
    anna = operator(w)
    await stand(w.app.database, w.mira.id, at=w.env.now(), trust=2, rapport=2)
    await use(w, anna, "admin bond set", person=w.mira, trust=9)
    relationships, role = w.app.relationships, w.app.company.primary
    found = await relationships.of(w.mira.id, role)
    assert found is not None
    (change,) = [one for one in found.changes if one.cause == BY_OPERATOR]
    assert (change.metric, change.change) == ("trust", 7)
    undoing = await relationships.dispute(w.mira.id, role, change.id)
    assert (undoing.before, undoing.after) == (9, 2)


async def test_a_bond_taken_back_keeps_what_was_talked_since(w):
    anna = operator(w)
    await stand(w.app.database, w.mira.id, at=w.env.now(), trust=2, rapport=2, exchanges=3)
    await use(w, anna, "admin bond set", person=w.mira, trust=9)
    async with w.app.database.begin() as db:
        row = await db.bonds.get(w.mira.id, "pixel")
        assert row is not None
        row.exchanges = 4
    await use(w, anna, "admin changes undo")
    async with w.app.database.read() as db:
        row = await db.bonds.get(w.mira.id, "pixel")
        causes = [one.cause for one in await db.bonds.changes(w.mira.id, "pixel")]
    assert row is not None
    assert (row.trust, row.exchanges) == (2, 4)
    assert causes == [TAKEN_BACK, BY_OPERATOR]


async def test_what_somebody_chose_to_be_to_each_other_is_shown_to_no_operator(w):
    anna = operator(w)
    await stand(w.app.database, w.mira.id, at=w.env.now(), kind="romantic", stage="deepening")
    await use(w, anna, "admin bond set", person=w.mira, trust=9)
    for command, options in (
        ("admin bond show", {"person": w.mira}),
        ("admin bond show", {}),
        ("admin changes list", {}),
        ("admin changes show", {"number": 1}),
    ):
        said = await use(w, anna, command, **options)
        assert "trust" in said or "bond" in said
        assert "romantic" not in said
        assert "deepening" not in said


async def test_a_bond_that_begins_anew_and_is_taken_back_is_whole_again(w):
    anna = operator(w)
    at = w.env.now()
    await stand(w.app.database, w.mira.id, at=at, anger=3, trust=5, exchanges=21, stage="deepening", kind="x")
    await remove(w, anna, "admin bond reset", person=w.mira)
    async with w.app.database.read() as db:
        assert await db.bonds.get(w.mira.id, "pixel") is None
    await use(w, anna, "admin changes undo")
    async with w.app.database.read() as db:
        row = await db.bonds.get(w.mira.id, "pixel")
    assert row is not None
    assert (row.anger, row.trust, row.exchanges, row.stage, row.kind) == (3, 5, 21, "deepening", "x")
    assert (row.changed_at, row.talked_at) == (at, at)
