"""One class for each noun; each works inside the unit of work that it is given."""

from database.repositories.affinities import Affinities
from database.repositories.archive import Archive
from database.repositories.audits import Audits
from database.repositories.bonds import Bonds
from database.repositories.bots import Bots
from database.repositories.calls import Calls
from database.repositories.casts import Casts
from database.repositories.channels import Channels
from database.repositories.consents import Consents
from database.repositories.cues import Cues
from database.repositories.feelings import Feelings
from database.repositories.guises import Guises
from database.repositories.house import House
from database.repositories.identities import Identities
from database.repositories.jobs import Jobs
from database.repositories.leftovers import Leftovers
from database.repositories.lore import Lore
from database.repositories.memories import Memories
from database.repositories.messages import Messages
from database.repositories.people import People
from database.repositories.remarks import Remarks
from database.repositories.reminders import Reminders
from database.repositories.rhythms import Rhythms
from database.repositories.seats import Seats
from database.repositories.spending import DaySpendings
from database.repositories.states import States
from database.repositories.summaries import Summaries
from database.repositories.tickets import Tickets
from database.repositories.turns import Turns
from database.repositories.users import Users
from database.repositories.vectors import Embeddings

__all__ = [
    "Affinities",
    "Archive",
    "Audits",
    "Bonds",
    "Bots",
    "Calls",
    "Casts",
    "Channels",
    "Consents",
    "Cues",
    "DaySpendings",
    "Embeddings",
    "Feelings",
    "Guises",
    "House",
    "Identities",
    "Jobs",
    "Leftovers",
    "Lore",
    "Memories",
    "Messages",
    "People",
    "Remarks",
    "Reminders",
    "Rhythms",
    "Seats",
    "States",
    "Summaries",
    "Tickets",
    "Turns",
    "Users",
]
