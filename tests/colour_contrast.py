"""Luminance and contrast of colours, by the formulas of WCAG 2."""


def linear(colour):
    """#RRGGBB as linear light, 0..1 (sRGB)."""
    parts = [part / 255 for part in bytes.fromhex(colour.removeprefix("#"))]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour):
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def contrast(one, another):
    """The contrast ratio of WCAG 2, 1 to 21."""
    low, high = sorted((luminance(one), luminance(another)))
    return (high + 0.05) / (low + 0.05)
