"""Colour: on terminals only, and never with NO_COLOR; --quiet says nothing."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.command_line import EXAMPLES, maestro

COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;)")
COMMAND = (sys.executable, "-m", "maestro", "analyze", str(EXAMPLES / "nop"))


def on_a_terminal(settings: Mapping[str, str]) -> bytes:
    """All that the command prints to a terminal, results and progress."""
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    ours, its = pty.openpty()
    process = subprocess.Popen(COMMAND, stdout=its, stderr=its, env={**environment, "TERM": "xterm", **settings})
    os.close(its)
    printed = b""
    try:
        while more := os.read(ours, 65536):
            printed += more
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0, printed
    return printed


def test_a_terminal_gets_colour() -> None:
    assert COLOUR.search(on_a_terminal({}))


def test_no_color_is_respected() -> None:
    printed = on_a_terminal({"NO_COLOR": "1"})
    assert b"shared-nothing" in printed
    assert not COLOUR.search(printed)


def test_a_pipe_gets_plain_text() -> None:
    done = subprocess.run(COMMAND, capture_output=True, check=True)
    assert b"shared-nothing" in done.stdout
    assert b"\x1b" not in done.stdout + done.stderr


def test_quiet_says_nothing_but_errors(tmp_path: Path) -> None:
    command = [*COMMAND[:3], "parallelize", str(EXAMPLES / "nop"), "-o", str(tmp_path / "out"), "--quiet"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
    again = maestro("parallelize", EXAMPLES / "nop", "-o", tmp_path / "out", "--quiet")
    assert (again.status, again.out) == (2, "")
    assert "[output-exists]" in again.err
