"""Components, modals and context menus of the loopback Discord, tried by a real discord.py client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import discord
import pytest

from tests.world import discord_faults as faults
from tests.world.discord_components import check_message_components, check_modal
from tests.world.discord_listening import Listener, listening, until
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User
from tests.world.discord_pointing import point_discord_back
from tests.world.discord_requests import DiscordError
from tests.world.discord_server import DiscordServer

Interaction = discord.Interaction[Any]
Answer = Callable[[Interaction], Awaitable[Any]]

NOBODY = discord.AllowedMentions.none()


@pytest.fixture(autouse=True)
def _discord_as_it_was() -> Iterator[None]:
    yield
    point_discord_back()


@pytest.fixture
def now() -> list[float]:
    """Hold the world's clock, which a test may turn forward."""
    return [1_800_000_000.0]


@pytest.fixture
async def server(now: list[float]) -> AsyncIterator[DiscordServer]:
    async with DiscordServer(clock=lambda: now[0]) as running:
        yield running
    assert running.unknown_requests == []
    assert running.schema_faults == []


@pytest.fixture
def general(server: DiscordServer) -> Channel:
    return server.add_guild("Test guild").add_text_channel("general")


@pytest.fixture
def alice(server: DiscordServer) -> User:
    return server.add_user("Alice")


@pytest.fixture
async def client(server: DiscordServer, general: Channel) -> AsyncIterator[Listener]:
    async with listening(server) as connected:
        yield connected


@pytest.fixture
def codes() -> list[int]:
    """Hold the codes that `refused` meets."""
    return []


