"""What all characters share while they talk."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bot.conversation.config import Manner
from bot.conversation.etiquette import Etiquette
from bot.conversation.generation import Voice
from bot.conversation.mood_state import InnerLife
from bot.conversation.queue import Rooms
from bot.conversation.situation import Staging
from bot.conversation.speakers import Casting
from bot.core.clock import Clock
from bot.llm.budget import Budgets
from bot.llm.client import Claude
from bot.memory.erasing import Eraser
from bot.memory.meaning import Meaning
from database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Backstage:
    """The parts that every one of them works with."""

    database: Database
    claude: Claude
    voice: Voice
    manner: Manner
    clock: Clock
    rng: Random
    rooms: Rooms
    eraser: Eraser
    etiquette: Etiquette
    meaning: Meaning
    casting: Casting
    staging: Staging
    inner: InnerLife
    budgets: Budgets
    reached: Callable[[str], None]
