"""Inputs that fuzzing found worth keeping: one archive a target, its files named by their content."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
CRASHES = Path(__file__).parent / "crashes"
_WHEN = (2020, 1, 1, 0, 0, 0)  # equal inputs make equal archives


def inputs(name: str) -> list[bytes]:
    """The corpus of a target, and what once broke it."""
    kept = []
    if (archive := FOLDER / f"{name}.zip").exists():
        with zipfile.ZipFile(archive) as file:
            kept = [file.read(member) for member in sorted(file.namelist())]
    return kept + [path.read_bytes() for path in sorted((CRASHES / name).glob("*"))]


def unpack(name: str, folder: Path) -> None:
    for number, content in enumerate(inputs(name)):
        (folder / f"kept{number}").write_bytes(content)


def pack(name: str, folder: Path) -> None:
    """Nothing happens when ``folder`` is empty."""
    contents = {hashlib.sha256(c).hexdigest()[:16]: c for c in (p.read_bytes() for p in folder.iterdir())}
    if not contents:
        return
    FOLDER.mkdir(exist_ok=True)
    with zipfile.ZipFile(FOLDER / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for digest, content in sorted(contents.items()):
            file.writestr(zipfile.ZipInfo(digest, _WHEN), content, zipfile.ZIP_DEFLATED)
