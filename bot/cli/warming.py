"""Waking the rehearsal voice before the first message comes."""

from bot.app import App
from bot.conversation.rehearsal import rehearsal_beginning
from bot.llm.errors import ClaudeError
from bot.llm.server import Say
from bot.llm.types import Question
from personas.character import Character

WARM_SECONDS = 180.0


async def warm_up(app: App, say: Say) -> None:
    """Let our own model read each character before the first message comes.

    The first token of a character takes it some twenty seconds, and every later one a fraction.
    """
    if not app.server.rehearsal:
        return
    for role in app.company:
        if not await _wake(app, role.character, say):
            return


async def _wake(app: App, character: Character, say: Say) -> bool:
    """Have what every prompt of a character begins with read once; say whether the model answered."""
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
