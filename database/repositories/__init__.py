"""One class for each noun; each works inside the unit of work that it is given."""

from database.repositories.archive import Archive
from database.repositories.audits import Audits
from database.repositories.bots import Bots
from database.repositories.calls import Calls
from database.repositories.channels import Channels
from database.repositories.consents import Consents
from database.repositories.house import House
from database.repositories.leftovers import Leftovers
from database.repositories.memories import Memories
from database.repositories.messages import Messages
from database.repositories.people import People
from database.repositories.reminders import Reminders
from database.repositories.states import States
from database.repositories.summaries import Summaries
from database.repositories.turns import Turns
from database.repositories.users import Users
from database.repositories.vectors import Embeddings

__all__ = [
    "Archive",
    "Audits",
    "Bots",
    "Calls",
    "Channels",
    "Consents",
    "Embeddings",
    "House",
    "Leftovers",
    "Memories",
    "Messages",
    "People",
    "Reminders",
    "States",
    "Summaries",
    "Turns",
    "Users",
]
