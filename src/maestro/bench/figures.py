"""Results in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maestro.diagnostics import UserError


def write(found: dict[str, Any], folder: Path) -> list[Path]:
    """Writes ``bench.json``. Raises UserError (``output-unwritable``)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "bench.json").write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}", code="output-unwritable") from error
    return [folder / "bench.json"]
