"""People, and lines that are said to them, about them, or to nobody."""

from bot.conversation.types import Person

PIXEL = Person(99, ("Pixel", "Pix"), is_bot=True)
ALICE = Person(1, ("Alice Liddell", "alice_l"))
FANGS = Person(2, ("Fangs",), is_bot=True)
BOB = Person(3, ("✨ Bob ✨", "bob"))
WILL, HOPE, MARK, MAY = Person(4, ("Will",)), Person(5, ("Hope",)), Person(6, ("Mark",)), Person(7, ("May",))
GM = Person(8, ("The GM",))
MIRA = Person(42, ("Mira",))
PEOPLE = (MIRA, ALICE, FANGS, BOB, WILL, HOPE, MARK, MAY, GM, PIXEL)

CALLED = [
    # in front
    ("Alice, what do you think?", [ALICE]),
    ("alice liddell, what do you think?", [ALICE]),
    ("alice_l: see above", [ALICE]),
    ("Alice: look", [ALICE]),
    ("Alice - look", [ALICE]),
    ("Alice... are you there", [ALICE]),
    ("Alice", [ALICE]),
    ("ALICE!!", [ALICE]),
    ("**Alice**, look", [ALICE]),
    ("Alice 😊 how are you", [ALICE]),
    ("hey Alice", [ALICE]),
    ("hey alice how are you", [ALICE]),
    ("Good morning Alice :)", [ALICE]),
    ("thanks alice for the tip", [ALICE]),
    ("ok Alice", [ALICE]),
    ("well, Alice, no", [ALICE]),
    ("lol alice what", [ALICE]),
    ("Alice can you help?", [ALICE]),
    ("Alice don't go", [ALICE]),
    ("alice i need help", [ALICE]),
    ("Alice your turn", [ALICE]),
    ("hey guys, Alice, come", [ALICE]),
    ("That was odd. Alice, what do you think?", [ALICE]),
    ("line one\nAlice: line two", [ALICE]),
    ("I'm done, Alice what do you think", [ALICE]),
    ("Bob, hi", [BOB]),
    ("> Alice, look\nBob, see above", [BOB]),
    ("Will, can you come?", [WILL]),
    ("hey Will", [WILL]),
    ("thanks Mark!", [MARK]),
    ("The GM, roll please", [GM]),
    # with an @
    ("@Alice look at this", [ALICE]),
    ("@will you come?", [WILL]),
    ("I told @alice_l about it", [ALICE]),
    ("<@1> hi", [ALICE]),
    ("<@!1> hi", [ALICE]),
    ("I saw <@1> yesterday", [ALICE]),
    ("<@99> tell <@3>", [PIXEL, BOB]),
    # at the end
    ("What do you think, Alice?", [ALICE]),
    ("what do you think, alice lol", [ALICE]),
    ("How are you, Alice? I am fine.", [ALICE]),
    ("how are you Alice", [ALICE]),
    ("love you Alice <3", [ALICE]),
    ("how are you Alice though", [ALICE]),
    ("I think, Alice, you are wrong", [ALICE]),
    ("what about Alice?", [ALICE]),
    ("what about Alice then", [ALICE]),
    ("and you, Alice?", [ALICE]),
    # lists
    ("Alice and Bob, what do you think?", [ALICE, BOB]),
    ("Alice, Bob, Fangs: look", [ALICE, BOB, FANGS]),
    ("Bob, then Alice?", [BOB, ALICE]),
    ("What do you think, Bob and Alice?", [BOB, ALICE]),
    ("Alice? Bob? Thoughts?", [ALICE, BOB]),
    ("Alice, look. Bob, you too. Alice, ok?", [ALICE, BOB]),
    # mine, and lists with mine
    ("I like pixel a lot", [PIXEL]),
    ("Pix's turn", [PIXEL]),
    ("Pixel, tell Alice that I came", [PIXEL]),
    ("Pixel, did you see Alice?", [PIXEL]),
    ("I saw Alice, Pixel", [PIXEL]),
    ("Alice, Pixel is nice, isn't she", [ALICE, PIXEL]),
    ("Fangs then Pixel?", [FANGS, PIXEL]),
    ("Fangs, then Pixel?", [FANGS, PIXEL]),
    ("Pixel and Fangs", [PIXEL, FANGS]),
    ("I like Pixel and Alice's dog", [PIXEL]),
    ("let's ask fangs & pixel", [FANGS, PIXEL]),
    ("your turn, Fangs/Pixel", [FANGS, PIXEL]),
    ("bob then alice then pixel", [BOB, ALICE, PIXEL]),
    # other languages
    ("Was meinst du, Alice?", [ALICE]),
    ("Alice und Pixel, was meint ihr?", [ALICE, PIXEL]),
    ("et toi Alice ?", [ALICE]),
    ("¿y tú, Alice?", [ALICE]),
    ("Привет, Alice", [ALICE]),
]

TALKED_ABOUT = [
    "I saw Alice yesterday",
    "Did you see Alice yesterday?",
    "Alice is nice",
    "Alice can do it",
    "so Alice is coming?",
    "Alice loves cats",
    "Alice's dog is cute",
    "thanks to Alice's dog",
    "I know Alice, she is nice",
    "tell Alice I said hi",
    "Alice and I went home",
    "alice-in-chains, what a band",
    "so much malice, what else",
    "my favourite: Alice",
    "what does Alice think",
    "`Alice, look` is what it says",
    "> Alice, look\nnice line",
    ">>> one\nAlice, look",
    "> Will you come?\nno idea",
    "https://example.org/Alice",
    "I will",
    "of course I may",
    "that is my only hope",
    "the game is on",
    "gm, all",
    "Mira",
]

NOBODY = [
    "Well, that is odd",
    "Yes, sure",
    "lol, no",
    "hey guys, look",
    "hello there",
    "Honestly, no",
    "Ja, genau",
    "Oui, bien sûr",
    "Да, конечно",
    "what is it, dude?",
    "1, 2, 3",
    "Note: this is new",
    "",
    "   ",
    "?!",
]

DOUBTFUL = [
    "Will you come?",
    "Hope that works",
    "Mark this",
    "may I ask",
    "hey will you come?",
    "Alice went home",
    "Bob then Alice and after that Fangs",
    "Alice the build is broken",
    "have you met Alice?",
    "I saw Alice, Bob?",
    "what about hope then",
    "I think, Alice, that we should",
]

STRANGERS = [
    ("Kira, what do you think?", "kira"),
    ("so, kira: look", "kira"),
    ("What do you think, Kira?", "kira"),
    ("hey Kira", "kira"),
    ("hi kira!", "kira"),
    ("Kira and Alice, come", "kira"),
    ("It broke. Kira, help!", "kira"),
    ("Кира, что думаешь?", "кира"),
]
