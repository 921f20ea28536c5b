"""Everything that comes out of the bot besides its prompts, searched for words that do not belong there."""

import json
from pathlib import Path

from tests.drill.town import CANARY, Town, Word
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User


async def search_answers(town: Town) -> None:
    """Let people ask for what is known of them: no one is shown what somebody else told in confidence."""
    for person in town.people[::2][:2]:
        here, there = town.private(person), town.places[0]
        for place, command in ((here, "privacy export"), (here, "memory map"), (there, "why"), (here, "why")):
            used = await person.use_command(place, command)
            _search(town, f"/{command}", await used.wait_answered(), person, place)
    for post in town.bot.discord.bot_messages:
        for canary in CANARY.findall(post.content):
            if post.channel is not town.words[canary].place:
                town.score.failed("leak", f"{canary} in a post in {post.channel.name}")


def _search(town: Town, what: str, answer: Message, person: User, place: Channel) -> None:
    files = [one.upload.body.decode("utf-8", "replace") for one in answer.attachments]
    text = "\n".join([answer.content, json.dumps(answer.embeds), json.dumps(answer.components), *files])
    for canary in set(CANARY.findall(text)):
        word = town.words[canary]
        if word.is_gone or not (word.person is person or word.place is place or _is_open(town, word, place)):
            town.score.failed("leak", f"{canary} of {word.person.name} in {what} of {person.name}")


def _is_open(town: Town, word: Word, place: Channel) -> bool:
    return word.place.guild is not None and word.place.guild is place.guild and word.person.id in town.agreed


async def search_files(town: Town) -> None:
    """Search the data folder of a bot that was stopped, its log, its tables, and a copy made now."""
    copy = town.bot.data / "copy.sqlite3"
    code, told = await town.bot.command("backup", str(copy))
    if code:
        town.score.failed("residue", f"no copy could be made: {told}")
    words = {canary.encode() for canary, word in town.words.items() if word.is_gone}
    for path in town.bot.data.rglob("*"):
        if path.is_file() and path.parent.name != "backups":
            _count_left(town, path, words)
    if found := CANARY.search(town.bot.log):
        town.score.failed("leak", f"{found[0]} in the log")
    for table in ("facts", "archive", "vectors"):
        for canary in CANARY.findall(str(town.rows(f"SELECT * FROM {table}"))):
            if town.words[canary].person.id not in town.agreed | town.erased:
                town.score.failed("leak", f"{canary} of somebody who never agreed in the table {table}")


def _count_left(town: Town, path: Path, words: set[bytes]) -> None:
    for found in CANARY.findall(path.read_bytes().decode("latin-1")):
        if found.encode() in words:
            town.score.failed("residue", f"{found} in {path.name}", len(found))
