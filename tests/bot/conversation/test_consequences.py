"""What follows from a reply: how characters get on, and how one grows (C72, C73, C75)."""

from dataclasses import replace

import pytest

from bot.audit import Actor, AuditLog
from bot.conversation.config import Growing
from bot.features.admin.edits import Edits
from bot.features.admin.selves import Selves
from bot.features.characters.relations import NoSuchEncounter, Relations
from personas.character_parts import EvolutionStage
from tests.builders import AT_ONCE, table
from tests.company import CHANNEL, FANGS, NYX, PIXEL, QUIET, company
from tests.summing import HOUR

ADMIN = Actor(1, 2)


def relations(at) -> Relations:
    return Relations(at.database, at.app.company, AuditLog(at.database, at.clock), at.clock, QUIET)


async def meet(at, *kinds, said="Hm.") -> None:
    """Let Fangs answer what Nyx said, once for each kind of dealing."""
    from bot.conversation.speakers import cue_of

    for kind in kinds:
        at.claude.will_say("Good evening.", said)
        at.claude.kinds.append(kind)
        await at.hear("Nyx?", where=CHANNEL)
        newest = max(number for number, _ in at.mouth.posted.values())
        async with at.database.begin() as db:
            await db.cues.add([cue_of("fangs", CHANNEL.channel_id, newest, "addressed", at.clock, 0.0, 1)])
        await at.app.following.follow(CHANNEL.channel_id, at.mouth)


async def values(at):
    async with at.database.read() as db:
        return await db.affinities.value("fangs", "nyx"), await db.affinities.value("nyx", "fangs")


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("agreement", 2.0),
        ("disagreement", -1.0),
        ("compliment", 3.0),
        ("insult", -3.0),
        ("question", 0.5),
        ("answer", 1.0),
        ("banter", 1.5),
        ("argument", -2.0),
        ("collaboration", 2.5),
        ("competition", -0.5),
        ("other", 0.0),
    ],
)
async def test_what_one_says_to_another_changes_what_both_think(tmp_path, kind, change):
    """C72, F091, F092: the speaker by the whole of it, whoever is spoken to by four fifths."""
    async with company(tmp_path) as at:
        await meet(at, kind)
        assert await values(at) == pytest.approx((change, change * 0.8))
        async with at.database.read() as db:
            (met,) = await db.affinities.encounters("nyx", "fangs", limit=9)
        assert (met.speaker, met.other, met.kind) == ("fangs", "nyx", kind)
        assert met.message_id == max(number for number, _ in at.mouth.posted.values())


async def test_affinity_stays_between_minus_ten_and_ten(tmp_path):
    """C72."""
    async with company(tmp_path) as at:
        await meet(at, *["compliment"] * 6)
        assert await values(at) == pytest.approx((10.0, 10.0))


async def test_without_a_usable_answer_rules_tell_what_was_said(tmp_path):
    async with company(tmp_path) as at:
        await meet(at, "a small poem", said="You are a fool, Nyx, and a liar.")
        first, _ = await values(at)
        assert first < 0


async def test_what_one_thinks_of_the_others_stands_in_its_prompt(tmp_path):
    async with company(tmp_path) as at:
        await meet(at, *["compliment"] * 4)
        at.claude.will_say("Yes?")
        await at.hear("Fangs, hi", where=CHANNEL)
        assert "Nyx: besties" in at.claude.prompts[-1].text
        await at.hear("Pixel, hi", where=CHANNEL)
        assert "Nyx: strangers" in at.claude.prompts[-1].text


