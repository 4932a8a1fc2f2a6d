"""How a digit and its answer are shown: plain data in, figure, picture or words out."""

import html

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mnist_core.drawing import Preparation
from mnist_core.segmentation import FoundDigit
from ui import images
from ui.palette import DARK_TEXT, MARKED, PAPER

CONFIDENCE_THRESHOLD = 0.6  # the probability that an answer needs; less is "not sure"
ANSWER_RULE = (
    "The ten probabilities add up to 100 %. The answer is the digit with the largest one; where even that is below "
    "60 %, it is “not sure”. A network trained with label smoothing never gives more than about 95 %: it was taught "
    "that nothing is certain. And a network can be sure and wrong: it has to call a scribble something."
)
STEP_EXPLANATIONS = {
    "cut": ("1. Cut out", "The smallest rectangle that holds the ink: where it was drawn no longer matters."),
    "box": (
        "2. Scaled into 20 × 20",
        "The longer side becomes 20 pixels and the shape is kept, as MNIST's makers did: its size no longer matters.",
    ),
    "digit": (
        "3. Centred by mass",
        "In 28 × 28, with the ink's centre of mass in the middle. Centred by its outline instead, accuracy falls by "
        "three points.",
    ),
}


def answer_text(probabilities: np.ndarray) -> tuple[str, str]:
    """The answer of (10,) probabilities in large letters, and how sure it is in small ones."""
    first, second = (int(digit) for digit in np.argsort(-probabilities, kind="stable")[:2])
    if probabilities[first] >= CONFIDENCE_THRESHOLD:
        return str(first), f"with {format_probability(probabilities[first])}"
    return (
        "not sure",
        f"{first} or {second}: {format_probability(probabilities[first])} and {format_probability(probabilities[second])}",
    )


def format_probability(probability: float) -> str:
    """0.9871 as "98.7 %"; what is nearly all is never called all."""
    return "over 99.9 %" if probability > 0.9995 else f"{100 * probability:.1f} %"


def network_input_html(digit: np.ndarray | None) -> str:
    """HTML: the uint8 (28, 28) digit as the network sees it, enlarged to crisp squares; None is a black one."""
    shown = np.zeros((28, 28), np.uint8) if digit is None else digit
    what = "nothing yet" if digit is None else "28 by 28 grey values"
    return f'<img class="seen-digit" src="{images.data_uri(shown)}" alt="What the network sees: {what}">'


def preparation_html(steps: Preparation) -> str:
    """HTML: the steps from a drawing to the digit, each with its reason."""
    parts = []
    for name, (title, why) in STEP_EXPLANATIONS.items():
        picture = images.data_uri(getattr(steps, name))
        parts.append(
            f'<figure><div><img class="{name}" src="{picture}" alt="{html.escape(title)}"></div>'
            f"<figcaption><b>{html.escape(title)}</b><br>{html.escape(why)}</figcaption></figure>"
        )
    return f'<div class="preparation">{"".join(parts)}</div>'


def annotate_picture(pixels: np.ndarray, found: list[FoundDigit], answers: list[str]) -> Image.Image:
    """The picture with a numbered frame around each digit, "number: answer" on it."""
    picture = Image.fromarray(pixels[..., :3] if pixels.ndim == 3 else pixels).convert("RGB")
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        sheet = Image.new("RGB", picture.size, PAPER)
        sheet.paste(picture, mask=Image.fromarray(pixels[..., 3]))
        picture = sheet
    factor = max(1.0, 480 / max(picture.size))  # a small picture is enlarged, or the numbers would cover it
    picture = picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.NEAREST)
    pen, wide = ImageDraw.Draw(picture), max(2, max(picture.size) // 300)
    font = ImageFont.load_default(max(12, min(max(picture.size) // 30, 36)))
    for number, (one, answer) in enumerate(zip(found, answers, strict=True), 1):
        left, top, right, bottom = (round(edge * factor) for edge in one.box)
        pen.rectangle(
            [left - 2 * wide, top - 2 * wide, right + 2 * wide, bottom + 2 * wide], outline=MARKED, width=wide
        )
        text = f"{number}: {answer}"
        x0, y0, x1, y1 = pen.textbbox((0, 0), text, font=font)
        at = max(0, min(left - 2 * wide, picture.width - (x1 - x0) - 3 * wide)), max(0, top - 4 * wide - (y1 - y0))
        pen.rectangle([at[0], at[1], at[0] + x1 - x0 + 3 * wide, at[1] + y1 - y0 + 2 * wide], fill=MARKED)
        pen.text((at[0] + wide - x0 + wide // 2, at[1] + wide - y0), text, fill=DARK_TEXT, font=font)
    return picture
