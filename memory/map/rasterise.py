"""SVG to PNG, rendered by resvg with a font of known width."""

from importlib.util import find_spec
from pathlib import Path

from memory.map.lettering import FAMILY

LARGEST = 4.0
"""Maximum scale: a picture four times as wide and high has 15 million pixels."""
_STYLES = ("Regular", "Bold")


class PictureMissing(Exception):  # noqa: N818 -- a missing optional package is no program error
    """PNG is not available on this machine; the message is one sentence for the operator.

    `package` is the missing package.
    """

    def __init__(self, package: str) -> None:
        super().__init__(f"Pictures stay SVG: {package} not installed (extra `pictures`).")
        self.package = package


def as_png(svg: str, *, scale: float = 1.0) -> bytes:
    """Return the SVG as PNG, `scale` times as large; takes about 0.2 s, so call it in a thread.

    Raises PictureMissing without the packages of the extra `pictures`, ValueError for invalid SVG.
    """
    fonts = _fonts()
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise PictureMissing("resvg-py") from None
    # System fonts supply scripts that our font lacks.
    return svg_to_bytes(
        svg_string=svg,
        zoom=min(scale, LARGEST),
        font_files=fonts,
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )


def _fonts() -> list[str]:
    """Return the paths of the font's files; without fonts, resvg would silently leave out all text."""
    found = find_spec("font_source_sans_pro")
    folders = found.submodule_search_locations if found else None
    if not folders:
        raise PictureMissing("font-source-sans-pro")
    files = [Path(folders[0]) / "files" / f"SourceSansPro-{style}.ttf" for style in _STYLES]
    if not all(file.is_file() for file in files):
        raise PictureMissing("font-source-sans-pro")
    return [str(file) for file in files]
