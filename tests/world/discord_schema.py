"""Checks what goes over the wire against Discord's own OpenAPI document, where that is at hand."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from tests.world.discord_requests import Request

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = "urn:discord"
# discord.py says this with every message, edits included, and Discord lets it pass.
HARMLESS = {"tts"}


def document_path() -> Path:
    """Return where the OpenAPI document is expected."""
    shared = Path(os.environ.get("MASQUERADE_SHARED", REPOSITORY.parent / "shared"))
    return shared / "data" / "discord-openapi.json"


class Schema:
    """Discord's description of the bodies that it takes; without the document nothing is checked."""

    def __init__(self, document: dict[str, Any] | None) -> None:
        self._document = document
        self._bodies = _body_pointers(document) if document is not None else {}
        self._validators: dict[tuple[str, str], Any] = {}

    @property
    def is_available(self) -> bool:
        """Say whether there is a document to check against."""
        return self._document is not None

    def faults_of(self, request: Request) -> list[str]:
        """Return what is wrong with a request's JSON body, one line each."""
        key = (request.method, _shape(request.template or ""))
        if request.body is None or key not in self._bodies:
            return []
        where = f"{request.method} {request.template}"
        errors = self._validator(key).iter_errors(request.body)
        faults = [f"{where}: {each.json_path}: {each.message[:300]}" for each in errors]
        return faults + [f"{where}: unknown field {name!r}" for name in self._unknown(key, request)]

    def faults_in(self, payload: dict[str, Any], *, component: str) -> list[str]:
        """Return what is wrong with an object that Discord sends, by the name of its schema."""
        pointer = f"/components/schemas/{component}"
        errors = self._validator_of(pointer).iter_errors(payload)
        faults = [f"{each.json_path}: {each.message[:300]}" for each in errors]
        unknown = sorted(set(payload) - set(self._resolve(pointer)["properties"]))
        return faults + [f"unknown field {name!r}" for name in unknown]

    def _validator(self, key: tuple[str, str]) -> Any:
        if key not in self._validators:
            self._validators[key] = self._validator_of(self._bodies[key])
        return self._validators[key]

    def _validator_of(self, place: str) -> Any:
        from jsonschema import Draft202012Validator
        from referencing import Registry, Resource
        from referencing.jsonschema import DRAFT202012

        resource = Resource.from_contents(self._document, default_specification=DRAFT202012)
        registry: Registry[Any] = Registry().with_resource(ROOT, resource)
        return Draft202012Validator({"$ref": f"{ROOT}#{place}"}, registry=registry)

    def _unknown(self, key: tuple[str, str], request: Request) -> list[str]:
        # The document leaves objects open, so that it would take a misspelt field for a new one.
        schema = self._resolve(self._bodies[key])
        if not isinstance(request.body, dict) or "properties" not in schema:
            return []
        return sorted(set(request.body) - set(schema["properties"]) - HARMLESS)

    def _resolve(self, pointer: str) -> Any:
        node: Any = self._document
        for part in pointer.split("/")[1:]:
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return self._resolve(node["$ref"].removeprefix("#")) if "$ref" in node else node


@cache
def load_schema() -> Schema:
    """Return the schema of the document on this machine, or one that checks nothing."""
    path = document_path()
    if not path.is_file():
        return Schema(None)
    document = json.loads(path.read_text(encoding="utf-8"))
    snowflake = document["components"]["schemas"]["SnowflakeType"]
    # discord.py sends many ids as integers, and Discord takes them.
    document["components"]["schemas"]["SnowflakeType"] = {
        "anyOf": [snowflake, {"type": "integer", "minimum": 0}]
    }
    # Discord's documentation tells of forwards, its OpenAPI document does not yet.
    document["components"]["schemas"]["MessageReferenceType"]["oneOf"].append(
        {"title": "FORWARD", "const": 1}
    )
    return Schema(document)


def _body_pointers(document: dict[str, Any]) -> dict[tuple[str, str], str]:
    pointers: dict[tuple[str, str], str] = {}
    for path, operations in document["paths"].items():
        escaped = path.replace("~", "~0").replace("/", "~1")
        for method, operation in operations.items():
            content = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
            if "application/json" in content.get("content", {}):
                steps = f"/paths/{escaped}/{method}/requestBody/content/application~1json/schema"
                pointers[method.upper(), _shape(path)] = steps
    return pointers


def _shape(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path)
