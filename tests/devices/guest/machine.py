"""A Linux guest in QEMU: boots what ./fetch has fetched, runs shell lines, shares a folder. No KVM and no root needed.

Every wait ends: ``TIMEOUT`` seconds for a line unless told otherwise, after which the guest is dead and the test fails
with what the guest's console said last.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

TIMEOUT = 180.0
FETCH = Path(__file__).with_name("fetch")


def cache_folder() -> Path:
    """Where ./fetch puts things: $MAESTRO_GUEST, or below $XDG_CACHE_HOME or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(os.environ.get("MAESTRO_GUEST") or f"{base}/maestro/guest")


def missing() -> str | None:
    """What a test that needs a guest says when it is skipped."""
    if (cache_folder() / "recipe").exists():
        return None
    return f"needs a kernel and a QEMU with igb in {cache_folder()}: run tests/devices/guest/fetch (Debian)"


@dataclass(frozen=True)
class Done:
    status: int
    output: str


class Guest:
    """A running guest with ``cpus`` CPUs and ``megabytes`` of memory. The folder ``shared`` is its /host.

    ``devices``: more words for QEMU. ``prefix``: words before the command, such as ``ip netns exec``.
    """

    def __init__(
        self, shared: Path, *, cpus: int, megabytes: int, devices: Sequence[str] = (), prefix: Sequence[str] = ()
    ) -> None:
        self.shared = shared
        self._console = shared / "console"
        lines = shared / "lines"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(lines))
            server.listen()
            command = [*prefix, *_qemu(), *_machine(shared, lines, cpus, megabytes), *devices]
            self._log = (shared / "qemu.log").open("w")
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, env=_environment()
            )
            self._lines = self._accept(server)
        self._unread = b""
        self._answer(TIMEOUT)

    def _accept(self, server: socket.socket) -> socket.socket:
        """QEMU's end of the second serial port."""
        server.settimeout(0.1)
        for _ in range(int(10 * TIMEOUT)):
            with suppress(TimeoutError):
                return server.accept()[0]
            if self._process.poll() is not None:
                break
        self.stop()
        raise AssertionError(f"QEMU does not start\n{self._said()}")

    def __enter__(self) -> Guest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()

    def run(self, line: str, *, timeout: float = TIMEOUT) -> Done:
        """The exit status of a shell line and what it prints. A ``&`` at its end leaves it running."""
        assert "\n" not in line
        self._lines.sendall(f"{line}\n".encode())
        return self._answer(timeout)

    def check(self, line: str, *, timeout: float = TIMEOUT) -> str:
        """What a line prints that must succeed."""
        done = self.run(line, timeout=timeout)
        assert done.status == 0, f"{line}: status {done.status}\n{done.output}"
        return done.output

    def _answer(self, timeout: float) -> Done:
        """Up to the line ``@@ STATUS``."""
        end = time.monotonic() + timeout
        while (at := self._unread.find(b"@@ ")) < 0 or b"\n" not in self._unread[at:]:
            self._lines.settimeout(max(0.01, end - time.monotonic()))
            try:
                more = self._lines.recv(65536)
            except TimeoutError:
                more = b""
            if not more:
                self.stop()
                raise AssertionError(f"the guest does not answer: {self._unread!r}\n{self._said()}")
            self._unread += more
        output, _, rest = self._unread.partition(b"@@ ")
        status, _, self._unread = rest.partition(b"\n")
        return Done(int(status), output.decode(errors="replace"))

    def _said(self) -> str:
        """The ends of QEMU's messages and of the guest's console."""
        files = [self.shared / "qemu.log", self._console]
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in files if path.exists())


def _qemu() -> list[str]:
    own = cache_folder() / "qemu"
    if not own.is_dir():
        return ["qemu-system-x86_64"]
    firmware = [own / "usr/share/qemu", own / "usr/share/seabios"]
    return [str(own / "usr/bin/qemu-system-x86_64"), *(word for path in firmware for word in ("-L", str(path)))]


def _environment() -> dict[str, str]:
    own = cache_folder() / "qemu"
    libraries = [str(path) for path in (own / "usr/lib/x86_64-linux-gnu", own / "lib/x86_64-linux-gnu")]
    modules = str(own / "usr/lib/x86_64-linux-gnu/qemu")
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries), "QEMU_MODULE_DIR": modules}


def _machine(shared: Path, lines: Path, cpus: int, megabytes: int) -> list[str]:
    return [
        "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-machine", "q35", "-cpu", "max",
        "-accel", "tcg,thread=multi", "-smp", str(cpus), "-m", str(megabytes),
        "-kernel", str(cache_folder() / "kernel"), "-initrd", str(cache_folder() / "initramfs"),
        "-append", "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check",
        "-serial", f"file:{shared / 'console'}",
        "-chardev", f"socket,id=lines,path={lines}", "-serial", "chardev:lines",
        "-virtfs", f"local,path={shared},mount_tag=host,security_model=none,multidevs=remap",
    ]  # fmt: skip


def bring(program: Path, folder: Path, *more: Path) -> None:
    """Copies a program, shared libraries ``more``, and all libraries that they need, into one flat ``folder``.

    In the guest the program then runs as FOLDER/ld.so --library-path FOLDER FOLDER/PROGRAM."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (program, *more):
        shutil.copy(path, folder / path.name)
        listed = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=True).stdout
        for line in listed.splitlines():
            name, _, rest = line.strip().partition(" ")
            where = rest.removeprefix("=> ").partition(" ")[0]
            if "ld-linux" in name:
                shutil.copy(name, folder / "ld.so")
            elif where.startswith("/"):
                shutil.copy(where, folder / name)
                if name == "libc.so.6":  # opens it by itself, to end threads
                    shutil.copy(Path(where).with_name("libgcc_s.so.1"), folder)
