"""/why in the terminal: the reason for an answer or silence, and a reply's sources (C18, C67)."""

from bot.cli.terminal.company import in_short
from bot.cli.terminal.markup import Marked
from bot.cli.terminal.session import TerminalSession
from bot.conversation.attention.explain import explain
from bot.core.spelling import day_in_words
from bot.features.memory.provenance import decision_about
from bot.features.memory.reply_origin import NO_DECISION, UNKNOWN_DECISION, OriginWords, told
from memory.rules import LOG_KEPT

MOST = 99
HOW_TO_WHY = f"Write /why alone for the last line, or behind it which line from the end, from 1 to {MOST}."
FEWER = "The talk of the last day has {count} lines."
_ROOM = 60


async def why_told(session: TerminalSession, rest: str) -> str:
    """Explain the last line of the talk, or an earlier one, counted from the end."""
    number = int(rest or 1) if not rest or (rest.isdecimal() and len(rest) <= len(str(MOST))) else 0
    if not number:
        return HOW_TO_WHY
    app, days = session.app, session.app.settings.decisions_kept_days
    async with app.database.read() as db:
        since = app.clock.now() - LOG_KEPT
        lines = await db.messages.lately(session.where.channel_id, since=since, limit=number)
        if len(lines) < number:
            return FEWER.format(count=len(lines)) if lines else NO_DECISION.format(days=days)
        found = await decision_about(db, lines[0].id)
    head = f"> {lines[0].author_name}: {in_short(lines[0].text, _ROOM)}"
    if found is None:
        return Marked(f"{head}\n{UNKNOWN_DECISION.format(days=days)}")
    claim, turn = found
    text = [head, explain(claim, turn)]
    if turn is not None and not turn.fallback:
        origins = await app.provenance.of(claim, turn, session.person_id)
        zone = app.inner_life.zone
        form = OriginWords(
            in_short, lambda at: day_in_words(at.astimezone(zone).date()), None, app.server.free
        )
        text += told(origins, form)
    return Marked("\n".join(text))
