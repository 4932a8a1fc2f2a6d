"""Numbers as text, for the sentences of the library and of the pages."""


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return "1 drawing" or "1,200 drawings"; `plural` is for nouns that take more than an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def decimal(value: float) -> str:
    """Return a number without needless zeros: 0.00003, 2.5, 128; below 1e-9 with an exponent, 1e-12."""
    return f"{value:g}" if 0 < abs(value) < 1e-9 else f"{value:.10f}".rstrip("0").rstrip(".")
