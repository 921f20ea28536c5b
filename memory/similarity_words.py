"""The words that make no difference between two facts, those that mean the same, and what facts are about."""

ARTICLES = frozenset({"a", "an", "the"})
PEOPLE = {
    word: group[0]
    for group in (("i", "my", "me"), ("you", "your"), ("he", "him", "his"), ("she", "her", "hers"))
    for word in group
}
"""Two facts about different people of these are not the same, though the words are light."""

LIGHT = frozenset(
    """
    i my their they his he her she your you is are am be being of in at on to do does there that which who
    really very quite also currently now still any some
    """.split()  # noqa: SIM905 (words are read in lines)
)
"""What a fact says nothing with. Words that turn one round (not, was, has, without, from) are no such."""

PREPOSITIONS = frozenset({"in", "at", "on", "to", "of"})
"""Light as well, but one in the place of another is not: to move in is not to move on."""
COPULAS = frozenset({"is", "are", "am", "be", "being"})

SYNONYMS = {
    word: group.split()[0]
    for group in (
        *(
            "like enjoy",
            "love adore",
            "hate detest",
            "have owns",
            "kids children",
            "kid child",
            "mother mom mum",
        ),
        *(
            "father dad",
            "film movie",
            "films movies",
            "flat apartment",
            "afraid scared frightened",
            "fall autumn",
        ),
        *("favorite favourite", "color colour", "colors colours", "motorbike motorcycle", "license licence"),
        *("stopped quit", "named called", "big large", "grandma grandmother", "grandpa grandfather"),
        *("evening evenings", "morning mornings", "close near", "start begin", "started began"),
        *(
            f"{day} {day}s"
            for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        ),
    )
    for word in group.split()
}
"""One word for each group of words; those that differ in tense, in number or in strength are in no group."""

VERBS = {
    form: verb
    for forms in """
    live lives living, work works working, have has having, like likes liking,
    love loves loving, enjoy enjoys enjoying, hate hates hating, detest detests detesting,
    adore adores adoring, do does doing,
    go goes going, play plays playing, study studies studying, learn learns learning, want wants wanting,
    run runs running, cook cooks cooking, bake bakes baking, swim swims swimming, hike hikes hiking,
    speak speaks speaking, drive drives driving, wear wears wearing, collect collects collecting,
    eat eats eating, drink drinks drinking, smoke smokes smoking, teach teaches teaching, sing sings singing,
    write writes writing, watch watches watching, listen listens listening, suffer suffers suffering,
    prefer prefers preferring, plan plans planning, try tries trying, need needs needing, hope hopes hoping,
    dance dances dancing, ride rides riding, visit visits visiting, travel travels travelling traveling,
    keep keeps keeping, sleep sleeps sleeping, save saves saving, think thinks thinking, feel feels feeling,
    volunteer volunteers volunteering, knit knits knitting, garden gardens gardening, rent rents renting
    """.replace("\n", " ").split(",")
    for verb, *others in [forms.split()]
    for form in (verb, *others)
}
"""What people do, in the present. No other word is cut short: Ann is not Anne, "worked" not "works"."""

BEFORE_DOING = frozenset(
    "is are am be like likes love loves enjoy enjoys hate hates prefer prefers started".split()  # noqa: SIM905
)
"""After these, "running" is what somebody does; elsewhere it may be a thing, such as a building."""

PHRASES = {
    "can not stand": "hates",
    "sci fi": "science fiction",
    "work for": "work at",
    "works for": "works at",
    "year old": "years old",
    "goes running": "runs",
    "every day": "daily",
    "at the weekend": "on weekends",
}

MOVABLE = frozenset(
    """
    once online last next year month week day daily lot yesterday today tomorrow tonight morning evening night
    monday tuesday wednesday thursday friday saturday sunday every mostly recently lately often always
    """.split()  # noqa: SIM905
)
"""Words about time and manner: where they stand makes no difference, as long as there is one statement."""

JOINING = frozenset({"and", "but", "then", "while", "before", "after", "than", "over", "or", "from", "by"})

MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
SMALL_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

SUBJECTS = (
    "live lives living lived move moved moving home house flat rent rents wohnt lebt habite vive vit",
    "work works worked working job employed unemployed quit retired fired boss career profession left",
    "married marry single dating engaged divorced separated relationship broke girlfriend boyfriend wedding",
    "old age birthday born",
    "vegetarian vegan meat vegetarier fleisch",
    "smoke smokes smoking cigarettes",
    "drink drinks drinking alcohol sober",
    "pregnant baby",
    "exam test passed failed results",
    "drive drives driving licence car",
    "studies studying student studied graduated university grade dropped",
    "hospital ill sick healed recovered recovering well allergic allergy outgrew",
    "dog puppy cat pet died",
    "reading finished read novel book",
    "hair dyed",
    "sleep sleeps insomnia sleeping",
    "parents roommates alone together",
)
"""What facts are about by one of these words: there a new one may end an old one that it hardly resembles."""
