"""The console's pages in a real Chromium: what they show, how fast, and what a stranger can't do to them."""

import asyncio
import json
import os
import re
import shutil
import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Site, opened
from tests.world.process import ROOT

playwright_api = pytest.importorskip("playwright.async_api", reason="needs playwright (extra `dev`)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]
MARKUP = "<b>x</b><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
PAGES = {
    "live": "/",
    "memories": "/memories",
    "characters": "/characters",
    "character": "/characters/pixel",
    "relations": "/relations",
    "costs": "/costs",
    "health": "/health",
    "settings": "/settings",
    "audit": "/audit",
}
IN_DOCS = {
    "console-detail-dark-1360.png",
    "console-facts-light-1360.png",
    "console-bond-light-1360.png",
    "console-costs-dark-1360.png",
    "console-live-light-390.png",
}
"""Pictures that CONSOLE_PICTURES=docs/pictures writes anew."""


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


async def entered(site: Site, browser, **options):
    """Return a page that came in by a link, and the list in which its complaints are collected."""
    context = await browser.new_context(**options)
    page, complaints = await context.new_page(), []
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith((site.base, "data:")) else complaints.append(asked.url),
    )
    await page.goto(await site.link())
    await page.wait_for_url(f"{site.base}/")
    return page, complaints


async def gone(page, words: str) -> None:
    """Wait until some words stand nowhere on a page."""
    async with asyncio.timeout(5):
        while words in await page.content():
            await asyncio.sleep(0.05)


async def test_a_message_stands_in_the_feed_within_a_second_with_its_reason_prompt_and_cost(site, browser):
    page, complaints = await entered(site, browser)
    await page.get_by_text("Nothing was said yet").wait_for()
    await page.wait_for_timeout(300)  # its stream of changes is open
    answer = await site.heard("it has rained for nine days", "Bergen, then.")
    line = page.locator("#lines li", has_text="Bergen, then.")
    await line.wait_for(timeout=1_000)
    asked = page.locator("#lines li", has_text="it has rained for nine days")
    assert "answered: " in await asked.locator(".tag").first.inner_text()

    await line.locator(".cover").click()
    cost = await page.locator("td[data-cost]").last.get_attribute("data-cost")
    [(booked,)] = site.talk.rows("SELECT cost FROM calls WHERE purpose = 'reply'")
    assert abs(float(cost) - booked) < 1e-9
    shown = await page.locator(".block pre").all_inner_texts()
    sent = next(one for one in site.bot.claude.requests if "it has rained for nine days" in one.text)
    assert "".join(shown[-1].split()) == "".join(sent.messages[-1]["content"][-1]["text"].split())
    body = await page.request.get(f"{site.base}/lines/{answer.id}/prompts/0")
    assert await body.body() == sent.body
    assert await page.get_by_text("cache point").count() == sum(
        "cache_control" in part for part in json.dumps(sent.raw).split("{")
    )
    assert complaints == []


async def test_what_is_forgotten_vanishes_from_the_open_page_and_from_the_prompts(site, browser):
    secret = "my canary sleeps on the radiator"
    page, _ = await entered(site, browser)
    await site.heard(secret, "Sleep well.")
    answer = await site.heard("what else", "Nothing.")
    await page.locator("#lines li", has_text=secret).wait_for()
    await page.goto(f"{site.base}/?shown={answer.id}")
    await page.locator("pre", has_text=secret).first.wait_for(state="attached")
    await page.wait_for_timeout(300)
    await site.talk.person.delete(site.talk.asked[0])
    await gone(page, secret)
    for _ in range(50):
        kept = site.talk.rows("SELECT body FROM prompts")
        if not any(secret.encode() in zlib.decompress(body) for (body,) in kept):
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("a prompt still holds it")


