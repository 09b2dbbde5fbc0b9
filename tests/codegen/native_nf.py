"""An NF's own source on the plain structures, as a library that tests call: what the generated C must agree with."""

from __future__ import annotations

import ctypes
from pathlib import Path

from compiled import CC, GuardedPage

from maestro.frontend.names import is_runtime
from maestro.frontend.nf import LIBVIG, RUNTIME, load
from maestro.frontend.toolchain import build_native
from maestro.ir.model import Model
from maestro.symex.explore import explore

GLUE = """
#include <stdbool.h>
#include <stddef.h>
#include "maestro/reference.h"
#include "nf.h"

const char nf_name[] = "test";
const unsigned nf_ports = 2;
const int maestro_nf_argc = 1;
char *maestro_nf_argv[] = {"test", NULL};

bool maestro_reference_init(void) { return nf_init(); }

int maestro_reference_process(uint16_t port, uint8_t *packet, uint16_t length, int64_t now) {
  return nf_process(port, &packet, length, now, NULL);
}
"""


def model_of(source: Path) -> Model:
    nf = load([source])
    return explore(nf.program, nf=nf.name, ports=2, is_runtime=is_runtime)


class NativeNF:
    """One core that runs the source ``nf``."""

    def __init__(self, nf: Path, folder: Path) -> None:
        glue, library = folder / "glue.c", folder / "native.so"
        glue.write_text(GLUE)
        own = sorted(nf.glob("*.c")) if nf.is_dir() else [nf]
        sources = [*own, glue, *sorted((RUNTIME / "reference").glob("*.c"))]
        for part in ("src", "structs"):
            sources += sorted((LIBVIG / part).glob("*.c"))
        includes = (LIBVIG, RUNTIME / "include", own[0].parent)
        flags = ("-O1", "-g", "-w", "-shared", "-fPIC", "-Wl,-Bsymbolic")
        build_native(sources, library, include_dirs=includes, flags=flags, compiler=CC[0] if len(CC) == 1 else None)
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
