"""One class for each noun; each works inside the unit of work that it is given."""

from database.repositories.calls import Calls
from database.repositories.channels import Channels
from database.repositories.messages import Messages
from database.repositories.states import States
from database.repositories.turns import Turns
from database.repositories.users import Users

__all__ = ["Calls", "Channels", "Messages", "States", "Turns", "Users"]
