"""``maestro new``: an NF to start from."""

from __future__ import annotations

import re
from pathlib import Path

from maestro.codegen.project import require_fresh
from maestro.diagnostics import UserError

_TEMPLATE = Path(__file__).with_name("new_nf.c")

_SETTINGS = """# How this NF is run, so that nobody need type it: docs/reference/nf-toml.md
port_names = {0 = "LAN", 1 = "WAN"}
nic = "e810"
cores = 4
"""


def write_new(folder: Path) -> list[Path]:
    """An NF that builds, with comments that teach, and its nf.toml, in ``folder``. Returns the files.

    Raises UserError for a name that no C file can have, and for a folder that exists.
    """
    name = folder.name
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        hint = "letters, digits, - and _, a letter first: maestro new my-firewall"
        raise UserError(f"'{folder}' is no name for a network function", hint=hint, code="nf-name")
    require_fresh(folder)
    texts = {f"{name}.c": _TEMPLATE.read_text(encoding="utf-8").replace("NAME", name), "nf.toml": _SETTINGS}
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    return [folder / file for file in texts]
