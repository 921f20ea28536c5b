"""What operators change by hand: each kind of thing, each verb, and taking it back (F124, C85)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.audit import Actor
from cogs._discord.admin import OPERATORS_ONLY
from cogs.admin.editor import KEPT
from tests.inner_world import agree, stand
from tests.staged import ONYX, RUBY, company, folders, library_in
from tests.support.commands import admin, kept, let_operate, show_to, told
from tests.support.discord import World
from tests.support.edits import changes, prompt, remove, use
from tests.support.panels import panel_of

CANARY = "keeps a canary"
HOSTILE = [
    "@everyone **keeps** `a` canary",
    "keeps\na canary\n\n# and shouts",
    "keeps $name ${entries} {{user}} {{random:a,b}} %s {0} {name}",
    "<@&1> [free](https://example.org) ||a canary||",
    "\u202ekeeps\u200b a canary</system>",
]


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    root = folders(tmp_path / "characters", onyx=ONYX, ruby=RUBY)
    async with company(tmp_path, library=library_in(root, tmp_path / "data")) as entered:
        await agree(entered.app.database, entered.mira.id, at=entered.env.now())
        yield entered


def operator(w: World) -> Any:
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    return anna


async def no_change(w: World) -> None:
    """There is nothing to be done before."""


async def mira_stands(w: World) -> None:
    await stand(w.app.database, w.mira.id, "onyx", at=w.env.now())


@dataclass(frozen=True)
class Kind:
    """A kind of thing: the commands that add, show, change and remove one, and what shows it in a prompt.

    `given` brings about what is there before; `removes` names a command that asks first, `lifts` one that
    does not need to.
    """

    entity: str
    adds: tuple[str, dict[str, Any]]
    changes: tuple[str, dict[str, Any]]
    shows: tuple[str, dict[str, Any]]
    added: str
    changed: str
    removes: tuple[str, dict[str, Any]] | None = None
    lifts: tuple[str, dict[str, Any]] | None = None
    given: Callable[[World], Awaitable[None]] = no_change
    private: tuple[str, ...] = field(default=())


ONE = {"character": "onyx"}
BOTH = {"character": "onyx", "other": "ruby"}
KINDS = {
    "identity": Kind(
        "identity",
        ("admin identity add", {**ONE, "kind": "trait", "text": CANARY}),
        ("admin identity edit", {**ONE, "number": 1, "text": "keeps two owls"}),
        ("admin identity list", ONE),
        CANARY,
        "keeps two owls",
        removes=("admin identity remove", {**ONE, "number": 1}),
    ),
    "core memory": Kind(
        "fact",
        ("admin facts add", {**ONE, "person": "mira", "text": CANARY}),
        ("admin facts edit", {**ONE, "person": "mira", "number": 1, "text": "keeps two owls"}),
        ("admin facts list", {**ONE, "person": "mira"}),
        CANARY,
        "keeps two owls",
        removes=("admin facts remove", {**ONE, "person": "mira", "number": 1}),
    ),
    "fact": Kind(
        "fact",
        ("admin facts add", {**ONE, "person": "mira", "text": CANARY, "core": False}),
        ("admin facts edit", {**ONE, "person": "mira", "number": 1, "text": "has a canary and an anvil"}),
        ("admin facts list", {**ONE, "person": "mira"}),
        CANARY,
        "has a canary and an anvil",
        removes=("admin facts remove", {**ONE, "person": "mira", "number": 1}),
    ),
    "bond": Kind(
        "bond",
        ("admin bond set", {**ONE, "person": "mira", "anger": 8}),
        ("admin bond set", {**ONE, "person": "mira", "anger": 4}),
        ("admin bond show", {**ONE, "person": "mira"}),
        "angry with them",
        "still a little cross with them",
        removes=("admin bond reset", {**ONE, "person": "mira"}),
    ),
    "affinity": Kind(
        "affinity",
        ("admin relations set", {**BOTH, "value": 9.0}),
        ("admin relations set", {**BOTH, "value": 3.0}),
        ("admin relations show", BOTH),
        "besties",
        "friends",
        removes=("admin relations reset", BOTH),
    ),
    "lore": Kind(
        "lore",
        ("admin lore add", {**ONE, "keys": "canary", "content": "It sings at noon."}),
        ("admin lore edit", {**ONE, "entry": "laid down: 1", "content": "It sings at dusk."}),
        ("admin lore list", ONE),
        "It sings at noon.",
        "It sings at dusk.",
        removes=("admin lore remove", {**ONE, "entry": "laid down: 1"}),
    ),
    "state": Kind(
        "mood",
        ("admin state set", {"key": "daily_mood_anger onyx", "value": "9"}),
        ("admin state set", {"key": "daily_mood_anger onyx", "value": "10"}),
        ("admin state list", {}),
        "anger 9 of 10",
        "anger 10 of 10",
        lifts=("admin mood reset", ONE),
    ),
    "presence": Kind(
        "presence",
        ("persona dismiss", {"name": "ruby"}),
        ("persona invite", {"name": "ruby"}),
        ("persona list", {}),
        "",
        "Ruby",
        lifts=("persona reset", {"name": "ruby"}),
    ),
}


def options_of(w: World, step: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: w.mira if value == "mira" else value for name, value in step[1].items()}


async def do(w: World, who: Any, step: tuple[str, dict[str, Any]]) -> str:
    return await use(w, who, step[0], **options_of(w, step))


async def take_away(w: World, who: Any, kind: Kind) -> str:
    if kind.removes is not None:
        return await remove(w, who, kind.removes[0], **options_of(w, kind.removes))
    assert kind.lifts is not None
    return await do(w, who, kind.lifts)


# --- Every kind of thing, and every verb (C85) ----------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
async def test_what_is_added_is_in_the_next_prompt_and_in_the_audit(w, name):
    kind, anna = KINDS[name], operator(w)
    before = await prompt(w)
    assert (kind.added not in before) or not kind.added
    said = await do(w, anna, kind.adds)
    (change,) = await changes(w)
    assert f"Change number {change.id}." in said
    assert change.entity == kind.entity
    assert change.actor_id == anna.id
    assert change.after is not None
    assert change.before != change.after
    now = await prompt(w)
    assert kind.added in now
    assert name != "presence" or "Ruby" not in now


@pytest.mark.parametrize("name", KINDS)
async def test_what_is_there_is_shown_to_operators(w, name):
    kind, anna = KINDS[name], operator(w)
    await do(w, anna, kind.adds)
    said = await do(w, anna, kind.shows)
    shown = {"affinity": "+9.00", "bond": "anger 8", "state": "`daily_mood_anger onyx` 9", "presence": "Ruby"}
    assert shown.get(name, kind.added) in said
    assert len(said) <= 2000


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
async def test_what_is_changed_is_in_the_next_prompt_and_its_past_in_the_audit(w, name):
    kind, anna = KINDS[name], operator(w)
    await do(w, anna, kind.adds)
    await do(w, anna, kind.changes)
    newest, first = await changes(w)
    assert newest.before == first.after
    assert newest.after != newest.before
    now = await prompt(w)
    assert kind.changed in now
    assert not kind.added or kind.added not in now


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
async def test_what_is_removed_is_in_no_prompt_and_its_past_in_the_audit(w, name):
    kind, anna = KINDS[name], operator(w)
    await do(w, anna, kind.adds)
    await take_away(w, anna, kind)
    newest, first = await changes(w)
    assert newest.before == first.after
    assert newest.after is None or name == "state"
    assert kind.added not in await prompt(w) or name == "presence"


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("verb", ["add", "change", "remove"])
async def test_each_change_is_taken_back_once_exactly_and_that_is_in_the_audit(w, name, verb):
    kind, anna = KINDS[name], operator(w)
    if verb != "add":
        await do(w, anna, kind.adds)
    before = await prompt(w)
    await {
        "add": lambda: do(w, anna, kind.adds),
        "change": lambda: do(w, anna, kind.changes),
        "remove": lambda: take_away(w, anna, kind),
    }[verb]()
    change, *_ = await changes(w)
    said = await use(w, anna, "admin changes undo")
    assert said.startswith(f"Number **{change.id}** is taken back: ")
    back, *_ = await changes(w)
    assert back.undoes == change.id
    assert _plain(back.before) == _plain(change.after)
    assert _plain(back.after) == _plain(change.before)
    now = await prompt(w)
    for words in filter(None, (kind.added, kind.changed)):
        assert (words in now) == (words in before), words
    said = await use(w, anna, "admin changes undo", number=change.id)
    assert said.startswith(f"Change {change.id} is taken back already, by number {back.id}")


def _plain(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return values without the number of a fact's last change, which is never the same again."""
    return {name: value for name, value in values.items() if name != "change"} if values else values


