"""Whether a template, a memory or a configuration is fit for use: True or False, never an exception."""

from string import Template


def validate_prompt_template(template: object) -> bool:
    """Return whether this is a text whose every $ is a ${name}, a $name or a $$ (P20)."""
    return isinstance(template, str) and Template(template).is_valid()


def validate_memory_content(content: object) -> bool:
    """Return whether this is a dict with something in it (P20)."""
    return isinstance(content, dict) and bool(content)


def validate_memory_config(config: object) -> bool:
    """Return whether MemoryManager takes this: any part of the configuration, of the right kinds (P20)."""
    if not isinstance(config, dict):
        return False
    return all(key in _CHECKS and _CHECKS[key](value) for key, value in config.items())


def _is_count(value: object) -> bool:
    # True is an int to Python, and no number to anybody who writes it here.
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


_CHECKS = {"max_memories": _is_count, "summary_threshold": _is_count, "auto_summarize": _is_switch}
