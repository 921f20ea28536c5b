"""What people tell in the store benchmark: short facts made from templates, and questions about them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from string import Formatter

_WORDS = """
friend: Ada, Bruno, Carla, Dmitri, Elif, Farid, Greta, Hugo, Ines, Jonas, Kaya, Lena, Milo, Nadia, Otto,
    Priya, Quinn, Rosa, Sami, Tomas, Uma, Viktor, Wanda, Xenia, Yusuf, Zoe, Amira, Bjorn, Chiara, Dario
kin: sister, brother, mother, father, aunt, uncle, cousin, grandmother, nephew, niece, partner, roommate
town: Lisbon, Ghent, Kyoto, Tromso, Valencia, Leipzig, Oaxaca, Galway, Tartu, Porto, Bergen, Krakow,
    Lyon, Trieste, Izmir, Quito, Cusco, Perth, Hobart, Nairobi, Tbilisi, Riga, Malmo, Utrecht, Bologna,
    Granada, Bristol, Halifax, Boston, Denver
job: nurse, carpenter, translator, gardener, teacher, welder, librarian, pharmacist, electrician,
    photographer, cook, surveyor, baker, tailor, paramedic, beekeeper, locksmith, florist, midwife,
    optician
pet: cat, dog, parrot, tortoise, rabbit, hamster, ferret, gecko, pony, canary, snake, hedgehog
food: lentils, mushrooms, olives, dumplings, paprika, oysters, beetroot, rhubarb, tofu, marzipan,
    pancakes, pickles, ramen, couscous, walnuts, blueberries, chestnuts, polenta, ginger, tamarind
sport: climbing, fencing, rowing, judo, skating, archery, kayaking, badminton, bouldering, sailing,
    surfing, chess
instrument: violin, cello, banjo, accordion, trumpet, clarinet, harp, drums, ukulele, piano, oboe,
    guitar
weekday: Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday
month: January, February, March, April, May, June, July, August, September, October, November, December
what: bicycle, lamp, bookshelf, telescope, kayak, sewing-machine, record-player, greenhouse, tent,
    typewriter, laptop, kettle, motorbike, hammock, camera
feeling: nervous, proud, curious, annoyed, relieved, thrilled, worried, hopeful, embarrassed, tired
craft: knitting, pottery, woodcarving, bookbinding, calligraphy, origami, weaving, brewing, embroidery,
    drawing
book: a crime novel, a book on moss, poems, an atlas, a history of salt, science fiction, a biography,
    comics
illness: migraine, hay fever, a bad knee, insomnia, asthma, a nut allergy, back pain, a sprained wrist
colour: red, green, blue, yellow, purple, orange, grey, turquoise
"""
_THINGS: Mapping[str, Sequence[str]] = {
    name: words.split(", ")
    for name, words in re.findall(r"^(\w+): (.+)", re.sub(r"\n +", " ", _WORDS), re.MULTILINE)
}
_TOLD = {
    "self": (
        "Works as a {job} in {town} and is {feeling} about the new shift",
        "Grew up in {town} and moved to {town} in {month} {year}",
        "Is learning {craft} on {weekday} evenings with {friend}",
        "Has {illness} and can't do much {sport} before {month}",
        "Bought a {colour} {what} in {town} for {number} euros",
        "Is {feeling} about an exam on {month} {day}",
    ),
    "likes": (
        "Plays the {instrument} in a small band with {friend} and {friend}",
        "Loves {food} but can't stand {food}, least of all for breakfast",
        "Goes {sport} every {weekday}, mostly near {town}",
        "Is reading {book} that {friend} brought from {town}",
        "Would rather have a {colour} {what} than a {colour} one",
    ),
    "people": (
        "Has a {kin} called {friend}, who is a {job} in {town}",
        "Their {kin} {friend} is getting married in {month} {year}",
        "Met {friend} at a {craft} class in {town} {number} years ago",
        "Is {feeling} because {friend} moved to {town} with the {pet}",
    ),
    "plans": (
        "Wants to travel to {town} in {month} to go {sport}",
        "Plans a party for {friend} on {month} {day}, with {food} for {number} people",
        "Saves up for a {what}, and hopes to have it by {month} {year}",
        "Is building a {what} with their {kin}, to be done by {month}",
    ),
    "home": (
        "Has a {colour} {pet} called {friend} that is {number} years old",
        "Lives with {number} flatmates, {friend} and {friend} among them",
        "Keeps a {pet} and a {pet}, and feeds both of them {food}",
        "Painted the kitchen {colour} in {month} with {friend}'s help",
    ),
}
_ASKED = (
    "Do you still remember what I told you about {thing}?",
    "I was thinking of {thing} again today, what do you think about that?",
    "What was it again with {thing} and {other}, can you tell me?",
    "My {kin} keeps asking me about {thing} and {other}",
)
_MORE = ("", "", " since {month}", ", and {friend} knows it too", " for the {number}th time")
_SMALL_TALK = (
    "Oh, {what} is all that I talk about",
    "That {what} again, and {food} with it",
    "Good morning {friend}",
)


@dataclass(frozen=True, slots=True)
class Told:
    """A fact, and the words that it was drawn from."""

    text: str
    quote: str
    category: str
    tags: tuple[str, ...]


def fact(rng: Random) -> Told:
    """Return something that somebody told, some 60 letters long."""
    category = rng.choice(list(_TOLD))
    words, text = _filled(rng.choice(_TOLD[category]) + rng.choice(_MORE), rng)
    quote = f"{rng.choice(('I', 'well, I', 'so I', 'yeah I'))} {text[0].lower()}{text[1:]}"[:70]
    return Told(text, quote, category, tuple(word.lower() for word in words[:2]))


def line(rng: Random) -> str:
    """Return a line of talk: half of them tell something, the others next to nothing."""
    if rng.random() < 0.5:
        return fact(rng).quote
    return _filled(rng.choice(_SMALL_TALK), rng)[1]


def question(known: str, rng: Random) -> str:
    """Return a question that has to do with something that was told."""
    telling = [word.strip(",.") for word in known.split() if len(word) > 4] or ["that"]
    thing, other = rng.choice(telling), rng.choice(telling)
    return rng.choice(_ASKED).format(thing=thing, other=other, kin=rng.choice(_THINGS["kin"]))


def _filled(template: str, rng: Random) -> tuple[list[str], str]:
    words, text = [], []
    for before, name, _, _ in Formatter().parse(template):
        text.append(before)
        if name is None:
            continue
        word = _number(name, rng) or rng.choice(_THINGS[name])
        text.append(word)
        words.append(word)
    return words, "".join(text)


def _number(name: str, rng: Random) -> str:
    ranges = {"year": (1995, 2027), "day": (1, 28), "number": (2, 90)}
    return str(rng.randint(*ranges[name])) if name in ranges else ""