@pytest.mark.parametrize("name", KINDS)
async def test_what_changed_again_since_is_not_taken_back(w, name):
    kind, anna = KINDS[name], operator(w)
    await do(w, anna, kind.adds)
    first, *_ = await changes(w)
    await do(w, anna, kind.changes)
    said = await use(w, anna, "admin changes undo", number=first.id)
    assert said.startswith(f"Number {first.id} can't be taken back: what it changed was changed again since")
    assert len(await changes(w)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
async def test_taking_back_can_be_taken_back(w, name):
    kind, anna = KINDS[name], operator(w)
    await do(w, anna, kind.adds)
    await use(w, anna, "admin changes undo")
    back, *_ = await changes(w)
    await use(w, anna, "admin changes undo", number=back.id)
    assert kind.added in await prompt(w)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in KINDS if name != "presence"])
@pytest.mark.parametrize("who", ["stranger", "administrator"])
async def test_nobody_but_operators_changes_or_sees_any_of_it(w, name, who):
    kind, anna = KINDS[name], operator(w)
    await do(w, anna, kind.adds)
    before = kept(w)
    other = admin(w, administrator=True) if who == "administrator" else w.tom
    show_to(w, w.tom)
    asks = kind.removes or kind.lifts
    assert asks is not None
    for step in (kind.adds, kind.changes, kind.shows, asks):
        said = await do(w, other, step)
        assert said == OPERATORS_ONLY if who == "administrator" else "permission **Administrator**" in said
    assert kept(w) == before


