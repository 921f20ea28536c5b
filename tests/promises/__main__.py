"""Lists every promise with the test that proves it: `python -m tests.promises`."""

import sys

from tests.promises.quoting import plain, promises

for each in promises():
    sys.stdout.write(f"{each.document}: {plain(each.sentence)}\n    {each.file}::{each.test}\n")
