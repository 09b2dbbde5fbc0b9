"""Running ``maestro`` inside the test process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from maestro.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"

ENTRY = "int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf)"
PRELUDE = '#include "nf.h"\n#include <stdlib.h>\nbool nf_init(void) { return true; }\n'


@dataclass(frozen=True)
class Run:
    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as one JSON object."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


def maestro(*arguments: object) -> Run:
    """Runs the command line. Progress lines are taken out of ``err``: what is left is the message."""
    result = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
    err = [line for line in result.stderr.splitlines() if not line.startswith(("  ✓ ", "  ✗ "))]
    return Run(result.exit_code, result.stdout, "\n".join(err))


def write_nf(folder: Path, body: str, prelude: str = PRELUDE) -> Path:
    """An NF in one file. ``ENTRY`` in ``body`` stands for the signature of nf_process; its first line is line 4."""
    path = folder / "nf.c"
    path.write_text(prelude + body.replace("ENTRY", ENTRY) + "\n")
    return path
