"""Makes session.svg, a recorded terminal session: python docs/screenshots/session.py. No fonts are fetched by it."""

from __future__ import annotations

import os
import re
import shutil
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from maestro import pipeline
from maestro.pipeline import Job, Phases
from maestro.report import json, terminal
from maestro.report.progress import Lines

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FORMAT = re.sub(r"@font-face \{\{.*?\n\s*\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def prompt(out: Console, command: str) -> None:
    out.print(f"[bold green]$[/] [bold]{command}[/]", highlight=False)


def main() -> None:
    out = Console(record=True, width=100, file=StringIO(), highlight=False)
    with TemporaryDirectory() as folder:
        shutil.copy(ROOT / "examples" / "firewall-maestro" / "firewall.c", Path(folder, "fw.c"))
        os.chdir(folder)
        job = Job((Path("fw.c"),), port_names={0: "LAN", 1: "WAN"})
        prompt(out, "maestro verify fw.c --packets 100000")
        result = pipeline.verify(job, None, 100_000, Phases(Lines(out)))
        out.print(terminal.comparison(result))
        prompt(out, "maestro parallelize fw.c -o fw-parallel --quiet && ls fw-parallel")
        pipeline.parallelize(
            job, Path("fw-parallel"), Phases(Lines(Console(quiet=True))), build=False, extra=json.render
        )
        out.print("  ".join(sorted(path.name for path in Path("fw-parallel").iterdir())))
        os.chdir(ROOT)
    out.save_svg(str(HERE / "session.svg"), title="maestro", code_format=FORMAT, unique_id="session")


if __name__ == "__main__":
    main()