async def test_what_two_are_to_each_other_changes_at_its_border_and_is_told_once(tmp_path):
    """C74: a stage is written down when it changes, and not again while it lasts."""
    async with company(tmp_path) as at:
        told: list[str] = []
        at.app.outbox.on_reply.append(lambda news: told.extend([news.text] if news.text else []))
        await meet(at, "banter", "banter", "other", "other")
        async with at.database.read() as db:
            met = await db.affinities.encounters("nyx", "fangs", limit=9)
        stages = [one.milestone for one in reversed(met)]
        assert stages[0] == "first words, now acquaintances"
        assert (stages[1] or "").endswith("now friends")
        assert stages[2:] == [None, None]
        assert len([one for one in told if "now friends" in one]) == 1


async def test_an_admin_takes_back_an_encounter(tmp_path):
    """C72: each is persisted with its cause, and can be taken back."""
    async with company(tmp_path) as at:
        await meet(at, "compliment", "insult")
        before = await relations(at).of(at.app.company.by_slug["fangs"], _role(at, "nyx"))
        insult = before.latest[0]
        await relations(at).take_back(ADMIN, insult.id)
        assert await values(at) == pytest.approx((3.0, 2.4))
        with pytest.raises(NoSuchEncounter):
            await relations(at).take_back(ADMIN, insult.id)


def _role(at, slug):
    return at.app.company.by_slug[slug]


async def test_a_sore_topic_makes_a_conflict_that_grows_and_fades(tmp_path):
    """C73: +0.2 with each mention, -0.1 an hour, gone at 0; in the prompt while it lasts."""
    async with company(tmp_path) as at:
        await meet(at, "other", "other", said="More garlic, Nyx?")
        relation = await relations(at).of(_role(at, "fangs"), _role(at, "nyx"))
        assert dict(relation.conflicts) == {"garlic": pytest.approx(0.4)}
        await meet(at, "other", said="Garlic!")
        await at.hear("Fangs, hi", where=CHANNEL)
        assert "Nyx: acquaintances, " in at.claude.prompts[-1].text
        at.clock.pass_time(3 * HOUR)
        relation = await relations(at).of(_role(at, "fangs"), _role(at, "nyx"))
        assert dict(relation.conflicts) == {"garlic": pytest.approx(0.3)}
        at.clock.pass_time(3 * HOUR)
        assert (await relations(at).of(_role(at, "fangs"), _role(at, "nyx"))).conflicts == ()


async def test_an_admin_lets_two_make_up(tmp_path):
    async with company(tmp_path) as at:
        await meet(at, "other", said="More garlic, Nyx?")
        assert await relations(at).make_up(ADMIN, _role(at, "nyx"), _role(at, "fangs")) == 1
        assert (await relations(at).of(_role(at, "fangs"), _role(at, "nyx"))).conflicts == ()


async def test_two_who_became_something_to_each_other_are_told_of_once(tmp_path):
    """F093."""
    async with company(tmp_path) as at:
        told: list[str] = []
        at.app.outbox.on_reply.append(lambda news: told.extend([news.text] if news.text else []))
        await meet(at, "agreement", "agreement", "agreement")
        assert [one for one in told if one.endswith(": friends.")] == ["Fangs and Nyx: friends."]


@pytest.mark.slow
async def test_the_history_of_encounters_is_cut_to_the_newest(tmp_path):
    """F093: past 1000 the last 800 stay."""
    from database.models import Encounter

    async with company(tmp_path) as at:
        async with at.database.begin() as db:
            for number in range(1001):
                await db.affinities.met(
                    Encounter("nyx", "fangs", "banter", at.clock.now(), 1, number, 0.0, 0.0)
                )
            left = await db.affinities.encounters("nyx", "fangs", limit=5000)
        assert (len(left), left[-1].message_id) == (800, 201)


async def test_three_who_fail_over_one_message_show_one_sign(tmp_path):
    """C19."""
    from bot.llm.errors import ClaudeError

    async with company(tmp_path) as at:
        at.claude.will_say(*[ClaudeError("down")] * 3)
        await at.hear("Nyx, Fangs, Pixel?", where=CHANNEL)
        assert len(at.mouth.said) + len(at.mouth.reactions) == 1


