"""C files → a native program: compiled side by side, and Maestro's own ones only once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maestro.diagnostics import SourceError
from maestro.frontend.bounded import side_by_side
from maestro.frontend.cache import remembered
from maestro.frontend.compile import own_headers
from maestro.frontend.names import Names, is_own
from maestro.frontend.toolchain import (
    compile_error,
    compiler_version,
    native_flags,
    preprocessor_flags,
    run_compiler,
)


@dataclass(frozen=True)
class Build:
    """How to compile. ``headers``: the text of all headers that the files in ``known`` can include."""

    include_dirs: Sequence[Path] = ()
    defines: Mapping[str, str | None] = field(default_factory=dict)
    flags: Sequence[str] = ("-O2",)
    compiler: str | None = None
    known: frozenset[Path] = frozenset()
    headers: str = ""


def build_program(sources: Sequence[Path], output: Path, build: Build, *, jobs: int = 2) -> None:
    """Compile and link C files into the program ``output``.

    Objects of Maestro's own files, and of those in ``build.known``, are kept by content. Raises SourceError with the
    compiler's messages.
    """
    with tempfile.TemporaryDirectory(prefix="maestro-") as name:
        objects = [Path(name) / f"{number}.o" for number, _ in enumerate(sources)]
        with side_by_side(jobs) as pool:
            complaints = list(pool.map(lambda source, output: _object(source, output, build), sources, objects))
        if not any(complaints):
            complaints = [_link(objects, output, build)]
    if any(complaints):
        raise _error("\n".join(filter(None, complaints)), sources, build)


def _link(objects: Sequence[Path], output: Path, build: Build) -> str:
    """The program is there as a whole or not at all, whatever happens meanwhile. The compiler's complaints."""
    part = output.with_name(f".{output.name}.part")
    try:
        command = [*native_flags(build.compiler, build.flags), *map(str, objects), "-o", str(part)]
        complaints = _run(command, build.compiler)
        if not complaints:
            part.replace(output)
        return complaints
    finally:
        part.unlink(missing_ok=True)


def _error(stderr: str, sources: Sequence[Path], build: Build) -> SourceError:
    return compile_error(stderr, Names([*sources, *build.include_dirs]))


def _object(source: Path, output: Path, build: Build) -> str:
    """Compile one file. The compiler's complaints, empty when there are none that stop it."""
    own, known = is_own(source), source in build.known
    folders = [d for d in build.include_dirs if is_own(d)] if own else build.include_dirs
    flags = [*native_flags(build.compiler, build.flags), *preprocessor_flags(folders, build.defines)]
    command = [*flags, "-c", os.path.abspath(source), "-o", str(output)]
    if not own and not known:
        return _run(command, build.compiler)
    complaints: list[str] = []

    def make() -> bytes | None:
        complaints.append(_run(command, build.compiler))
        return None if complaints[0] else output.read_bytes()

    # Where the headers lie does not matter: their text, and so the object's, is the same.
    switches = [f for f in flags if not f.startswith("-I")]
    headers = own_headers() if own else build.headers
    made = remembered(
        "objects", "\0".join([compiler_version(build.compiler), *switches, headers, source.read_text()]), make
    )
    if made is not None:
        output.write_bytes(made)
    return "".join(complaints)


def _run(command: Sequence[str], compiler: str | None) -> str:
    done = run_compiler(command, compiler=compiler)
    if done.returncode == 0:
        return ""
    return done.stderr or f"error: the compiler ended with status {done.returncode}"
