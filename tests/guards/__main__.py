"""Try whether a test notices when a guard is taken out: `python -m tests.guards`, or with NAMES some of them.

Exit code 1 says that a guard is not held, 2 that a guard's text is not where the list of guards has it.
"""

import argparse
import sys

from tests.guards.catalogue import GUARDS
from tests.guards.running import Misplaced, Tried, Verdict, chosen_of, tried_guards

LAST_LINES = 15


def main() -> int:
    options = _options()
    try:
        guards = chosen_of(GUARDS, options.names)
        if options.list:
            for guard in guards:
                _say(f"{guard.name}: {guard.promise}")
            return 0
        tried = tried_guards(guards, jobs=options.jobs, say=_say)
    except Misplaced as misplaced:
        _say(str(misplaced))
        return 2
    for one in tried:
        if options.verbose or one.verdict is not Verdict.HELD:
            _tell(one)
    held = sum(one.verdict is Verdict.HELD for one in tried)
    _say(f"guards {held}/{len(tried)}")
    return int(held != len(tried))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.guards", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a guard; all of them without any")
    parser.add_argument("--list", action="store_true", help="name the guards and what each promises")
    parser.add_argument("--jobs", type=int, default=2, help="how many are tried side by side")
    parser.add_argument("--verbose", action="store_true", help="show what pytest said about each")
    return parser.parse_args()


def _tell(tried: Tried) -> None:
    _say(f"\n{tried}\n  {tried.guard.test}")
    for line in tried.said.strip().splitlines()[-LAST_LINES:]:
        _say(f"  {line}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
