"""Activity statistics of characters, in words and as a picture, for /persona stats (F109)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo

from bot.core.i18n import _, n_, number
from bot.features.operations.insight import CharacterRecord, Counts, Overview
from bot.pictures.costs import amount
from bot.pictures.days import day_of_month
from bot.pictures.strips import Strip, Strips

Quote = Callable[[str, int], str]
"""Quotes a user's text inside a line of ours, cut to a maximum length."""
NAME_ROOM, TOPIC_ROOM = 60, 40
MOST_STRIPS, MOST_TOPICS, TOPICS_SAID, TOPICS_OF_MANY = 8, 6, 10, 3

TITLE = n_("What {name} did in {count} day", "What {name} did in {count} days")
TITLE_ALL = n_("What the characters did in {count} day", "What the characters did in {count} days")
SUBTITLE = _("{place} · {first} to {last} ({zone})")
SUBTITLE_OF_ONE = _("{place} · {last} ({zone})")
COUNTED_SINCE = _("{subtitle} · counted since {day}")
EVERYWHERE = _("everywhere", "where something was counted")

# The picture.
REPLIES, VOTES, TAKES = _("Replies"), _("Votes to join in"), _("Other takes")
COST, CACHE, TOPICS = _("Cost"), _("Prompt cache"), _("Interests of its own that came up")
REPLIES_OF = _("{count} · {letters} letters each")
WON = _("{won} of {votes} won ({share}) · grey: lost")
TAKES_OF = _("{rerolls} · grey: {swipes}")
REROLLS = n_("{count} reroll", "{count} rerolls")
SWIPES = n_("{count} swipe", "{count} swipes")
CALLS = n_("{money} in {count} call", "{money} in {count} calls")
CACHED = _("{share} of what it read")
COUNT = n_("{count} reply", "{count} replies")
NO_VOTES, NO_REPLIES, NO_PRICE = _("none held"), _("none", "no replies"), _("price unknown")
IN_A_LINE = _("{letters} letters each · {takes} · {cost} · {cached} cached")
NO_VOTE, VOTED = _("no votes"), _("{won} of {votes} votes won")
RETAKEN = n_("{count} other take", "{count} other takes")
PERCENT = _("{share} %")

# The message.
HEAD = _("**{name}**: {subtitle}")
SAID_REPLIES = n_(
    "- Replies: {count}, with {letters} letters on average",
    "- Replies: {count}, with {letters} letters on average",
)
SAID_VOTES = _("- Votes on whether it joins in: {won} of {votes} said yes ({share})")
SAID_TAKES = _("- Other takes on its replies: {rerolls}, {swipes}")
SAID_COST = n_(
    "- Asked of models for it: {count} call, {money}", "- Asked of models for it: {count} calls, {money}"
)
SAID_UNPRICED = n_(
    "- Among them {count} call to a model without a known price: a price_file in config.env can name it",
    "- Among them {count} calls to models without a known price: a price_file in config.env can name theirs",
)
SAID_CACHE = _("- Of what was read for its replies, {share} came from the provider's cache")
SAID_TOPICS = _("- Interests of its own that came up: {topics}")
SAID_IN_A_LINE = _("- **{name}**: {replies}, {details}")
SAID_TOPIC = _("{topic} {count}", "a topic and how often it came up")
NOTHING = _("Nothing was counted there in these days.")
MORE = n_("-# {count} more of us did something, too.", "-# {count} more of us did something, too.")


def subtitle_of(seen: Overview, place: str, zone: tzinfo) -> str:
    """Return place and period on one line."""
    first, last = day_of_month(seen.days[0]), day_of_month(seen.days[-1])
    form = SUBTITLE if first != last else SUBTITLE_OF_ONE
    words = form.format(place=place, first=first, last=last, zone=zone)
    if seen.since is not None and seen.since > seen.days[0]:
        return COUNTED_SINCE.format(subtitle=words, day=day_of_month(seen.since))
    return words


# The picture's data.


def strips_of(seen: Overview, subtitle: str) -> Strips:
    """Return the picture's data: all details of a single character, or one strip for each of several."""
    days = len(seen.days)
    if len(seen.records) > 1:
        strips = tuple(_strip_of(record) for record in most_active(seen)[:MOST_STRIPS])
        return Strips(TITLE_ALL.format(count=days), subtitle, seen.days, strips, known=_known(seen))
    (record,) = seen.records
    title, topics = TITLE.format(count=days, name=record.role.name), _topics_of(record.total)
    strips, topics_title = tuple(_strips(record)), str(TOPICS)
    return Strips(title, subtitle, seen.days, strips, topics_title, tuple(topics[:MOST_TOPICS]), _known(seen))


def _known(seen: Overview) -> int:
    """Return the number of days before counting began."""
    return sum(day < seen.since for day in seen.days) if seen.since else 0


def most_active(seen: Overview) -> list[CharacterRecord]:
    """Return the active characters, most replies first."""
    active = [
        record for record in seen.records if record.total.replies or record.total.votes or record.total.calls
    ]
    return sorted(active, key=lambda record: (-record.total.replies, record.role.slug))