async def test_a_page_shows_no_word_any_more_once_its_session_ended(site, browser):
    await site.heard("it has rained for nine days", "Bergen, then.")
    page, _ = await entered(site, browser)
    await page.locator("#lines li", has_text="Bergen, then.").wait_for()
    other = await page.context.new_page()
    await other.goto(site.base)
    await page.wait_for_timeout(300)  # its stream of changes is open
    await other.get_by_role("button", name="Sign out").click()
    await page.get_by_text("You need a fresh link").wait_for()
    await gone(page, "Bergen, then.")


async def test_words_of_a_private_talk_are_hidden_until_they_are_revealed_which_stands_in_the_audit(
    site, browser
):
    site.bot.claude.will_say("I keep it.")
    await site.talk.person.dm("I am afraid of moths")
    await site.bot.discord.wait_for_message(site.talk.person.dm_channel)
    page, complaints = await entered(site, browser)
    await page.locator("#lines li").first.wait_for()
    await page.get_by_role("link", name="with Mira", exact=True).wait_for()
    assert "moths" not in await page.content()
    await page.locator(".cover").first.click()
    await page.get_by_role("button", name="Reveal this talk to me").click()
    await page.locator("#lines li", has_text="I am afraid of moths").wait_for()
    await page.goto(f"{site.base}/audit")
    await page.get_by_text("revealed private talk").wait_for()
    assert "moths" not in await page.content()
    other, _ = await entered(site, browser)
    assert "moths" not in await other.content()
    assert complaints == []


async def test_a_fact_learnt_from_talk_is_edited_stands_so_in_the_next_prompt_and_the_edit_is_undone(
    tmp_path, browser
):
    known, better = "Lives on a houseboat with two cats", "Lives on a houseboat with three ferrets"
    fact = {
        "text": known,
        "quote": "on a houseboat with two cats",
        "category": "home",
        "tags": [],
        "about": "",
    }
    async with opened(tmp_path, "pixel", MEMORY_BATCHES="false", EMBEDDING_MODEL="off") as site:
        asked_for_facts = site.bot.claude.when(lambda request: "Write a fact for each" in request.system_text)
        asked_for_facts.answer_with(json.dumps({"facts": [fact]}))
        await site.talk.use("privacy yes")
        await site.heard("I live on a houseboat with two cats", "Ahoy.")
        await site.bot.terminate()
        code, printed = await site.bot.command("consolidate")
        assert (code, "1 fact added" in printed) == (0, True), printed
        await site.bot.start()
        assert known in (await site.talk.ask(["Two."], "what do you know of my houseboat?")).text

        page, complaints = await entered(site, browser)
        await page.goto(f"{site.base}/memories?character=pixel&person={site.talk.person.id}")
        await (
            page.locator("article", has_text=known)
            .get_by_text("on a houseboat with two cats", exact=True)
            .wait_for()
        )
        await page.get_by_text("Edit", exact=True).click()
        await page.get_by_label("New wording").fill(better)
        await page.get_by_role("button", name="Save").click()
        await page.locator("p.words", has_text=better).wait_for()
        request = await site.talk.ask(["Three."], "and what else of my houseboat?")
        assert better in request.text
        assert known not in request.text

        await page.goto(f"{site.base}/audit")
        await page.locator("tbody tr", has_text="fact").first.wait_for()
        await page.get_by_role("button", name="Undo number").first.click()
        await page.get_by_role("button", name="Undo number").wait_for(state="detached")
        request = await site.talk.ask(["Four."], "once more: what of my houseboat?")
        assert known in request.text
        assert better not in request.text
        assert complaints == []


def held(site: Site, body: bytes) -> list[str]:
    """Return the files that hold a piece of a prompt as it is compressed: its words can't be looked for."""
    files = [path for path in site.bot.data.rglob("*") if path.is_file()]
    return [path.name for path in files if body[-64:] in path.read_bytes()]


