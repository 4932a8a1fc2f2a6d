"""Open the pages of the app and read what they show."""

import html
import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

INVALID_INTEGERS = ["99999", "-1", "4.0", "four", "", "../4", "<b>4</b>", "9" * 5000, "٤", "\0"]  # in a URL


def visit(app: AppTest, page: str, **query: object) -> AppTest:
    """Open Home, then the page of this file name with these query parameters (from_ means "from")."""
    app.run()
    for name, value in query.items():
        app.query_params[name.rstrip("_")] = str(value)
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def spoil(file: Path) -> None:
    """Damage the last values in a file of arrays, whose header stays whole: it is noticed when they are read."""
    content = file.read_bytes()
    file.write_bytes(content[:-400] + b"\xff" * 400)


def page_text(app: AppTest) -> str:
    """Return all messages, captions, paragraphs and subheaders of the page, without the meanings of terms."""
    kinds = (app.error, app.warning, app.info, app.success, app.caption, app.markdown, app.subheader)
    return "\n".join(without_meanings(element.value) for kind in kinds for element in kind)


def without_meanings(text: str) -> str:
    """Return a text as it is read while no term in it shows its meaning."""
    if 'class="term"' not in text:
        return text
    return html.unescape(re.sub(r'<span class="meaning".*?</span></button>|<button [^>]*class="term"[^>]*>', "", text))


def metrics(app: AppTest) -> dict[str, str]:
    """Return the metrics of the page: label -> value."""
    return {metric.label: metric.value for metric in app.metric}


def listed_digits(app: AppTest) -> list[list[int]]:
    """Return the indices of the test digits in each table that replaces pictures."""
    return [frame.value["Test digit"].tolist() for frame in app.dataframe if "Test digit" in frame.value]
