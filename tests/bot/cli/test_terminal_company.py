"""Several characters in the terminal: who speaks, who greets, /persona, /scene and /why."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bot.cli.terminal import company, why
from bot.cli.terminal.markup import plain_of
from bot.cli.terminal.screen import HIDDEN
from bot.cli.terminal.session import NOBODY_HERE, NOTHING_COVERED
from bot.conversation.revisions import NOTHING_HERE
from bot.features.characters.presence import NO_SCENE, TOO_FEW
from bot.features.characters.presence_words import (
    CHOSEN,
    CLEARED,
    DISMISSED,
    INVITED,
    NO_NOTE,
    NOBODY_CHOSEN,
    STOPPED,
)
from bot.features.memory.reply_origin import NO_DECISION, UNKNOWN_DECISION
from database.models import CueRow, Scene
from tests.builders import PIXEL
from tests.company import FANGS, NYX
from tests.terminals import opened, rows, seated, talked
from tests.world.claude_faults import Overloaded529, Say
from tests.world.claude_server import ScriptedClaude

ALL = (NYX, FANGS)
WELCOMING = PIXEL.model_copy(update={"greeting": "Ears up, {{user}}!"})


@pytest.fixture
async def claude() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude() as server:
        yield server


def replies(out: str) -> Iterator[str]:
    return (line for line in out.splitlines() if line.startswith(("Pixel: ", "Nyx: ", "Fangs: ")))


# --- who speaks -----------------------------------------------------------------------------------


async def test_who_is_called_answers_under_its_own_name_and_as_itself(tmp_path, claude):
    claude.will_say("The stars are out.", "Good evening.", "As ever.")
    async with opened(tmp_path, claude, others=ALL) as (session, _):
        result = await talked(session, "Nyx, what do you see?\nFangs: are you there?\nhow do you sleep?\n")
    assert list(replies(result.out)) == ["Nyx: The stars are out.", "Fangs: Good evening.", "Fangs: As ever."]
    assert (result.code, result.complaints) == (0, [])
    assert "You are Nyx" in claude.requests[0].system_text
    assert "You are Fangs" in claude.requests[1].system_text
    assert "The stars are out." in claude.requests[1].text  # it heard that


async def test_all_who_are_called_answer_and_one_takes_up_what_another_said(tmp_path, claude):
    claude.will_say("Hello.", "Good evening.")
    async with opened(tmp_path, claude, others=ALL) as (session, _):
        assert len(list(replies((await talked(session, "Nyx and Fangs, hello!")).out))) == 2
    claude.will_say("Nyx, did you hear that?", "I did.", "And I.", "Hm.")
    async with opened(tmp_path / "chatty", claude, others=ALL, banter=1.0) as (session, _):
        said = list(replies((await talked(session, "Pixel, hello!")).out))
    assert said[:2] == ["Pixel: Nyx, did you hear that?", "Nyx: I did."]


@pytest.mark.slow
async def test_on_a_screen_each_reply_stands_under_its_speaker(tmp_path, claude):
    claude.will_say(Say("Stars.", pieces=("Sta", "rs."), between=0.05), "Bats.")
    writing = set()
    async with seated(tmp_path, claude, others=ALL) as seat:
        seat.keys.send_text("Nyx and Fangs, what is out there?\r")
        while seat.stages.seen.count("settled") < 2:
            writing.add("".join(part[1] for part in seat.screen._message()).partition("\n")[0])
            await seat.session.app.clock.sleep(0)
        await seat.shows("Fangs\n  Bats.\n")
        assert "Nyx\n  Stars.\n" in seat.printed
    assert not any("Pixel" in one for one in writing)
    assert any("Nyx" in one for one in writing)


async def test_the_last_reply_is_remade_whoever_said_it(tmp_path, claude):
    claude.will_say("Stars.", "Comets.", "and moons.")
    async with opened(tmp_path, claude, others=ALL) as (session, _):
        script = "Nyx, what is out there?\n/reroll\n/continue\n/edit Nothing.\n"
        result = await talked(session, script)
    assert NOTHING_HERE not in result.out
    assert list(replies(result.out)) == ["Nyx: Stars.", "Nyx: Comets.", "Nyx: Nothing."]
    assert "and moons.\n" in result.out


async def test_what_is_asked_of_one_is_asked_of_who_is_chosen(tmp_path, claude):
    script = "/remember my cat is Ada\n/persona choose nyx\n/memory\n/remember my dog is Bo\n/memory\n"
    async with opened(tmp_path, claude, others=ALL) as (session, _):
        result = await talked(
            session, script + "/relationship\n/privacy yes\nhello\n/relationship\n/forget\n"
        )
    before, after = result.out.split("Remembered as number 1.")[1:]
    assert "Ada" not in before
    assert "Bo" in after
    assert "of how Nyx and you stand" in after
    assert "You and Nyx: initial connection" in after
    assert result.out.endswith("Everybody here has forgotten 2 lines.\n")


async def test_ctrl_c_keeps_those_silent_who_were_to_follow(tmp_path, claude):
    claude.will_say("Stars.", Say("never", after=30), "Here.")
    async with seated(tmp_path, claude, others=ALL) as seat:
        seat.keys.send_text("Nyx and Fangs, what is out there?\r")
        await claude.received(2)
        seat.keys.send_text("\x03")
        await seat.shows("(stopped)")
        assert [cue.open for cue in await rows(seat.session.app, CueRow)] == [False]
        seat.keys.send_text("Nyx?\r")
        await seat.shows("Here.")
    assert len(claude.requests) == 3


# --- the greeting ---------------------------------------------------------------------------------


async def test_a_newcomer_is_greeted_before_the_answer_and_never_again(tmp_path, claude):
    async with opened(tmp_path, claude, character=WELCOMING) as (session, _):
        session._asker = type(session._asker)(1, "Ada")
        assert (await talked(session, "/who\n\n")).out.count("Ears up") == 0
        assert (await talked(session, "hi\n")).out == "Pixel: Ears up, Ada!\nPixel: …\n"
        assert "Ears up, Ada!" in claude.requests[0].text
        assert "Ears up" not in (await talked(session, "hi\n/reset\nhi\n")).out
    async with opened(tmp_path, claude, character=WELCOMING) as (session, _):
        assert "Ears up" not in (await talked(session, "hi again\n")).out


async def test_who_greets_nobody_on_discord_greets_nobody_here(tmp_path, claude):
    async with opened(tmp_path, claude, character=WELCOMING) as (session, _):
        object.__setattr__(session.app.manner, "greets", False)
        assert (await talked(session, "hi\n")).out == "Pixel: …\n"


async def test_on_a_screen_the_greeting_stands_before_the_first_line_is_typed(tmp_path, claude):
    async with seated(tmp_path, claude, character=WELCOMING) as seat:
        await seat.session.welcome(seat.screen)
        assert "Pixel\n  Ears up, " in seat.printed
        await seat.session.welcome(seat.screen)
        assert seat.printed.count("Ears up") == 1


async def test_who_is_let_in_or_chosen_greets(tmp_path, claude):
    nyx = WELCOMING.model_copy(update={"slug": "nyx", "name": "Nyx"})
    async with opened(tmp_path, claude, others=(nyx,)) as (session, _):
        session._asker = type(session._asker)(1, "Ada")
        said = await talked(session, "/persona dismiss nyx\n/persona invite nyx\n/persona choose nyx\n")
        assert said.out.count("Nyx: Ears up, Ada!") == 1
        assert said.out.index("Nyx hears this channel from now on.") < said.out.index("Ears up, Ada!")


# --- /persona -------------------------------------------------------------------------------------


async def test_persona_tells_who_is_here_and_lets_them_come_and_go(tmp_path, claude):
    claude.will_say("Here.", "Me, then.")
    script = (
        "/persona\n/persona dismiss nyx\n/persona\nNyx, are you there?\n/persona choose FANGS\n"
        "/persona choose nobody\n/persona invite Nyx\n/persona show nyx\n"
        "/persona dismiss Bob\n/persona frob\n"
    )
    async with opened(tmp_path, claude, others=ALL) as (session, _):
        result = await talked(session, script)
    assert result.out.count("Nyx (nyx)\nhears this channel\n") == 1
    assert result.out.count("Nyx (nyx)\ndoes not hear this channel\n") == 1
    assert plain_of(DISMISSED.format(name="Nyx")) in result.out
    assert not any(one.startswith("Nyx: ") for one in replies(result.out))
    for told in (CHOSEN.format(name="Fangs"), NOBODY_CHOSEN, INVITED.format(name="Nyx")):
        assert f"{plain_of(told)}\n" in result.out
    assert "• Likes to talk about: stars\n" in result.out
    assert "There is no character called 'Bob' here. There are: Pixel, Nyx, Fangs.\n" in result.out
    assert result.out.endswith(f"{company.HOW_TO_PERSONA}\n")


async def test_where_nobody_is_here_that_is_said(tmp_path, claude):
    script = "/persona dismiss pixel\n/persona dismiss nyx\n/persona dismiss fangs\nhello?\n"
    async with opened(tmp_path, claude, others=ALL) as (session, _):
        result = await talked(session, script)
    assert (result.code, result.complaints, claude.requests) == (1, [NOBODY_HERE], [])


async def test_one_alone_says_how_to_have_others(tmp_path, claude):
    told = f"{company.ONLY_ONE.format(name='Pixel')}\n"
    async with opened(tmp_path, claude) as (session, _):
        assert (await talked(session, "/persona")).out.endswith(told)
        assert (await talked(session, "/persona dismiss pixel\n/persona choose pixel\n")).out == told * 2


# --- /scene ---------------------------------------------------------------------------------------


async def test_a_scene_is_played_to_its_end_before_the_next_line_of_a_script(tmp_path, claude):
    claude.will_say("One.", "Two.", "Three.", "Hello.")
    script = "/scene start 3 Nyx, Fangs: who stole\n/scene\nPixel, hello\n"
    async with opened(tmp_path, claude, others=ALL) as (session, _):
        result = await talked(session, script)
    assert result.out == (
        "A scene of 3 lines by Nyx, Fangs, about:\n│ who stole\n/scene stop ends it.\n"
        f"Nyx: One.\nFangs: Two.\nNyx: Three.\n{NO_SCENE}\n{NO_NOTE}\nPixel: Hello.\n"
    )
    assert "who stole" in claude.requests[0].text


async def test_a_scene_is_stopped_by_its_command_and_by_ctrl_c(tmp_path, claude):
    claude.answer_with(Say("Hm.", after=0.05))
    async with seated(tmp_path, claude, others=ALL) as seat:
        seat.keys.send_text("/scene start 20 Nyx, Fangs: stars\r")
        await claude.received(2)
        seat.keys.send_text("/scene\r")
        await seat.shows("of 20 lines were said")
        seat.keys.send_text("/scene stop\r")
        await seat.shows("The scene ends: of 20 lines")
        while seat.talk and (await rows(seat.session.app, Scene))[-1].ended != "stopped":
            await seat.session.app.clock.sleep(0)
        seat.keys.send_text("/scene start 20 Nyx, Fangs: castles\r")
        await seat.shows("castles")
        begun = len(claude.requests)
        await claude.received(begun + 2)
        seat.keys.send_text("\x03")
        await seat.shows("(stopped)")
        while any(cue.open for cue in await rows(seat.session.app, CueRow)):
            await seat.session.app.clock.sleep(0)
        assert all(scene.ended_at for scene in await rows(seat.session.app, Scene))
    assert STOPPED.format(count=20, done=0)[:16] in seat.printed


async def test_a_scene_that_breaks_off_says_why(tmp_path, claude):
    claude.will_say("One.").will_fail(Overloaded529(), times=9)
    async with opened(tmp_path, claude, others=ALL) as (session, _):
        result = await talked(session, "/scene start Nyx, Fangs: stars\n")
    assert result.out.splitlines()[-1].startswith("The scene broke off: ")


async def test_what_can_not_be_played_is_said_and_a_note_is_kept(tmp_path, claude):
    script = (
        "/scene start Nyx: stars\n/scene stop\n/scene note be grim\n/scene\nhi\n"
        "/scene note_clear\n/scene frob\n"
    )
    async with opened(tmp_path, claude, others=ALL) as (session, _):
        result = await talked(session, script)
    assert result.out.startswith(f"{TOO_FEW}\n{NO_SCENE}\nI keep that in mind")
    assert "The note of this channel, at the very end of what I read:\n│ be grim\n" in result.out
    assert "be grim" in claude.requests[0].text
    assert result.out.endswith(f"{CLEARED}\n{company.HOW_TO_SCENE}\n")


# --- /why -----------------------------------------------------------------------------------------


async def test_why_explains_the_last_line_and_earlier_ones(tmp_path, claude):
    claude.will_say("Stars.", "Bats.")
    async with opened(tmp_path, claude, others=ALL) as (session, _):
        nothing = (await talked(session, "/why\n")).out
        await talked(session, "/remember my cat is Ada\nNyx and Fangs, what is out there?\n")
        last, before, mine = [(await talked(session, f"/why {number}")).out for number in (1, 2, 3)]
        wrong = (await talked(session, "/why 9\n/why x\n")).out
    assert nothing == f"{NO_DECISION.format(days=session.app.settings.decisions_kept_days)}\n"
    assert last.startswith("│ Fangs: Bats.\nAnswered: its turn to speak")
    assert before.startswith("│ Nyx: Stars.\nAnswered: direct message.\n")
    assert "Nyx said it, with claude-sonnet-5-5: " in before
    assert mine.split("\n")[1:3] == before.split("\n")[1:3]
    assert wrong == f"{why.FEWER.format(count=3)}\n{why.HOW_TO_WHY}\n"


@pytest.mark.slow
async def test_why_names_the_facts_behind_a_reply_and_a_free_voice_costs_nothing(tmp_path):
    async with (
        ScriptedClaude(models={"qwen": 1}) as claude,
        opened(tmp_path, claude, free=True, model="qwen") as (session, _),
    ):
        result = await talked(session, "/remember my cat is Ada\nwhat is my cat called?\n/why\n")
    assert "What it knew about you:\n• 1. my cat is Ada (always at hand, said " in result.out
    assert " written; cost: none.\n" in result.out


async def test_a_greeting_was_decided_by_nobody(tmp_path, claude):
    async with seated(tmp_path, claude, character=WELCOMING) as seat:
        await seat.session.welcome(seat.screen)
        told = await why.why_told(seat.session, "")
    assert told.endswith(UNKNOWN_DECISION.format(days=seat.session.app.settings.decisions_kept_days))


# --- a screen of 80 columns, and of 60 ------------------------------------------------------------


@pytest.mark.parametrize(("columns", "rows"), [(80, 21), (60, 40)])
async def test_help_fits_the_screen_with_its_columns_apart(tmp_path, claude, columns, rows):
    async with seated(tmp_path, claude, columns=columns) as seat:
        seat.keys.send_text("/help\r")
        await seat.shows("/quit")
        lines = seat.printed.rstrip().split("\n")
    assert len(lines) <= rows
    assert max(map(len, lines)) <= columns
    assert all(line[:15].strip() == "" or line.startswith("/") for line in lines)


async def test_a_spoiler_is_shown_when_it_is_asked_for(tmp_path, claude):
    claude.answer_with("it was ||the butler||")
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("/reveal\r")
        await seat.shows(NOTHING_COVERED)
        seat.keys.send_text("who?\r")
        await seat.shows(f"Pixel\n  it was ███ ██████\n  {HIDDEN}\n")
        await seat.stages.reached("settled")
        assert "butler" not in seat.printed
        seat.keys.send_text("/reveal\r")
        await seat.shows("Pixel\n  it was the butler\n")