async def test_who_has_everything_deleted_is_gone_from_open_pages_and_from_every_byte_of_the_prompts(
    site, browser
):
    said, noted = "my canaryword sleeps on the radiator", "I keep a canaryword"
    await site.talk.use("privacy yes")
    await site.talk.use("remember", memory=noted)
    answer = await site.heard(said, "Sleep well.")
    detail, _ = await entered(site, browser)
    facts, _ = await entered(site, browser)
    await detail.goto(f"{site.base}/?shown={answer.id}")
    await detail.locator("pre", has_text=said).first.wait_for(state="attached")
    await detail.locator("#lines li", has_text=said).wait_for()
    await facts.goto(f"{site.base}/memories?person={site.talk.person.id}")
    await facts.locator("p.words", has_text=noted).wait_for()
    kept = [body for (body,) in site.talk.rows("SELECT body FROM prompts")]
    assert any(said.encode() in zlib.decompress(body) for body in kept)
    assert all(held(site, body) for body in kept)

    panel = await site.talk.use("privacy delete")
    await site.talk.press(panel, "Delete everything")
    await site.talk.until_told(panel, "found nothing")
    await gone(detail, said)
    await gone(facts, noted)
    assert site.talk.rows("SELECT count(*) FROM prompts") == [(0,)]
    assert [held(site, body) for body in kept] == [[]] * len(kept)


async def test_a_person_s_own_words_are_not_edited_and_what_is_forgotten_can_be_brought_back(site, browser):
    await site.talk.use("privacy yes")
    page, complaints = await entered(site, browser)
    await site.talk.use("remember", memory="I have a cat named Momo")
    await page.goto(f"{site.base}/memories?character=pixel&person={site.talk.person.id}")
    await page.get_by_text("I have a cat named Momo").first.wait_for()
    # People's own words are theirs: no button changes them, and a form made by hand is refused.
    assert await page.get_by_text("Edit", exact=True).count() == 0
    asked = {
        "character": "pixel",
        "person": str(site.talk.person.id),
        "number": "1",
        "do": "edit",
        "text": "x",
    }
    refused = await page.request.post(
        f"{site.base}/memories/change", form=asked, headers={"Origin": site.base}
    )
    assert refused.status == 409
    assert "only they can change it" in await refused.text()
    # To forget is possible, and can be undone.
    await page.get_by_role("button", name="Forget: fact 1").click()
    await page.wait_for_url("**/memories?**")
    assert await page.get_by_role("button", name="Forget: fact 1").count() == 0
    await page.goto(f"{site.base}/audit")
    await page.get_by_role("button", name="Undo number").first.click()
    await page.goto(f"{site.base}/memories?character=pixel&person={site.talk.person.id}")
    await page.get_by_role("button", name="Forget: fact 1").wait_for()
    assert complaints == []


async def test_open_pages_of_memories_and_of_the_audit_follow_and_one_look_is_told_once(site, browser):
    await site.talk.use("privacy yes")
    await site.talk.use("remember", memory="I have a cat named Momo")
    page, _ = await entered(site, browser)
    audit, _ = await entered(site, browser)
    await page.goto(f"{site.base}/memories?character=pixel&person={site.talk.person.id}")
    await page.get_by_text("I have a cat named Momo").first.wait_for()
    await audit.goto(f"{site.base}/audit")
    for one in (page, audit):
        await one.wait_for_timeout(300)
    before = await audit.locator("tbody tr").count()
    await site.talk.use("remember", memory="I grow tomatoes on the roof")
    await page.get_by_text("I grow tomatoes on the roof").first.wait_for(timeout=5_000)
    assert await audit.locator("tbody tr").count() == before, "a page that follows is no new look"
    await page.get_by_role("button", name="Forget: fact 1").click()
    async with asyncio.timeout(5):
        while await audit.locator("tbody tr").count() == before:
            await asyncio.sleep(0.05)
    await audit.goto(f"{site.base}/memories?character=pixel&person={site.talk.person.id}")
    await audit.get_by_role("button", name="Forget: fact 2").click()
    await gone(page, "tomatoes")


