"""What several tests stand on: privacy."""

from dataclasses import replace

from tests.builders import AT_ONCE

ASKING = replace(AT_ONCE, asks_after=2)
