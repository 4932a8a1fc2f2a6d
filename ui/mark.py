"""The mark of MNIST Lab: a 5 made of pixels, as the first digit of MNIST's training set is one."""

import streamlit as st

from ui.palette import INK, MARK

NAME = "MNIST Lab"
PIXELS = [  # of 8 x 8: # is full ink, + half
    "........",
    "..####+.",
    "..#.....",
    "..###+..",
    ".....+#.",
    "......#.",
    ".+###+..",
    "........",
]
SIZE = 32  # of the mark, in the units of the SVG
_INK_OPACITY = {"#": 1.0, "+": 0.6}


def mark_svg() -> str:
    """Return the mark alone, as SVG; it is the icon of every page."""
    return _svg(SIZE, _mark())


def logo_svg() -> str:
    """Return the mark with the name beside it, as SVG, in the text colour of the light or the dark theme."""
    light, dark = (st.get_option(f"theme.{scheme}.textColor") for scheme in ("light", "dark"))
    style = f"<style>text{{fill:{light}}}@media (prefers-color-scheme:dark){{text{{fill:{dark}}}}}</style>"
    font = 'font-family="system-ui, -apple-system, Segoe UI, Roboto, sans-serif" font-size="19" font-weight="600"'
    fitted = 'textLength="98" lengthAdjust="spacingAndGlyphs"'  # whatever font the visitor has
    return _svg(142, f'{style}{_mark()}<text x="43" y="22.5" {font} {fitted}>{NAME}</text>')


def _mark() -> str:
    pixel = SIZE / len(PIXELS)
    squares = [
        f'<rect x="{column * pixel + 0.2:g}" y="{row * pixel + 0.2:g}" width="{pixel - 0.4:g}" '
        f'height="{pixel - 0.4:g}" fill="{INK}" opacity="{_INK_OPACITY[ink]}"/>'
        for row, inks in enumerate(PIXELS)
        for column, ink in enumerate(inks)
        if ink in _INK_OPACITY
    ]
    return f'<rect width="{SIZE}" height="{SIZE}" rx="6" fill="{MARK}"/>{"".join(squares)}'


def _svg(width: int, content: str) -> str:
    size = f'width="{width}" height="{SIZE}" viewBox="0 0 {width} {SIZE}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{content}</svg>'
