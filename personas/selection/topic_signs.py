"""The signs that tell what kind of talk a message makes: words, phrases and shapes, with their worth."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

MOST = 3
"""Finds of one sign in one message that count."""


class Sign(NamedTuple):
    """What speaks for a context, and what each of the first finds of it counts."""

    context: str
    worth: float
    looks_like: re.Pattern[str]


# Words, separated by commas; a star stands for any ending, and a plural counts as the word.
_WORDS: Mapping[tuple[str, float], str] = {
    ("technical", 1.5): """
        python, javascript, typescript, java, rust, golang, c++, sql, sqlite, postgres*, docker*, linux,
        ubuntu, git, github, regex*, api, json, webhook, kubernetes, nginx, css, html, bash, powershell,
        async, await, segfault, stack trace, stacktrace, unit test, merge conflict, memory leak, ssh, dns,
        vpn, ssl, tls, http*, websocket, localhost, csv, xml, yaml, aws, azure, vscode, visual studio, vim,
        react, node.js, nodejs, npm, pip, cargo, arduino, raspberry pi, load balancer, rate limit*, systemd,
        cron*, usb*, hdmi, displayport, bluetooth, raid, cuda, pytorch, unreal engine, llm, discord.py,
        dmesg, rsync, ffmpeg, regression test, source code, open source, type error, blue screen""",
    ("technical", 1.0): """
        button, click, ui, stale state, state machine, sync*, upload*, download*, format*, headset, webcam,
        router settings, ip address, subnet, lag spike, framerate, frame rate, stutter*, thermal, fan speed,
        usb stick, ad blocker, extension cord, sdk, cli, gui, saas, devops, vm, virtual machine, sandbox,
        regex, timestamp, utc, unicode, ascii, checksum, compress*, zip file, archive, permissions,
        admin panel, dashboard, api key, environment variable, env var, callback, mutex, deadlock,
        race condition, garbage collector, type hint, lint*, codebase, prod, staging, replica, shard,
        bluescreen*, bsod, wipe, format the disk, dual boot, raspberry, code, coding, coder, program,
        programming, programmer, software, hardware, computer, laptop, pc, app, browser, chrome, firefox,
        windows, macos, android, iphone, bot, monitor, keyboard, printer, battery, charger, cable, network,
        ethernet, modem, bandwidth, ping, packet, firewall, password, login, log in, key pair, public key,
        private key, certificate, encrypt*, decrypt*, token, domain, host*, cloud, container, image tag,
        volume, cluster, node, daemon, service, log file, file, folder, directory, disk, backup, byte,
        integer, string, pointer, object, method, module, plugin, extension, component, render*, shader,
        fps, pixel, resolution, spreadsheet, excel, column, row, cell reference, macro, algorithm, recursi*,
        hash*, stack, heap, queue, schema, migration, transaction, sensor, voltage, solder*, circuit,
        motherboard, overclock*, overheat*, benchmark, throughput, refactor*, test suite, pipeline,
        build fails, runtime, update, upgrad*, downgrad*, reboot*, restart*, reinstall*, release, version,
        wake from, suspend, settings, permission, error, exception, warning, stdout, stderr, exit code,
        dedupe, bug, debug*, compil*, server, database, deploy*, function, variable, kernel, driver,
        firmware, router, cpu, gpu, ram, ssd, install*, config*, library, libraries, framework, crash*,
        endpoint, latency, cache, caching, backend, frontend, commit, branch, repo, script, terminal,
        command line, package, dependenc*, thread, timeout, null, boolean, array, loop, query, queries,
        index, wifi, bios, port, proxy, encod*, parser, binary, syntax, login shell, partition, boot*""",
    ("educational", 2.0): """
        i want to learn, want to understand, difference between, mixing up, mix up, get confused by,
        confused about, worksheet, assignment, where do i begin, where do i start, is it true that,
        what exactly is, how to read, how to solve, explain, teach me, help me understand, help me learn,
        help me study, eli5, homework, for class, for school, walk me through, quiz me, step by step,
        i'm studying, i am studying, i'm learning, i am learning, definition of, in simple terms,
        in simple words, what is the difference between, what's the difference between, meaning of,
        pronounce, i have a test, test tomorrow, pop quiz, study guide, revise for, revising for, flashcard,
        mnemonic, lecture, essay, thesis, dissertation""",
    ("educational", 1.0): """
        fruit or, species of, scientist*, scientific, experiment, hypothesis, fossil, volcanic, orbit,
        comet, eclipse, temperature of, boiling point, pressure, wave, wavelength, spectrum, ion, reaction,
        catalyst, enzyme, hormone, neuron, mitochondri*, chromosome, bacterium, ecology, habitat, predator,
        civilisation, civilization, pharaoh, roman, greek, ottoman, renaissance, industrial, cold war,
        independence, president of, parliament, senate, amendment, latitude, longitude, equator, river,
        mountain range, desert, currency, gdp, synonym, antonym, prefix, suffix, spelling, comma,
        apostrophe, semicolon, effect and affect, affect and effect, paragraph structure, citation,
        bibliography, sheet music, chord, scale degree, time signature, solve, calculate, define,
        definition, summarise, summarize, describe how, example, understand, capital of, population of,
        invented, discovered, ancient, medieval, world war, president, king, queen, treaty, colony,
        colonies, constitution, continent, ocean, volcano, earthquake, climate, species, mammal, dinosaur,
        bacteria, virus, viruses, vaccine, dna, gene, protein, organ, liver, heart, lung, brain, blood,
        bone, muscle, nerve, immune, digest*, metabolism, ecosystem, light year, speed of, energy, force,
        mass, velocity, acceleration, electron, proton, electricity, magnet*, acid, chemical,
        periodic table, element, oxygen, carbon, solar system, star, galaxy, galaxies, black hole, universe,
        derivative, integral, probability, statistics, percent*, matrix, matrices, triangle, prime number,
        square root, logarithm, polynomial, noun, adjective, adverb, subjunctive, tense, plural, pronoun,
        idiom, preposition, syllable, accent, alphabet, kanji, spanish, french, german, japanese, latin,
        english word, poet, author, painter, composer, philosopher, religion, democracy, capitalism,
        supply and demand, inflation, interest rate, water cycle, tectonic, nuclear, university, college,
        school, professor, kids ask, fun fact, trivia, exam, study, studying, studied, learn, learning,
        lesson, tutor*, teacher, textbook, chapter, theorem, equation, algebra, calculus, geometry,
        fraction, physics, chemistry, biology, photosynthesis, cell, atom, molecule, gravity, planet,
        evolution, history, century, centuries, empire, revolution, grammar, verb, vocabulary, conjugat*,
        concept, beginner, introduction to, example of, formula, prove, proof, math, maths, economics,
        philosoph*""",
    ("creative", 2.5): """
        once upon a time, roleplay*, role-play*, let's imagine, imagine that, imagine if, imagine a,
        imagine you, imagine we, imagine being, make up, what if, continue the story, worldbuild*,
        world-building, pretend, act as, act like a, as if you, in the style of, in the voice of,
        finish this, in character, stay in character, short story, free verse, first line, last line,
        next line""",
    ("creative", 1.2): """
        detective, riddles, chant, incantation, once there was, fable, folktale, portal, potion, phoenix,
        mermaid, giant, throne, crown, whispers, cloak, moonlit, starlit, lullaby, jingle, catchphrase,
        motto, slogan, mashup, remix, doodle, illustrat*, collage, sculpt*, choreograph*, improv, skit,
        script for a, stage play, cool name, silly name, holiday for, world where, planet where,
        universe where, city where, creature that, machine that, song, chorus, bridge of, tune, character,
        creature, monster, beast, sword, magic*, castle, knight, witch, witches, elf, elves, goblin, demon,
        vampire, pirate, parrot, alien, robot, time travel*, prophecy, prophecies, quest, tavern, realm,
        hero, heroes, heroine, sidekick, mythical, legend, curse, cursed, canvas, palette, logo, mascot,
        costume, dungeon, campaign idea, setting for, love letter, breakup letter, letter from, diary of,
        monologue, comic, cartoon, parody, pun, joke about, riddle, nickname, fantasy, sci-fi, dystopia*,
        noir, moodboard, improvis*, poem, poetry, story, stories, haiku, lyrics, rhym*, novel, plot,
        protagonist, antagonist, villain, dragon, wizard, kingdom, fairy tale, metaphor, verse, stanza,
        fanfic*, sonnet, brainstorm*, paint, painting, draw, drawing, sketch*, melody, melodies, dialogue,
        narrat*, screenplay, backstory, lore, spaceship, ghost, title, imagin*, invent*, enchanted, scene,
        opening line, tagline""",
    ("formal", 2.5): """
        with regard to, in regard to, with reference to, in reference to, acknowledge receipt,
        we acknowledge, would you be so kind, please accept, decline your, with great regret,
        the undersigned, letter of recommendation, reference letter, resignation letter, letter of,
        dear sir or madam, dear sir, dear madam, dear team, dear mr, dear mrs, dear ms, dear dr, dear all,
        dear colleague, dear professor, dear hiring, kind regards, best regards, warm regards,
        yours sincerely, yours faithfully, yours truly, sincerely, to whom it may concern,
        please find attached, i am writing to, i would like, i would be grateful, we would like,
        we would appreciate, at your earliest, kindly, pursuant, hereby, with respect to,
        in accordance with, on behalf of, thank you for your, i look forward to, we regret,
        please be advised, please note that, do not hesitate, should you, would it be possible,
        following our, following your, further to, ladies and gentlemen, we are pleased, it is my honour,
        it is an honour, i wish to, i am pleased, please let us know, please let me know whether, i enclose,
        i have enclosed, as discussed, as per, we hope this, i hope this, let me know if you require,
        formal email, formal letter, cover letter, to inform you, your cooperation, your understanding,
        your consideration, at our earliest""",
    ("formal", 1.0): """
        vacancy, vacancies, advertised, notify, notified, notification of, dispatched, equipment,
        termination, terminate, renovation, maintenance work, former, hereto, aforementioned, undersigned,
        enclosure, remit*, outstanding balance, overdue, reimburse*, expense, headquarters, personnel,
        human resources, hr department, candidate, qualification, certificate of, eligible, eligibility,
        entitled, applicable, effective from, as of, in writing, valid until, expir*, non-refundable,
        confidential, disclose*, parties, party agrees, premises, tenant, resident, neighbours, guests are,
        passengers, members are, kind invitation, honoured, privilege, esteemed, acknowledg*, email, e-mail,
        letter to, complaint, lodge, employee, employer, required to, are required, subject to, enclosed,
        attend, attendance, attendee, ceremony, conference, reschedule*, arrange*, recruit*, interview,
        landlord, lease, procedure, hereafter, shall, therefore, furthermore, moreover, consequently,
        accordingly, colleague, manager, management, director, supervisor, company, corporate, organisation,
        organization, institution, authority, authorities, ministry, embassy, visa, payment, purchase order,
        shipment, delivery date, warranty, liability, obligation, agreement, negotiat*, presentation,
        annual, fiscal, revised, submit*, submission, reference, correspondence, delegate, chairman,
        chairperson, vote of, resolution adopted, insurance, claim, legal, court, attorney, lawyer,
        notice period, onboarding, feedback on, feasib*, convenient, sincere, gratitude, cordially,
        respectfully, invitation, rsvp, participants, registration, registered, meeting, agenda, minutes of,
        proposal, contract, invoice, quarter, quarterly, committee, policy, policies, deadline, stakeholder,
        client, report, budget, compliance, regulation, department, attached, schedule, appointment,
        application, position, resign*, request, confirm, inform, regarding, concerning, provide, ensure,
        assistance, sir, madam, signature, approval, approve, document, documentation, terms, applicant,
        refund, reservation, inquiry, apologise, apologize, inconvenience""",
    ("casual", 1.5): """
        lol*, lmao*, lmfao, rofl, haha*, hehe*, omg, bruh, bro, dude, sup, yo, hey*, hi, hiya, heya, gonna,
        wanna, gotta, kinda, sorta, dunno, ur, u, idk, tbh, ngl, imo, btw, thx, ty, pls, plz, nah, yeah*,
        yep, nope, meh, ugh*, aww*, yay*, hmm*, wtf, brb, gn, gm, night night, what's up, whats up, wassup,
        good night, good morning""",
    ("casual", 0.8): """
        tired, bored, hungry, pizza, dinner, lunch, breakfast, coffee, beer, weekend, tonight, movie,
        netflix, cat, dog, cute, mood, vibe, chill, party, miss you, missed you, how are you, my mom,
        my mum, my dad, my sister, my brother, my boss, my roommate, day off, sleep*, nap, weather, raining,
        game, gaming, playing, snack, feeling""",
}

_MADE_UP = (
    "poem|story|stories|song|haiku|limerick|tale|scene|verse|rap|sonnet|ballad|lyrics|monologue|spell|myth"
    "|legend|villain|name|slogan|riddle"
)
_INVENT = r"(?:write|make|tell|give|compose|invent) (?:me |us )?(?:an?|another|some|five|ten)"
_ASKED = r"^(?:please |now |ok |can you |could you |hey )*"
_HAPPENS = "work|form|happen|cause|produce|make|move|breathe|know|start|end|fly|grow|get"

_PHRASES: tuple[tuple[str, float, str], ...] = (
    (
        "educational",
        1.5,
        rf"how (?:do|does|did|can) (?!i\b|we\b|you\b)(?:the |a |an )?\w+(?: \w+)? (?:{_HAPPENS})\w*",
    ),
    (
        "educational",
        1.5,
        r"why (?:is|are|do|does|did|was|were) (?:the|a|an|we|people|plants|animals|some|there)",
    ),
    ("educational", 1.5, r"what (?:causes|caused|does .{1,40} mean)"),
    (
        "educational",
        1.5,
        r"how do (?:you|i|we) (?:say|pronounce|spell|use|calculate|solve|find the)|when do you use",
    ),
    ("educational", 1.5, r"\d* ?[a-z] ?[-+*/^=] ?-?\d+|\d+ ?[-+*/^] ?\d+ ?="),
    ("educational", 2.0, r"i don'?t (?:understand|get) (?:why|how|what)"),
    ("creative", 2.5, rf"{_INVENT} (?:[\w-]+ ){{0,3}}?(?:{_MADE_UP})s?"),
    (
        "creative",
        1.5,
        rf"{_ASKED}(?:write|describe|pretend|finish|design|compose|rewrite|continue|draw|create|narrate|invent)",
    ),
    ("creative", 1.0, r"what would (?:an?|the) \w+"),
    ("creative", 1.5, r"(?:need|want|find|suggest) (?:me )?(?:an?|some) (?:name|title|rhyme|motto|slogan)s?"),
    ("creative", 1.5, r"(?:come|coming) up with"),
    ("creative", 2.0, r"^you(?:'re| are) an? (?:[\w-]+ ){1,5}?(?:who|in|at|from|on|with|and)"),
    ("creative", 1.5, r"if (?:the )?\w+ (?:was|were|had|could) (?!i\b|we\b|you\b)\w+"),
    ("creative", 1.0, r"(?:name|call|title)s? (?:for|of) (?:my|the|a|an|our|this) \w+"),
    ("formal", 2.5, r"could you (?:please|kindly) (?:provide|confirm|advise|review|clarify|send|forward)"),
    ("formal", 2.0, r"^dear \w+(?: \w+){0,3},"),
    ("formal", 1.0, r"please (?:do |do not )?[a-z]+ [^\n]{8,200}[.]"),
    ("formal", 1.5, r"good (?:morning|afternoon|day|evening), (?:mr|mrs|ms|dr|everyone|colleagues|team|sir)"),
)

_SHAPES: tuple[Sign, ...] = (
    Sign(
        "technical",
        3.0,
        re.compile(r"```|^Traceback |^\s*(?:def|class|import|#include|sudo|npm|pip)\b", re.MULTILINE),
    ),
    Sign(
        "technical", 2.0, re.compile(r"`[^`\n]{1,200}`|\b\w+\(\)|\b[a-z]+(?:_[a-z]+)+\b|\b[a-z]+[A-Z]\w*\(")
    ),
    Sign(
        "technical", 2.0, re.compile(r"\b\w+\.(?:py|js|ts|rs|go|cpp|java|json|ya?ml|toml|env|log|sh|exe)\b")
    ),
    Sign(
        "technical", 1.5, re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b|\b[45]\d\d error\b|\berror [45]\d\d\b")
    ),
    Sign("creative", 2.0, re.compile(r"(?<![\w*])\*(?![\s*])[^*\n]{4,120}(?<![\s*])\*(?![\w*])")),
    Sign(
        "casual",
        1.0,
        re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]|[:;]-?[)(DPp3]|<3|\\^_?\\^|\\bx+D+\\b"),
    ),
)


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


def _written(word: str) -> str:
    """Return a word of several, or with a mark in it, as a pattern."""
    return f"{re.escape(word[:-1])}\\w*" if word.endswith("*") else f"{re.escape(word)}s?"


def _all_signs() -> Iterator[Sign]:
    for (context, worth), words in _WORDS.items():
        if marked := [word for word in _split(words) if not _PLAIN.fullmatch(word)]:
            yield Sign(context, worth, _whole("|".join(map(_written, marked))))
    for context, worth, pattern in _PHRASES:
        yield Sign(context, worth, _whole(pattern))
    yield from _SHAPES


def _split(words: str) -> list[str]:
    return " ".join(words.split()).split(", ")


_PLAIN = re.compile(r"\w+\*?")
_SIGNS = tuple(_all_signs())
# As patterns these hundreds would double the time that a message takes.
_LISTED = {word: table for table, words in _WORDS.items() for word in _split(words) if _PLAIN.fullmatch(word)}
_SHORTEST, _LONGEST = (pick(map(len, _LISTED)) for pick in (min, max))


def signs_in(text: str) -> Iterator[tuple[str, float]]:
    """Yield the context that each sign in a text speaks for, and what its finds count together."""
    listed = Counter(table for word in re.findall(r"\w+", text.lower()) if (table := _table_of(word)))
    for (context, worth), finds in listed.items():
        yield context, worth * min(MOST, finds)
    for sign in _SIGNS:
        yield sign.context, sign.worth * min(MOST, len(sign.looks_like.findall(text)))


def _table_of(word: str) -> tuple[str, float] | None:
    """Return where a word is listed: itself, as a plural, or by a beginning of it."""
    found = _LISTED.get(word) or _LISTED.get(word.removesuffix("s"))
    if found:
        return found
    ends = range(min(len(word), _LONGEST), _SHORTEST - 1, -1)
    return next((_LISTED[f"{word[:end]}*"] for end in ends if f"{word[:end]}*" in _LISTED), None)
