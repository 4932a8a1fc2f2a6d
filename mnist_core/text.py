"""Numbers and found values as text, for the sentences of the library and of the pages."""

import re


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return "1 drawing" or "1,200 drawings"; `plural` is for nouns that take more than an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def ordinal(number: int) -> str:
    """Return "first" ... "tenth", then "11th", "12th", "21st" ..."""
    if 1 <= number <= len(ORDINALS):
        return ORDINALS[number - 1]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{ending}"


def about(seconds: float) -> str:
    """Return a time that is only roughly known: "a few seconds", "about 40 seconds", "about 3 minutes" or hours."""
    if seconds < 7.5:
        return "a few seconds"
    if seconds < 57.5:
        return f"about {5 * round(seconds / 5)} seconds"
    if seconds < 57.5 * 60:
        return f"about {count(max(round(seconds / 60), 1), 'minute')}"
    return f"about {count(max(round(seconds / 3600), 1), 'hour')}"


def duration(seconds: float) -> str:
    """Return a time in its two largest units: "40 seconds", "5 minutes", "3 hours 20 minutes", "2 days 1 hour"."""
    if seconds < 60:
        return count(int(seconds), "second")
    minutes = int(seconds / 60)
    units = [count(minutes // 1440, "day"), count(minutes // 60 % 24, "hour"), count(minutes % 60, "minute")]
    named = [unit for unit in units if not unit.startswith("0 ")]
    return " ".join(named[:2])


def decimal(value: float) -> str:
    """Return a number without needless zeros: 0.00003, 2.5, 128; below 1e-9 with an exponent, 1e-12."""
    return f"{value:g}" if 0 < abs(value) < 1e-9 else f"{value:.10f}".rstrip("0").rstrip(".")


def quoted(value: object, length: int = 40) -> str:
    """Return a value that somebody else wrote, for the inside of a sentence: on one line, short, and without markup."""
    if isinstance(value, list | tuple | dict):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {count(len(value), 'value')}"
    text = repr(value[: 2 * length] if isinstance(value, str) else value)
    text = re.sub(r"[^\w .,'+-]", "?", text)  # what Markdown, HTML or a terminal could take for more than text
    return text if len(text) <= length else f"{text[:length]}..."


def plain_line(text: str) -> str:
    """Return the text on one line: whatever cannot be printed, such as a control character, becomes a space."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
