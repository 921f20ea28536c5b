"""What several tests stand on: votes."""

from dataclasses import replace

from bot.conversation.attention.vote import Voters
from tests.builders import AT_ONCE

VOTERS = Voters(model="claude-haiku-5-5", count=3, deadline=10.0)


VOTING = replace(AT_ONCE, attention=replace(AT_ONCE.attention, voters=VOTERS))


ASKING = "does anybody know how to fix this? please help"
