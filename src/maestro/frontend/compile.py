"""C sources → linked LLVM program."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maestro.diagnostics import InternalError, SourceError
from maestro.frontend.bounded import UNTRUSTED, side_by_side, too_much
from maestro.frontend.cache import remembered
from maestro.frontend.confine import require_inside
from maestro.frontend.link import link
from maestro.frontend.names import RUNTIME_DIR, Names, is_own
from maestro.frontend.toolchain import (
    DIALECT,
    compile_error,
    compiler_headers,
    compiler_version,
    preprocessor_flags,
    run_compiler,
    scratch_dir,
)
from maestro.ir.program import Program

# -O0 keeps branches, helpers and names; the other flags undo zig's defaults that change the code.
_ANALYSIS = ("-O0", "-g", "-fno-discard-value-names", "-fno-sanitize=all", "-fno-stack-protector")


def compile_sources(
    sources: Sequence[Path],
    *,
    include_dirs: Sequence[Path] = (),
    defines: Mapping[str, str | None] | None = None,
    extra_sources: Sequence[Path] = (),
    generated: Mapping[str, str] | None = None,
    compiler: str | None = None,
    jobs: int = 2,
) -> Program:
    """Compile and link an NF: ``sources`` are C files and folders (all their ``*.c``, sorted).

    ``extra_sources``, and then ``generated`` ones
    (C text by file name), are linked after them. Every source folder is searched for headers before ``include_dirs``;
    Maestro's own C sees Maestro's headers only. ``compiler``: a clang to use instead of the
    bundled one. Raises SourceError for missing sources, compiler errors and duplicate symbols, UserError for a
    missing include folder.
    """
    files = source_files(sources)
    folders = list(dict.fromkeys(s if s.is_dir() else s.parent for s in sources))
    common = [*DIALECT, *_ANALYSIS, *_opaque_pointers(compiler)]
    flags = [*common, *preprocessor_flags([*folders, *include_dirs], defines or {})]
    own_flags = [*common, *preprocessor_flags([d for d in include_dirs if is_own(d)], {})]
    written = _write_generated(generated or {})
    names = Names([*sources, *include_dirs], own=[p.parent for p in written])
    # Those named may be links to anywhere; those found in a folder may not.
    roots = [*folders, *include_dirs, *(p.parent for p in written), *(s for s in sources if s.is_file())]
    allowed = [*map(str, [*roots, *extra_sources]), *compiler_headers(compiler)]
    with side_by_side(jobs) as pool:
        results = list(
            pool.map(
                lambda f: _own_to_ir(f, own_flags, compiler) if is_own(f) else _to_ir(f, flags, compiler, allowed),
                dict.fromkeys([*files, *extra_sources, *written]),
            )
        )
    failures = "\n".join(r.stderr for r in results if r.text is None)
    if failures:
        raise compile_error(failures, names)
    return link([r.text for r in results if r.text is not None], names.show)


def source_files(sources: Sequence[Path]) -> list[Path]:
    """The C files that ``sources`` stand for, each once. Raises SourceError for missing files and empty folders."""
    files: dict[str, Path] = {}
    for source in sources:
        if source.is_dir():
            found = sorted(source.glob("*.c"))
            if not found:
                inner = any(source.glob("*/*.c"))
                hint = "its subfolders hold C files: name one, or `analyze --table` for all" if inner else None
                raise SourceError(f"the folder '{source}' holds no C files (*.c)", hint=hint, code="no-source")
        elif source.is_file():
            found = [source]
        else:
            raise SourceError(f"'{source}' does not exist", code="no-source")
        files |= {os.path.abspath(f): f for f in found if os.path.abspath(f) not in files}
    if not files:
        raise SourceError("no C file was given", code="no-source")
    return list(files.values())


def _write_generated(texts: Mapping[str, str]) -> list[Path]:
    """Files for the compiler, under a path that depends on the text only, so that the cache knows them again."""
    key = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:16]
    folder = scratch_dir() / "generated" / key
    for name, text in texts.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return [folder / name for name in texts]


@dataclass(frozen=True)
class _Result:
    """``text`` is the IR; None when the compiler failed with ``stderr``."""

    text: str | None
    stderr: str = ""


def _opaque_pointers(compiler: str | None) -> list[str]:
    """Clang 14 has them only on request; later ones by default."""
    is_old = compiler is not None and compiler_version(compiler).split()[-1].startswith("14.")
    return ["-mllvm", "-opaque-pointers"] if is_old else []


def _to_ir(source: Path, flags: Sequence[str], compiler: str | None, allowed: Sequence[str]) -> _Result:
    """The IR of one file, from the cache when the preprocessed text and flags are those of an earlier run.

    The preprocessor comes first, and nothing else looks at the source before it is known which files it read.
    """
    path = os.path.abspath(source)
    require_inside(source, "", "", allowed)
    with tempfile.TemporaryDirectory(prefix="maestro-") as folder:
        found = Path(folder) / "files"
        command = [*flags, "-E", "-MD", "-MF", str(found), path]
        preprocessed = run_compiler(command, compiler=compiler, bounds=UNTRUSTED)
        files = found.read_text(errors="surrogateescape") if found.is_file() else ""
    require_inside(source, files, preprocessed.stdout, allowed)
    if preprocessed.returncode != 0:
        return _Result(None, preprocessed.stderr or _ended(preprocessed.returncode))
    if not files:
        raise InternalError(f"the preprocessor did not say which files it read for {source}")
    # Line markers carry the paths, and so the key does; flags may matter beyond preprocessing.
    return _cached(path, preprocessed.stdout, flags, compiler)


def _own_to_ir(source: Path, flags: Sequence[str], compiler: str | None) -> _Result:
    """Like :func:`_to_ir` for Maestro's own files, whose headers are known without asking the preprocessor."""
    return _cached(os.path.abspath(source), own_headers() + source.read_text(), flags, compiler)


@cache
def own_headers() -> str:
    """The text of every header that Maestro's own C files can include."""
    return "".join(f"{h}\n{h.read_text()}" for h in sorted(Path(RUNTIME_DIR).rglob("*.h")))


def _cached(path: str, content: str, flags: Sequence[str], compiler: str | None) -> _Result:
    key = "\0".join([compiler_version(compiler), *flags, path, content])
    failed: list[str] = []
    made = remembered("ir", key, lambda: _compile(path, flags, compiler, failed))
    return _Result(None, failed[0]) if made is None else _Result(made.decode("utf-8", errors="replace"))


def _compile(path: str, flags: Sequence[str], compiler: str | None, failed: list[str]) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="maestro-") as folder:
        output = Path(folder) / "out.ll"
        command = [*flags, "-S", "-emit-llvm", path, "-o", str(output)]
        done = run_compiler(command, compiler=compiler, bounds=UNTRUSTED)
        if done.returncode != 0:
            if output.is_file() and output.stat().st_size >= UNTRUSTED.file_mb << 20:
                raise too_much(f"writes more than {UNTRUSTED.file_mb} MB")
            failed.append(done.stderr or _ended(done.returncode))
            return None
        return output.read_bytes()


def _ended(status: int) -> str:
    return f"error: the compiler ended with status {status}"