def _strips(record: CharacterRecord) -> Iterator[Strip]:
    total, days = record.total, record.days

    def of(name: str) -> tuple[float, ...]:
        return tuple(getattr(day, name) for day in days)

    replies = REPLIES_OF.format(count=number(total.replies), letters=_letters(total))
    yield Strip(str(REPLIES), replies if total.replies else str(NO_REPLIES), of("replies"), _whole)
    lost = tuple(float(day.votes - day.won) for day in days)
    yield Strip(str(VOTES), _won(total) if total.votes else str(NO_VOTES), of("won"), _whole, lost)
    yield Strip(str(TAKES), TAKES_OF.format(**_takes(total)), of("rerolls"), _whole, of("swipes"))
    calls, costs = CALLS.format(count=total.calls, money=_money(total)), total.cost > 0
    yield Strip(str(COST), calls, of("cost" if costs else "calls"), _dollars if costs else _whole)
    cached = tuple(100 * day.cached for day in days)
    yield Strip(str(CACHE), CACHED.format(share=_percent(total.cached)), cached, _percents, least=100)


def _strip_of(record: CharacterRecord) -> Strip:
    total = record.total
    details = IN_A_LINE.format(
        letters=_letters(total),
        takes=RETAKEN.format(count=total.rerolls),
        cost=_money(total),
        cached=_percent(total.cached),
    )
    replies = COUNT.format(count=total.replies)
    voted = VOTED.format(won=number(total.won), votes=number(total.votes)) if total.votes else NO_VOTE
    words = f"{replies} · {voted}"
    values = tuple(float(day.replies) for day in record.days)
    return Strip(record.role.name, words, values, _whole, lines=(details,), scale=str(REPLIES))


# In words


def lines_of(seen: Overview, subtitle: str, quote: Quote) -> Iterator[str]:
    """Yield the statistics: all details of a single character, or one line for each of several."""
    if len(seen.records) > 1:
        yield HEAD.format(name=TITLE_ALL.format(count=len(seen.days)), subtitle=subtitle)
        active = most_active(seen)
        yield from (_line(record, quote) for record in active[:MOST_STRIPS])
        if len(active) > MOST_STRIPS:
            yield MORE.format(count=len(active) - MOST_STRIPS)
    else:
        (record,) = seen.records
        yield HEAD.format(name=quote(record.role.name, NAME_ROOM), subtitle=subtitle)
        yield from _lines(record.total, quote) if most_active(seen) else ()
    if not most_active(seen):
        yield str(NOTHING)


def _lines(total: Counts, quote: Quote) -> Iterator[str]:
    yield SAID_REPLIES.format(count=total.replies, letters=_letters(total))
    if total.votes:
        share = _percent(_share(total.won, total.votes))
        yield SAID_VOTES.format(won=number(total.won), votes=number(total.votes), share=share)
    yield SAID_TAKES.format(**_takes(total))
    yield SAID_COST.format(count=total.calls, money=_money(total))
    if total.unpriced:
        yield SAID_UNPRICED.format(count=total.unpriced)
    yield SAID_CACHE.format(share=_percent(total.cached))
    if topics := _topics_of(total):
        yield SAID_TOPICS.format(topics=_topics_said(topics[:TOPICS_SAID], quote))


def _line(record: CharacterRecord, quote: Quote) -> str:
    strip = _strip_of(record)
    details = ", ".join((*strip.words.split(" · ")[1:], *strip.lines[0].split(" · ")))
    if topics := _topics_of(record.total):
        details += f"; {_topics_said(topics[:TOPICS_OF_MANY], quote)}"
    name = quote(record.role.name, NAME_ROOM)
    return SAID_IN_A_LINE.format(name=name, replies=COUNT.format(count=record.total.replies), details=details)


def _topics_said(topics: Sequence[tuple[str, int]], quote: Quote) -> str:
    return ", ".join(
        SAID_TOPIC.format(topic=quote(name, TOPIC_ROOM), count=number(times)) for name, times in topics
    )


def _topics_of(total: Counts) -> list[tuple[str, int]]:
    return sorted(total.topics.items(), key=lambda pair: (-pair[1], pair[0]))


def _won(total: Counts) -> str:
    share = _percent(_share(total.won, total.votes))
    return WON.format(won=number(total.won), votes=number(total.votes), share=share)


def _takes(total: Counts) -> dict[str, str]:
    return {
        "rerolls": REROLLS.format(count=total.rerolls),
        "swipes": SWIPES.format(count=total.swipes),
    }


def _letters(total: Counts) -> str:
    return number(total.mean_letters, ",.0f")


def _money(total: Counts) -> str:
    unknown = total.calls > 0 and total.unpriced == total.calls
    return str(NO_PRICE) if unknown else amount(total.cost, "$")


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _percent(share: float) -> str:
    return _percents(100 * share)


def _percents(hundredths: float) -> str:
    return PERCENT.format(share=number(hundredths, ".0f"))


def _whole(value: float) -> str:
    return number(value, ",.3g") if value % 1 else number(int(value))


def _dollars(value: float) -> str:
    return amount(value, "$")
