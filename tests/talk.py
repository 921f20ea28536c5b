"""A channel's talk with labels: what, of the lines that nobody addressed to the character, it should answer.

The log holds dialogues of two, several of them interleaved at a time and hours of quiet between the busy
times. They come from LoCoMo (five long conversations of two people) where its file lies beside the
repository, and are otherwise put together from the templates below, in three languages, with questions
and names about as often as in LoCoMo.

- In three of ten dialogues one of the two speakers is the character: that speaker's lines are
  `by_character`, and their name becomes the character's wherever it is written.
- A line of the partner is `should_answer` where that speaker did answer it with the next line, and
  `addressed` where it calls the character by name: that decides by itself, so it is no ambient line.
  The last line of a dialogue got no answer and is labelled so.
- The other dialogues are between people: nothing in them is for the character.
- Bystanders throw in short chatter and remarks (not to be answered), and ask the room something, in busy
  times and in quiet ones: these are `should_answer`. The character's answer follows, at times with thanks.
- People take 20 s to 3 min for a line, the character 10 to 45 s. Who else writes meanwhile is chance.

Names, numbers and times come from `seed` alone. Lines written to nobody in particular by name or mention
are by far the most, as in a real channel; some 10 to 15 % of the ambient ones should be answered.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import regex

from bot.conversation.text.names import calls
from bot.conversation.types import Glimpse, Utterance
from memory.attachments import Attachment, with_attachments
from memory.places import Place, Where

CHARACTER = "Pixel"
CHARACTER_ID = 1
LOCOMO = Path(__file__).resolve().parents[2] / "shared" / "data" / "locomo-dev.json"
LOOKED_AT = 50

_BEGINNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
_NICKNAMES = {"Caroline": "Caro", "Melanie": "Mel|Mell", "Joanna": "Jo", "Evan": "Ev"}

Dialogue = list[tuple[str, str]]  # who, and what they said
Source = Callable[[Random, int], list[Dialogue]]  # so many dialogues, between people who are all different


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the log, `seconds` after its beginning."""

    author_id: int
    author_name: str
    text: str
    seconds: float
    by_character: bool = False
    addressed: bool = False
    should_answer: bool = False
    server: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def ambient(self) -> bool:
        """Said by a person, and not to the character by name."""
        return not (self.by_character or self.addressed)


def channel_log(
    *, seed: int = 1, messages: int = 1200, generated: bool | None = None, data: Path = LOCOMO
) -> list[Said]:
    """Return `messages` lines of one channel in the order of time; the same seed says the same.

    `generated` True takes the templates, False LoCoMo's file `data` (FileNotFoundError where it is not), and
    None LoCoMo where it is there.
    """
    rng = Random(seed)
    templates = generated or (generated is None and not data.exists())
    source = _generated() if templates else _locomo(rng, data)
    parts = _parts(rng)
    log: list[Said] = []
    now = 0.0
    while len(log) < messages:
        busy = _busy_time(rng, source(rng, rng.choices((1, 2, 3), (5, 4, 1))[0]), now, parts)
        log += busy
        now = busy[-1].seconds + rng.uniform(1.5, 8) * 3600
    return log[:messages]


def moments(log: Sequence[Said]) -> Iterator[tuple[Said, Utterance, Sequence[Glimpse]]]:
    """Yield each line with the utterance that the bot would hear and the up to 50 lines said before it."""
    glimpses: list[Glimpse] = []
    for number, said in enumerate(log, start=1):
        at = _BEGINNING + timedelta(seconds=said.seconds)
        author, text = (said.author_id, said.author_name), with_attachments(said.text, said.attachments)
        heard = Utterance(number, *author, text, at, Where(9, Place.GUILD), words=said.text)
        heard = replace(heard, attachments=said.attachments)
        yield said, heard, tuple(glimpses[-LOOKED_AT:])
        glimpses.append(Glimpse(number, *author, text, at, mine=said.by_character))


def _parts(rng: Random) -> Iterator[bool]:
    """Say for one dialogue after the other whether the character has a part in it: three times in ten."""
    while True:
        yield from rng.sample((True,) * 3 + (False,) * 7, 10)


