"""How a digit and its prediction are shown: plain data in; HTML, a picture or text out."""

import html

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mnist_core.drawing import Preprocessing
from mnist_core.segmentation import FoundDigit
from mnist_core.temperature import CONFIDENCE_THRESHOLD
from ui import images
from ui.labels import probability_text
from ui.palette import DARK_TEXT, MARKED, PAPER

PREDICTION_HELP = (
    "The ten probabilities add up to 100 %. The answer is the digit with the largest one; where even that is below "
    "80 %, it is “not sure”. The network’s temperature makes 90 % mean right nine times in ten, but only for digits "
    "like those it was measured on: it can be confident and wrong, because it has to call a scribble something."
)
STEP_EXPLANATIONS = {  # field of Preprocessing -> title, reason
    "cropped": ("1. Cropped", "The smallest rectangle that holds the ink: now it no longer matters where you drew it."),
    "scaled": (
        "2. Scaled into 20 × 20",
        "The longer side becomes 20 pixels and the shape is kept, as the makers of MNIST did: now its size no longer "
        "matters.",
    ),
    "digit": (
        "3. Centred by mass",
        "In 28 × 28, with the centre of mass of the ink in the middle. Centred by its outline instead, three more "
        "digits in a hundred are misread.",
    ),
}


def prediction_text(probabilities: np.ndarray) -> tuple[str, str]:
    """Return the answer that probabilities (10,) amount to, "4" or "not sure", and a note on its confidence."""
    first, second = (int(digit) for digit in np.argsort(-probabilities, kind="stable")[:2])
    highest, next_highest = (probability_text(probabilities[digit]) for digit in (first, second))
    if probabilities[first] >= CONFIDENCE_THRESHOLD:
        return str(first), f"with {highest}"
    return "not sure", f"{first} or {second}: {highest} and {next_highest}"


def network_input_html(digit: np.ndarray | None) -> str:
    """Return HTML of the uint8 (28, 28) digit as the network sees it, enlarged to crisp squares; black for None."""
    pixels = np.zeros((28, 28), np.uint8) if digit is None else digit
    description = "nothing yet" if digit is None else "28 by 28 grey values"
    return f'<img class="seen-digit" src="{images.data_uri(pixels)}" alt="What the network sees: {description}">'


def preprocessing_html(preprocessing: Preprocessing) -> str:
    """Return HTML of the steps from a drawing to the digit, each with its reason."""
    figures = []
    for name, (title, reason) in STEP_EXPLANATIONS.items():
        picture = images.data_uri(getattr(preprocessing, name))
        figures.append(
            f'<figure><div><img class="{name}" src="{picture}" alt="{html.escape(title)}"></div>'
            f"<figcaption><b>{html.escape(title)}</b><br>{html.escape(reason)}</figcaption></figure>"
        )
    return f'<div class="preprocessing">{"".join(figures)}</div>'


def annotate_picture(pixels: np.ndarray, digits: list[FoundDigit], answers: list[str]) -> Image.Image:
    """Return the picture, uint8 (H, W) or (H, W, 3 or 4), with a frame around each digit and "number: answer" on it."""
    picture = Image.fromarray(pixels[..., :3] if pixels.ndim == 3 else pixels).convert("RGB")
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        opaque = Image.new("RGB", picture.size, PAPER)
        opaque.paste(picture, mask=Image.fromarray(pixels[..., 3]))
        picture = opaque
    factor = max(1.0, 480 / max(picture.size))  # a small picture is enlarged, or the numbers would cover it
    picture = picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.NEAREST)
    pen, line_width = ImageDraw.Draw(picture), max(2, max(picture.size) // 300)
    font = ImageFont.load_default(max(12, min(max(picture.size) // 30, 36)))
    for number, (digit, answer) in enumerate(zip(digits, answers, strict=True), 1):
        left, top, right, bottom = (round(edge * factor) for edge in digit.box)
        margin = 2 * line_width
        frame = [left - margin, top - margin, right + margin, bottom + margin]
        pen.rectangle(frame, outline=MARKED, width=line_width)
        text = f"{number}: {answer}"
        x0, y0, x1, y1 = pen.textbbox((0, 0), text, font=font)
        x = max(0, min(left - margin, picture.width - (x1 - x0) - 3 * line_width))
        y = max(0, top - 4 * line_width - (y1 - y0))
        pen.rectangle([x, y, x + x1 - x0 + 3 * line_width, y + y1 - y0 + 2 * line_width], fill=MARKED)
        pen.text((x + line_width - x0 + line_width // 2, y + line_width - y0), text, fill=DARK_TEXT, font=font)
    return picture
