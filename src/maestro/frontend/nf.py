"""An NF as the user gave it → its program, ready to explore, and what it takes to build it natively.

Two dialects. A **libVig** NF defines ``nf_init`` and ``nf_process``. A **maestro.h** NF defines ``process_packet`` and
declares its maps; a shim in C, compiled with it, turns it into a libVig NF, so that everything behind knows one
dialect only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from maestro.diagnostics import SourceError
from maestro.frontend.compile import compile_sources, source_files
from maestro.frontend.entry import NAMES, Entry, entry_points
from maestro.frontend.maps import describe_maps
from maestro.ir.model import Note
from maestro.ir.program import Program

RUNTIME = Path(__file__).resolve().parents[1] / "runtime"
LIBVIG = RUNTIME / "compat" / "libvig"
DIALECT = RUNTIME / "dialect"
NATIVE_ONLY = frozenset({"checksum-sum.c", "packet-start.c", "port-chosen.c"})
"""What the reference build runs and the executor has a model of: loops over the payload, packets' starts and ports."""


@dataclass(frozen=True)
class LoadedNF:
    """``files``: the user's C files. ``generated``: C text by file name that belongs to the NF (map descriptions).

    ``entry``: how it is called. ``runtime_files``: Maestro's C files that the analysis and the reference build need.
    """

    name: str
    dialect: str
    program: Program
    files: tuple[Path, ...]
    runtime_files: tuple[Path, ...]
    include_dirs: tuple[Path, ...]
    defines: Mapping[str, str | None]
    generated: Mapping[str, str]
    entry: Entry
    notes: tuple[Note, ...] = ()

    @property
    def port_names(self) -> Mapping[int, str]:
        """What maestro.h calls its ports."""
        return {0: "LAN", 1: "WAN"} if self.dialect == "maestro" else {}


def load(
    sources: Sequence[Path],
    *,
    include_dirs: Sequence[Path] = (),
    defines: Mapping[str, str | None] | None = None,
    compiler: str | None = None,
) -> LoadedNF:
    """Compile the NF in ``sources`` (C files or folders) for analysis.

    ``compiler``: a clang to use instead of the bundled one.
    Raises SourceError for what does not compile and for sources without an entry point.
    """
    files = source_files(sources)
    includes = (*include_dirs, LIBVIG, RUNTIME / "include")
    macros = dict(defines or {})
    runtime = tuple(f for f in sorted((LIBVIG / "src").glob("*.c")) if f.name not in NATIVE_ONLY)
    compile_all = partial(compile_sources, sources, include_dirs=includes, defines=macros, compiler=compiler)
    program = compile_all(extra_sources=runtime)
    generated: Mapping[str, str] = {}
    notes: tuple[Note, ...] = ()
    dialect = _dialect(program, files)
    if dialect == "maestro":
        generated, notes = describe_maps(program)
        runtime += tuple(sorted(DIALECT.glob("*.c")))
        program = compile_all(extra_sources=runtime, generated=generated)
    entry = entry_points(program)
    return LoadedNF(_name(sources), dialect, program, tuple(files), runtime, includes, macros, generated, entry, notes)


def _name(sources: Sequence[Path]) -> str:
    first = sources[0].resolve()
    return first.name if first.is_dir() else first.stem


def _dialect(program: Program, files: Sequence[Path]) -> str:
    defined = {f.display for f in program.functions.values() if not f.is_declaration}
    if "nf_process" in defined and "process_packet" in defined:
        raise SourceError(
            "both `nf_process` and `process_packet` are defined", hint="keep one entry point", code="no-entry-point"
        )
    if "process_packet" in defined:
        return "maestro"
    if any(set(names) <= defined for names in NAMES):
        return "libvig"
    missing = "nf_init" if "nf_process" in defined else "nf_process"
    raise SourceError(
        f"no entry point: there is no `{missing}` in {', '.join(str(f) for f in files)}",
        hint="a libVig NF defines nf_init and nf_process; a maestro.h NF defines process_packet(int device, pkt_t p)",
        code="no-entry-point",
    )
