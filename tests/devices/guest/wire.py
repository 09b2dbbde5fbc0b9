"""The other end of an emulated NIC's cable: frames as datagrams on Unix sockets. Needs no root, loses nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path

FRAME = 1 << 16


class Wire:
    """A cable for the device ``QEMU words``: ``netdev()`` and then ``-device ...,netdev=NAME``.

    A datagram waits while QEMU's socket is full, and QEMU leaves it there while the NIC has no room at all; so nothing
    is lost but what one full queue of the NIC drops."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._there = folder / f"{name}.qemu"
        self._here = folder / f"{name}.test"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._here))
        self._received: list[bytes] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def netdev(self) -> list[str]:
        ends = f"local.type=unix,local.path={self._there},remote.type=unix,remote.path={self._here}"
        return ["-netdev", f"dgram,id={self.name},{ends}"]

    def _listen(self) -> None:
        while frame := self._socket.recv(FRAME):
            self._received.append(frame)

    def send(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            self._socket.sendto(frame, str(self._there))

    def take(self, count: int, *, timeout: float = 20) -> list[bytes]:
        """All that has come out of the NIC since the last call, once that are ``count`` frames."""
        end = time.monotonic() + timeout
        while len(self._received) < count:
            assert time.monotonic() < end, f"{self.name}: {len(self._received)} of {count} frames have come out"
            time.sleep(0.01)
        received, self._received = self._received, []
        return received

    def close(self) -> None:
        self._socket.sendto(b"", str(self._here))  # an empty datagram ends the listener
        self._listener.join(5)
        self._socket.close()
