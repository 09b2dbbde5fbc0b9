"""Running the compiler on source that nobody vouches for: bounded, and told nothing by the environment."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO

from maestro.diagnostics import SourceError

_KEPT = (
    "PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "XDG_CACHE_HOME",
)  # fmt: skip
"""What the compiler and its linker are told of the environment. Not among them: all that adds to a command line or to
the folders that are searched (CPATH, C_INCLUDE_PATH, LIBRARY_PATH, CCC_OVERRIDE_OPTIONS, GCC_EXEC_PREFIX, ZIG_…)."""

_SHELL = '{ ulimit -v "$1"; ulimit -f "$2"; ulimit -c 0; } 2>/dev/null; shift 2; exec "$@"'
"""Where a limit is lower already, it stays."""


@dataclass(frozen=True)
class Bounds:
    """For one run of the compiler: wall time, address space, and the size of any file that it writes."""

    seconds: float = 600.0
    memory_mb: int = 16_384
    file_mb: int = 2_048


UNTRUSTED = Bounds(seconds=120.0, memory_mb=8_192, file_mb=32)
"""For the analysis: an NF with all of DPDK's headers is two megabytes of preprocessed text."""


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Also a fixed date for ``__DATE__`` and ``__TIME__``: an analysis gives the same result every day."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "SOURCE_DATE_EPOCH": "0", **extra}


_running: set[int] = set()
"""The process groups of compilers that run now."""

_interrupted = Event()
"""Those that are just being started must not stay either."""


@contextmanager
def side_by_side(jobs: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that run compilers. Who is interrupted (Ctrl-C comes to the main thread only) ends all of them."""
    try:
        with ThreadPoolExecutor(max(1, jobs)) as pool:
            try:
                yield pool
            except BaseException:
                _interrupted.set()
                pool.shutdown(wait=False, cancel_futures=True)
                for group in tuple(_running):
                    _end(group)
                raise
    finally:
        _interrupted.clear()


def _end(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def run(
    command: Sequence[str], bounds: Bounds, env: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` with its temporary files in ``folder``, and wait.

    Raises SourceError (``compile-limit``) when it takes too long or writes too much.
    """
    # A shell sets the limits: between fork and exec, Python code is not safe where there are threads.
    limited = ["/bin/sh", "-c", _SHELL, "sh", str(bounds.memory_mb * 1024), str(bounds.file_mb * 2048), *command]
    with tempfile.TemporaryFile(dir=folder) as out, tempfile.TemporaryFile(dir=folder) as err:
        process = subprocess.Popen(
            limited, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
            env={**env, "TMPDIR": str(folder)},
        )  # fmt: skip
        _running.add(process.pid)
        if _interrupted.is_set():
            _end(process.pid)
        try:
            status = process.wait(bounds.seconds)
        except BaseException as error:
            _end(process.pid)  # the compiler runs others: all of them
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise too_much(f"takes more than {bounds.seconds:.0f} s") from error
            raise
        finally:
            _running.discard(process.pid)
        if max(os.fstat(f.fileno()).st_size for f in (out, err)) >= bounds.file_mb << 20:
            raise too_much(f"writes more than {bounds.file_mb} MB")
        return subprocess.CompletedProcess(command, status, _text(out), _text(err))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", errors="replace")


def too_much(what: str) -> SourceError:
    hint = "look for macros that double each time they are expanded, and for headers that include themselves"
    return SourceError(f"the compiler {what} for this source", hint=hint, code="compile-limit")
