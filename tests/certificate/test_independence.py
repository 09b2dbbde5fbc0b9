"""The checker must not trust what it checks, and only ``solver/`` knows an SMT solver."""

from __future__ import annotations

import re
from pathlib import Path

import maestro

PACKAGE = Path(maestro.__file__).parent
IMPORT = re.compile(r"^\s*(?:from|import)\s+([\w.]+)(?:\s+import\s+(.*))?", re.MULTILINE)


def imports(folder: Path) -> set[tuple[str, str]]:
    """(file, module) of every import below ``folder``; ``from a import b`` counts as ``a.b`` too."""
    found = set()
    for file in folder.rglob("*.py"):
        for module, names in IMPORT.findall(file.read_text()):
            name = str(file.relative_to(PACKAGE))
            found |= {(name, module)} | {(name, f"{module}.{n.strip()}") for n in names.split(",") if n}
    return found


def test_certificate_imports_neither_sharding_nor_rss() -> None:
    modules = {m for _, m in imports(PACKAGE / "certificate")}
    assert "maestro.ir.model" in modules
    assert not {m for m in modules if m.startswith(("maestro.sharding", "maestro.rss"))}


def test_only_the_solver_imports_a_solver() -> None:
    users = {file for file, module in imports(PACKAGE) if module.split(".")[0] in ("z3", "bitwuzla")}
    assert "solver/z3_backend.py" in users
    assert {file.split("/")[0] for file in users} == {"solver"}
