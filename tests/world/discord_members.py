"""Answers to a bot that asks the gateway for a guild's members."""

from collections.abc import Iterator

from tests.world.discord_objects import Guild, Json, Member

MEMBERS_A_CHUNK = 1000


def member_chunks(guild: Guild, said: Json) -> Iterator[Json]:
    """Yield the payloads of GUILD_MEMBERS_CHUNK that answer the request `said`; at least one."""
    found = _members_meant(list(guild.members.values()), said)
    starts = range(0, len(found), MEMBERS_A_CHUNK) or range(1)
    for index, start in enumerate(starts):
        page = found[start : start + MEMBERS_A_CHUNK]
        chunk: Json = {
            "guild_id": str(guild.id),
            "members": [member.payload() for member in page],
            "chunk_index": index,
            "chunk_count": len(starts),
            "not_found": [],
        }
        yield chunk | ({"nonce": said["nonce"]} if said.get("nonce") is not None else {})


def _members_meant(members: list[Member], said: Json) -> list[Member]:
    ids = said.get("user_ids")
    if ids is not None:
        wanted = {str(each) for each in (ids if isinstance(ids, list) else [ids])}
        return [member for member in members if str(member.user.id) in wanted]
    query = (said.get("query") or "").casefold()
    found = [each for each in members if (each.nick or each.user.name).casefold().startswith(query)]
    return found[: said.get("limit") or None]
