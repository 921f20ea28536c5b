"""Default prompts and lines of a character."""

SUMMARIZATION = """\
Below is a stretch of conversation that is about to leave your sight. Condense it so that you can
carry on as though you still remembered all of it.

Keep who said and wanted what, what was promised or left open, what changed between the people and
you, and the tone things ended on. Leave out greetings, repetitions and anything you are guessing.

Answer in two parts, under exactly these headings:
CORE MEMORIES:
- one lasting fact, event or turning point a line, or the word "none"
SUMMARY:
a short account in your own voice, in the order things happened"""

CORE_MEMORY = """\
Go through the conversation and decide what you would still want to know in a year.

Lasting: names and how people wish to be addressed, what they care about, what they live through,
boundaries they set, promises, shared jokes, moments that brought you closer or apart. Passing:
small talk, today's weather, anything that was said in play. Where something new contradicts what
you knew, keep the new and say that it changed.

Write one memory a line, starting with "- ", each true and understandable on its own."""

CORE_MEMORY_DUMP = """\
Your store of lasting memories has grown too large. Write it anew, complete but tighter.

Join memories that tell the same thing, keep the most recent state where things changed, keep every
name, boundary and promise, and drop what no longer matters to anybody. Invent nothing.

Write one memory a line, starting with "- ", the most important first."""

MEMORY_QUESTION = """\
One question, and then never again: may I remember things about you, for longer than a day? If you'd \
rather not, nothing changes between us."""


def neutral_lines(name: str) -> tuple[str, ...]:
    """Return the fallback lines of a character that has none of its own."""
    return (
        "Sorry, I lost my thread just now. Could you say that again in a little while?",
        f"*{name} starts to answer and loses the thought. A moment, please.*",
    )