async def test_an_open_map_is_drawn_anew_once_a_fact_is_forgotten(site, browser):
    await site.talk.use("privacy yes")
    for memory in ("I have a cat named Momo", "I grow tomatoes on the roof"):
        await site.talk.use("remember", memory=memory)
    page, _ = await entered(site, browser)
    mira = str(site.talk.person.id)
    await page.goto(f"{site.base}/memories?character=pixel&person={mira}&as=map")
    before = await page.locator(".picture img").get_attribute("src")
    await page.wait_for_timeout(300)  # its stream of changes is open
    asked = {"character": "pixel", "person": mira, "number": "2", "do": "forget"}
    await page.request.post(f"{site.base}/memories/change", form=asked, headers={"Origin": site.base})
    after = before
    async with asyncio.timeout(5):
        while after == before:
            await asyncio.sleep(0.05)
            after = await page.locator(".picture img").get_attribute("src")
    drawn = await (await page.request.get(f"{site.base}{after}")).text()
    assert "Momo" in drawn
    assert "tomatoes" not in drawn


async def test_a_character_s_file_is_tried_saved_and_sent_with_the_next_prompt(site, browser):
    page, complaints = await entered(site, browser)
    await page.goto(f"{site.base}/characters/nyx")
    text = await page.get_by_label("character.env").input_value()
    await page.get_by_label("character.env").fill(text.replace('default_name="', 'default_nam="'))
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("alert").first.wait_for()
    await page.goto(f"{site.base}/characters/pixel")
    text = await page.get_by_label("character.env").input_value()
    await page.get_by_label("character.env").fill(
        text.replace("You are Pixel", "You collect teapots. You are Pixel", 1)
    )
    await page.get_by_role("button", name="Preview the change").click()
    await page.locator(".diff .plus", has_text="You collect teapots").wait_for()
    assert "teapots" not in (site.bot.folder / "characters/pixel/character.env").read_text()
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("status").wait_for()
    assert "teapots" in (site.bot.folder / "characters/pixel/character.env").read_text()
    await site.heard("hello", "Hello.")
    assert "You collect teapots" in site.bot.claude.requests[-1].system_text
    assert [one for one in complaints if "422" not in one] == []


def strange_card(folder: Path) -> None:
    """Write a card whose every text is markup, and a lorebook of that sort for Pixel."""
    entry = {
        "keys": ["look"],
        "content": f"Lore {MARKUP}",
        "name": MARKUP,
        "comment": MARKUP,
        "enabled": True,
        "insertion_order": 1,
        "extensions": {},
    }
    book = {"name": MARKUP, "entries": [entry], "extensions": {}}
    texts = ("description", "personality", "scenario", "first_mes", "mes_example", "creator_notes", "creator")
    data: dict[str, Any] = dict.fromkeys((*texts, "system_prompt", "post_history_instructions"), MARKUP)
    data |= {"name": MARKUP[:30], "tags": [MARKUP], "alternate_greetings": [MARKUP], "character_book": book}
    card = {"spec": "chara_card_v2", "spec_version": "2.0", "data": {**data, "extensions": {}}}
    (folder / "characters/strange").mkdir(parents=True)
    (folder / "characters/strange/card.json").write_text(json.dumps(card))
    (folder / "characters/pixel/lorebooks").mkdir(parents=True)
    (folder / "characters/pixel/lorebooks/strange.json").write_text(json.dumps(book))


