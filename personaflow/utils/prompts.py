"""Prompt templates with ${placeholders}."""

from collections.abc import Mapping
from string import Template
from typing import Any, Self

from personaflow.utils.validators import validate_prompt_template


class PromptTemplate:
    """A text with placeholders; `template` is the string.Template (P17)."""

    def __init__(self, template: str) -> None:
        self.template = Template(template)

    def format(self, /, **variables: Any) -> str:
        """Return the text with the given variables filled in; other placeholders stay unchanged."""
        return self.template.safe_substitute(variables)


class PromptManager:
    """Templates by name (P16)."""

    def __init__(self) -> None:
        self.templates: dict[str, PromptTemplate] = {}

    def add_template(self, name: str, template: str) -> None:
        """Store a template, replacing one with the same name.

        Raises ValueError for a blank name, a blank template and an invalid one.
        """
        if not name or not name.strip():
            raise ValueError("the template's name is blank")
        if not validate_prompt_template(template):
            raise ValueError(f"template {name!r} has a $ that is no ${{name}}; write $$ for a dollar sign")
        if not template.strip():
            raise ValueError(f"template {name!r} is blank")
        self.templates[name] = PromptTemplate(template)

    def get_prompt(self, /, template_name: str, **variables: Any) -> str:
        """Return the filled template; KeyError if none has that name.

        Placeholders without a value stay unchanged. Any variable name but `template_name` is permitted.
        """
        if template_name not in self.templates:
            known = ", ".join(self.templates) or "none"
            raise KeyError(f"no template is called {template_name!r}; known: {known}")
        return self.templates[template_name].format(**variables)

    def to_dict(self) -> dict[str, str]:
        """Return the templates' texts by name."""
        return {name: kept.template.template for name, kept in self.templates.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Self:
        """Return the manager that `to_dict` described; raises the errors of `add_template`."""
        manager = cls()
        for name, template in data.items():
            manager.add_template(name, template)
        return manager
