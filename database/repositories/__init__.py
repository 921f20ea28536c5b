"""One class for each noun; each works inside the unit of work that it is given."""

from database.repositories.audits import Audits
from database.repositories.bots import Bots
from database.repositories.calls import Calls
from database.repositories.channels import Channels
from database.repositories.house import House
from database.repositories.memories import Memories
from database.repositories.messages import Messages
from database.repositories.states import States
from database.repositories.summaries import Summaries
from database.repositories.turns import Turns
from database.repositories.users import Users

__all__ = [
    "Audits",
    "Bots",
    "Calls",
    "Channels",
    "House",
    "Memories",
    "Messages",
    "States",
    "Summaries",
    "Turns",
    "Users",
]