async def test_names_words_facts_lore_and_cards_full_of_markup_do_nothing(tmp_path, browser):
    strange_card(tmp_path)
    async with opened(tmp_path, "pixel,nyx,strange") as site:
        site.talk.person.name = MARKUP[:30]
        answer = await site.heard(f"look {MARKUP}", f"Sure {MARKUP}")
        assert f"Lore {MARKUP}" in site.bot.claude.requests[-1].system_text + json.dumps(
            site.bot.claude.requests[-1].messages
        ).replace('\\"', '"')
        await site.talk.use("remember", memory=f"I like {MARKUP}")
        page, complaints = await entered(site, browser)
        shown = {}
        for path in (
            *PAGES.values(),
            f"/?shown={answer.id}",
            "/characters/strange",
            "/characters/strange?file=card.json",
            "/characters/pixel?file=strange.json",
            f"/memories?person={site.talk.person.id}",
            f"/memories?person={site.talk.person.id}&as=map",
            f"/relations?person={site.talk.person.id}",
            f"/memories?words={MARKUP}",
            f"/?place={MARKUP}",
        ):
            await page.goto(f"{site.base}{path}")
            await page.wait_for_timeout(50)
            shown[path] = await page.content()
            assert await page.title() != "owned", path
            assert await page.locator("main script, main img:not([src^='/'])").count() == 0, path
            assert await page.locator("main b", has_text="x").get_by_text("x", exact=True).count() == 0, path
        escaped = "&lt;script&gt;document.title="
        for path in ("/", f"/?shown={answer.id}", "/characters/strange?file=card.json"):
            assert escaped in shown[path], path
        assert complaints == []


async def lively(site: Site) -> dict[str, str]:
    """Let there be something to see on every page; return where each is found, by its name."""
    mira, talk = site.talk.person, site.talk
    await talk.use("privacy yes")
    await site.heard("it has rained for nine days", "Bergen, then. nya~")
    for memory in ("I am allergic to walnuts", "my sister Ines studies in Graz"):
        await talk.use("remember", memory=memory)
    for text in (
        "Plays the accordion, badly",
        "Works nights at a bakery",
        "Wants to see the northern lights",
    ):
        await talk.use("admin facts add", person=mira, text=text, reach="server")
    site.bot.claude.will_say("It stays with me. nya~")
    private = await mira.dm("I am afraid of moths")
    await site.bot.discord.wait_for_message(site.bot.discord.dm_with(mira))
    silent = await mira.say(talk.channel, "ok")
    answer = await site.heard(
        "what would my sister say to that?", "That Graz has sun, and you should visit. nya~"
    )
    facts = f"/memories?character=pixel&person={mira.id}"
    return {
        **PAGES,
        "detail": f"/?shown={answer.id}",
        "silent": f"/?outcome=silent&shown={silent.id}",
        "private": f"/?shown={private.id}",
        "facts": facts,
        "map": f"{facts}&as=map",
        "bond": f"/relations?character=pixel&person={mira.id}",
        "set": "/settings?only=set",
    }


def kept_for_the_docs(picture: bytes, name: str) -> None:
    """Write a picture that docs/console.md shows, where it is wished, in few colours: it is small so."""
    from PIL import Image

    folder = os.environ.get("CONSOLE_PICTURES")
    if folder and name in IN_DOCS:
        small = Image.open(BytesIO(picture)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        small.save(Path(folder) / name, optimize=True)


def test_the_docs_show_just_the_pictures_that_are_taken_here():
    shown = set(re.findall(r"\(pictures/([^)]+)\)", (ROOT / "docs/console.md").read_text()))
    assert shown == IN_DOCS
    assert {path.name for path in (ROOT / "docs/pictures").glob("console-*")} == IN_DOCS


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [1360, 390])
async def test_every_page_fits_says_nothing_to_the_console_and_can_be_used_by_everybody(
    site, browser, scheme, width
):
    from axe_playwright_python.async_playwright import Axe

    pages = await lively(site)
    page, complaints = await entered(
        site, browser, color_scheme=scheme, viewport={"width": width, "height": 860}
    )
    for name, path in pages.items():
        await page.goto(f"{site.base}{path}")
        await page.wait_for_timeout(100)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert await page.evaluate("[...document.images].every(one => one.naturalWidth)"), name
        found = await Axe().run(page)
        serious = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == [], name
        kept_for_the_docs(await page.screenshot(), f"console-{name}-{scheme}-{width}.png")
    assert complaints == []


