"""What kind of talk it is, told from words and shapes."""

import random

import pytest

from personas.selection.topic import CONTEXTS, LOOK_BACK, context_of

# Written beside the rules: they were tuned on these.
KNOWN = [
    ("technical", "my docker container exits with code 137, is that the memory limit?"),
    ("technical", "why does `asyncio.gather` swallow the second exception"),
    ("technical", "Traceback (most recent call last):\n  File \"main.py\", line 3\nKeyError: 'name'"),
    ("technical", "git says I have merge conflicts in config.yaml, how do I abort the rebase"),
    ("technical", "the api returns a 500 error whenever the json body has a null"),
    ("technical", "anyone know how to flash new firmware on this router without bricking it"),
    ("technical", "should i use an index on user_id or is the query planner smart enough"),
    ("technical", "```py\nfor x in range(3): print(x)\n```\nwhy 0 1 2"),
    ("technical", "my gpu driver crashes after the update, ubuntu 24"),
    ("technical", "npm install fails with a peer dependency error"),
    ("technical", "how do I write a regex that matches an ip address"),
    ("technical", "latency went up right after we deployed the new backend"),
    ("casual", "lol same"),
    ("casual", "im so tired today"),
    ("casual", "hey how are you"),
    ("casual", "pizza or burgers tonight?"),
    ("casual", "omg my cat just fell off the couch 😂"),
    ("casual", "good morning everyone"),
    ("casual", "what did you do this weekend?"),
    ("casual", "ngl that movie was kinda mid"),
    ("casual", "brb getting snacks"),
    ("casual", "i hate mondays"),
    ("casual", "Nice! I'm going to the beach with my sister."),
    ("casual", "gn all, see u tomorrow"),
    ("formal", "Dear Professor Adams, I am writing to request an extension of the deadline."),
    ("formal", "Could you please confirm whether the meeting on Thursday will take place as planned?"),
    ("formal", "Please find attached the invoice for the second quarter."),
    ("formal", "We would like to inform you that your application has been approved by the committee."),
    (
        "formal",
        "I would appreciate it if you could review the attached proposal at your earliest convenience.",
    ),
    ("formal", "To whom it may concern, I hereby resign from my position."),
    ("formal", "Kindly provide the signed contract before Friday."),
    ("formal", "Good afternoon, Mr. Lee. Thank you for your time yesterday."),
    ("formal", "help me draft a formal email to my landlord regarding the deposit refund"),
    ("formal", "On behalf of the board, I apologise for the inconvenience caused by the delay."),
    (
        "formal",
        "The agenda for the quarterly review is as follows, and we ask all departments to prepare a report.",
    ),
    ("formal", "Our policy requires approval by two members before any budget is released to a client."),
    ("creative", "write me a poem about the sea at night"),
    ("creative", "let's imagine a city that floats on clouds"),
    ("creative", "tell me a story about a dragon who is afraid of fire"),
    ("creative", "what if the moon was actually an egg"),
    ("creative", "*steps into the tavern and shakes the rain off her cloak*"),
    ("creative", "i need a name for my villain, something with a lot of s sounds"),
    ("creative", "give me a haiku about burnt toast"),
    ("creative", "roleplay as a grumpy lighthouse keeper"),
    ("creative", "help me with the plot of my novel, the protagonist has no goal"),
    ("creative", "once upon a time there was a fox who sold umbrellas"),
    ("creative", "can you make up a myth for why owls are awake at night"),
    ("creative", "lets brainstorm titles for the song"),
    ("educational", "can you explain photosynthesis to me"),
    ("educational", "what's the difference between mitosis and meiosis?"),
    ("educational", "i have an exam on the french revolution tomorrow, quiz me"),
    ("educational", "how do vaccines work?"),
    ("educational", "why is the sky blue"),
    ("educational", "i don't understand how fractions are divided"),
    ("educational", "teach me some basic japanese grammar"),
    ("educational", "what does 'ubiquitous' mean"),
    ("educational", "walk me through the proof of the pythagorean theorem"),
    ("educational", "eli5 inflation"),
    ("educational", "who started the first world war and what caused it? it's for my history homework"),
    ("educational", "how does a black hole form"),
]


