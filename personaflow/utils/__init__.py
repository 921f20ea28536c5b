"""Utilities: prompt templates, validation, JSON files, logging."""

from personaflow.utils import validators
from personaflow.utils.logger import Logger
from personaflow.utils.prompts import PromptManager, PromptTemplate
from personaflow.utils.serializer import Serializer
from personaflow.utils.validators import (
    validate_memory_config,
    validate_memory_content,
    validate_prompt_template,
)

__all__ = [
    "Logger",
    "PromptManager",
    "PromptTemplate",
    "Serializer",
    "validate_memory_config",
    "validate_memory_content",
    "validate_prompt_template",
    "validators",
]
