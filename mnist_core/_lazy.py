"""Modules that are imported when they are first used.

PyTorch takes seconds to import, SciPy half a second. A page that only lists the architectures or shows digits should
not wait for them. A file that uses this keeps the plain import under `TYPE_CHECKING`, for type checkers and readers,
with the lazy one beside it.
"""

import importlib
from typing import Any


class LazyModule:
    """Stand-in for a module; imports it when one of its attributes is first used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)