# Written after the first rules were fixed, which told 14 of these 40 right, and the next 27 of the 40
# below: the rules were widened on both, so both are known by now.
ONCE_UNSEEN = [
    ("technical", "is there a way to limit how much memory a container can take on compose?"),
    ("technical", "my laptop won't wake from suspend since the last kernel, dmesg shows acpi errors"),
    ("technical", "the websocket closes after 60 seconds, i think the load balancer cuts idle connections"),
    ("technical", "why is my react component rendering twice"),
    ("technical", "ssh keeps asking for a password even though i added my public key"),
    ("technical", "what's the fastest way to dedupe a 10 million row csv"),
    ("technical", "ImportError: cannot import name 'foo' from 'bar'"),
    ("technical", "can i run two monitors off one usb-c hub or do i need displayport"),
    ("casual", "ok that's hilarious"),
    ("casual", "anyone up for some mario kart later?"),
    ("casual", "i burned my toast again"),
    ("casual", "happy birthday!!"),
    ("casual", "my neighbour is mowing the lawn at 7am, who does that"),
    ("casual", "Just got back from the gym, I'm dead."),
    ("casual", "wait really? no way"),
    ("casual", "can't believe it's already november"),
    ("formal", "We are pleased to offer you the role of senior analyst, subject to satisfactory references."),
    ("formal", "Would it be possible to reschedule our call to next Tuesday at 10 a.m.?"),
    ("formal", "Following our conversation, I have enclosed the revised figures for your consideration."),
    ("formal", "Should you have any questions, please do not hesitate to contact me."),
    ("formal", "All employees are required to complete the safety training by the end of the month."),
    ("formal", "I wish to lodge a complaint about the service I received at your branch on 3 May."),
    ("formal", "Ladies and gentlemen, it is my honour to welcome you to this evening's ceremony."),
    ("formal", "Please let us know whether you will be able to attend, so that we can arrange seating."),
    ("creative", "write a breakup letter from a toaster to a slice of bread"),
    ("creative", "pretend you're a pirate who lost his parrot"),
    ("creative", "what would a world without colour smell like"),
    ("creative", "finish this: the clock struck thirteen and"),
    ("creative", "describe a sunset as if you'd never seen one"),
    ("creative", "i'm working on a song about leaving home, need a second chorus"),
    ("creative", "design a creature that lives inside volcanoes"),
    ("creative", "*draws her sword and circles the beast slowly*"),
    ("educational", "how many bones does a shark have"),
    ("educational", "what's the capital of mongolia and why was it moved so often"),
    ("educational", "can you help me solve 3x + 5 = 20"),
    ("educational", "when do you use the subjunctive in spanish?"),
    ("educational", "why did rome fall"),
    ("educational", "what is the function of the liver"),
    ("educational", "tell me about the water cycle, i have a test tomorrow"),
    ("educational", "how do you pronounce 'quinoa'"),
    ("technical", "my postgres replica keeps lagging behind during backups"),
    ("technical", "is it normal that pip wants to build numpy from source on a pi 4"),
    ("technical", "which linux distro would you put on a 10 year old thinkpad"),
    ("technical", "the button only works on the second click, i guess my state is stale"),
    ("technical", "how can i make this for loop faster, it goes over 2 million entries"),
    ("technical", "my pc bluescreens as soon as i plug in the headset"),
    ("technical", "anybody got webhooks working behind cloudflare?"),
    ("technical", "does sqlite lock the whole database on write"),
    ("casual", "who wants to play tonight"),
    ("casual", "ahh i forgot my umbrella and it's pouring"),
    ("casual", "congrats on the new job!!"),
    ("casual", "what are you up to?"),
    ("casual", "My dog ate half my sandwich, I'm not even mad."),
    ("casual", "that's so unfair"),
    ("casual", "did you see the game last night"),
    ("casual", "coffee first, then talking"),
    ("formal", "I am writing with regard to the vacancy advertised on your website."),
    ("formal", "Please accept my apologies for the late response."),
    ("formal", "The undersigned agrees to return all equipment upon termination of the contract."),
    ("formal", "Would you be so kind as to forward the minutes of last week's meeting?"),
    ("formal", "We acknowledge receipt of your order and will notify you once it has been dispatched."),
    ("formal", "how should i word a letter of recommendation for a former employee"),
    ("formal", "Dear neighbours, renovation work will begin on Monday and is expected to last two weeks."),
    ("formal", "It is with great regret that I must decline your kind invitation."),
    ("creative", "invent a holiday for people who hate holidays"),
    ("creative", "you are a detective in 1920s paris, i just walked into your office"),
    ("creative", "write the opening paragraph of a ghost story set in a supermarket"),
    ("creative", "give my sword a cool name"),
    ("creative", "rhyme something with orange, i dare you"),
    ("creative", "if dreams were animals, which would be the loudest?"),
    ("creative", "let's build a kingdom where everyone speaks in riddles"),
    ("creative", "*whispers* the door behind you was never there before"),
    ("educational", "how far away is the moon"),
    ("educational", "can someone help me with my chemistry worksheet"),
    ("educational", "who painted the mona lisa?"),
    ("educational", "what is the plural of octopus"),
    ("educational", "i keep mixing up affect and effect"),
    ("educational", "why do cats purr"),
    ("educational", "is a tomato a fruit or a vegetable"),
    ("educational", "i want to learn to read sheet music, where do i begin"),
]