class Panel(discord.ui.View):
    """A button and a menu; whatever is done with them goes to `answer`."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(timeout=None)
        self.add_item(_Button(answer))
        self.add_item(_Menu(answer))


class _Button(discord.ui.Button[Panel]):
    def __init__(self, answer: Answer) -> None:
        super().__init__(label="Go", custom_id="go")
        self.answer = answer

    async def callback(self, interaction: Interaction) -> None:
        await self.answer(interaction)


class _Menu(discord.ui.Select[Panel]):
    def __init__(self, answer: Answer) -> None:
        options = [discord.SelectOption(label=each) for each in ("a", "b")]
        super().__init__(custom_id="letter", options=options)
        self.answer = answer

    async def callback(self, interaction: Interaction) -> None:
        await self.answer(interaction)


class Form(discord.ui.Modal, title="New words"):
    text: discord.ui.TextInput["Form"] = discord.ui.TextInput(
        label="Words", custom_id="text", default="as before", max_length=20
    )

    def __init__(self, answer: Answer) -> None:
        super().__init__(custom_id="form")
        self.answer = answer

    async def on_submit(self, interaction: Interaction) -> None:
        await self.answer(interaction)


async def shown(client: Listener, general: Channel, answer: Answer) -> Message:
    """Let the bot post a panel."""
    assert general.guild is not None
    place = client.get_partial_messageable(general.id, guild_id=general.guild.id)
    await place.send("well?", view=Panel(answer), allowed_mentions=NOBODY)
    return general.messages[-1]


async def nothing(interaction: Interaction) -> None:
    await interaction.response.defer()


async def refused(codes: list[int], asked: Awaitable[Any]) -> None:
    try:
        await asked
    except discord.HTTPException as error:
        codes.append(error.code)


# --- what people do


async def test_a_choice_in_a_menu_reaches_the_bot(server, client, general, alice):
    async def answer(interaction: Interaction) -> None:
        data: Any = interaction.data
        await interaction.response.edit_message(content=f"{data['values']}", view=None)

    panel = await shown(client, general, answer)
    chosen = await alice.press(panel, "letter", ["b"])
    await chosen.wait_acknowledged()
    assert (panel.content, panel.components, chosen.original) == ("['b']", [], panel)


async def test_nobody_presses_what_a_message_does_not_offer(server, client, general, alice):
    panel = await shown(client, general, nothing)
    for custom_id, values in (("stop", None), ("letter", ["c"]), ("letter", ["a", "b"]), ("go", ["a"])):
        with pytest.raises(LookupError):
            await alice.press(panel, custom_id, values)
    panel.components[0]["components"][0]["disabled"] = True
    with pytest.raises(LookupError, match="disabled"):
        await alice.press(panel, "go")
    await alice.delete(panel)
    with pytest.raises(LookupError, match="not see"):
        await alice.press(panel, "letter", ["a"])
    assert server.interactions.failed == []


async def test_a_modal_opened_by_a_button_is_submitted_and_changes_the_message(
    server, client, general, alice
):
    async def write(interaction: Interaction) -> None:
        data: Any = interaction.data
        await interaction.response.edit_message(content=data["components"][0]["components"][0]["value"])

    panel = await shown(client, general, lambda each: each.response.send_modal(Form(write)))
    opened = await alice.press(panel, "go")
    assert (await opened.wait_modal())["title"] == "New words"
    submitted = await alice.submit(opened, text="other words")
    await submitted.wait_acknowledged()
    assert panel.content == "other words"
    again = await alice.submit(await opened_anew(alice, panel))
    await again.wait_acknowledged()
    assert panel.content == "as before"


async def opened_anew(user: User, panel: Message) -> Any:
    opened = await user.press(panel, "go")
    await opened.wait_modal()
    return opened


async def test_a_modal_takes_no_more_than_it_says_and_only_from_whom_it_was_shown_to(
    server, client, general, alice
):
    panel = await shown(client, general, lambda each: each.response.send_modal(Form(nothing)))
    opened = await opened_anew(alice, panel)
    for wrong in ({"text": "x" * 21}, {"text": ""}, {"words": "x"}):
        with pytest.raises(LookupError):
            await alice.submit(opened, **wrong)
    with pytest.raises(LookupError):
        await server.add_user("Bob").submit(opened, text="mine")


async def test_a_modal_can_be_submitted_to_a_bot_that_never_opened_it(
    server: DiscordServer, client: Listener, general: Channel, alice: User
):
    submitted: list[Interaction] = []

    @client.event
    async def on_interaction(interaction: Interaction) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            submitted.append(interaction)
            await interaction.response.send_message("got it", ephemeral=True)

    async def open_unnoticed(interaction: Interaction) -> None:
        await callback(interaction, {"type": 9, "data": Form(nothing).to_dict()})

    panel = await shown(client, general, open_unnoticed)
    opened = await opened_anew(alice, panel)
    answered = await alice.submit(opened, text="late")
    assert (await answered.wait_answered()).content == "got it"
    assert submitted[0].message is not None
    assert submitted[0].message.id == panel.id


async def test_a_command_of_a_messages_context_menu_gets_the_message(
    server: DiscordServer, client: Listener, general: Channel, alice: User
):
    @client.tree.context_menu(name="Quote")
    async def quote(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{message.author.name}: {message.content}", ephemeral=True)

    @client.tree.command(name="quote", description="A slash command of nearly the same name.")
    async def other(interaction: Interaction) -> None:
        await interaction.response.send_message("the wrong one")

    await client.tree.sync()
    said = await alice.say(general, "remember this")
    chosen = await alice.use_menu(said, "Quote")
    assert (await chosen.wait_answered()).content == "Alice: remember this"
    with pytest.raises(LookupError):
        await alice.use_menu(said, "quote")


# --- what the bot answers


async def test_an_ephemeral_message_is_for_one_person_and_no_channel(server, client, general, alice):
    bob, pressed_by = server.add_user("Bob"), []

    async def hide(interaction: Interaction) -> None:
        await interaction.response.send_message("psst", view=Panel(note), ephemeral=True)

    async def note(interaction: Interaction) -> None:
        pressed_by.append(interaction.user.id)
        await interaction.response.edit_message(content="pressed")

    panel = await shown(client, general, hide)
    hidden = await (await alice.press(panel, "go")).wait_answered()
    assert hidden.is_shown_to(alice)
    assert not hidden.is_shown_to(bob)
    assert general.messages == [panel]
    assert server.interactions.messages == [hidden]
    with pytest.raises(LookupError, match="not see"):
        await bob.press(hidden, "go")
    await (await alice.press(hidden, "go")).wait_acknowledged()
    forged = server.interactions.press(bob, hidden, "go", forged=True)
    await forged.wait_acknowledged()
    assert pressed_by == [alice.id, bob.id]
    assert hidden.content == "pressed"
    assert client.heard == ["well?"]


async def test_an_update_is_deferred_and_made_later_and_a_follow_up_comes_beside_it(
    server, client, general, alice
):
    async def answer(interaction: Interaction) -> None:
        await interaction.response.defer()
        assert (await interaction.original_response()).content == "well?"
        beside = await interaction.followup.send("one moment", ephemeral=True, wait=True)
        await interaction.followup.edit_message(beside.id, content="one more moment")
        await interaction.edit_original_response(content="well!", view=None)
        await interaction.followup.delete_message(beside.id)

    edited = asyncio.create_task(client.wait_for("raw_message_edit", timeout=5))
    panel = await shown(client, general, answer)
    pressed = await alice.press(panel, "go")
    await until(lambda: pressed.messages and pressed.messages[0].deleted)
    assert (await pressed.wait_acknowledged())["type"] == 6
    assert general.messages == [panel]
    assert (panel.content, panel.components) == ("well!", [])
    assert pressed.messages[0].edits == ["one moment"]
    assert (await edited).message.content == "well!"


@pytest.mark.parametrize("hidden", [True, False])
async def test_the_first_answer_after_a_deferral_is_seen_by_whom_the_deferral_said(
    server, client, general, alice, hidden
):
    async def answer(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=hidden)
        await interaction.followup.send("here", ephemeral=not hidden)

    pressed = await alice.press(await shown(client, general, answer), "go")
    assert (await pressed.wait_answered()).is_ephemeral is hidden


async def test_a_deferred_answer_can_be_taken_back(server, client, general, alice):
    async def answer(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.delete_original_response()

    pressed = await alice.press(await shown(client, general, answer), "go")
    await until(lambda: pressed.response == {"type": 6})
    assert pressed.messages == []


async def test_a_response_after_three_seconds_is_refused_and_counted(
    server, client, general, alice, now, codes
):
    async def answer(interaction: Interaction) -> None:
        now[0] += 3.5
        await refused(codes, interaction.response.send_message("too late"))

    pressed = await alice.press(await shown(client, general, answer), "go")
    await until(lambda: codes)
    assert codes == pressed.refusals == [10062]
    assert server.interactions.late == 1
    assert server.interactions.failed == [pressed]
    assert general.texts == ["well?"]


async def test_a_callback_that_is_under_way_for_too_long_is_late_too(server, client, general, alice, now):
    server.faults.on("POST", r"/interactions/.+/callback", then=faults.delayed(0.1))
    pressed = await alice.press(await shown(client, general, nothing), "go")
    await until(lambda: server.requests[-1].path.endswith("/callback"))
    now[0] += 3.5
    await until(lambda: pressed.refusals == [10062])


async def test_a_second_response_is_refused_and_noted(server, client, general, alice, codes):
    async def answer(interaction: Interaction) -> None:
        await interaction.response.defer()
        interaction.response._response_type = None
        await refused(codes, interaction.response.send_message("two"))

    pressed = await alice.press(await shown(client, general, answer), "go")
    await until(lambda: codes)
    assert codes == pressed.refusals == [40060]
    assert server.interactions.failed == []


async def test_after_fifteen_minutes_the_token_of_an_interaction_is_worth_nothing(
    server, client, general, alice, now, codes
):
    async def answer(interaction: Interaction) -> None:
        await interaction.response.defer()
        now[0] += 901
        await refused(codes, interaction.edit_original_response(content="late"))
        await refused(codes, interaction.followup.send("late"))
        await refused(codes, interaction.original_response())

    panel = await shown(client, general, answer)
    await alice.press(panel, "go")
    await until(lambda: len(codes) == 3)
    assert codes == [50027] * 3
    assert general.texts == ["well?"]


async def test_a_command_has_no_message_to_change_and_a_modal_opens_no_modal(
    server: DiscordServer, client: Listener, general: Channel, alice: User, codes: list[int]
):
    @client.tree.command(description="Answers as a button would.")
    async def wrong(interaction: Interaction) -> None:
        await refused(codes, callback(interaction, {"type": 6}))
        await interaction.response.send_modal(Form(again))

    async def again(interaction: Interaction) -> None:
        await refused(codes, interaction.response.send_modal(Form(again)))

    await client.tree.sync()
    used = await alice.use_command(general, "wrong")
    await used.wait_modal()
    submitted = await alice.submit(used)
    await until(lambda: len(codes) == 2)
    assert codes == [50035, 50035]
    assert server.interactions.failed == [submitted]


async def callback(interaction: Interaction, body: dict[str, Any]) -> None:
    """Answer with a body of one's own."""
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    await interaction.client.http.request(discord.http.Route("POST", path), json=body)