def _busy_time(rng: Random, dialogues: list[Dialogue], start: float, parts: Iterator[bool]) -> list[Said]:
    lines: list[Said] = []
    for dialogue in dialogues:
        part = rng.choice(dialogue[:2])[0] if next(parts) else None
        lines += _timed(rng, _cast(dialogue, part), start + rng.uniform(0, 600))
    first, last = min(line.seconds for line in lines), max(line.seconds for line in lines)
    for _ in range(len(lines) // 8):
        words = rng.choice(_CHATTER if rng.random() < 0.6 else _REMARKS)
        lines.append(_bystander(rng, words, rng.uniform(first, last)))
    for _ in range(rng.choice((0, 1, 1, 2))):
        lines += _asked_the_room(rng, rng.uniform(first - 1500, last + 1500))
    earliest = min(line.seconds for line in lines)
    shift = max(0.0, start - earliest)
    moved = [replace(line, seconds=line.seconds + shift) for line in lines]
    return sorted(moved, key=lambda line: line.seconds)


def _cast(dialogue: Dialogue, part: str | None) -> list[Said]:
    """Give the character the part of one speaker, and label the lines of the other."""
    if part is None:
        return [Said(_id(who), who, text, 0) for who, text in dialogue]
    name = regex.compile(rf"\b(?:{part}|{_NICKNAMES.get(part, part)})\b")
    lines = []
    for number, (who, words) in enumerate(dialogue):
        text = name.sub(CHARACTER, words)
        answered = number + 1 < len(dialogue) and dialogue[number + 1][0] == part
        if who == part:
            lines.append(Said(CHARACTER_ID, CHARACTER, text, 0, by_character=True))
        else:
            called = calls(text, (CHARACTER,))
            lines.append(Said(_id(who), who, text, 0, addressed=called, should_answer=answered))
    return lines


def _timed(rng: Random, lines: list[Said], start: float) -> list[Said]:
    timed = []
    for line in lines:
        timed.append(replace(line, seconds=start))
        after = lines[len(timed)] if len(timed) < len(lines) else line
        start += rng.triangular(10, 45, 20) if after.by_character else rng.triangular(20, 180, 50)
    return timed


def _asked_the_room(rng: Random, at: float) -> list[Said]:
    asked = _bystander(rng, _filled(rng, rng.choice(_ROOM)), at)
    answered = at + rng.triangular(10, 45, 20)
    answer = Said(CHARACTER_ID, CHARACTER, rng.choice(_ANSWERS), answered, by_character=True)
    lines = [replace(asked, should_answer=True), answer]
    if rng.random() < 0.4:
        lines.append(replace(asked, text=rng.choice(_THANKS), seconds=answered + rng.uniform(20, 120)))
    return lines


def _bystander(rng: Random, words: str, at: float) -> Said:
    who = rng.choice(_BYSTANDERS)
    return Said(_id(who), who, words, at)


def _id(who: str) -> int:
    return int.from_bytes(who.encode())


# LoCoMo


@cache
def _sessions(data: Path = LOCOMO) -> tuple[tuple[Dialogue, ...], ...]:
    """Read the sessions of each of the conversations; raises FileNotFoundError where the file is not."""
    conversations = (one["conversation"] for one in json.loads(data.read_text("utf-8")))
    return tuple(
        tuple(
            [(turn["speaker"], turn["text"].strip()) for turn in turns]
            for key, turns in conversation.items()
            if regex.fullmatch(r"session_\d+", key)
        )
        for conversation in conversations
    )


def _locomo(rng: Random, data: Path) -> Source:
    decks = [_dealt(rng, sessions) for sessions in _sessions(data)]
    return lambda rng, count: [next(deck) for deck in rng.sample(decks, count)]


def _dealt(rng: Random, sessions: Sequence[Dialogue]) -> Iterator[Dialogue]:
    while True:
        yield from rng.sample(sessions, len(sessions))


# Templates


def _generated() -> Source:
    def dialogues(rng: Random, count: int) -> list[Dialogue]:
        people = rng.sample(_PEOPLE, 2 * count)
        return [_dialogue(rng, people[2 * i], people[2 * i + 1]) for i in range(count)]

    return dialogues


def _dialogue(rng: Random, one: str, other: str) -> Dialogue:
    """Two people talk about something, for 8 to 26 lines; at times one of them writes twice."""
    tongue = rng.choices(_TONGUES, (6, 1, 1))[0]
    opening = f"{rng.choice(tongue.openings)} {other}" if rng.random() < 0.88 else rng.choice(tongue.openings)
    said: Dialogue = [(one, _line(rng, tongue, "", opening))]
    speaker, listener = other, one
    for _ in range(rng.randint(7, 25)):
        said.append((speaker, _line(rng, tongue, listener, rng.choice(tongue.reactions))))
        if rng.random() > 0.06:
            speaker, listener = listener, speaker
    return said


def _line(rng: Random, tongue: "_Tongue", to: str, begin: str) -> str:
    call = f" {to}" if to and rng.random() < 0.42 else ""
    pieces = [f"{begin}{call}{rng.choice('.!,')}" if call or not to or rng.random() < 0.75 else ""]
    if rng.random() < 0.97:
        pieces.append(_filled(rng, rng.choice(tongue.statements)) + rng.choice((".", ".", "!", "")))
    if rng.random() < 0.35:
        pieces.append(_filled(rng, rng.choice(tongue.questions)) + rng.choice(("?", "?", "?", "??", "")))
    line = " ".join(piece for piece in pieces if piece) or begin
    return line.lower() if to and not call and rng.random() < 0.3 else line


def _filled(rng: Random, template: str) -> str:
    def pick(slot: regex.Match[str]) -> str:
        return str(rng.choice(_FILLINGS[slot[1]]))

    return regex.sub(r"\{(\w+)\}", pick, template)


def _listed(words: str) -> tuple[str, ...]:
    return tuple(one.strip() for line in words.strip().splitlines() for one in line.split(" | "))


@dataclass(frozen=True)
class _Tongue:
    openings: tuple[str, ...]
    reactions: tuple[str, ...]
    statements: tuple[str, ...]
    questions: tuple[str, ...]


_PEOPLE = _listed("Marlow | Ines | Tobias | Quinn | Yara | Hollis | Bram | Odette | Farid | Luz | Kenji")
_BYSTANDERS = _listed("Wren | Sol | Piotr | Mika | Dune | Abena | Rook | Tamsin")

_ENGLISH = _Tongue(
    openings=_listed("Hey | Hi there | Morning | You around | Been a while | Guess what | So, update"),
    reactions=_listed("""
        Ha, fair enough | Oh no | That sounds great | Right | Same here | I had no idea | Makes sense
        Wow, congrats | Sorry to hear that | True | Hm, not sure | No way | Good point | Thanks
"""),
    statements=_listed("""
        I finally finished {thing} after working on it since {when}
        we went to {place} {when} and it rained the whole time
        my sister says {thing} is not worth the money, but I disagree
        it took me three tries to get {thing} right | I'd rather stay home than go back to {place}
        the people at {place} were really kind and helped us with everything
        everyone at work keeps talking about {thing} | I'm saving up for {thing}, slowly
        nobody told me that {place} closes at six
        I read that {thing} gets easier once you stop caring so much
        that was {when}, so I've mostly forgotten how it ended
        I could help out {when} if the weather holds | it broke again, which is why I gave up on {thing}
        you should see {place} in autumn, it's all gold and fog
"""),
    questions=_listed("""
        How did {thing} go | Did you end up going to {place} | What made you pick {thing}
        Have you ever tried {thing} | Who else was at {place} | When are you going back to {place}
        Is it any better than {when} | Do you think it was worth it | What's next
        Can you show me a picture | And what about {thing} | Are you free {when}
"""),
)
_GERMAN = _Tongue(
    openings=_listed("Na du | Guten Morgen | Lange nichts gehört | Du glaubst es nicht"),
    reactions=_listed("Ach was | Stimmt | Klingt gut | Oh je | Danke dir | Genau so | Keine Ahnung"),
    statements=_listed("""
        wir waren am Wochenende am See und haben gezeltet | ich habe endlich das Regal fertig gebaut
        die Prüfung lief besser als gedacht | meine Schwester kommt erst im Mai
        das Brot ist mir schon wieder nicht aufgegangen | bei der Arbeit reden alle vom Umzug
"""),
    questions=_listed(
        "Wie lief es denn | Warst du schon mal dort | Kommst du am Freitag mit | Was hat das gekostet"
    ),
)
_SPANISH = _Tongue(
    openings=_listed("Buenas | Qué tal todo | Cuánto tiempo | No te lo vas a creer"),
    reactions=_listed("Qué bien | Vaya | Claro | Ni idea | Gracias | Me alegro mucho | Pues sí"),
    statements=_listed("""
        ayer terminé de pintar la cocina | el concierto fue mejor de lo que esperaba
        mi hermano se muda en junio | llevo toda la semana con la mudanza
        la receta de tu abuela me salió fatal | en el trabajo nadie sabe nada
"""),
    questions=_listed("¿Cómo te fue | ¿Y tú qué has hecho | ¿Vienes el sábado | ¿Dónde lo compraste"),
)
_TONGUES = (_ENGLISH, _GERMAN, _SPANISH)

_FILLINGS = {
    "thing": _listed("""
        the bookshelf | my sourdough | the driving test | that pottery class | the new campaign
        the garden shed | learning the cello | the second season | my thesis | the router
"""),
    "place": _listed(
        "the lake | Lisbon | the night market | that climbing hall | the old cinema | the archive"
    ),
    "when": _listed(
        "last weekend | yesterday | in March | on Friday | last night | two weeks ago | tomorrow"
    ),
    "topic": _listed("""
        the event calendar | the wifi at the venue | dice rolls | the colour roles | voice chat
        the export to PDF | the shader cache | the recipe thread | screen sharing | the old archive
"""),
}

_CHATTER = _listed("""
    lol | brb | same | ok | nice | haha | 😂😂 | gg | yeah | afk | +1 | omg | back | wait what
    <:pog:1122334455> | ok cool | jaja | na gut | www | f | true true | lmao | 🔥
""")
_REMARKS = _listed("""
    just got home, the trains were a mess | finally friday | that really helped, cheers
    my cat is asleep on the keyboard again | posted the pictures in the other channel
    everyone at work is ill, it's only me and the plants | heading out, see you tonight
    new patch is out btw | I keep forgetting what day it is | dinner was great
    https://example.org/watch?v=dQ4w9&t=12 | bin gleich wieder da, muss noch einkaufen
    can't sleep so I'm reorganising my shelf | who would have thought, it snowed
""")
_ROOM = _listed("""
    does anyone know how {topic} works now? | can somebody tell me where to find {topic}
    anyone up for a round later? | how do I turn off notifications for {topic}?
    is {topic} down for you all too? | help, {topic} is broken again and I have to present in ten minutes
    where do i find {topic} | I can't get {topic} to work, any ideas?
    please, who is in charge of {topic}? | quick question: is there a limit for {topic}?
    what's the difference between {topic} and {topic}?
    urgent: {topic} shows an error for me since this morning | what time does the stream start?
    which one should I buy, the red or the blue one? | is it just me or is {topic} slow today?
    weiß jemand, wo ich {topic} finde? | kann mir wer mit {topic} helfen? | wann geht es heute los?
    ¿alguien sabe cómo funciona {topic}? | quelqu'un sait pourquoi {topic} ne marche plus ?
    誰か{topic}の使い方を教えて | 有人知道{topic}在哪里吗？ | кто-нибудь знает, как включить {topic}?
""")
_ANSWERS = _listed("""
    It's in the pinned message, third line. | Try turning it off and on, honestly.
    Around eight, I think. | That changed last week: look under settings.
    I'd take the blue one. Why do you need it? | Not just you. Does it help to reload?
""")
_THANKS = _listed(
    "thanks! | ah, found it, thank you | perfect, danke | ty | oh that was easy. does it sync too?"
)
