"""Maestro: parallelizes sequential software network functions and configures RSS for them.

The Python API is that of :mod:`maestro.api`, loaded when it is first used: the command line need not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from maestro.api import Plan, analyze, parallelize
    from maestro.diagnostics import UserError

__all__ = ["Plan", "UserError", "__version__", "analyze", "parallelize"]


def __getattr__(name: str) -> Any:
    if name == "UserError":
        from maestro.diagnostics import UserError

        return UserError
    if name in __all__:
        from maestro import api

        return getattr(api, name)
    raise AttributeError(f"module 'maestro' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
