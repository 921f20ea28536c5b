"""The characters, and the channels in which each plays: /persona (C20, C24, C25, C31, F095, F108, F111)."""

from io import BytesIO
from typing import TYPE_CHECKING, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.conversation.company import PlayedCharacter
from bot.conversation.text.split import LIMIT, width
from bot.core.i18n import _
from bot.discord.commands import Interaction, answer, for_everybody
from bot.features.characters.presence_words import CHOSEN, DISMISSED, INVITED, NOBODY, NOBODY_CHOSEN
from bot.features.operations.insight import DAYS, MOST_DAYS
from bot.features.operations.insight_words import EVERYWHERE, lines_of, most_active, strips_of, subtitle_of
from bot.features.proactive.greetings import GreetingOccasion
from bot.persona_sheet import Examined, examine, listing, sheet
from bot.pictures import Drawings
from bot.pictures.strips import strips_svg, strips_text
from cogs._discord.admin import actor_of, operators_only, with_number
from cogs._discord.hearing import asker_of, place_of
from cogs._discord.options import CharacterName, offer_characters, role_named, shown, telling
from cogs._discord.permissions import is_operator, may_stage
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.speaking import unasked_mouth
from cogs._discord.text import NOBODY as NO_PINGS
from cogs._discord.text import files_of, in_a_line, inline
from personas.cards.charx import MOST_BYTES

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

NOBODY_SHOWN = _("nobody", "may be written instead of a character's name")
NOBODY_OFFERED = _("nobody: the topic decides")
SUFFIXES = (".png", ".json", ".charx")
LONGEST_NAME = 80
PLACE_ROOM = 32
REMARK_ROOM = 300
MOST_REMARKS = 10

NOT_YOURS_TO_SEE = _(
    "What characters did everywhere, and in private, is for the bot's operators (admin_ids). In a server "
    "you can leave `everything` out."
)
NOT_YOURS_TO_CHOOSE = _(
    "In a server that is for members with the permission Manage Channels or Manage Server, and for the "
    "bot's operators. In private you can do it."
)
CHOSEN_ALONE = _(
    "From now on **{name}** talks with you here. It does not know what the others of us know about you."
)
NOBODY_ALONE = _("From now on **{name}** talks with you here.")
AS_RULED = _(
    "There is no rule for **{name}** here any more: it hears this channel, and a thread if it "
    "hears the thread's channel."
)
TOO_LARGE = _("That file is too large: a card has {most} MB at most.")
NO_CARD = _("Give me a card as .png, .json or .charx, or a sheet as .json.")
UNREADABLE = _("I could not get that file from Discord. Please give it to me once more.")
ARRIVED = _("**{name}** (`{slug}`) is here and answers from now on. /persona show tells what it is made of.")
LEFT = _("**{name}** is gone. Its folder and what it knows of people stay, should it come back.")
MORE_REMARKS = _("- and {count} remarks more: see /persona show")
EXPORTED = _("This is **{name}**, as a file that other programs read, too.")


