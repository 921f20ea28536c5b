"""Pictures as PNG: SVG drawn by resvg, with a font of known width."""

from importlib.util import find_spec
from pathlib import Path

from memory.map.lettering import FAMILY

LARGEST = 4.0
"""The largest scale: a picture four times as wide and high has 15 million pixels."""
_STYLES = ("Regular", "Bold")


class PictureMissing(Exception):  # noqa: N818 -- it says what is so, and is no fault of the program
    """There can be no PNG on this machine; its text is one sentence for whoever runs the bot.

    `package` is what is not installed.
    """

    def __init__(self, package: str) -> None:
        super().__init__(f"Pictures stay SVG: {package} not installed (extra `pictures`).")
        self.package = package


def as_png(svg: str, *, scale: float = 1.0) -> bytes:
    """Return the SVG as PNG, `scale` times as large; takes about 0.2 s, so call it in a thread.

    PictureMissing without the packages of the extra `pictures`; ValueError for what is no SVG.
    """
    fonts = _fonts()
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise PictureMissing("resvg-py") from None
    # The fonts of the system stand in for scripts that ours has no letters of.
    return svg_to_bytes(
        svg_string=svg,
        zoom=min(scale, LARGEST),
        font_files=fonts,
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )


def _fonts() -> list[str]:
    """Return the paths of the font's files; without any, resvg would leave all words out, and say nothing."""
    found = find_spec("font_source_sans_pro")
    folders = found.submodule_search_locations if found else None
    if not folders:
        raise PictureMissing("font-source-sans-pro")
    files = [Path(folders[0]) / "files" / f"SourceSansPro-{style}.ttf" for style in _STYLES]
    if not all(file.is_file() for file in files):
        raise PictureMissing("font-source-sans-pro")
    return [str(file) for file in files]
