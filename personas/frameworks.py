"""Frameworks: behaviour that characters build on, read from untrusted files."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from personas.character_parts import Table, Text
from personas.character_rules import fault

DEFAULT_FRAMEWORK = "neuro"
"""Replacement for a missing framework (F099)."""
LARGEST_FILE = 1_000_000
"""Maximum size of a framework file in bytes."""
MOST_FILES = 200
"""Maximum number of files read from a folder, in order of name."""
NAMES = (
    "character_name",
    "purpose",
    "identity",
    "behavior",
    "knowledge",
    "interaction",
    "anti_hallucination",
)
"""Placeholders of a prompt_template, as $name, ${name} or {name}."""

_ONE_OF = "|".join(NAMES)
_PLACE = re.compile(rf"\$(?:({_ONE_OF})\b|\{{({_ONE_OF})\}})|(?<![{{$])\{{({_ONE_OF})\}}(?!\}})")
_STRANGE = re.compile(r"(?<![{$])\$?\{([^{}\n]{1,60})\}(?!\})")
# Keys for values that people write as a plain list or text.
_UNDER = {
    "behavioral_patterns": "patterns",
    "tool_requirements": "required",
    "decision_making": "rules",
    "context_requirements": "needed",
    "interaction_style": "style",
    "anti_hallucination": "rules",
}


@dataclass(frozen=True)
class FrameworkFault:
    """A fault in a framework: field, fault, remedy."""

    field: str
    wrong: str
    mend: str

    def __str__(self) -> str:
        return f"{self.field}: {self.wrong}; {self.mend}" if self.field else f"{self.wrong}; {self.mend}"


class FrameworkError(ValueError):
    """A framework can't be created; `where` is its file, `faults` lists all faults."""

    def __init__(self, where: str, faults: tuple[FrameworkFault, ...]) -> None:
        super().__init__("\n".join(f"{where}: {entry}" for entry in faults))
        self.where = where
        self.faults = faults


def _listed(key: str) -> BeforeValidator:
    """Put a plain list or text under `key`, so that every section of a framework is a table."""

    def table(value: object) -> object:
        if value is None or value == "":
            return {}
        return {key: value} if isinstance(value, str | list) else value

    return BeforeValidator(table)


def _written(text: str) -> str:
    if not text.strip():
        raise fault("is missing", "write what the model is told, with {identity} where the character stands")
    return text


class Framework(BaseModel):
    """Behaviour that any character may build on (F096). Unknown fields of its file are ignored."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    framework_id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    name: Annotated[str, Field(max_length=200)] = ""
    purpose: Text = ""
    behavioral_patterns: Annotated[Table, _listed(_UNDER["behavioral_patterns"])] = {}
    tool_requirements: Annotated[Table, _listed(_UNDER["tool_requirements"])] = {}
    decision_making: Annotated[Table, _listed(_UNDER["decision_making"])] = {}
    context_requirements: Annotated[Table, _listed(_UNDER["context_requirements"])] = {}
    interaction_style: Annotated[Table, _listed(_UNDER["interaction_style"])] = {}
    anti_hallucination: Annotated[Table, _listed(_UNDER["anti_hallucination"])] = {}
    prompt_template: Annotated[Text, AfterValidator(_written)]

    @cached_property
    def digest(self) -> str:
        """Hash of all values; 1 and true, which are equal in Python, differ."""
        written = json.dumps(self.model_dump(mode="json"))
        return blake2b(written.encode(), digest_size=16).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Framework) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@dataclass(frozen=True)
class Frameworks:
    """The frameworks of a folder by id, the faults of invalid ones, and notices."""

    by_id: Mapping[str, Framework]
    faults: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def read_framework(data: Mapping[str, Any], where: str) -> Framework:
    """Return the framework that a JSON object describes; its id becomes lower case (F096).

    Raises FrameworkError with the file (`where`), the fields and remedies.
    """
    if not isinstance(data, Mapping):
        raise _refused(where, "is no JSON object", "write { ... } with a framework_id and a prompt_template")
    said = {key: data[key] for key in Framework.model_fields if key in data}
    said["framework_id"] = _id_of(said.get("framework_id"))
    try:
        return Framework.model_validate(said)
    except ValidationError as error:
        found = tuple(_fault_of(details) for details in error.errors(include_input=False, include_url=False))
        raise FrameworkError(where, found) from None


def framework_from(text: bytes, where: str) -> tuple[Framework, tuple[str, ...]]:
    """Return the framework in a file's bytes, and notices for its author.

    Raises FrameworkError, with the line number of a syntax error in the JSON.
    """
    if len(text) > LARGEST_FILE:
        raise _refused(where, f"has over {LARGEST_FILE} bytes", "shorten it")
    try:
        data = json.loads(text.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise _refused(where, "is not UTF-8", "save it as UTF-8") from None
    except json.JSONDecodeError as error:
        wrong = f"is no JSON: {error.msg.lower()} in line {error.lineno}"
        raise _refused(where, wrong, "mend that line") from None
    except (ValueError, RecursionError):
        wrong = "holds a number that JSON has not, or is nested without end"
        raise _refused(where, wrong, "write numbers as 0.5, and the tables flatter") from None
    return read_framework(data, where), framework_notices(data, where)


def read_frameworks(folder: Path) -> Frameworks:
    """Return the frameworks in a folder's *.json files; a broken file never hides others (F095).

    Of two with the same id, the first by file name counts. A missing folder contains none.
    """
    files = sorted(path for path in folder.glob("*.json") if path.is_file())
    by_id: dict[str, Framework] = {}
    faults: list[str] = []
    notices = [f"{folder}: holds over {MOST_FILES} files; the rest is left out"] * (len(files) > MOST_FILES)
    for path in files[:MOST_FILES]:
        try:
            framework, said = framework_from(_bytes(path), str(path))
        except FrameworkError as error:
            faults.append(str(error))
            continue
        notices += said
        if by_id.setdefault(framework.framework_id, framework) is not framework:
            notices.append(f"{path}: framework_id: {framework.framework_id} is there already; left out")
    return Frameworks(by_id, tuple(faults), tuple(notices))


def framework_notices(data: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """Return notices about a valid framework's unknown, empty or misspelt fields."""
    strange = [key for key in data if key not in Framework.model_fields]
    left_out = [f"{where}: {str(key)[:60]!r}: is no field of a framework; left out" for key in strange[:10]]
    empty = [key for key in Framework.model_fields if not data.get(key)]
    silent = [f"{where}: {key}: says nothing" for key in empty if key != "framework_id"]
    return (*left_out, *silent, *_template_notices(str(data.get("prompt_template", "")), where))


