"""`main.py doctor`: looks at everything the bot needs, and says what is wrong and how to mend it."""

from bot.doctor.examination import examine
from bot.doctor.finding import Finding

__all__ = ["Finding", "examine"]
