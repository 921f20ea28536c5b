"""Pictures of how a character felt and how it stands with somebody: values in, SVG and sentences out."""

from bot.pictures.bond import BondChart, Change, bond_svg, bond_text
from bot.pictures.drawing import Drawings, Drawn
from bot.pictures.gauges import Gauge
from bot.pictures.week import Curve, Moment, Week, week_svg, week_text

__all__ = [
    "BondChart",
    "Change",
    "Curve",
    "Drawings",
    "Drawn",
    "Gauge",
    "Moment",
    "Week",
    "bond_svg",
    "bond_text",
    "week_svg",
    "week_text",
]