def filled(template: str, values: Mapping[str, str]) -> str:
    """Fill a template with `values` for the placeholders in NAMES, in a single pass (faults D5).

    Values are inserted unchanged and never expanded again; other text, such as {x.__class__} or
    {identity:>9}, stays as it is. Each part is inserted at its first placeholder only; parts without
    placeholder are appended, so that no template loses the character. A line that contains only an empty part
    is removed.
    """
    template = _without_empty(template, values)
    named = {_name_of(found) for found in _PLACE.finditer(template)}
    missing = [name for name in NAMES[2:] if name not in named and values.get(name)]
    template = "\n\n".join([template.rstrip("\n"), *(f"{{{name}}}" for name in missing)])
    stood: set[str] = set()

    def part(found: re.Match[str]) -> str:
        name = _name_of(found)
        again = name in stood and name != NAMES[0]
        stood.add(name)
        return "" if again else values.get(name, "")

    return _PLACE.sub(part, template)


def _without_empty(template: str, values: Mapping[str, str]) -> str:
    lines = template.replace("\r\n", "\n").split("\n")
    kept = [line for line in lines if not _is_empty_part(line.strip(), values)]
    return "\n".join(lines) if len(kept) == len(lines) else re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _is_empty_part(line: str, values: Mapping[str, str]) -> bool:
    found = _PLACE.fullmatch(line)
    return found is not None and not values.get(_name_of(found))


def _name_of(found: re.Match[str]) -> str:
    return next(name for name in found.groups() if name)


def _template_notices(template: str, where: str) -> tuple[str, ...]:
    named = [_name_of(found) for found in _PLACE.finditer(template)]
    strange = dict.fromkeys(name for name in _STRANGE.findall(template) if name not in NAMES)
    twice = [name for name in NAMES[1:] if named.count(name) > 1]
    return (
        *(
            f"{where}: prompt_template: {name[:40]!r} is no part of a prompt; left as it is"
            for name in strange
        ),
        *(
            f"{where}: prompt_template: {name} is named more than once; only the first counts"
            for name in twice
        ),
    )


def _id_of(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise _refused(str(path), f"can't be read: {error.strerror}", "look at its rights") from None


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _refused(where: str, wrong: str, mend: str) -> FrameworkError:
    return FrameworkError(where, (FrameworkFault("", wrong, mend),))


def _fault_of(details: ErrorDetails) -> FrameworkFault:
    field = str(details["loc"][0]) if details["loc"] else ""
    context = details.get("ctx", {})
    if "mend" in context:
        return FrameworkFault(field, context["wrong"], context["mend"])
    if field == "framework_id":
        mend = "write at most 64 lower-case letters, digits, - and _"
        return FrameworkFault(field, "is missing or can't be a name for files", mend)
    if details["type"] == "missing":
        return FrameworkFault(field, "is missing", "write it; docs/frameworks.md says how")
    return FrameworkFault(field, details["msg"].lower(), "see docs/frameworks.md")
