"""What all characters share while they talk."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bot.budgets import Budgets
from bot.claude.client import Claude
from bot.clock import Clock
from bot.conversation.casting import Casting
from bot.conversation.etiquette import Etiquette
from bot.conversation.inner import InnerLife
from bot.conversation.manner import Manner
from bot.conversation.replying import Voice
from bot.conversation.rooms import Rooms
from bot.conversation.staging import Staging
from bot.erasing import Eraser
from bot.meaning import Meaning
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
