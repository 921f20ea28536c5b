"""Warm-up of the rehearsal model before the first message."""

from bot.app import App
from bot.conversation.rehearsal import rehearsal_beginning
from bot.llm.errors import ClaudeError
from bot.llm.server import Say
from bot.llm.types import Question
from personas.character import Character

WARM_SECONDS = 180.0


async def warm_up(app: App, say: Say) -> None:
    """Make our own model process each character's prompt prefix before the first message.

    The first token for a character takes it some twenty seconds, every later one a fraction.
    """
    if not app.server.rehearsal:
        return
    for role in app.company:
        if not await _wake(app, role.character, say):
            return


async def _wake(app: App, character: Character, say: Say) -> bool:
    """Process a character's prompt prefix once; return whether the model answered."""
    from bot.llm.local import warm

    prompt = rehearsal_beginning(character)
    question = Question(
        purpose="warm-up", model=app.server.model, max_tokens=1, deadline=WARM_SECONDS, retries=False
    )
    say(f"{character.name} is waking up; that takes half a minute, or more on a slow machine ...")
    try:
        seconds = await warm(lambda: app.claude.ask(prompt, question), deadline=WARM_SECONDS)
    except ClaudeError as error:
        say(f"Waking up did not work ({error}); the first answer may take long.")
        return False
    if seconds is not None:
        say(f"{character.name} is awake ({seconds:.0f} s).")
    return True
