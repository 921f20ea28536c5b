"""A persona: a character and its framework compiled into a prompt."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

from personas.blending import blending_notices
from personas.character import Character
from personas.frameworks import DEFAULT_FRAMEWORK, Framework, filled
from personas.persona_sections import Identity, parts_of

__all__ = ["Identity", "Persona", "compile_persona"]

_ORIGINAL = re.compile(r"\{\{\s*original\s*\}\}", re.IGNORECASE)
_UNFRAMED = ("identity", "behavior", "knowledge", "interaction")


@dataclass(frozen=True)
class Persona:
    """A compiled character; `version` changes whenever any of its sources changes.

    `tools` are names that its framework requests; they grant nothing.
    """

    character: Character
    framework: Framework | None
    identity: Identity
    prompt: str
    tools: tuple[str, ...]
    version: str

    @property
    def id(self) -> str:
        """`<slug>@<framework>`; the slug alone without a framework (F099)."""
        return (
            f"{self.character.slug}@{self.framework.framework_id}" if self.framework else self.character.slug
        )

    def as_dict(self) -> dict[str, Any]:
        """Return all contents as plain values, for a file that operators read (F095, F099)."""
        return {
            "id": self.id,
            "version": self.version,
            "prompt": self.prompt,
            "tools": list(self.tools),
            **_made_of(self.character, self.framework, self.identity),
        }


def compile_persona(
    character: Character,
    frameworks: Mapping[str, Framework],
    identity: Identity = Identity(),  # noqa: B008 - a value that never changes
) -> tuple[Persona, tuple[str, ...]]:
    """Compile a character, byte for byte the same for equal values; return the persona and notices (F099).

    A missing framework is replaced by `neuro`. Without a framework the prompt consists of the character's own
    words, followed by its other fields: a character with only a core_prompt compiles to exactly that. Macros
    such as {{user}} are expanded later.
    """
    framework = _framework_of(character, frameworks)
    prompt = _overridden(character.override, _prompt(character, framework, identity))
    persona = Persona(
        character=character,
        framework=framework,
        identity=identity,
        prompt=prompt,
        tools=_tools(framework),
        version=_digest([prompt, _made_of(character, framework, identity)]),
    )
    return persona, tuple(_notices(character, framework))


def _framework_of(character: Character, frameworks: Mapping[str, Framework]) -> Framework | None:
    if not character.framework:
        return None
    return frameworks.get(character.framework) or frameworks.get(DEFAULT_FRAMEWORK)


def _prompt(character: Character, framework: Framework | None, identity: Identity) -> str:
    parts = parts_of(character, framework, identity)
    if framework:
        return filled(framework.prompt_template, parts)
    return "\n\n".join(parts[name] for name in _UNFRAMED if parts[name])


def _overridden(override: str, prompt: str) -> str:
    """Put the override before the prompt, or insert the prompt at {{original}} in the override.

    It is inserted only once, however often it is named: otherwise a card of a few kilobytes could produce a
    prompt of gigabytes.
    """
    if not override.strip():
        return prompt
    before, *after = _ORIGINAL.split(override)
    return f"{before}{prompt}{''.join(after)}" if after else f"{override}\n\n{prompt}"


def _tools(framework: Framework | None) -> tuple[str, ...]:
    asked = framework.tool_requirements.get("required", ()) if framework else ()
    names = [asked] if isinstance(asked, str) else asked if isinstance(asked, list) else []
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))


def _notices(character: Character, framework: Framework | None) -> Iterator[str]:
    if character.framework and (framework is None or framework.framework_id != character.framework):
        instead = f"{framework.framework_id} takes its place" if framework else "it is played without one"
        yield f"{character.slug}: framework: there is no {character.framework!r}; {instead}"
    for notice in blending_notices(character.blending):
        yield f"{character.slug}: {notice}"


def _made_of(character: Character, framework: Framework | None, identity: Identity) -> dict[str, Any]:
    return {
        "character": character.model_dump(mode="json"),
        "framework": framework.model_dump(mode="json") if framework else None,
        "identity": {kind: list(rows) for kind, rows in asdict(identity).items()},
    }


def _digest(values: object) -> str:
    return blake2b(json.dumps(values).encode(), digest_size=12).hexdigest()
