"""Validation of templates, memories and configurations: True or False, never an exception."""

from string import Template


def validate_prompt_template(template: object) -> bool:
    """Return whether this is a text in which every $ is part of ${name}, $name or $$ (P20)."""
    return isinstance(template, str) and Template(template).is_valid()


def validate_memory_content(content: object) -> bool:
    """Return whether this is a non-empty dict (P20)."""
    return isinstance(content, dict) and bool(content)


def validate_memory_config(config: object) -> bool:
    """Return whether MemoryManager accepts this: any part of the configuration, with valid types (P20)."""
    if not isinstance(config, dict):
        return False
    return all(key in _CHECKS and _CHECKS[key](value) for key, value in config.items())


def _is_count(value: object) -> bool:
    # True is an int in Python, but not a number that somebody would write here.
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


_CHECKS = {"max_memories": _is_count, "summary_threshold": _is_count, "auto_summarize": _is_switch}