class PersonasCog(commands.Cog):
    """Everybody sees the characters; admins of a server place them in channels, operators load them."""

    persona = app_commands.Group(name="persona", description="The characters that I play, and who is here")

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._app = bot.app
        self._drawings = Drawings()

    # Views.

    @persona.command(name="list", description="Who there is, and who hears this channel")
    async def list_all(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        where = place_of(interaction)
        attending = await self._app.presence.attending(where)
        async with self._app.database.read() as db:
            channel = await db.channels.get(where.channel_id)
        chosen = channel.chosen if channel else None
        await answer(
            interaction, "\n".join(listing(attending, inline, alone=where.place.private, chosen=chosen))
        )

    @persona.command(description="What a character is made of, and how it leans in the talk here")
    @app_commands.describe(name="Which one")
    @app_commands.autocomplete(name=offer_characters)
    @app_commands.default_permissions(manage_guild=True)
    async def show(self, interaction: Interaction, name: app_commands.Range[str, 1, LONGEST_NAME]) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            examined = await self._examined(interaction, role_named(self.bot, name))
            text = sheet(examined, inline)
            if width(text) <= LIMIT:
                await answer(interaction, text)
                return
            data = sheet(examined, in_a_line).encode("utf-8", "replace")
            file = discord.File(BytesIO(data), f"{examined.role.slug}.txt")
            await interaction.followup.send(f"**{shown(examined.role)}**", file=file, ephemeral=True)

    @persona.command(description="What a character did here, day by day; without a name all of them")
    @app_commands.describe(
        character="Which one; without it all of them, side by side",
        days="So many days, today among them",
        everything="All servers and private talks together (operators)",
    )
    @app_commands.autocomplete(character=offer_characters)
    @app_commands.default_permissions(manage_guild=True)
    async def stats(
        self,
        interaction: Interaction,
        character: CharacterName | None = None,
        days: app_commands.Range[int, 1, MOST_DAYS] = DAYS,
        everything: bool = False,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        guild = None if everything else interaction.guild
        if guild is None and not is_operator(self.bot, interaction.user):
            await answer(interaction, NOT_YOURS_TO_SEE)
            return
        async with telling(interaction):
            roles = [role_named(self.bot, character)] if character else list(self._app.company)
            seen = await self._app.insight.of(roles, days=days, guild_id=guild.id if guild else None)
            zone, name = self._app.manner.zone, guild.name if guild else str(EVERYWHERE)
            text = "\n".join(lines_of(seen, subtitle_of(seen, inline(name, PLACE_ROOM), zone), inline))
            if not most_active(seen):
                await answer(interaction, text)
                return
            strips = strips_of(seen, subtitle_of(seen, in_a_line(name, PLACE_ROOM), zone))
            drawn = await self._drawings.of(lambda: strips_svg(strips), strips_text(strips))
            said = "\n".join(str(part) for part in (text, drawn.missing) if part)
            files = files_of(drawn, "stats")
            await interaction.followup.send(said, files=files, ephemeral=True, allowed_mentions=NO_PINGS)

    async def _examined(self, interaction: Interaction, role: PlayedCharacter) -> Examined:
        operator = is_operator(self.bot, interaction.user)
        return await examine(self._app, role, place_of(interaction), notices=operator)

    # Placement in channels.

    @persona.command(description="Who answers here where nobody else is called")
    @app_commands.describe(name="Which one; “nobody” leaves it to the topic")
    async def choose(self, interaction: Interaction, name: app_commands.Range[str, 1, LONGEST_NAME]) -> None:
        await interaction.response.defer(ephemeral=True)
        if not may_stage(self.bot, interaction):
            await answer(interaction, NOT_YOURS_TO_CHOOSE)
            return
        async with telling(interaction):
            where = place_of(interaction)
            role = None if _is_nobody(name) else role_named(self.bot, name)
            told = _chosen(role, self._app.company.primary, private=where.place.private)
            if where.place.private:
                await self._app.presence.choose(where, role)
            else:
                change = await self._app.seating.choose(actor_of(interaction), where, role)
                told = with_number(told, change, operator=is_operator(self.bot, interaction.user))
            await answer(interaction, told)
            if role and not where.place.private:
                await self._arrives(interaction, role, absent=False)

    @choose.autocomplete("name")
    async def _offer_choices(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        nobody = [app_commands.Choice(name=str(NOBODY_OFFERED), value=NOBODY)]
        offered = await offer_characters(interaction, current)
        typed = current.strip().casefold()
        fits = typed in NOBODY or typed in NOBODY_SHOWN.casefold()
        return [*(nobody if fits else ()), *offered][:25]

    @persona.command(description="Let a character hear and speak in this channel")
    @app_commands.describe(name="Which one")
    @app_commands.autocomplete(name=offer_characters)
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def invite(self, interaction: Interaction, name: app_commands.Range[str, 1, LONGEST_NAME]) -> None:
        await self._attend(interaction, name, present=True)

    @persona.command(description="Send a character out of this channel: it hears nothing of it any more")
    @app_commands.describe(name="Which one")
    @app_commands.autocomplete(name=offer_characters)
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def dismiss(self, interaction: Interaction, name: app_commands.Range[str, 1, LONGEST_NAME]) -> None:
        await self._attend(interaction, name, present=False)

    @persona.command(description="Let the rule for all channels decide again whether a character is here")
    @app_commands.describe(name="Which one")
    @app_commands.autocomplete(name=offer_characters)
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def reset(self, interaction: Interaction, name: app_commands.Range[str, 1, LONGEST_NAME]) -> None:
        await self._attend(interaction, name, present=None)

    async def _attend(self, interaction: Interaction, name: str, *, present: bool | None) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            role, seating = role_named(self.bot, name), self._app.seating
            where, operator = place_of(interaction), is_operator(self.bot, interaction.user)
            absent = not await self._app.presence.hears(role, where)
            change = await seating.attend(actor_of(interaction), where, role, present=present)
            said = {True: INVITED, False: DISMISSED, None: AS_RULED}[present].format(name=shown(role))
            await answer(interaction, with_number(said, change, operator=operator))
            if present is not False:
                await self._arrives(interaction, role, absent=absent)

    async def _arrives(self, interaction: Interaction, role: PlayedCharacter, *, absent: bool) -> None:
        """Post the greeting of a character in the channel that it came to (C36)."""
        where = place_of(interaction)
        if mouth := unasked_mouth(self.bot, where.channel_id):
            with for_everybody(interaction):
                arrival = GreetingOccasion(role, where, asker_of(interaction), interaction.id, absent)
                await self._app.greetings.arrive(arrival, mouth)

    # Loading and unloading, for operators.

    @persona.command(name="import", description="Let a character from a file be played; for the operators")
    @app_commands.describe(file="A card as .png, .json or .charx, or a sheet as .json")
    @app_commands.default_permissions()
    @operators_only
    async def take_in(self, interaction: Interaction, file: discord.Attachment) -> str:
        if file.size > MOST_BYTES or not file.filename.casefold().endswith(SUFFIXES):
            return TOO_LARGE.format(most=MOST_BYTES >> 20) if file.size > MOST_BYTES else str(NO_CARD)
        try:
            data = await file.read()
        except DISCORD_FAULTS:
            return str(UNREADABLE)
        came = await self._app.arrivals.arrive(actor_of(interaction), data, file.filename)
        remarks = [f"- {inline(notice, REMARK_ROOM)}" for notice in came.notices[:MOST_REMARKS]]
        more = len(came.notices) - MOST_REMARKS
        remarks += [MORE_REMARKS.format(count=more)] if more > 0 else []
        return "\n".join([ARRIVED.format(name=shown(came.role), slug=came.role.slug), *remarks])

    @persona.command(description="Get a character as a file; for the operators")
    @app_commands.describe(name="Which one", form="What kind of file")
    @app_commands.rename(form="format")
    @app_commands.autocomplete(name=offer_characters)
    @app_commands.default_permissions()
    @operators_only
    async def export(
        self,
        interaction: Interaction,
        name: app_commands.Range[str, 1, LONGEST_NAME],
        form: Literal["png", "json", "charx"],
    ) -> None:
        role = role_named(self.bot, name)
        filename, data = await self._app.arrivals.export(role, form)
        await self._note(interaction, "export", role.slug)
        file = discord.File(BytesIO(data), filename)
        await interaction.followup.send(EXPORTED.format(name=shown(role)), file=file, ephemeral=True)

    @persona.command(description="Let an imported character go; for the operators")
    @app_commands.describe(name="Which one; those in the operator's own folder are left to the operator")
    @app_commands.autocomplete(name=offer_characters)
    @app_commands.default_permissions()
    @operators_only
    async def remove(self, interaction: Interaction, name: app_commands.Range[str, 1, LONGEST_NAME]) -> str:
        role = role_named(self.bot, name)
        await self._app.arrivals.leave(actor_of(interaction), role)
        return LEFT.format(name=shown(role))

    async def _note(self, interaction: Interaction, action: str, slug: str) -> None:
        await self._app.audit.note(actor_of(interaction), f"persona {action}", slug)


def _is_nobody(name: str) -> bool:
    """Return whether a name is the word for "nobody", in English or in the asker's language."""
    return name.strip().casefold() in {NOBODY, NOBODY_SHOWN.casefold()}


def _chosen(role: PlayedCharacter | None, primary: PlayedCharacter, *, private: bool) -> str:
    if role is None:
        return NOBODY_ALONE.format(name=shown(primary)) if private else NOBODY_CHOSEN
    return (CHOSEN_ALONE if private else CHOSEN).format(name=shown(role))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(PersonasCog(bot))