@pytest.mark.parametrize("kind", [4, 7])
async def test_a_response_that_contradicts_itself_is_refused_and_another_is_taken(
    server, client, general, alice, codes, kind
):
    mentions = {"parse": ["users"], "users": [str(alice.id)]}

    async def answer(interaction: Interaction) -> None:
        data = {"content": "@everyone", "allowed_mentions": mentions}
        await refused(codes, callback(interaction, {"type": kind, "data": data}))
        await interaction.response.send_message("@everyone", allowed_mentions=NOBODY, ephemeral=True)

    said = await (await alice.press(await shown(client, general, answer), "go")).wait_answered()
    assert codes == [50035]
    assert (said.allowed_mentions, said.mentions.everyone) == ({"parse": []}, False)


# --- what the bot changes in channels


async def test_an_edit_without_allowed_mentions_may_ping_although_the_message_could_not(
    server, client, general, alice
):
    panel = await shown(client, general, nothing)
    message = client.get_partial_messageable(general.id).get_partial_message(panel.id)
    await message.edit(content=f"@everyone {alice.mention}", allowed_mentions=NOBODY)
    assert (panel.mentions.everyone, panel.pinged) == (False, frozenset())
    await message.edit(content=f"@everyone {alice.mention}")
    assert (panel.mentions.everyone, panel.pinged) == (True, frozenset({alice.id}))
    assert panel.allowed_mentions is None