CONTROLS = "a[href], button, select, textarea, summary, input:not([type=hidden])"


async def tab_to(page, control) -> None:
    """Go to a control as a keyboard does, and see that it shows where one is."""
    await control.first.wait_for(state="attached")
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await control.first.evaluate("one => one === document.activeElement"):
            outline = await control.first.evaluate("one => getComputedStyle(one).outlineStyle")
            assert outline == "solid", "nothing shows where one is"
            return
    pytest.fail(f"no key gets to {control}")


async def test_a_talk_is_revealed_and_a_fact_is_edited_and_undone_by_the_keyboard_alone(site, browser):
    mira = site.talk.person
    await lively(site)
    page, complaints = await entered(site, browser)
    line = page.locator("#lines li", has_text="hidden: said in private").filter(has_text="Mira")
    private = line.locator("a")
    await tab_to(page, private)
    # What comes in meanwhile leaves one where one is.
    await mira.say(site.talk.channel, "hm")
    await page.locator("#lines li", has_text="hm").first.wait_for()
    assert await private.evaluate("one => one === document.activeElement")
    await page.keyboard.press("Enter")
    reveal = page.get_by_role("button", name="Reveal this talk to me")
    await reveal.wait_for()
    await page.keyboard.press("Tab")
    assert await reveal.evaluate("one => one === document.activeElement"), (
        "the first thing in the chosen line"
    )
    await page.keyboard.press("Enter")
    await page.locator("blockquote", has_text="I am afraid of moths").wait_for()

    await page.goto(f"{site.base}/")
    await tab_to(page, page.get_by_role("link", name="Memories"))
    await page.keyboard.press("Enter")
    await tab_to(page, page.get_by_role("link", name="What is known of Mira"))
    await page.keyboard.press("Enter")
    fact = page.locator(".fact", has_text="Works nights at a bakery")
    await tab_to(page, fact.locator("summary"))
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Control+A")
    await page.keyboard.type("Works nights at a lighthouse")
    await tab_to(page, fact.get_by_role("button", name="Save"))
    await page.keyboard.press("Enter")
    await page.get_by_text("Works nights at a lighthouse").first.wait_for()
    await site.heard("where do I work?", "By the sea.")
    prompt = json.dumps(site.bot.claude.requests[-1].raw)
    assert "lighthouse" in prompt
    assert "bakery" not in prompt

    await tab_to(page, page.get_by_role("link", name="Audit"))
    await page.keyboard.press("Enter")
    changed = page.locator("tr", has_text="fact: changed")
    await tab_to(page, changed.get_by_role("button", name="Undo"))
    await page.keyboard.press("Enter")
    await page.locator("tr", has_text="undone by").wait_for()
    await page.goto(f"{site.base}/memories?character=pixel&person={mira.id}")
    await page.locator(".fact > .words", has_text="Works nights at a bakery").wait_for()
    await site.heard("and where now?", "Among bread.")
    assert "bakery" in json.dumps(site.bot.claude.requests[-1].raw)
    assert complaints == []


async def test_everything_can_be_reached_by_the_keyboard(site, browser):
    pages = await lively(site)
    page, _ = await entered(site, browser)
    for path in pages.values():
        await page.goto(f"{site.base}{path}")
        every = f"[...document.querySelectorAll('{CONTROLS}')]"
        seen = set(await page.evaluate(f"{every}.flatMap((one, at) => one.checkVisibility() ? [at] : [])"))
        reached = set()
        for _ in range(len(seen) + 40):
            await page.keyboard.press("Tab")
            reached.add(await page.evaluate(f"{every}.indexOf(document.activeElement)"))
        assert seen - reached == set(), path
