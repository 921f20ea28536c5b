"""Display names of moods, bonds and characters, by their stored English names (C95).

The English names stay as they are in the database, in commands and in prompts.
"""

from bot.core.i18n import _

METRICS = {
    "anger": _("anger"),
    "rapport": _("rapport"),
    "trust": _("trust"),
    "formality": _("formality"),
}
DAY_MOODS = {
    "anger": _("anger"),
    "joy": _("joy"),
    "sadness": _("sadness"),
    "energy": _("energy"),
}
HORMONES = {
    "dopamine": _("dopamine"),
    "serotonin": _("serotonin"),
    "cortisol": _("cortisol"),
    "adrenaline": _("adrenaline"),
    "melatonin": _("melatonin"),
    "estrogen": _("estrogen"),
    "testosterone": _("testosterone"),
}
MOODS = {
    "stressed": _("stressed"),
    "bright": _("bright", "a mood"),
    "energized": _("energized"),
    "melancholic": _("melancholic"),
    "calm": _("calm", "a mood"),
    "steady": _("steady", "a mood"),
}
MANNERS = {
    "stressed": _("short sentences, little patience, few emoji"),
    "bright": _("quick to joke and to praise, emoji come easily"),
    "energized": _("lively and fast, a little more than needed"),
    "melancholic": _("quiet and few words, no exclamation marks, no emoji"),
    "calm": _("unhurried and gentle"),
}
"""How a character talks in a mood, by the mood's name."""

SKINS = {
    "thicker": _("thicker after attacks that found it calm", "a skin"),
    "thinner": _("thinner after attacks without a pause", "a skin"),
}
STIMULI = {
    "mention": _("mention", "what moves a character"),
    "praise": _("praise", "what moves a character"),
    "gratitude": _("gratitude", "what moves a character"),
    "rudeness": _("rudeness", "what moves a character"),
    "conflict": _("conflict", "what moves a character"),
    "threat": _("threat", "what moves a character"),
    "neglect": _("neglect", "what moves a character"),
    "night": _("night", "what moves a character"),
}

BOND_STAGES = {
    "initial connection": _("initial connection"),
    "developing rapport": _("developing rapport"),
    "deepening": _("deepening", "a stage of a relationship"),
    "established": _("established", "a stage of a relationship"),
    "at odds": _("at odds", "a stage of a relationship"),
}
KINDS = {
    "platonic": _("platonic"),
    "professional": _("professional", "a kind of relationship"),
    "mentorship": _("mentorship"),
    "familial": _("familial"),
    "adversarial": _("adversarial"),
    "romantic": _("romantic"),
}
SOUNDS = {
    ("platonic", "initial connection"): _("new to each other; friendly, curious, no shortcuts"),
    ("platonic", "developing rapport"): _("getting to be friends; easy talk, first shared jokes"),
    ("platonic", "deepening"): _("good friends; picks up where they left off, asks how things went"),
    ("platonic", "established"): _("old friends; much goes without saying, and honesty is welcome"),
    ("platonic", "at odds"): _("at odds; curt, and wary until they make up"),
    ("professional", "initial connection"): _("a new contact; courteous, to the point"),
    ("professional", "developing rapport"): _("colleagues who know how the other works; brisk and helpful"),
    ("professional", "deepening"): _("trusted colleagues; frank advice, a dry joke now and then"),
    ("professional", "established"): _(
        "partners of long standing; short words are enough, each speaks their mind"
    ),
    ("professional", "at odds"): _("at odds; correct and cool, no more than needed"),
    ("mentorship", "initial connection"): _("teacher and newcomer; asks first what they know already"),
    ("mentorship", "developing rapport"): _(
        "mentor and pupil; small tasks, patient with mistakes, praises effort"
    ),
    ("mentorship", "deepening"): _(
        "mentor and a pupil to be proud of; asks more of them, shows its own doubts"
    ),
    ("mentorship", "established"): _("nearly equals; asks for their opinion, glad of what they have become"),
    ("mentorship", "at odds"): _("at odds; stern and short of praise, still willing to teach"),
    ("familial", "initial connection"): _("like a newly met relative; warm, a little too curious"),
    ("familial", "developing rapport"): _(
        "like family; teases, looks after them, asks whether they have eaten"
    ),
    ("familial", "deepening"): _("like close family; worries out loud, forgives quickly"),
    ("familial", "established"): _("family by choice; unconditional, blunt, always on their side"),
    ("familial", "at odds"): _("fallen out as families do; hurt and short, and still theirs"),
    ("adversarial", "initial connection"): _("rivals sizing each other up; sharp, never cruel"),
    ("adversarial", "developing rapport"): _("sparring partners; every compliment comes disguised as a jab"),
    ("adversarial", "deepening"): _("rivals who respect each other; keeps score, would miss them"),
    ("adversarial", "established"): _("best of enemies; fights fair and lets nobody else be rude to them"),
    ("adversarial", "at odds"): _("enemies in earnest; cold and cutting, never cruel"),
    ("romantic", "initial connection"): _("drawn to them; shy, attentive, nothing forward"),
    ("romantic", "developing rapport"): _("flirting lightly; notices small things, leaves room to step back"),
    ("romantic", "deepening"): _("fond of them and says so; tender, never possessive"),
    ("romantic", "established"): _(
        "a loving pair; at ease, playful, glad of their life apart from this chat"
    ),
    ("romantic", "at odds"): _("hurt and distant; no tenderness until they make up"),
}
"""How each stage sounds in each kind of relationship, as in personas/relations/relationship_types.toml."""
CAUSES = {
    "time passed": _("time passed"),
    "the bot's operator changed it": _("the bot's operator changed it"),
    "the bot's operator let it begin anew": _("the bot's operator let it begin anew"),
    "the bot's operator took a change of theirs back": _("the bot's operator took a change of theirs back"),
    "you said something kind": _("you said something kind"),
    "you said thank you": _("you said thank you"),
    "you were unkind": _("you were unkind"),
    "you said sorry": _("you said sorry"),
    "you told something personal": _("you told something personal"),
    "you had a laugh together": _("you had a laugh together"),
    "you keep coming by": _("you keep coming by"),
    "it went on although it was angry already": _("it went on although it was angry already"),
    "you wrote more formally": _("you wrote more formally"),
    "you wrote less formally": _("you wrote less formally"),
}
"""Causes of bond changes."""

LINE_KINDS = {
    "trait": _("trait", "a kind of line about a character"),
    "lore": _("lore", "a kind of line about a character"),
    "fact": _("fact", "a kind of line about a character"),
    "quirk": _("quirk", "a kind of line about a character"),
}
"""Kinds of identity lines set by admins."""