# Growth.

STAGES = (
    EvolutionStage(milestone=2, changes={"personality": {"new_quirks": ["hums while thinking"]}}),
    EvolutionStage(milestone=4, changes={"personality": {"new_quirks": ["collects buttons"]}}),
)


def growing(*milestones: int):
    return replace(AT_ONCE, direction=QUIET, growing=Growing(milestones=milestones))


async def reached(at, slug="nyx"):
    async with at.database.read() as db:
        return [one.milestone for one in await db.characters.milestones(slug)]


async def test_a_character_grows_at_each_milestone_once(tmp_path):
    """C75, F104."""
    nyx = NYX.model_copy(update={"stages": STAGES})
    async with table(tmp_path, character=PIXEL, others=(nyx, FANGS), manner=growing(2, 3, 4)) as at:
        told = []
        at.app.outbox.on_reply.append(
            lambda news: told.extend([(news.character, news.changed)] if news.text else [])
        )
        for _ in range(6):
            await at.hear("Nyx?", where=CHANNEL)
        assert await reached(at) == [2, 3, 4]
        assert await reached(at, "pixel") == []
        assert told == [("nyx", True), ("nyx", False), ("nyx", True)]


async def test_a_counter_that_jumps_over_milestones_reaches_each_of_them(tmp_path):
    """C75: also when it jumps."""
    nyx = NYX.model_copy(update={"stages": STAGES})
    async with table(tmp_path, character=PIXEL, others=(nyx,), manner=growing(2, 3, 4)) as at:
        async with at.database.begin() as db:
            for _ in range(10):
                await db.characters.count_interaction("nyx")
        await at.hear("Nyx?", where=CHANNEL)
        await at.hear("Nyx?", where=CHANNEL)
        assert await reached(at) == [2, 3, 4]


async def test_growing_can_be_switched_off_and_is_counted_all_the_same(tmp_path):
    async with table(
        tmp_path, manner=replace(AT_ONCE, growing=Growing(enabled=False, milestones=(1,)))
    ) as at:
        await at.hear("hello")
        assert await reached(at, "pixel") == []
        async with at.database.read() as db:
            assert await db.characters.interactions("pixel") == 1


async def test_an_admin_takes_a_stage_back_and_lets_it_stand_again(tmp_path):
    """C75."""
    async with table(tmp_path, manner=growing(1)) as at:
        await at.hear("hello")
        changed: list[str] = []
        changes = Edits(at.database, at.clock, ())
        selves = Selves(
            at.database, changes, AuditLog(at.database, at.clock), at.clock, changed=changed.append
        )
        role = at.app.company.primary
        await selves.set_stage(ADMIN, role, 1, stands=False)
        (stage,) = (await selves.growth(role)).stages
        assert stage.reverted_at is not None
        await selves.set_stage(ADMIN, role, 1, stands=True)
        (stage,) = (await selves.growth(role)).stages
        assert stage.reverted_at is None
        assert changed == ["pixel", "pixel"]


@pytest.mark.slow
async def test_what_two_became_once_they_do_not_become_again(tmp_path):
    """F093: the history is cut, and what they became by it stays."""
    from database.models import Encounter

    async with company(tmp_path) as at:
        await meet(at, "banter")
        async with at.database.begin() as db:
            for number in range(1001):
                await db.affinities.met(
                    Encounter("pixel", "nyx", "banter", at.clock.now(), 1, number, 0.0, 0.0)
                )
            assert "first words" in await db.affinities.milestones("nyx", "fangs")


async def test_nobody_grows_by_a_greeting(tmp_path):
    pixel = PIXEL.model_copy(update={"greeting": "Hi there."})
    async with table(tmp_path, character=pixel) as at:
        await at.hear("hello")
        assert at.mouth.said == ["Hi there.", "Hm."]
        async with at.database.read() as db:
            assert await db.characters.interactions("pixel") == 1
