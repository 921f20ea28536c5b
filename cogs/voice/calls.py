"""Joining and leaving voice channels, with at most one call per server."""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import discord

from bot.conversation.company import Speaker
from bot.conversation.types import Part, Utterance
from bot.core.clock import sleep_until
from bot.core.errors import SpeakingError, Unspeakable
from bot.core.i18n import _
from bot.core.tasks import Tasks
from bot.discord.commands import is_age_restricted
from bot.discord.voice_receiver import ListeningClient, VoiceReceiver
from bot.features.speech.call import PAUSE_MS, CallHearing, VoiceCall
from bot.features.speech.call_mouth import CallMouth, Delivery, Loudspeaker, MadeIds
from bot.features.speech.playback import Playback
from cogs._discord.consent import ask
from cogs._discord.posting import DISCORD_FAULTS, language_of_the_server
from cogs._discord.speaking import mouth_in
from cogs.voice.equipment import Equipment
from cogs.voice.people import ChatTranscript, VoicePeople

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

CONNECTING_SECONDS = 20.0
ALONE_SECONDS = 60.0
"""Seconds that the bot stays after the last person who agreed to be heard has left."""
LOST_SECONDS = 20.0
MOST_RECONNECTS = 3
LOSSES_COUNT_FOR = 300.0
MOST_CALLS = 8
"""Most calls at once: each needs a speech recognition process with 250 MB."""
LOOKED_AT_EVERY = 1.0

WRITTEN_NOTICE = _(
    "I am in this voice channel now. I hear only people who said /voice hear me; what I hear of them and "
    "what I say is written here, and everybody else's sound is thrown away unopened. /voice leave sends me "
    "away."
)
WRITTEN_NOTICE_UNPOSTED = _(
    "I am in this voice channel now. I hear only people who said /voice hear me, and everybody else's sound "
    "is thrown away unopened. /voice leave sends me away."
)
SPOKEN_NOTICE = _("Hello. I hear only those of you who tell me so, with the command voice hear me.")
LOST = _("I lost the voice channel. /voice join brings me back.")
NOBODY_LEFT = _("Nobody is left here whom I may hear, so I hung up. /voice join brings me back.")


class CantConnect(Exception):  # noqa: N818
    """The bot can't join the voice channel just now."""


class IdleWatch:
    """Decides from periodic checks whether there is a reason to hang up."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._lost_since: float | None = None
        self._alone_since: float | None = None

    def look(self, now: float, *, connected: bool, heard: bool) -> str | None:
        """Return the reason to hang up: a lost connection, or nobody left who may be `heard`."""
        if not connected and self._lost_since is None:
            self._losses = [*(loss for loss in self._losses if now - loss < LOSSES_COUNT_FOR), now]
        self._lost_since = None if connected else _first(self._lost_since, now)
        self._alone_since = None if heard else _first(self._alone_since, now)
        if len(self._losses) > MOST_RECONNECTS or _lasted(self._lost_since, now, LOST_SECONDS):
            return LOST
        return NOBODY_LEFT if _lasted(self._alone_since, now, ALONE_SECONDS) else None


def _first(since: float | None, now: float) -> float:
    return now if since is None else since


def _lasted(since: float | None, now: float, seconds: float) -> bool:
    return since is not None and now - since >= seconds


class _Frames(discord.AudioSource):
    """A playback as an audio source for discord.py's player."""

    def __init__(self, playback: Playback) -> None:
        self._playback = playback

    def read(self) -> bytes:
        return self._playback.read()


class ChannelPlayer:
    """Plays speech in a voice channel."""

    def __init__(self, client: discord.VoiceClient) -> None:
        self._client = client

    def start(self, playback: Playback) -> None:
        """Start a playback, which stops the previous one. Raises Unspeakable."""
        try:
            me = self._client.guild.me.voice
            if me is not None and me.mute:
                raise Unspeakable("the server muted the bot")
            self._client.stop()
            self._client.play(_Frames(playback))
        except (discord.DiscordException, OSError) as error:
            raise Unspeakable(f"the voice channel takes no sound ({type(error).__name__})") from error

    def stop(self) -> None:
        self._client.stop()


