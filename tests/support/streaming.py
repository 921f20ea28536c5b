"""Replies that are shown while they are written, on the real wire: where, how long, and what is left."""

import asyncio
import random
from dataclasses import dataclass, field

from tests.world import claude_faults
from tests.world.claude_faults import TOKEN, Held, Say
from tests.world.claude_server import Request as Prompted
from tests.world.discord_requests import Request
from tests.world.process import BotProcess
from tests.world.replies import PATIENCE, Talk

PLACES = ("dm", "guild", "webhook")
GAP = 0.4
SETTINGS = {"STREAM_REPLIES": "true", "STREAM_GAP": str(GAP)}
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
MESSAGE_OF_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"
EDITS = r"/(channels/\d+|webhooks/\d+/[^/]+)/messages/\d+"


def words(name: str, letters: int) -> str:
    """Return a text of about so many letters, in sentences that share nothing with those of another name."""
    rng, text = random.Random(name), name.capitalize()
    while len(text) < letters:
        said = ("".join(rng.choices("aeioubdfklmnprst", k=rng.randint(2, 8))) for _ in range(7))
        text += f" {' '.join(said)}."
    return text


def written(text: str, *, seconds: float = 1.2, at_once: int = 0) -> Say:
    """Return an answer that a model writes in so many seconds, its last letters `at_once`."""
    slowly, rest = text[: len(text) - at_once], text[len(text) - at_once :]
    count = max(round(seconds / 0.04), 1)
    size = max(-(-len(slowly) // count), 1)
    pieces = [slowly[at : at + size] for at in range(0, len(slowly), size)]
    return Say(text, pieces=(*pieces, *([rest] if rest else [])), between=seconds / len(pieces))


def held(text: str, *, after: int) -> Held:
    """Return an answer that stops behind so many letters until its `goes_on` is set."""
    pieces = tuple(text[at : at + TOKEN] for at in range(0, len(text), TOKEN))
    return Held(text=text, pieces=pieces, after_events=claude_faults.BEFORE_TEXT + after // TOKEN)


@dataclass
class StreamedTalk(Talk):
    """A talk in which replies are shown while they are written."""

    name: str = "Pixel"
    takes: list[str] = field(default_factory=list)
    """What the model writes, one text for each time it is asked."""

    @classmethod
    def in_place(cls, bot: BotProcess, place: str) -> "StreamedTalk":
        """Set the stage in private, in a channel, or in a channel with a character that needs a webhook."""
        mira = bot.discord.add_user("Mira")
        if place == "dm":
            return cls(bot, mira, bot.discord.dm_with(mira))
        guild = bot.discord.add_guild("The Guild")
        guild.add_member(mira)
        name = "Pixel"
        if place == "webhook":
            bot.settings |= {"ACTIVE_PERSONAS": "fangs", "PERSONA_BANTER": "0", "NICKNAME_SYNC": "false"}
            name = "Fangs"
        return cls(bot, mira, guild.add_text_channel("general"), name=name)

    def will_write(self, *answers: Say) -> None:
        """Let the model give these answers, one for each time it is asked."""
        self.takes += [answer.text for answer in answers]
        self.bot.claude.when(lambda asked: asked.stream).will_say(*answers)

    async def call(self, text: str = "tell me everything") -> None:
        """Say something that is answered."""
        self.asked.append(await self.person.say(self.channel, f"{self.name}, {text}"))

    @property
    def prompts(self) -> list[Prompted]:
        """What the model was asked for replies; jobs ask it for other things, and for no stream."""
        return [asked for asked in self.bot.claude.requests if asked.stream]

    @property
    def all_shown(self) -> str:
        return " ".join(self.shown)

    @property
    def edits(self) -> list[Request]:
        """The edits of the bot's messages, refused ones too."""
        made = [
            one
            for path in (MESSAGE, MESSAGE_OF_WEBHOOK)
            for one in self.bot.discord.requests_to("PATCH", path)
        ]
        return sorted(made, key=lambda one: one.time)

    @property
    def drafts(self) -> int:
        """How many messages the bot still takes for drafts."""
        return int(self.rows("SELECT count(*) FROM drafts")[0][0])

    @property
    def is_over(self) -> bool:
        """Whether log and channel say the same, and nobody waits for anything."""
        is_decided = self.rows("SELECT count(*) FROM claims WHERE open") == [(0,)]
        return self.agrees and is_decided and self.drafts == 0

    async def until_over(self, *outcomes: str) -> None:
        """Wait until all is done and the channel shows one of these texts; look whether it stays so."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not (self.is_over and self.all_shown in outcomes):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            turns, claims = self.rows("SELECT state FROM turns"), self.rows("SELECT reason, open FROM claims")
            begun = [f"{one[:30]}…({len(one)})" for one in self.shown]
            raise TimeoutError(f"{begun} stands there; {self.drafts} drafts, {turns}, {claims}") from None
        await asyncio.sleep(GAP)
        assert self.is_over
        assert self.all_shown in outcomes

    async def until_begun(self) -> str:
        """Wait for the first words of a reply, and return them."""
        await self.bot.discord.wait_until(lambda: self.shown, timeout=PATIENCE, what="first words")
        return self.shown[-1]
