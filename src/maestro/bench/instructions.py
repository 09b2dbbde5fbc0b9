"""Instructions per packet, counted by callgrind in nf-replay's rounds; the first one, which warms up, cancels."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from maestro.bench.measure import Load, Program
from maestro.diagnostics import UserError
from maestro.verify.run import input_arguments, run_json

_TIMEOUT = 600.0  # seconds
_TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def per_packet(program: Program, traffic: Load) -> float:
    """Of all cores together. Raises UserError (``callgrind``) when there is no valgrind, or it fails."""
    once, thrice = _count(program, traffic, 1), _count(program, traffic, 3)
    return (thrice - once) / (2 * _packets(program, traffic))


def _count(program: Program, traffic: Load, rounds: int) -> int:
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise UserError("--instructions needs valgrind", hint="apt install valgrind", code="callgrind")
    with TemporaryDirectory(prefix="maestro-callgrind-") as folder:
        out = Path(folder) / "counts"
        command = [valgrind, "--tool=callgrind", "--toggle-collect=bench_round", f"--callgrind-out-file={out}"]
        command += [*_command(program, traffic, rounds)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
        except subprocess.TimeoutExpired as error:
            raise UserError("callgrind: not done in time", hint="try fewer flows", code="callgrind") from error
        found = _TOTAL.search(out.read_text()) if out.is_file() else None
        if done.returncode or found is None:
            raise UserError(f"callgrind failed: {done.stderr.strip()[-300:]}", code="callgrind")
        return int(found[1])


def _command(program: Program, traffic: Load, rounds: int) -> list[str]:
    return [str(program.path.resolve()), "--cores", str(program.cores), "--bench", str(rounds), "--bench-time",
            traffic.time, *input_arguments(traffic.captures)]  # fmt: skip


def _packets(program: Program, traffic: Load) -> int:
    return int(run_json(program.path, _command(program, traffic, 1)[1:])["packets"])