# Written after the rules were fixed for good, and never tuned on.
UNSEEN = [
    ("technical", "my vite build hangs at 92 percent and then runs out of heap"),
    ("technical", "can someone check why this selector doesn't match the second div"),
    ("technical", "two of my hard drives vanished after i moved the case"),
    ("technical", "do i need a mutex here if only one thread writes"),
    ("technical", "grafana shows nothing since i rotated the credentials"),
    ("technical", "wrong line endings again, who saves with crlf"),
    ("technical", "is 80 degrees too hot for a laptop cpu under load"),
    ("technical", "how would you model a many to many relation in prisma"),
    ("casual", "still at work, send help"),
    ("casual", "i could sleep for a week"),
    ("casual", "the new season is out and i'm not leaving the house"),
    ("casual", "what's your favourite pizza topping"),
    ("casual", "my grandma sends you her regards haha"),
    ("casual", "Nobody told me the shop closes at six!"),
    ("casual", "aaand it's raining again"),
    ("casual", "sorry i was afk, what did i miss"),
    ("formal", "Please be informed that the office will remain closed on 24 December."),
    ("formal", "I should like to apply for the scholarship announced last week."),
    ("formal", "The parties shall keep the contents of this agreement confidential."),
    ("formal", "May I ask for your written consent before we proceed?"),
    ("formal", "In response to your letter of 2 June, we have opened an investigation."),
    ("formal", "is there a politer way to phrase this reminder to a client"),
    ("formal", "We kindly ask all visitors to sign in at the front desk upon arrival."),
    (
        "formal",
        "Your subscription has been cancelled and the remaining amount will be credited to your account.",
    ),
    ("creative", "describe my room like a nature documentary would"),
    ("creative", "a cat and a toaster fall in love, go"),
    ("creative", "give me five titles for a heist movie in a bakery"),
    ("creative", "let's play a scene: you're the last librarian on earth"),
    ("creative", "how would a vampire order coffee"),
    ("creative", "can you turn this grocery list into a rap"),
    ("creative", "the rain had learned her name before she did. your turn, next sentence"),
    ("creative", "*the old robot opens one eye* who wakes me"),
    ("educational", "what happens to the body in space"),
    ("educational", "how is cheese made"),
    ("educational", "could you check whether my essay on hamlet makes sense, it's due monday"),
    ("educational", "which came first, the roman empire or the han dynasty"),
    ("educational", "i never got the point of imaginary numbers"),
    ("educational", "do fish sleep"),
    ("educational", "difference between who and whom?"),
    ("educational", "what was the black death"),
]


def right(examples):
    return sum(context_of([text]).name == label for label, text in examples) / len(examples)


def test_at_least_85_of_100_known_examples_are_told_right():
    """F102: the context that decides which frameworks colour a reply."""
    assert len(KNOWN) == 60
    assert right(KNOWN) >= 0.85


def test_of_examples_the_rules_never_saw_most_are_told_right_and_the_missed_are_mostly_casual():
    """F102. 26 of 40 when they were written; a miss that falls to casual only leaves the usual manner."""
    assert right(UNSEEN) >= 0.6
    missed = [context_of([text]).name for label, text in UNSEEN if context_of([text]).name != label]
    assert missed.count("casual") / len(missed) >= 0.75


def test_of_examples_the_rules_were_widened_on_85_of_100_are_told_right():
    """F102."""
    assert right(ONCE_UNSEEN) >= 0.85


def test_every_context_is_among_the_examples_as_often_as_any_other():
    for examples, times in ((KNOWN, 12), (ONCE_UNSEEN, 16), (UNSEEN, 8)):
        assert {name: sum(label == name for label, _ in examples) for name in CONTEXTS} == dict.fromkeys(
            CONTEXTS, times
        )


@pytest.mark.parametrize("texts", [[], [""], ["   \n"], ["Xyzzy plugh foo bar baz qux."]])
def test_talk_without_a_sign_is_casual_and_not_sure_at_all(texts):
    assert context_of(texts) == ("casual", 0.0)


def test_the_newest_message_counts_most_and_old_ones_not_at_all():
    code, poem = "my docker container crashes", "write me a poem about the sea"
    assert context_of([code, poem]).name == "creative"
    assert context_of([poem, code]).name == "technical"
    filler = ["Xyzzy plugh foo bar baz qux."] * LOOK_BACK
    assert context_of([code, *filler]) == ("casual", 0.0)
    assert context_of([code, *filler[1:]]).name == "technical"


def test_more_signs_of_one_kind_make_it_surer_and_signs_of_two_kinds_less_sure():
    one = context_of(["the server is slow again, any idea"])
    several = context_of(["the server is slow, the database query in `find_user` hits a timeout"])
    mixed = context_of(["the server is slow, write me a poem about the database"])
    assert one.name == several.name == "technical"
    assert one.confidence < several.confidence
    assert mixed.confidence < several.confidence


def test_asking_about_the_world_is_educational_and_asking_one_another_is_not():
    assert context_of(["which shop is the oldest in africa?"]).name == "educational"
    assert context_of(["which shop did you visit?"]).name == "casual"


def test_whatever_people_write_is_told_the_same_way_twice_and_with_a_confidence_from_0_to_1():
    rng = random.Random(7)
    pieces = [*"ab*`_1+=?!\n \u200b\U0001f600", "poem", "python", "please", "explain", "dear sir", "lol"]
    for _ in range(300):
        texts = ["".join(rng.choices(pieces, k=rng.randrange(60))) for _ in range(rng.randrange(6))]
        told = context_of(texts)
        assert told == context_of(list(texts))
        assert told.name in CONTEXTS
        assert 0 <= told.confidence <= 1
