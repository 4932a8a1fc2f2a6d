"""Every colour of the pages, for Python, CSS and JavaScript; the theme's own are in .streamlit/config.toml."""

from functools import cache

import numpy as np

# Okabe and Ito's colours, distinguishable for colour-blind eyes, darkened where a white page needs it.
TRAINING, VALIDATION = "#D98200", "#2F78C4"
CORRECT, INCORRECT = "#2F78C4", "#C25400"  # predictions
SELECTED = "#9839A2"  # the frame around a selected cell
CURRENT = "#D98200"  # the mark at the current value of a slider
POSITIVE, NEGATIVE = "#D98200", "#2F78C4"  # contributions to a sum
HIGHLIGHT = "#FF4FA3"  # the frame or ring around one value or digit among many colours
# One for each run: at least 3:1 against the white and the black page, as far apart as eight can be for every kind of
# colour-blind eye (OKLab distance of at least 0.1 in the simulations of Machado, Oliveira & Fernandes, 2009).
RUNS = ["#ED6E12", "#2258E5", "#9839A2", "#2794FB", "#C73F15", "#7C9C7B", "#B56CBC", "#747474"]
GRID = "rgba(128, 138, 155, 0.28)"  # grid lines, visible on white and on black
STRONG_GRID = "rgba(128, 138, 155, 0.6)"  # the same on a projector
BORDER = "rgba(128, 138, 155, 0.5)"  # of table cells
MUTED = "rgba(128, 138, 155, 0.6)"  # bars that are not the point of a chart
OUTLINE = "rgba(190, 200, 215, 0.8)"  # of a digit over its attribution
DIGITS = (  # one colour per class, 0 to 9; where it matters the digit itself is shown too
    "#888888", "#2F78C4", "#D55E00", "#009E73", "#AA4499", "#B08900", "#3FA7D6", "#C2334D", "#7A5CD0", "#6B8E23",
)  # fmt: skip
DIVERGING = [  # black is 0, as the background of a digit is; brighter blue below it, brighter orange above
    (0.0, "#8FD3FF"), (0.25, "#2F8FD0"), (0.5, "#000000"), (0.75, "#C47A00"), (1.0, "#FFC14D"),
]  # fmt: skip
EVIDENCE = [  # black is 0; brighter purple is against a digit, brighter green for it: neither is "correct" or "misread"
    (0.0, "#E2B3FF"), (0.25, "#9B4FC4"), (0.5, "#000000"), (0.75, "#2E8B45"), (1.0, "#8CE99A"),
]  # fmt: skip
MATRIX = {  # a cell of the confusion matrix, from the fewest digits to the most; in the dark mistakes are what glows
    "light": {
        "correct": ("#E4EEF8", "#2768AD"), "misread": ("#FBE7D7", "#C25400"),
        "better": ("#E4EEF8", "#2768AD"), "worse": ("#FBE7D7", "#C25400"),
    },
    "dark": {
        "correct": ("#16243A", "#25466E"), "misread": ("#4E2C0C", "#FFB25E"),
        "better": ("#17304F", "#6FB4F5"), "worse": ("#4E2C0C", "#FFB25E"),
    },
}  # fmt: skip
MARKED = "#D98200"  # the frame of a digit found in a picture or with a label in doubt
MARK = "#2F5FC4"  # behind the digit of the app's mark
ACCENT = ("#2F5FC4", "#8FB2FF")  # for lines and words, on a light and on a dark page
ON_ACCENT = ("#FFFFFF", "#0B1020")  # words on the theme's primary colour, on a light and on a dark page
MEANING = ("#1B2433", "#33405A")  # the box with the meaning of a term, on a light and on a dark page
MEANING_TEXT = "#FFFFFF"
INK, BACKGROUND = "#FFFFFF", "#000000"  # of a digit
PAPER = "#FFFFFF"  # behind a picture with transparency
DARK_TEXT, LIGHT_TEXT = "#000000", "#FFFFFF"  # on a coloured cell

CSS_VARIABLES = {
    "--lab-accent": f"light-dark({ACCENT[0]}, {ACCENT[1]})",  # by the colour scheme that Streamlit gives the page
    "--lab-on-accent": f"light-dark({ON_ACCENT[0]}, {ON_ACCENT[1]})",
    "--lab-meaning": f"light-dark({MEANING[0]}, {MEANING[1]})",
    "--lab-meaning-text": MEANING_TEXT,
    "--lab-marked": MARKED,
    "--lab-highlight": HIGHLIGHT,
    "--lab-border": BORDER,
    "--lab-background": BACKGROUND,
    "--lab-grid": GRID,
    "--lab-correct": CORRECT,
    "--lab-incorrect": INCORRECT,
    "--lab-muted": MUTED,
    "--lab-selected": SELECTED,
    "--lab-light-text": LIGHT_TEXT,
}


def stylesheet() -> str:
    """Return CSS custom properties with the colours that the stylesheets and, by inheritance, the components use."""
    return ":root {" + " ".join(f"{name}: {colour};" for name, colour in CSS_VARIABLES.items()) + "}"


def between(low: str, high: str, strength: float) -> str:
    """Return the colour "#RRGGBB" at `strength`, 0..1, of the way from one colour to another."""
    ends = (bytes.fromhex(colour.removeprefix("#")) for colour in (low, high))
    return "#" + bytes(round(start + strength * (end - start)) for start, end in zip(*ends, strict=True)).hex().upper()


@cache
def diverging_colours() -> list[list[int]]:
    """Return 256 RGB colours along `DIVERGING`; that of index 128 is black."""
    stops = [255 * position for position, _ in DIVERGING]
    channels = list(zip(*(bytes.fromhex(colour.removeprefix("#")) for _, colour in DIVERGING), strict=True))
    return [[round(float(np.interp(index, stops, channel))) for channel in channels] for index in range(256)]


def text_colour(background: tuple[int, int, int]) -> str:
    """Return white where it has a contrast of at least 4.5 (WCAG 2) with this RGB colour, 0..255, else black."""
    parts = [part / 255 for part in background]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return LIGHT_TEXT if 1.05 / (luminance + 0.05) >= 4.5 else DARK_TEXT
