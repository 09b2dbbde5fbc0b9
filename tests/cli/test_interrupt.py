"""Ctrl-C: status 130, no traceback, and nothing is left half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.command_line import EXAMPLES, PRELUDE, write_nf

ENDLESS = "ENTRY { int n = 0; while (length) { n += length; if (n == 77) break; } return device; }"
"""Explored until the budget of 30 seconds is used up."""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """The current folder, with all temporary files of the command below it: in ``tmp``."""
    (tmp_path / "tmp").mkdir()
    yield tmp_path
    assert list((tmp_path / "tmp").glob("maestro-*")) == []


def started(room: Path, *words: object) -> subprocess.Popen[str]:
    """``maestro`` in a process group of its own, as a shell starts it: with SIGINT not ignored, which the tests' own
    parent may have asked for by running them in the background."""
    command = [sys.executable, "-m", "maestro", *map(str, words)]
    environment = {**os.environ, "TMPDIR": str(room / "tmp")}
    return subprocess.Popen(
        command, cwd=room, env=environment, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        process_group=0, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )  # fmt: skip


def wait_for(process: subprocess.Popen[str], phase: str) -> None:
    """Until ``phase`` is over."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if line.startswith(f"  ✓ {phase}"):
            return
    raise AssertionError("".join(seen))


def ends_well(process: subprocess.Popen[str]) -> None:
    """Ctrl-C goes to all processes of the group. "✗": the phase that did not end."""
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert [line for line in err.splitlines() if not line.startswith("  ✗")] == ["maestro: interrupted"]


def test_while_the_compiler_waits(room: Path) -> None:
    """The NF includes a pipe into which nobody writes."""
    os.mkfifo(room / "never.h")
    write_nf(room, "ENTRY { return device; }", PRELUDE + '#include "never.h"\n')
    process = started(room, "parallelize", "nf.c", "-o", "out", "--build")
    opened = os.open(room / "never.h", os.O_WRONLY)  # waits until the compiler reads
    ends_well(process)
    os.close(opened)
    assert {p.name for p in room.iterdir()} == {"tmp", "nf.c", "never.h"}


def test_while_paths_are_explored(room: Path) -> None:
    write_nf(room, ENDLESS)
    process = started(room, "parallelize", "nf.c", "-o", "out")
    wait_for(process, "compile")
    ends_well(process)
    assert {p.name for p in room.iterdir()} == {"tmp", "nf.c"}


def test_verify_takes_its_folder_away(room: Path) -> None:
    process = started(room, "verify", EXAMPLES / "firewall", "--packets", 2_000_000)
    wait_for(process, "generate")
    ends_well(process)
    assert [p.name for p in room.iterdir()] == ["tmp"]


def test_several_processes(room: Path) -> None:
    for name in ("one", "other"):
        (room / name).mkdir()
        os.mkfifo(room / name / "never.h")
        write_nf(room / name, "ENTRY { return device; }", PRELUDE + '#include "never.h"\n')
    process = started(room, "analyze", "--table", "one", "other")
    opened = [os.open(room / name / "never.h", os.O_WRONLY) for name in ("one", "other")]
    ends_well(process)
    for descriptor in opened:
        os.close(descriptor)


FACTORS = """
import os, signal, threading
from maestro.ir.expr import binary, const, eq, sym, zext
from maestro.solver.z3_backend import Z3

a, b = zext(sym("a", 40), 80), zext(sym("b", 40), 80)
product = eq(binary("mul", a, b), const(1099511627689 * 1099511627581, 80))  # two primes
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    print(Z3().check([product, binary("ult", a, b)], 60_000))
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_solver_that_is_interrupted_has_no_answer() -> None:
    """Z3 catches Ctrl-C and says "unknown": that must not become a plan with locks."""
    done = subprocess.run([sys.executable, "-c", FACTORS], capture_output=True, text=True, check=True, timeout=90)
    assert done.stdout == "interrupted\n"
