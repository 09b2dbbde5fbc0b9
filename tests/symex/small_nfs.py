"""Small NFs written in tests: source text in, model out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from maestro.frontend.compile import compile_sources
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import LIBVIG, NATIVE_ONLY
from maestro.ir.model import Model
from maestro.models.files import MayRead
from maestro.symex.budget import Budget
from maestro.symex.explore import explore

HEADER = """\
#include "nf.h"
#include "nf-util.h"
#include "lib/unverified/expirator.h"
#include "lib/unverified/sketch.h"
#include "lib/unverified/util.h"
#include "lib/verified/cht.h"
#include "lib/verified/double-chain.h"
#include "lib/verified/double-map.h"
#include "lib/verified/expirator.h"
#include "lib/verified/lpm-dir-24-8.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "rte_hash_crc.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
struct nf_config { int dummy; } config;
"""
"""Comes before every source; a source's first line is ``nf.c:1``."""

ENTRY = "int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf)"


def analyse(
    source: str, *, argv: Sequence[str] = (), ports: int = 2, budget: Budget | None = None,
    others: Mapping[str, str] | None = None, may_read: MayRead | None = None,
) -> Model:  # fmt: skip
    """The model of an NF given as text; ``ENTRY`` in it stands for the signature of nf_process.

    ``others``: its further files, by name without ``.c``.
    """
    text = source.replace("ENTRY", ENTRY)
    if "nf_init" not in text and "nf_core_init" not in text:
        text += "\nbool nf_init(void) { return true; }"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nf.c"
        file.write_text(f'{HEADER}#line 1 "nf.c"\n{text}\n')
        files = [file]
        for name, more in (others or {}).items():
            files.append(Path(folder) / f"{name}.c")
            files[-1].write_text(f'#include "nf.h"\n#include "lib/verified/map.h"\n#line 1 "{name}.c"\n{more}\n')
        extra = [f for f in sorted((LIBVIG / "src").glob("*.c")) if f.name not in NATIVE_ONLY]
        program = compile_sources(files, include_dirs=[LIBVIG], extra_sources=extra)
    return explore(
        program,
        nf="test",
        ports=ports,
        argv=argv,
        is_runtime=is_runtime,
        may_read=may_read,
        budget=budget or Budget(paths=500),
    )
