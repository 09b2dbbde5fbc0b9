"""``nf.toml``: how the NF in a folder is run. docs/reference/nf-toml.md documents its form."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from maestro.diagnostics import Span, UserError

FILE = "nf.toml"


@dataclass(frozen=True)
class Settings:
    """What the file says; None where it says nothing. ``defines`` as for ``-D``: ``NAME`` or ``NAME=VALUE``."""

    args: tuple[str, ...] | None = None
    ports: int | None = None
    port_names: Mapping[int, str] | None = None
    defines: tuple[str, ...] | None = None
    nic: str | None = None
    cores: int | None = None


def settings(sources: Sequence[Path]) -> Settings:
    """Those of the NF in ``sources``, if that is one folder with an nf.toml.

    Raises UserError (``nf-toml``) with file and line for a file that cannot be used.
    """
    path = sources[0] / FILE
    if len(sources) != 1 or not path.is_file():
        return Settings()
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise _error(path, 0, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _error(path, 0, "is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        raise _error(path, line, f"is not TOML: {str(error).partition(' (at ')[0]}") from error
    return _Reader(path, text, data).settings()


def _error(path: Path, line: int, message: str) -> UserError:
    return UserError(message, span=Span(str(path), line), hint="its form: docs/reference/nf-toml.md", code="nf-toml")


class _Reader:
    """Checks and converts one file; every complaint names the file, the line and the key."""

    def __init__(self, path: Path, text: str, data: dict[str, Any]) -> None:
        self.path, self.text, self.data = path, text, data

    def settings(self) -> Settings:
        known = Settings.__dataclass_fields__
        for key in self.data:
            if key not in known:
                close = get_close_matches(key, known, n=1)
                raise self.fail(key, f"unknown key '{key}'" + (f"; did you mean '{close[0]}'?" if close else ""))
        return Settings(
            self.strings("args"),
            self.whole("ports"),
            self.names("port_names"),
            self.strings("defines"),
            self.string("nic"),
            self.whole("cores"),
        )

    def fail(self, key: str, message: str) -> UserError:
        at = re.search(rf"^\s*\[?\s*[\"']?{re.escape(key)}\b", self.text, re.MULTILINE)
        line = self.text.count("\n", 0, at.end()) + 1 if at else 0
        return _error(self.path, line, message)

    def wrong(self, key: str, what: str) -> UserError:
        return self.fail(key, f"'{key}' must be {what}, is {self.data[key]!r}")

    def strings(self, key: str) -> tuple[str, ...] | None:
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.wrong(key, 'a list of strings, for example ["--max-flows", "1024"]')
        return tuple(value)

    def whole(self, key: str) -> int | None:
        value = self.data.get(key)
        if value is not None and type(value) is not int:
            raise self.wrong(key, "a whole number")
        return value

    def string(self, key: str) -> str | None:
        value = self.data.get(key)
        if value is not None and not isinstance(value, str):
            raise self.wrong(key, "a string")
        return value

    def names(self, key: str) -> Mapping[int, str] | None:
        value = self.data.get(key)
        if value is None:
            return None
        good = isinstance(value, dict) and all(k.isdigit() and isinstance(v, str) and v for k, v in value.items())
        if not good:
            raise self.wrong(key, 'names by port, for example {0 = "LAN", 1 = "WAN"}')
        return {int(k): v for k, v in value.items()}