class OngoingCall:
    """The bot's presence in one voice channel, from its notice until it hangs up."""

    def __init__(
        self, bot: "Masquerade", client: ListeningClient, people: VoicePeople, equipment: Equipment
    ) -> None:
        app, self.channel = bot.app, people.channel
        self._bot, self._clock, self._client, self.people = bot, app.clock, client, people
        self._chat = mouth_in(bot, self.channel, pings=False)
        ids = MadeIds(app.clock)
        speaker = Loudspeaker(equipment.engine, ChannelPlayer(client), equipment.timbre_of, self._may_speak)
        delivery = Delivery(speaker)
        mouth = CallMouth(self._chat, delivery, ids, posts=app.settings.voice_transcript)
        transcript = ChatTranscript(bot, self.channel, people, ids)
        silence = app.settings.voice_end_ms / 1000
        hearing = CallHearing(equipment.ear, transcript, silence, self._ask_for_consent)
        self._call = VoiceCall(app.conversation, hearing, mouth, delivery, app.clock)
        self._receiver = VoiceReceiver(
            client,
            people.may_be_heard,
            loop=asyncio.get_running_loop(),
            listener=self._call,
            end_ms=min(PAUSE_MS, app.settings.voice_end_ms),
        )
        self._over = False
        self.changed = asyncio.Event()
        """Set when somebody comes, leaves, agrees or withdraws."""

    async def begin(self) -> None:
        """Announce the bot and listen to the people who agreed."""
        posts = self._bot.app.settings.voice_transcript
        await self.write(WRITTEN_NOTICE if posts else WRITTEN_NOTICE_UNPOSTED)
        if self._over:  # somebody ended the call meanwhile
            return
        self._receiver.start()
        self._call.warm()
        with language_of_the_server(self.channel):
            self._call.announce(self._bot.app.company.primary.speaker, str(SPOKEN_NOTICE))

    async def end(self, why: str = "") -> None:
        """Hang up; write the reason `why` if there is one."""
        self._over = True
        self._receiver.stop()
        await self._call.close()
        with suppress(*DISCORD_FAULTS):
            await self._client.disconnect(force=True)
        await self._bot.app.callers.hung_up(self.channel.id)
        if why:
            await self.write(why)

    def withdrew(self, person_id: int) -> None:
        """Stop listening to a person."""
        self.people.agreed -= {person_id}
        self.fell_silent(person_id)

    def fell_silent(self, person_id: int) -> None:
        """Discard the unfinished speech of a person."""
        self._call.forget(person_id)
        self.changed.set()

    async def until_over(self) -> str:
        """Wait for a reason to hang up and return it."""
        watch = IdleWatch()
        while not self._over:
            self.changed.clear()
            connected, heard = self._client.is_connected(), self.people.anybody_agreed
            if why := watch.look(self._clock.monotonic(), connected=connected, heard=heard):
                return why
            await sleep_until(self.changed, self._clock, LOOKED_AT_EVERY)
        return ""

    async def write(self, text: str) -> None:
        """Post a text of the bot in the chat, without pings."""
        with language_of_the_server(self.channel):
            part = Part(1, str(text), f"n{MadeIds(self._clock).next()}")
        try:
            await self._chat.say(part, to=0)
        except SpeakingError as error:
            log.warning("Can't write into the chat of voice channel %s: %s", self.channel.id, error)

    def _may_speak(self, speaker: Speaker) -> bool:
        return not speaker.nsfw or is_age_restricted(self.channel)

    async def _ask_for_consent(self, heard: Utterance) -> None:
        privacy = self._bot.app.privacy
        if privacy.asks_after and (asking := await privacy.asks(heard)):
            await ask(self._bot, self.channel, heard, asking)


class VoiceCalls:
    """The ongoing calls by server."""

    def __init__(self, bot: "Masquerade") -> None:
        self._bot = bot
        self._ongoing: dict[int, OngoingCall] = {}
        self._connecting: set[int] = set()
        self._agreeing = asyncio.Lock()
        self._tasks = Tasks()

    @property
    def is_full(self) -> bool:
        """Whether the machine can't take another call."""
        return len(self._ongoing) + len(self._connecting) >= MOST_CALLS

    def in_server(self, guild_id: int) -> OngoingCall | None:
        return self._ongoing.get(guild_id)

    async def join(self, channel: discord.VoiceChannel, equipment: Equipment) -> None:
        """Join a voice channel. Raises CantConnect."""
        guild = channel.guild
        if guild.id in self._ongoing or guild.id in self._connecting or self.is_full:
            raise CantConnect
        self._connecting.add(guild.id)
        try:
            client = await channel.connect(cls=ListeningClient, timeout=CONNECTING_SECONDS, self_deaf=False)
            call = self._ongoing[guild.id] = OngoingCall(self._bot, client, VoicePeople(channel), equipment)
        except (TimeoutError, *DISCORD_FAULTS) as error:
            log.warning("Can't come to voice channel %s: %s", channel.id, type(error).__name__)
            await equipment.ear.close()
            raise CantConnect from error
        finally:
            self._connecting.discard(guild.id)
        log.info("Came to voice channel %s", channel.id)
        self._tasks.spawn(self._keep(guild.id, call), name="A call")

    async def leave(self, guild_id: int, why: str = "") -> None:
        """End a server's call, if there is one."""
        call = self._ongoing.pop(guild_id, None)
        if call is not None:
            log.info("Leaving voice channel %s%s", call.channel.id, f": {why}" if why else "")
            await call.end(why)

    async def close(self) -> None:
        """End all calls."""
        for guild_id in list(self._ongoing):
            await self.leave(guild_id)
        self._tasks.cancel()

    async def agree(self, person: discord.Member, *, agreed: bool) -> None:
        """Store whether a person may be heard in a server; the answer takes effect at once."""
        guild_id, callers = person.guild.id, self._bot.app.callers
        if not agreed:  # before the first await
            self.forget(person.id, guild_id)
        async with self._agreeing:
            await (callers.agree if agreed else callers.withdraw)(person.id, guild_id)
            call = self.in_server(guild_id)
            if call and agreed:
                call.people.met(person)
                call.people.agreed |= {person.id}
                call.changed.set()
            elif call:
                call.withdrew(person.id)

    def forget(self, person_id: int, guild_id: int | None = None) -> None:
        """Stop listening to a person, in one server or everywhere."""
        for call_guild_id, call in self._ongoing.items():
            if guild_id in (None, call_guild_id):
                call.withdrew(person_id)

    async def moved(self, member: discord.Member, channel: object) -> None:
        """React to a member's change of channel; a move of the bot itself ends the call."""
        call = self.in_server(member.guild.id)
        if call is None:
            return
        if member.id == member.guild.me.id:
            if channel != call.channel:
                await self.leave(member.guild.id, LOST)
            return
        call.people.met(member)
        if channel != call.channel:
            call.fell_silent(member.id)
        call.changed.set()

    async def _keep(self, guild_id: int, call: OngoingCall) -> None:
        why: str = LOST
        try:
            async with self._agreeing:  # consent can't be withdrawn between the query and its use
                call.people.agreed = await self._bot.app.callers.agreed(guild_id)
            await call.begin()
            why = await call.until_over()
        finally:
            if self._ongoing.get(guild_id) is call:
                await self.leave(guild_id, why)
