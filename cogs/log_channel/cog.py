"""The operators' log channel: its commands and notices (F123, F129, D12)."""

import asyncio
import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

import discord
from discord.ext import commands

from bot.audit import Actor
from bot.conversation.decision import Reason
from bot.conversation.effects import News
from bot.conversation.turns import Decided
from bot.features.admin.service import MemberPage
from cogs._discord.health import fitting, health_lines, jobs_lines, latency
from cogs._discord.permissions import commands_the_bot, may_command
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.text import LONGEST, inline, shortened
from cogs.log_channel.orders import Order, Word, read_order
from cogs.log_channel.reports import announcement, decision_line, status, user_data, user_list
from database import DatabaseError

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

ANSWER_SECONDS = 15.0
"""Deadline in seconds for posting an answer: a shutdown must not wait forever for its announcement."""
REMEMBERED = 200
"""Recent message ids kept to ignore replayed commands: a second `premium` would undo the first."""
NEWS_ROOM = 500
CONSOLE = (
    "<{link}>\nIt works once, for ten minutes, in a browser on the machine on which I run (docs/console.md "
    "says how from elsewhere). What you do there stands in the audit under your name."
)
NO_CONSOLE = "There is no console: set console_port in config.env, and restart me."


class OrderAnswer(NamedTuple):
    """The answer to a command."""

    text: str
    view: discord.ui.View | None = None


class LogChannelCog(commands.Cog):
    """Runs the commands of authorised people in the log channel, and posts notices there."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._administration = bot.app.administration
        self._audit = bot.app.audit
        self._started = bot.app.clock.now()
        self._announced = False
        self._obeyed: deque[int] = deque(maxlen=REMEMBERED)
        self._ways: dict[Word, Callable[[Order, Actor], Awaitable[OrderAnswer]]] = {
            Word.SHUTDOWN: self._shut_down,
            Word.USER_DATA: self._show_user,
            Word.LIST_USERS: self._list_users,
            Word.PREMIUM: self._toggle_premium,
            Word.VERBOSE: self._set_verbose,
            Word.STATUS: self._show_status,
            Word.JOBS: self._show_jobs,
            Word.TESTLOG: self._test,
            Word.CONSOLE: self._open_console,
        }

    async def cog_load(self) -> None:
        self._administration.on_verbose.append(self._listen)
        await self._administration.verbose()
        self.bot.add_dynamic_items(PageButton)
        self.bot.app.outbox.on_reply.append(self._tell_news)

    async def cog_unload(self) -> None:
        self._administration.on_verbose.remove(self._listen)
        self._listen(False)
        self.bot.app.outbox.on_reply.remove(self._tell_news)
        self.bot.remove_dynamic_items(PageButton)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Announce the character once per process, however often READY comes (F129)."""
        if self._channel_id and not self._announced:
            self._announced = True
            self.bot.outlet.say(announcement(self.bot.app.character.name), notice=True)

    @commands.Cog.listener()
    async def on_operator_message(self, message: discord.Message) -> None:
        """Run a command from the log channel.

        The chat cog dispatches this event for the log channel and its threads. Edited messages never count.
        """
        assert self.bot.user is not None
        if message.channel.id != self._channel_id or message.author.id == self.bot.user.id:
            return
        order = read_order(message.content, self.bot.app.character.name)
        if order is None:
            return
        if not commands_the_bot(self.bot, message):
            log.warning("User %d may not command the bot (message %d)", message.author.id, message.id)
            return
        if message.id in self._obeyed:
            return
        self._obeyed.append(message.id)
        await self._obey(order, message)

    @property
    def _channel_id(self) -> int | None:
        return self.bot.app.settings.log_channel

    def _listen(self, verbose: bool) -> None:
        """Subscribe to decisions in verbose mode only."""
        listeners = self.bot.app.hooks.on_decision
        if self._tell in listeners:
            listeners.remove(self._tell)
        if verbose:
            listeners.append(self._tell)

    def _tell(self, decided: Decided) -> None:
        """Post a decision, unless the bot ignored its own message."""
        if self._channel_id and decided.decision.reason is not Reason.SELF:
            self.bot.outlet.say(decision_line(decided))

    def _tell_news(self, news: News) -> None:
        """Post news about a character as one line."""
        if self._channel_id and news.text:
            self.bot.outlet.say(inline(news.text, NEWS_ROOM), notice=True)

    async def _obey(self, order: Order | str, message: discord.Message) -> None:
        if isinstance(order, str):
            await _post(message.channel, OrderAnswer(order))
            return
        actor = Actor(message.author.id, message.channel.id)
        log.info("User %d commands: %s", actor.user_id, order.word)
        try:
            answer = await self._ways[order.word](order, actor)
        except DatabaseError as error:
            answer = OrderAnswer(f"The database is in the way. {error}")
        await _post(message.channel, answer)
        if order.word is Word.SHUTDOWN:
            self.bot.begin_stopping()

    # The commands. Each writes an audit entry before it acts.

    async def _shut_down(self, _order: Order, actor: Actor) -> OrderAnswer:
        try:
            await self._audit.note(actor, "shutdown")
        except DatabaseError as error:  # the shutdown still happens
            log.error("The shutdown is not in the audit: %s", error)  # noqa: TRY400
        return OrderAnswer("Stopping. What is being said now is finished first.")

    async def _show_user(self, order: Order, actor: Actor) -> OrderAnswer:
        await self._audit.note(actor, "user data", str(order.user_id))
        member = await self._administration.member(order.user_id)
        return OrderAnswer(user_data(member) if member else _never_heard(order.user_id))

    async def _list_users(self, _order: Order, actor: Actor) -> OrderAnswer:
        await self._audit.note(actor, "list users", "page 1")
        page = await self._administration.members()
        return OrderAnswer(user_list(page), page_buttons(page))

    async def _toggle_premium(self, order: Order, actor: Actor) -> OrderAnswer:
        premium = await self._administration.toggle_premium(actor, order.user_id)
        if premium is None:
            return OrderAnswer(f"{_never_heard(order.user_id)} Nothing changed.")
        return OrderAnswer(f"Premium is now **{'on' if premium else 'off'}** for <@{order.user_id}>.")

    async def _set_verbose(self, order: Order, actor: Actor) -> OrderAnswer:
        if await self._administration.set_verbose(actor, order.on):
            return OrderAnswer(
                "Verbose is **on**: each decision is told here, without the words it is about."
            )
        return OrderAnswer("Verbose is **off**.")

    async def _show_status(self, _order: Order, actor: Actor) -> OrderAnswer:
        await self._audit.note(actor, "status")
        spent = await self._administration.spending(last=timedelta(hours=24))
        health, seconds = self.bot.app.health, self.bot.app.settings.heartbeat_seconds
        lines = health_lines(health.last, health.alerts.on, seconds=seconds, with_link=False)
        text = "\n".join([status(self.bot, since=self._started, spent=spent), "", *lines])
        return OrderAnswer(shortened(text, LONGEST))

    async def _show_jobs(self, _order: Order, actor: Actor) -> OrderAnswer:
        await self._audit.note(actor, "jobs")
        return OrderAnswer(fitting(jobs_lines(self.bot.app.schedule.reports(), self.bot.app.clock.now())))

    async def _test(self, _order: Order, actor: Actor) -> OrderAnswer:
        """Answer through the queue of the notices, to prove that notices arrive."""
        await self._audit.note(actor, "testlog")
        self.bot.outlet.say("Test: what goes to the log channel arrives here.", notice=True)
        self.bot.outlet.open()
        return OrderAnswer(
            f"Commands work; latency {latency(self.bot.shard_latencies())}. A test line follows."
        )

    async def _open_console(self, _order: Order, actor: Actor) -> OrderAnswer:
        await self._audit.note(actor, "console")
        if self.bot.console_link is None:
            return OrderAnswer(NO_CONSOLE)
        return OrderAnswer(CONSOLE.format(link=self.bot.console_link(actor)))


class PageButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"masquerade:users:(?P<sign>[«‹›»]):(?P<page>[0-9]{1,9})",
):
    """A button that opens a page of the list of users; its id holds the page, so it survives a restart."""

    def __init__(self, sign: str, page: int, *, disabled: bool = False) -> None:
        self.page = page
        custom_id = f"masquerade:users:{sign}:{page}"
        super().__init__(discord.ui.Button(label=sign, custom_id=custom_id, disabled=disabled))

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls,
        _interaction: discord.Interaction["Masquerade"],
        _item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
        /,
    ) -> Self:
        return cls(match["sign"], int(match["page"]))

    async def interaction_check(self, interaction: discord.Interaction["Masquerade"], /) -> bool:  # type: ignore[override]
        """Allow a press only to people who may use the command for the list."""
        bot, person = interaction.client, interaction.user
        if may_command(bot, person, channel_id=interaction.channel_id, guild_id=interaction.guild_id):
            return True
        log.warning("User %d may not turn the pages of the users", person.id)
        await interaction.response.send_message("Only who commands the bot may do this.", ephemeral=True)
        return False

    async def callback(self, interaction: discord.Interaction["Masquerade"]) -> None:  # type: ignore[override]
        administration = interaction.client.app.administration
        actor = Actor(interaction.user.id, interaction.channel_id or 0)
        try:
            await interaction.client.app.audit.note(actor, "list users", f"page {self.page}")
            page = await administration.members(self.page)
        except DatabaseError as error:
            await interaction.response.send_message(f"The database is in the way. {error}", ephemeral=True)
            return
        await interaction.response.edit_message(content=user_list(page), view=page_buttons(page))


def page_buttons(page: MemberPage) -> discord.ui.View | None:
    """Return the buttons under a page; None if it is the only one."""
    if page.pages == 1:
        return None
    targets = {"«": 1, "‹": max(page.number - 1, 1), "›": min(page.number + 1, page.pages), "»": page.pages}
    view = discord.ui.View(timeout=None)
    for sign, target in targets.items():
        view.add_item(PageButton(sign, target, disabled=target == page.number))
    return view


def _never_heard(user_id: int) -> str:
    return f"User `{user_id}` was never heard."


async def _post(channel: discord.abc.Messageable, answer: OrderAnswer) -> None:
    """Post an answer in the log channel; a failure doesn't stop the command."""
    view = answer.view or discord.utils.MISSING
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await channel.send(answer.text, view=view, suppress_embeds=True)
    except DISCORD_FAULTS as error:
        log.warning("Can't answer in the log channel: %s", type(error).__name__)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(LogChannelCog(bot))
