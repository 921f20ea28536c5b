"""Templates for prompts: texts with ${places} to fill in."""

from collections.abc import Mapping
from string import Template
from typing import Any, Self

from personaflow.utils.validators import validate_prompt_template


class PromptTemplate:
    """A text with places to fill in; `template` is the string.Template (P17)."""

    def __init__(self, template: str) -> None:
        self.template = Template(template)

    def format(self, /, **variables: Any) -> str:
        """Return the text with what is given filled in; every other place stays as it is."""
        return self.template.safe_substitute(variables)


class PromptManager:
    """Templates by name (P16)."""

    def __init__(self) -> None:
        self.templates: dict[str, PromptTemplate] = {}

    def add_template(self, name: str, template: str) -> None:
        """Keep a template, in place of one with the same name.

        Raises ValueError for a blank name, a blank template and one that can't be read.
        """
        if not name or not name.strip():
            raise ValueError("the template's name is blank")
        if not validate_prompt_template(template):
            raise ValueError(f"template {name!r} has a $ that is no ${{name}}; write $$ for a dollar sign")
        if not template.strip():
            raise ValueError(f"template {name!r} is blank")
        self.templates[name] = PromptTemplate(template)

    def get_prompt(self, /, template_name: str, **variables: Any) -> str:
        """Return the template filled in; KeyError if there is none of that name.

        A place that nothing is given for stays as it is. Any variable will do but `template_name`.
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
        """Return what `to_dict` described; raises what `add_template` raises."""
        manager = cls()
        for name, template in data.items():
            manager.add_template(name, template)
        return manager