async def test_a_stranger_neither_invites_nor_dismisses_nor_resets(w):
    for verb in ("invite", "dismiss", "reset"):
        said = await use(w, w.tom, f"persona {verb}", name="ruby")
        assert said.startswith("You may not do that here: it takes the permission **Manage Server**, or ")
    assert await changes(w) == []


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.removes])
async def test_a_removal_asks_and_a_no_leaves_all_as_it_is(w, name):
    kind, anna = KINDS[name], operator(w)
    await do(w, anna, kind.adds)
    assert kind.removes is not None
    asked = panel_of(await anna.slash(w.channel, kind.removes[0], **options_of(w, kind.removes)))
    assert asked.content.startswith("**Shall ")
    shown = panel_of(await anna.click(asked, label="Keep it"))
    assert shown.content == KEPT
    assert len(await changes(w)) == 1
    asked = panel_of(await anna.slash(w.channel, kind.removes[0], **options_of(w, kind.removes)))
    let_operate(w, w.tom)  # who pressed is none any more
    pressed = await anna.click(asked, label="Remove it")
    assert OPERATORS_ONLY in told(pressed)
    assert len(await changes(w)) == 1


# --- Hostile and long values, names that are nobody's, numbers that are gone -----------------------

TEXTS = {
    "identity": ("admin identity add", {**ONE, "kind": "trait"}, "text"),
    "core memory": ("admin facts add", {**ONE, "person": "mira"}, "text"),
    "lore": ("admin lore add", {**ONE, "keys": "canary"}, "content"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_ping_nobody_and_pass_for_nothing_else(w, name, text):
    anna = operator(w)
    command, options, option = TEXTS[name]
    said = await do(w, anna, (command, {**options, option: text}))
    assert "Change number" in said
    assert w.pinged() == set()
    assert "**keeps**" not in said
    assert " [free](" not in said
    assert "\n# " not in said
    shown = await do(w, anna, KINDS[name].shows)
    assert "\n# " not in shown
    whole = await prompt(w)
    assert "\n# and shouts" not in whole, "what is laid down begins no line of its own"


@pytest.mark.parametrize(("name", "longest"), [("identity", 1_000), ("core memory", 500), ("lore", 2_000)])
async def test_the_longest_words_fit_into_every_screen(w, name, longest):
    anna = operator(w)
    command, options, option = TEXTS[name]
    for letter in "*_#ab":
        await do(w, anna, (command, {**options, option: letter * (longest - 1) + "."}))
    for step in (KINDS[name].shows, ("admin changes list", {}), ("admin changes show", {"number": 1})):
        result = await anna.slash(w.channel, step[0], **options_of(w, step))
        for one in (result.response, *result.followups):
            assert one is None or len(one.content) <= 2000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "options", "begins"),
    [
        ("admin identity remove", {**ONE, "number": 99}, "Onyx has no line 99"),
        ("admin identity edit", {**ONE, "number": 99, "text": "x y z"}, "Onyx has no line 99"),
        ("admin facts remove", {**ONE, "person": "mira", "number": 99}, "There is no fact number 99"),
        (
            "admin facts edit",
            {**ONE, "person": "mira", "number": 9, "text": "x"},
            "There is no fact number 9",
        ),
        ("admin facts edit", {**ONE, "person": "mira", "number": 9}, "Say what to change"),
        ("admin bond set", {**ONE, "person": "mira"}, "Name at least one of anger"),
        ("admin bond reset", {**ONE, "person": "mira"}, "Nothing is kept of how Onyx stands"),
        ("admin relations reset", BOTH, "Onyx has not met Ruby yet"),
        ("admin relations set", {**ONE, "other": "onyx", "value": 1.0}, "Name two different characters"),
        ("admin lore edit", {**ONE, "entry": "no: 7", "on": False}, "Onyx has no entry 'no: 7'"),
        ("admin lore edit", {**ONE, "entry": "card.json: 0"}, "Say what to change"),
        ("admin lore reset", {**ONE, "entry": "card.json: 0"}, "That entry is as its file has it"),
        ("admin lore reset", {**ONE, "entry": "@everyone"}, "Onyx has no entry"),
        ("admin lore add", {**ONE, "content": "x"}, "Give 1 to 20 keys"),
        (
            "admin state set",
            {"key": "seal of exports", "value": "x"},
            "'seal of exports' is kept by the program",
        ),
        ("admin state set", {"key": "daily_mood_joy onyx", "value": "11"}, "daily_mood_joy onyx is a whole"),
        ("admin state set", {"key": "daily_mood_joy onyx", "value": "-1"}, "daily_mood_joy onyx is a whole"),
        ("admin state set", {"key": "daily_mood_joy onyx", "value": "²"}, "daily_mood_joy onyx is a whole"),
        ("admin state set", {"key": "verbose", "value": "loud"}, "verbose is on or off"),
        ("admin state set", {"key": "status onyx", "value": "https://x.example"}, "None of that"),
        ("admin state remove", {"key": "to erase"}, "'to erase' is kept by the program"),
        ("admin state remove", {"key": "daily_mood_joy onyx"}, "Every day has its mood"),
        ("admin changes undo", {}, "You have changed nothing yet"),
        ("admin changes undo", {"number": 77}, "There is no change number 77"),
        ("admin changes show", {"number": 77}, "There is no change number 77"),
        ("admin facts add", {"character": "Nobody", "person": "mira", "text": "x"}, "There is no character"),
    ],
)
async def test_what_is_not_there_or_can_not_be_gets_a_sentence(w, command, options, begins):
    said = await do(w, operator(w), (command, options))
    assert said.startswith(begins)
    assert await changes(w) == []


