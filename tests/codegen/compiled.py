"""Generated C as a library that tests call: built without a warning, packets at the very end of a page."""

from __future__ import annotations

import ctypes
import mmap
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import maestro
from maestro.codegen.emit import emit_nf
from maestro.codegen.passes import ALL, Passes
from maestro.ir.model import Model
from maestro.ir.plan import ObjectPlan, Plan

INCLUDE = Path(maestro.__file__).parent / "runtime" / "include"
CLANG = (sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-gnu")
CC = ("gcc",) if shutil.which("gcc") else CLANG
STRICT = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", f"-I{INCLUDE}")


def compile_library(text: str, folder: Path, *flags: str) -> ctypes.CDLL:
    """The C ``text`` as a loaded library. Every call makes a new one in ``folder``."""
    source = folder / f"source{len(list(folder.iterdir()))}.c"
    source.write_text(text)
    library = source.with_suffix(".so")
    subprocess.run([*CC, *STRICT, "-O2", "-shared", "-fPIC", *flags, str(source), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def shared_nothing(model: Model, cores: int = 1) -> Plan:
    """The plan that shards every object that packets change."""
    written = {op.object for p in model.paths for op in p.operations if op.kind.modifies}
    strategies = {o.name: "sharded" if o.name in written else "read-only" for o in model.objects}
    objects = tuple(ObjectPlan(o.name, o.kind, strategies[o.name], "R1", ()) for o in model.objects)
    return Plan(model.nf, "generic", cores, "shared-nothing", objects, ())


def locks(model: Model) -> Plan:
    """The plan that locks every object that packets change."""
    plan = shared_nothing(model)
    objects = tuple(replace(o, strategy="locked") if o.strategy == "sharded" else o for o in plan.objects)
    return replace(plan, strategy="locks", objects=objects)


class GuardedPage:
    """A page followed by one that may not be touched: reading past a packet at its end is a fault."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, 2 * mmap.PAGESIZE)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        protect = ctypes.CDLL(None).mprotect
        assert protect(ctypes.c_void_p(self._address + mmap.PAGESIZE), mmap.PAGESIZE, 0) == 0

    def put(self, data: bytes) -> int:
        """The address of a copy of ``data`` that ends where the page does."""
        address = self._address + mmap.PAGESIZE - len(data)
        ctypes.memmove(address, data, len(data))
        return address


class Frame(NamedTuple):
    """A packet that arrives."""

    device: int
    data: bytes
    now: int


class _Frame(ctypes.Structure):
    """``struct nf_frame``."""

    _fields_ = (
        ("data", ctypes.c_void_p), ("time", ctypes.c_int64), ("length", ctypes.c_uint16), ("port", ctypes.c_uint16),
        ("verdict", ctypes.c_uint16), ("head", ctypes.c_int16),
    )  # fmt: skip


class GeneratedNF:
    """One core of the NF generated from ``model``."""

    def __init__(
        self, model: Model, folder: Path, *, core: int = 0, cores: int = 1, plan: Plan | None = None,
        passes: Passes = ALL,
    ) -> None:  # fmt: skip
        self._library = compile_library(emit_nf(model, plan or shared_nothing(model, cores), passes), folder)
        self._library.nf_shared_create.restype = ctypes.c_void_p
        self._library.nf_core_create.restype = ctypes.c_void_p
        self._library.nf_packet.restype = ctypes.c_uint16
        self._shared = ctypes.c_void_p(self._library.nf_shared_create(cores))
        self._core = ctypes.c_void_p(self._library.nf_core_create(self._shared, core, cores))
        self._page = GuardedPage()
        self._pages: list[GuardedPage] = []
        assert self._core

    def burst(self, frames: Sequence[Frame]) -> list[tuple[int, bytes]]:
        """As ``nf_run`` does it."""
        if not hasattr(self._library, "nf_burst"):
            return [self.packet(*frame) for frame in frames]
        while len(self._pages) < len(frames):
            self._pages.append(GuardedPage())
        at = [page.put(f.data) for page, f in zip(self._pages, frames, strict=False)]
        array = (_Frame * len(frames))(
            *(_Frame(a, f.now, len(f.data), f.device, 0, 0) for a, f in zip(at, frames, strict=True))
        )
        self._library.nf_burst(self._core, array, ctypes.c_uint(len(frames)))
        return [
            (entry.verdict, ctypes.string_at(a, len(f.data))) for entry, a, f in zip(array, at, frames, strict=True)
        ]

    def packet(self, device: int, data: bytes, now: int) -> tuple[int, bytes]:
        at = self._page.put(data)
        verdict = self._library.nf_packet(
            self._core, ctypes.c_uint16(device), ctypes.c_void_p(at), ctypes.c_uint16(len(data)), ctypes.c_int64(now)
        )
        return verdict, ctypes.string_at(at, len(data))

    def close(self) -> None:
        self._library.nf_core_destroy(self._core)
        self._library.nf_shared_destroy(self._shared)
