"""Modules that are imported when they are first used, not when they are named.

PyTorch takes seconds to import. A page that only lists the networks, or shows digits, should not wait for it. A file
that uses this stays ordinary to read: below `TYPE_CHECKING` stands the plain import, beside it the lazy one.
"""

import importlib
from typing import Any


class LazyModule:
    """Stands in for a module and imports it at the first attribute that is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)
