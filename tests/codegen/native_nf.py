"""An NF's own source on the plain structures, as a library that tests call: what the generated C must agree with."""

from __future__ import annotations

import ctypes
from pathlib import Path

from compiled import CC, GuardedPage

from maestro.frontend.compile import compile_sources
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import LIBVIG, NATIVE_ONLY, RUNTIME
from maestro.frontend.toolchain import build_native
from maestro.ir.model import Model
from maestro.symex.explore import explore

INCLUDES = (LIBVIG, RUNTIME / "include")
GLUE = """
const char nf_name[] = "test";
const unsigned nf_ports = 2;
const int maestro_nf_argc = 1;
char *maestro_nf_argv[] = {"test", 0};
"""


def model_of(source: Path) -> Model:
    extra = [f for f in sorted((LIBVIG / "src").glob("*.c")) if f.name not in NATIVE_ONLY]
    program = compile_sources([source], include_dirs=INCLUDES, extra_sources=extra)
    return explore(program, nf=source.stem, ports=2, is_runtime=is_runtime)


class NativeNF:
    """One core that runs the source ``nf``."""

    def __init__(self, nf: Path, folder: Path) -> None:
        glue, library = folder / "glue.c", folder / "native.so"
        glue.write_text(GLUE)
        sources = [nf, glue, *sorted((RUNTIME / "reference").glob("*.c"))]
        for part in ("src", "structs"):
            sources += sorted((LIBVIG / part).glob("*.c"))
        flags = ("-O1", "-g", "-w", "-shared", "-fPIC", "-Wl,-Bsymbolic")
        build_native(sources, library, include_dirs=INCLUDES, flags=flags, compiler=CC[0] if len(CC) == 1 else None)
        self._library = ctypes.CDLL(str(library))
        self._library.nf_core_create.restype = ctypes.c_void_p
        self._library.nf_packet.restype = ctypes.c_uint16
        core = self._library.nf_core_create(ctypes.c_void_p(), ctypes.c_uint(0), ctypes.c_uint(1))
        self._core = ctypes.c_void_p(core)
        self._page = GuardedPage()
        assert self._core

    def packet(self, device: int, data: bytes, now: int) -> tuple[int, bytes]:
        at = self._page.put(data)
        verdict = self._library.nf_packet(
            self._core, ctypes.c_uint16(device), ctypes.c_void_p(at), ctypes.c_uint16(len(data)), ctypes.c_int64(now)
        )
        return verdict, ctypes.string_at(at, len(data))
