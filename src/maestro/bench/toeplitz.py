"""Toeplitz hashes a second: the runtime's, and DPDK's where it is installed, measured in turns by one program.

The programs' C is in ``bench/hash``. Without DPDK the bundled compiler builds it; with it, the system's, which finds
DPDK's headers. Only DPDK's own GFNI code is compiled for a CPU with GFNI: ours asks the CPU when it runs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from maestro.diagnostics import InternalError
from maestro.frontend.toolchain import run_compiler

_RUNTIME = Path(__file__).parent.parent / "runtime"
_HERE = Path(__file__).parent / "hash"
_OWN = (_RUNTIME / "rss" / "toeplitz.c", _RUNTIME / "rss" / "toeplitz_gfni.c", _HERE / "main.c")
_FLAGS = ("-std=gnu11", "-O3", f"-I{_RUNTIME / 'include'}")
_GFNI = tuple(f"-m{name}" for name in ("gfni", "avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512vbmi"))
_TIMEOUT = 300.0  # seconds


@dataclass(frozen=True)
class Rate:
    """``millions`` of hashes a second by one core's CPU time, median of the turns; ``low`` and ``high``: the slowest
    and the fastest turn. ``ratio``: to the first of the rates of the same ``bytes``, median over the turns."""

    name: str
    bytes: int
    millions: float
    low: float
    high: float
    ratio: float


def rates(turns: int = 7) -> tuple[Rate, ...]:
    """Inputs of 12 bytes (IPv4 with ports), then of 36 (IPv6). Every way's hashes are checked before it is measured.

    Raises InternalError when the program cannot be built, or says that a hash is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="maestro-") as folder:
        program = _build(Path(folder))
        done = subprocess.run([program, str(turns)], capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    if done.returncode != 0:
        raise InternalError(f"the benchmark of hashes ended with status {done.returncode}: {done.stderr}")
    return tuple(rate for part in json.loads(done.stdout) for rate in _rates(part["bytes"], part["turns"]))


def _rates(length: int, turns: Sequence[dict[str, float]]) -> list[Rate]:
    first = next(iter(turns[0]))
    return [
        Rate(
            name, length, median(samples := [turn[name] for turn in turns]), min(samples), max(samples),
            median(turn[name] / turn[first] for turn in turns),
        )
        for name in turns[0]
    ]  # fmt: skip


def _build(folder: Path) -> Path:
    """With DPDK's functions when it, pkg-config and a system compiler are installed and fit together."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    include, libraries = _dpdk("--cflags"), _dpdk("--libs")
    program, rival = folder / "bench", folder / "dpdk.o"
    if compiler and include is not None and libraries is not None:
        for extra in (_GFNI, ()):  # compilers that do not know GFNI
            part = (*_FLAGS, "-w", "-DWITH_DPDK", *include, *extra, "-c", str(_HERE / "dpdk.c"), "-o", str(rival))
            whole = (*_FLAGS, *map(str, _OWN), str(rival), *libraries, "-o", str(program))
            if all(run_compiler(args, compiler=compiler).returncode == 0 for args in (part, whole)):
                return program
    done = run_compiler([*_FLAGS, *map(str, _OWN), str(_HERE / "dpdk.c"), "-o", str(program)])
    if done.returncode != 0:
        raise InternalError(f"the benchmark of hashes does not compile\n{done.stderr}")
    return program


def _dpdk(what: str) -> list[str] | None:
    """Flags of pkg-config for DPDK; None when there is none."""
    if shutil.which("pkg-config") is None:
        return None
    done = subprocess.run(["pkg-config", what, "libdpdk"], capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else None
