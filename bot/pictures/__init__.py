"""Pictures of numbers: values in, SVG and sentences out."""

from bot.pictures.bond import BondChart, Change, bond_svg, bond_text
from bot.pictures.costs import Bars, Series, bars_svg, bars_text
from bot.pictures.drawing import Drawings, Drawn
from bot.pictures.gauges import Gauge

__all__ = [
    "Bars",
    "BondChart",
    "Change",
    "Drawings",
    "Drawn",
    "Gauge",
    "Series",
    "bars_svg",
    "bars_text",
    "bond_svg",
    "bond_text",
]
