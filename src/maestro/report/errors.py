"""Errors, for people (one message, the C line, what to do) and for programs (one JSON object)."""

from __future__ import annotations

import json
import os
import traceback
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from maestro.diagnostics import ExitStatus, Span, UserError
from maestro.report.source import excerpt


def show(error: UserError, console: Console) -> None:
    """``fw.c:78: error: message [code]``, the source line, the rest of the message, and a hint, on ``console``."""
    message, _, more = error.message.partition("\n")
    line = Text()
    if error.span:
        line.append(f"{_place(error.span)}: ", style="bold")
    line.append("error: ", style="bold red").append(message).append(f" [{error.code}]", style="dim")
    rows: list[RenderableType] = [line, *((excerpt(error.span),) if error.span else ())]
    if more:
        rows.append(Text(more))
    if error.hint:
        rows.append(Text("  hint: ", style="cyan").append(error.hint, style="default"))
    for row in rows:
        console.print(row, soft_wrap=True)


def document(error: UserError) -> dict[str, Any]:
    """``{"error": {code, message, file, line, hint}}``."""
    return _object(error.code, error.message, error.span, error.hint)


def as_json(error: UserError) -> str:
    """The same as text."""
    return _text(document(error))


def bug(error: BaseException) -> str:
    """What to say of an exception that no input should cause: where it arose and that it is ours."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return (
        f"this is a bug in Maestro, not in your NF: {what} (at {place})\n"
        "  hint: please report it with the NF; MAESTRO_DEBUG=1 shows the traceback"
    )


def bug_json(error: BaseException) -> str:
    message, _, hint = bug(error).partition("\n  hint: ")
    return _text(_object("bug", message, None, hint))


def debugging() -> bool:
    return os.environ.get("MAESTRO_DEBUG", "") not in ("", "0")


def status(error: BaseException) -> ExitStatus:
    return error.status if isinstance(error, UserError) else ExitStatus.BUG


def _object(code: str, message: str, span: Span | None, hint: str | None) -> dict[str, Any]:
    error = {
        "code": code,
        "message": message,
        "file": span.file if span else None,
        "line": span.line if span and span.line else None,
        "hint": hint,
    }
    return {"error": error}


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _place(span: Span) -> str:
    column = f":{span.column}" if span.column else ""
    return f"{span}{column}"
