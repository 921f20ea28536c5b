"""Components of messages and modals: what Discord takes of them, and what it refuses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.world.discord_requests import invalid_form

Component = Mapping[str, Any]

ROW, BUTTON, STRING_SELECT, TEXT_INPUT, LABEL = 1, 2, 3, 4, 18
SELECTS = (STRING_SELECT, 5, 6, 7, 8)
NEW_LAYOUT = 1 << 15
"""The flag of a message that is made of components alone."""

MOST_ROWS = 5
MOST_IN_A_ROW = 5
MOST_IN_ALL = 40
MOST_OPTIONS = 25
LONGEST = {"custom_id": 100, "placeholder": 150, "title": 45}
LONGEST_LABEL = {BUTTON: 80, TEXT_INPUT: 45, LABEL: 45}
LONGEST_OF_OPTION = 100


def check_message_components(components: Sequence[Component], *, flags: int) -> None:
    """Refuse what no message may show: too many rows, too wide ones, and whatever `_check` refuses."""
    if flags & NEW_LAYOUT:
        if len(list(walk(components))) > MOST_IN_ALL:
            raise _refused("BASE_TYPE_MAX_LENGTH", f"Must be {MOST_IN_ALL} or fewer in length.")
    else:
        _check_rows(components)
    _check(components)


def check_modal(modal: Component) -> None:
    """Refuse a modal that has no title or custom_id, too long ones, or not one to five components."""
    for name in ("title", "custom_id"):
        if not modal.get(name):
            raise invalid_form(name, "BASE_TYPE_REQUIRED", "This field is required")
    _check_lengths(modal)
    components = modal.get("components") or ()
    if not 1 <= len(components) <= MOST_ROWS:
        raise _refused("BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MOST_ROWS} in length.")
    _check(components)


def walk(components: Sequence[Component]) -> Iterator[Component]:
    """Yield components and what is inside of them, from the top to the bottom."""
    for each in components:
        yield each
        yield from walk(each.get("components") or ())
        yield from walk([each[name] for name in ("component", "accessory") if each.get(name)])


def _check_rows(components: Sequence[Component]) -> None:
    if len(components) > MOST_ROWS:
        raise _refused("BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MOST_ROWS} in length.")
    for row in components:
        # A select menu is as wide as five buttons.
        inside = row.get("components") or ()
        width = sum(MOST_IN_A_ROW if each["type"] in SELECTS else 1 for each in inside)
        if row["type"] != ROW or not inside:
            raise _refused("UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
        if width > MOST_IN_A_ROW:
            raise _refused(
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width"
            )


def _check(components: Sequence[Component]) -> None:
    seen: set[str] = set()
    for each in walk(components):
        _check_lengths(each)
        _check_options(each.get("options") or ())
        custom_id = each.get("custom_id")
        if custom_id in seen:
            raise _refused("COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
        if custom_id is not None:
            seen.add(custom_id)


def _check_lengths(given: Component) -> None:
    longest = LONGEST | {"label": LONGEST_LABEL.get(given.get("type", 0), LONGEST_OF_OPTION)}
    for name, most in longest.items():
        if len(given.get(name) or "") > most:
            raise invalid_form(name, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    if given.get("custom_id") == "":
        raise invalid_form("custom_id", "BASE_TYPE_REQUIRED", "This field is required")


def _check_options(options: Sequence[Component]) -> None:
    if len(options) > MOST_OPTIONS:
        raise _refused("BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MOST_OPTIONS} in length.")
    for option in options:
        for name in ("label", "value", "description"):
            if len(option.get(name) or "") > LONGEST_OF_OPTION:
                message = f"Must be {LONGEST_OF_OPTION} or fewer in length."
                raise invalid_form(name, "BASE_TYPE_MAX_LENGTH", message)
    if len({option["value"] for option in options}) < len(options):
        message = "The specified option value is already used"
        raise _refused("SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)


def _refused(code: str, message: str) -> Exception:
    return invalid_form("components", code, message)