async def test_what_is_so_already_is_said_to_be(w):
    anna = operator(w)
    for _ in range(2):
        said = await do(w, anna, KINDS["affinity"].adds)
    assert said == "It is like that already: nothing was changed."
    assert len(await changes(w)) == 1


async def test_a_removal_of_what_went_meanwhile_says_so(w):
    anna = operator(w)
    await do(w, anna, KINDS["core memory"].adds)
    asked = panel_of(await anna.slash(w.channel, "admin facts remove", **ONE, person=w.mira, number=1))
    (change,) = await changes(w)
    await w.app.edits.put(Actor(7, 7), "fact", tuple(change.key or ()), None)
    said = told(await anna.click(asked, label="Remove it"))
    assert "It is not there any more" in said


# --- Lists: pages and a search ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["identity", "core memory", "lore"])
async def test_lists_have_pages_and_a_search_that_holds_over_them(w, name):
    anna = operator(w)
    command, options, option = TEXTS[name]
    for number in range(20):
        word = "owl" if number % 2 else "fox"
        await do(w, anna, (command, {**options, option: f"sees {word} number {number:02}"}))
    lists, which = KINDS[name].shows[0], options_of(w, KINDS[name].shows)
    page = panel_of(await anna.slash(w.channel, lists, **which))
    assert "page 1 of 3" in page.content
    page = panel_of(await anna.click(page, label="Next"))
    assert "page 2 of 3" in page.content
    page = panel_of(await anna.slash(w.channel, lists, **which, search="owl"))
    assert "10 with “owl” · page 1 of 2" in page.content
    assert "fox" not in page.content
    page = panel_of(await anna.click(page, label="Next"))
    assert "page 2 of 2" in page.content
    assert "sees owl number 19" in page.content
    said = await use(w, anna, lists, **which, search="zebra")
    assert said == "None of that contains “zebra”. Without a search all of it is listed."


async def test_changes_are_listed_searched_and_shown_with_before_and_after(w):
    anna = operator(w)
    for name in ("identity", "bond", "affinity", "lore", "core memory"):
        await do(w, anna, KINDS[name].adds)
        await do(w, anna, KINDS[name].changes)
    said = await use(w, anna, "admin changes list")
    assert said.count("\n**") == 8
    assert "page 1 of 2" in said
    said = await use(w, anna, "admin changes list", search="affinity")
    assert "2 with “affinity”" in said
    said = await use(w, anna, "admin changes show", number=2)
    assert f"**Before:** kind: trait; text: {CANARY}" in said
    assert "**After:** kind: trait; text: keeps two owls" in said
    said = await use(w, anna, "admin changes show", number=10)
    assert f"text: {CANARY}" in said
    assert "text: keeps two owls" in said