async def test_only_the_author_edits_and_only_what_is_there(server, client, general, alice, codes):
    theirs = await alice.say(general, "mine")
    place = client.get_partial_messageable(general.id)
    await refused(codes, place.get_partial_message(theirs.id).edit(content="yours"))
    await alice.delete(theirs)
    await refused(codes, place.get_partial_message(theirs.id).edit(content="yours"))
    await refused(codes, place.get_partial_message(theirs.id).delete())
    assert codes == [50005, 10008, 10008]


async def test_what_others_say_is_deleted_only_with_the_permission_for_it(server, alice, codes):
    guild = server.add_guild("Strict guild", bots=[])
    guild.add_member(server.bot, permissions=0)
    channel = guild.add_text_channel("general")
    theirs, ours = await alice.say(channel, "mine"), server.post(channel, server.bot, "ours")
    async with listening(server) as client:
        place = client.get_partial_messageable(channel.id)
        await refused(codes, place.get_partial_message(theirs.id).delete())
        await place.get_partial_message(ours.id).delete()
    assert codes == [50013]
    assert channel.texts == ["mine"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [(faults.missing_permissions(), 50013), (faults.unknown_message(), 10008), (None, None)],
)
async def test_an_edit_meets_faults_as_a_post_does(server, client, general, alice, codes, fault, code):
    panel = await shown(client, general, nothing)
    path = r"/channels/\d+/messages/\d+"
    server.faults.on("PATCH", path, then=fault or faults.reset(stores=True))
    asked = client.get_partial_messageable(general.id).get_partial_message(panel.id).edit(content="new")
    if fault is None:
        with pytest.raises((OSError, aiohttp.ClientError)):
            await asked
    else:
        await refused(codes, asked)
    assert codes == ([] if code is None else [code])
    assert panel.content == ("new" if fault is None else "well?")


# --- limits


