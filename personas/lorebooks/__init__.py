"""Lorebooks: parsing, and scanning for entries relevant to a talk (F105, C32-C34)."""

from personas.lorebooks.budget import Active
from personas.lorebooks.export import to_v3
from personas.lorebooks.model import Logic, Lorebook, LorebookError, LoreEntry, Position, Ref, Role
from personas.lorebooks.reading import read_lorebook
from personas.lorebooks.scanning import Activated, faults, meanings, scan
from personas.lorebooks.select import ScanContext
from personas.lorebooks.state import LoreState

__all__ = [
    "Activated",
    "Active",
    "Logic",
    "LoreEntry",
    "LoreState",
    "Lorebook",
    "LorebookError",
    "Position",
    "Ref",
    "Role",
    "ScanContext",
    "faults",
    "meanings",
    "read_lorebook",
    "scan",
    "to_v3",
]
