"""The C compiler: the one from PyPI (zig's clang) unless another is asked for; its errors as SourceError."""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from maestro.diagnostics import SourceError, Span, UnsupportedError, UserError
from maestro.frontend.bounded import Bounds, environment, run
from maestro.frontend.names import Names

TARGET = "x86_64-linux-gnu"
DIALECT = ("-std=gnu11", "-D_GNU_SOURCE", "-msse4.2", "-Wno-incompatible-pointer-types")
"""NFs mix the two names that DPDK had for each header struct, which compilers of their time let pass."""

_ERROR = re.compile(r"^(?P<file>[^\s:][^:]*):(?P<line>\d+):(?P<column>\d+): (?:fatal )?error: (?P<message>.*)$")
_MISSING = re.compile(r"^'?(?P<name>[^':]+)'?:? (?:file not found|No such file or directory)")
_REQUIREMENT = re.compile(r"(?<=^static assertion failed) due to requirement '.*'(?=: )")
_UNDECLARED = re.compile(r"undeclared (?:function|identifier) 'maestro_(?:is_)?[a-z]+_(?P<name>\w+)'")
_TOOL_ERROR = re.compile(r"^(?:.*\berror: |.*: (?=undefined reference to ))(?P<message>.*)$")


def require_platform() -> None:
    """Raises UnsupportedError elsewhere than on x86-64 Linux: layouts and intrinsics are that platform's."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise UnsupportedError(
            f"Maestro runs on x86-64 Linux, not on {platform.system()} {platform.machine()}", code="platform"
        )


NO_CACHE = "MAESTRO_NO_CACHE"
"""Environment variable: nothing that was compiled before is used, and nothing is kept."""


def cache_dir() -> Path | None:
    """``$XDG_CACHE_HOME/maestro`` or ``~/.cache/maestro``, made if need be; None if it cannot be or is not wanted."""
    if os.environ.get(NO_CACHE, "") not in ("", "0"):
        return None
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = Path(base) / "maestro"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return path if os.access(path, os.W_OK) else None


@functools.cache
def _process_cache() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="maestro-")


def scratch_dir() -> Path:
    """The cache folder, or one that goes when this process ends."""
    return cache_dir() or Path(_process_cache().name)


@functools.cache
def _bundled() -> tuple[str, ...]:
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise UnsupportedError("the C compiler is missing", hint="pip install ziglang==0.17.1", code="compiler")
    zig = Path(spec.origin).parent / "zig"  # `python -m ziglang` runs this file, 20 ms later
    return (str(zig),) if os.access(zig, os.X_OK) else (sys.executable, "-m", "ziglang")


def compiler_command(compiler: str | None) -> list[str]:
    """The start of a command line. Raises UserError when the compiler asked for does not exist."""
    if compiler is None:
        require_platform()
        return [*_bundled(), "cc", "-target", TARGET]
    found = shutil.which(compiler)
    if found is None:
        raise UserError(f"the compiler '{compiler}' was not found", code="compiler")
    return [found]


@functools.cache
def compiler_version(compiler: str | None) -> str:
    """What ``-dumpversion`` says (``22.1.8``), to tell compilers apart."""
    done = subprocess.run(
        [*compiler_command(compiler), "-dumpversion"], capture_output=True, text=True, check=False, env=_environment("")
    )
    return f"{compiler or 'bundled'} {done.stdout.strip()}"


def _environment(local: str) -> dict[str, str]:
    """Zig's caches away from the sources. The one for compiled files (``local``) is fresh for every run: zig
    would not notice a new header that hides an old one."""
    everything = str(scratch_dir() / "zig")
    return environment({"ZIG_GLOBAL_CACHE_DIR": everything, "ZIG_LOCAL_CACHE_DIR": local or everything})


def run_compiler(
    args: Sequence[str], *, compiler: str | None = None, bounds: Bounds | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the compiler and wait; the caller looks at ``returncode`` and ``stderr``.

    Raises SourceError (``compile-limit``) when it is not done within ``bounds``.
    """
    with tempfile.TemporaryDirectory(prefix="maestro-") as local:
        command = [*compiler_command(compiler), *args]
        return run(command, bounds or Bounds(), _environment(local), Path(local))


def compiler_headers(compiler: str | None) -> list[str]:
    """The folders with the compiler's own headers and the C library's."""
    if compiler is not None:
        return ["/usr/include", "/usr/lib", "/usr/local/include", "/usr/share"]
    spec = importlib.util.find_spec("ziglang")
    return [str(Path(spec.origin).parent / "lib")] if spec and spec.origin else []


def preprocessor_flags(include_dirs: Sequence[Path], defines: Mapping[str, str | None]) -> list[str]:
    """Raises UserError for an include folder that does not exist."""
    flags: list[str] = []
    for folder in include_dirs:
        if not folder.is_dir():
            raise UserError(f"the include folder '{folder}' does not exist", code="include-dir")
        flags.append(f"-I{os.path.abspath(folder)}")
    flags += [f"-D{name}" if value is None else f"-D{name}={value}" for name, value in defines.items()]
    return flags


def compile_error(stderr: str, names: Names) -> SourceError:
    """The compiler's complaints as one error: the first is the message, the others follow it."""
    errors: list[tuple[Span | None, str]] = []
    for line in stderr.splitlines():
        if at := _ERROR.match(line):
            path = os.path.abspath(at["file"])
            span = Span(names.show(path), int(at["line"]), int(at["column"]))
            errors.append((span, _REQUIREMENT.sub("", at["message"])))
        elif tool := _TOOL_ERROR.match(line):
            errors.append((None, tool["message"]))
    if not errors:
        return SourceError(f"the compiler failed: {stderr.strip() or 'no message'}", code="compile")
    located = [e for e in errors if e[0] is not None] or errors
    first_span, first = located[0]
    rest = [f"{span}: error: {m}" if span else f"error: {m}" for span, m in dict.fromkeys(located[1:])]
    hint = next((h for _, m in located if (h := _compile_hint(m))), None)
    return SourceError("\n".join([first, *rest]), span=first_span, hint=hint, code="compile")


def _compile_hint(message: str) -> str | None:
    """What to do about the compiler's ``message``, where Maestro knows more than the compiler."""
    if found := _MISSING.match(message):
        return f"add the folder that holds '{found['name']}' with -I DIR"
    if found := _UNDECLARED.search(message):
        return f"declare {found['name']} at file level, before this line: MAP, COUNTER, … (docs/reference/maestro-h.md)"
    return None


def native_flags(compiler: str | None, flags: Sequence[str]) -> list[str]:
    """The dialect and ``flags``; sanitizers are off unless asked for."""
    quiet = compiler is None and not any(f.startswith("-fsanitize") for f in flags)
    return [*DIALECT, *(["-fno-sanitize=all"] if quiet else []), *flags]


def build_native(
    sources: Sequence[Path],
    output: Path,
    *,
    include_dirs: Sequence[Path] = (),
    defines: Mapping[str, str | None] | None = None,
    flags: Sequence[str] = ("-O2",),
    compiler: str | None = None,
) -> None:
    """Compile and link C files into the program (or, with ``-shared``/``-c`` in ``flags``, the object) ``output``.

    ``compiler`` is the bundled one when None, or a command such as ``gcc``.
    Raises SourceError with the compiler's messages.
    """
    command = native_flags(compiler, flags)
    command += preprocessor_flags(include_dirs, defines or {})
    command += [str(s.absolute()) for s in sources]
    command += ["-o", str(output)]
    done = run_compiler(command, compiler=compiler)
    if done.returncode != 0:
        raise compile_error(done.stderr, Names([*sources, *include_dirs]))