def button(number: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "b", "custom_id": f"b{number}"} | more


def menu(options: int, custom_id: str = "menu") -> dict[str, Any]:
    return {"type": 3, "custom_id": custom_id, "options": [option(each) for each in range(options)]}


def option(number: int, **more: Any) -> dict[str, Any]:
    return {"label": "o", "value": str(number)} | more


def row(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([row(*(button(5 * n + each) for each in range(5))) for n in range(5)], None),
        ([row(menu(25)), row(button(custom_id="x" * 100, label="x" * 80))], None),
        ([row(button(each)) for each in range(6)], "BASE_TYPE_BAD_LENGTH"),
        ([row(*(button(each) for each in range(6)))], "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        ([row(menu(1), button())], "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        ([row()], "UNION_TYPE_CHOICES"),
        ([button()], "UNION_TYPE_CHOICES"),
        ([row(button()), row(button())], "COMPONENT_CUSTOM_ID_DUPLICATED"),
        ([row(menu(26))], "BASE_TYPE_BAD_LENGTH"),
        ([row(menu(0) | {"options": [option(1), option(1)]})], "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
        ([row(menu(0) | {"options": [option(1, label="x" * 101)]})], "BASE_TYPE_MAX_LENGTH"),
        ([row(button(custom_id="x" * 101))], "BASE_TYPE_MAX_LENGTH"),
        ([row(button(label="x" * 81))], "BASE_TYPE_MAX_LENGTH"),
        ([row(button(custom_id=""))], "BASE_TYPE_REQUIRED"),
    ],
)
def test_a_message_shows_only_what_discord_has_room_for(components, code):
    assert refusal(check_message_components, components, flags=0) == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, None),
        ({"title": "x" * 46}, "BASE_TYPE_MAX_LENGTH"),
        ({"title": ""}, "BASE_TYPE_REQUIRED"),
        ({"custom_id": "x" * 101}, "BASE_TYPE_MAX_LENGTH"),
        ({"components": []}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [row({"type": 4, "custom_id": "a", "label": "x" * 46})]}, "BASE_TYPE_MAX_LENGTH"),
        ({"components": [row({"type": 4, "custom_id": "a"})] * 2}, "COMPONENT_CUSTOM_ID_DUPLICATED"),
    ],
)
def test_a_modal_is_no_larger_than_discord_allows(changed, code):
    label = {"type": 18, "label": "Words", "component": {"type": 4, "custom_id": "a", "style": 2}}
    modal = {"title": "x" * 45, "custom_id": "form", "components": [label]} | changed
    assert refusal(check_modal, modal) == code


def test_a_message_of_the_new_layout_has_forty_components_at_most():
    text = {"type": 10, "content": "words"}
    assert refusal(check_message_components, [text] * 40, flags=1 << 15) is None
    assert refusal(check_message_components, [text] * 41, flags=1 << 15) == "BASE_TYPE_MAX_LENGTH"


def refusal(check: Callable[..., None], *given: Any, **more: Any) -> str | None:
    try:
        check(*given, **more)
    except DiscordError as error:
        (field,) = error.body["errors"].values()
        return str(field["_errors"][0]["code"])
    return None


async def test_a_panel_that_is_too_wide_is_refused_on_every_way(server, client, general, alice, codes):
    async def answer(interaction: Interaction) -> None:
        assert interaction.message is not None
        body = {"content": "wide", "components": [row(button()), row(button())]}
        for kind in (4, 7):
            await refused(codes, callback(interaction, {"type": kind, "data": body}))
        await interaction.response.defer()
        http, hook = client.http, f"/webhooks/{client.application_id}/{interaction.token}"
        own = f"/channels/{general.id}/messages"
        for method, path in (
            ("POST", hook),
            ("PATCH", f"{hook}/messages/@original"),
            ("POST", own),
            ("PATCH", f"{own}/{interaction.message.id}"),
        ):
            await refused(codes, http.request(discord.http.Route(method, path), json=body))

    await alice.press(await shown(client, general, answer), "go")
    await until(lambda: len(codes) == 6)
    assert codes == [50035] * 6
    assert general.texts == ["well?"]
