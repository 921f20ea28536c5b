"""Charts: values in, SVG and descriptions out."""

from bot.pictures.bond import BondChart, GaugeChange, bond_svg, bond_text
from bot.pictures.costs import Bars, Series, bars_svg, bars_text
from bot.pictures.drawing import Drawings, DrawnPicture
from bot.pictures.gauges import Gauge

__all__ = [
    "Bars",
    "BondChart",
    "Drawings",
    "DrawnPicture",
    "Gauge",
    "GaugeChange",
    "Series",
    "bars_svg",
    "bars_text",
    "bond_svg",
    "bond_text",
]
