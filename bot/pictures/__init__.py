"""Pictures of how a character felt and how it stands with somebody: values in, SVG and sentences out."""

from bot.pictures.bond import BondChart, Change, bond_svg, bond_text
from bot.pictures.costs import Bars, Series, bars_svg, bars_text
from bot.pictures.drawing import Drawings, Drawn
from bot.pictures.gauges import Gauge
from bot.pictures.week import Curve, Moment, Week, week_svg, week_text

__all__ = [
    "Bars",
    "BondChart",
    "Change",
    "Curve",
    "Drawings",
    "Drawn",
    "Gauge",
    "Moment",
    "Series",
    "Week",
    "bars_svg",
    "bars_text",
    "bond_svg",
    "bond_text",
    "week_svg",
    "week_text",
]
