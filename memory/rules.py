"""Of whom anything is kept, and for how long."""

from datetime import timedelta
from typing import Literal

Consent = Literal["opt_in", "opt_out", "off"]
"""About whom anything is noted without their asking: who agreed, who did not say no, nobody (D03)."""
LOG_KEPT = timedelta(hours=24)
WAITING_KEPT = timedelta(days=7)
"""For so long talk waits to be summed up, or for facts to be drawn, when every try fails."""
SOFT_KEPT = timedelta(days=14)
"""A fact that is not kept goes so long after its person was last there (C59, D18)."""
