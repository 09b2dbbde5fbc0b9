"""An NF as it is, on the plain runtime, one packet at a time: the reference build as a shared library."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

from maestro.frontend.nf import load
from maestro.ir.plan import Plan, PortPlan
from maestro.verify.reference import build_reference

DROP, FLOOD = 0xFFFE, 0xFFFF
SECOND = 1_000_000_000

_FLAGS = ("-O1", "-shared", "-fPIC", "-pthread", "-w")


class NativeNF:
    """``send`` returns a verdict and the bytes as they are afterwards; an NF's state lasts as long as the object."""

    def __init__(self, source: Path, folder: Path, argv: Sequence[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "nf.so"
        build_reference(load([source]), _any_plan(source.name), library, argv=argv, flags=_FLAGS)
        self._nf = ctypes.CDLL(str(library))
        self._nf.nf_core_create.restype = ctypes.c_void_p
        self._nf.nf_packet.restype = ctypes.c_uint16
        self._nf.nf_packet.argtypes = (
            ctypes.c_void_p, ctypes.c_uint16, ctypes.c_char_p, ctypes.c_uint16, ctypes.c_int64
        )  # fmt: skip
        self._nf.nf_core_create.argtypes = (ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)
        self._core = self._nf.nf_core_create(None, 0, 1)
        assert self._core, "the NF does not start"

    def send(self, port: int, frame: bytes, time: int) -> tuple[int, bytes]:
        """``time`` in ns; never less than that of the packet before."""
        buffer = ctypes.create_string_buffer(frame, len(frame))
        verdict: int = self._nf.nf_packet(self._core, port, buffer, len(frame), time)
        return verdict, buffer.raw


def _any_plan(name: str) -> Plan:
    """The reference build contains a plan, which processing single packets does not look at."""
    ports = tuple(PortPlan(p, (), bytes(52), 128, (0,) * 128) for p in range(2))
    return Plan(name, "none", 1, "locks", (), ports)
