"""The reference build: the NF's own source, unchanged, on the plain runtime, as a replay program."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from maestro.codegen.parts import emit_parts
from maestro.codegen.rss import emit_rss
from maestro.frontend.entry import Entry
from maestro.frontend.nf import LIBVIG, NATIVE_ONLY, RUNTIME, LoadedNF
from maestro.frontend.objects import Build, build_program
from maestro.ir.model import Model
from maestro.ir.plan import Plan
from maestro.ir.program import Call, Program

FLAGS = ("-O3", "-pthread", "-w")
"""Optimised as the generated project is; the user's warnings are the user's business."""


def build_reference(
    nf: LoadedNF,
    plan: Plan,
    output: Path,
    *,
    argv: Sequence[str],
    model: Model | None = None,
    flags: Sequence[str] = FLAGS,
    compiler: str | None = None,
) -> None:
    """Build ``output``, a replay program that runs the NF as it is, on one core, with the arguments ``argv``.

    ``model``: told another run's cores (``--owners``), the NF's allocators give out what the parallel cores do, each
    from its part; without a model the parts are contiguous shares.

    Raises SourceError when the NF does not compile or link.
    """
    with tempfile.TemporaryDirectory(prefix="maestro-reference-") as folder:
        generated = []
        texts = {**nf.generated, "nf_rss.c": emit_rss(plan), "arguments.c": _arguments(nf.name, len(plan.ports), argv)}
        if model is not None:
            texts["nf_parts.c"] = emit_parts(model, plan)
        texts["entry.c"] = entry_text(nf.entry)
        for name, text in texts.items():
            generated.append(Path(folder) / name)
            generated[-1].write_text(text)
        build_program(
            [*nf.files, *nf.runtime_files, *runtime_sources(), *generated],
            output,
            Build(
                include_dirs=[*nf.include_dirs, *{f.parent for f in nf.files}],
                defines={**nf.defines, **({"MOVES_START": None} if moves_start(nf.program) else {})},
                flags=flags,
                compiler=compiler,
            ),
        )


_RESIZING = frozenset({"packet_shrink_chunk", "packet_insert_new_chunk", "nf_shrink_chunk", "nf_insert_new_chunk"})


def moves_start(program: Program) -> bool:
    """Whether the NF inserts or removes headers, so that its packets need room before them."""
    callers = (f for name, f in program.functions.items() if name not in _RESIZING and not f.is_declaration)
    calls = (i for f in callers for block in f.blocks for i in block.instructions if isinstance(i, Call))
    return any(call.callee in _RESIZING for call in calls)


def runtime_sources() -> list[Path]:
    """Maestro's C files that only the native build needs."""
    return [
        *(LIBVIG / "src" / name for name in sorted(NATIVE_ONLY)),
        *sorted((LIBVIG / "structs").glob("*.c")),
        *sorted((RUNTIME / "reference").glob("*.c")),
        *sorted((RUNTIME / "io" / "replay").glob("*.c")),
        *sorted((RUNTIME / "rss").glob("*.c")),
        *sorted((RUNTIME / "merge").glob("*.c")),
    ]


_C_TYPES = {
    "device": "uint16_t", "buffer": "uint8_t **", "packet": "uint8_t *", "length": "uint16_t", "now": "int64_t",
    "mbuf": "struct rte_mbuf *",
}  # fmt: skip
_C_VALUES = {
    "device": "port", "buffer": "&packet", "packet": "packet", "length": "length", "now": "now", "mbuf": "&mbuf",
}  # fmt: skip


def entry_text(entry: Entry) -> str:
    """The NF's entry points behind the two functions that reference.c calls."""
    types = ", ".join(_C_TYPES[p] for p in entry.parameters)
    values = ", ".join(_C_VALUES[p] for p in entry.parameters)
    init = f"return {entry.init}();" if entry.reports else f"{entry.init}();\n  return true;"
    return (
        "#include <stdbool.h>\n"
        '#include "maestro/reference.h"\n'
        '#include "rte_mbuf.h"\n\n'
        f"{'bool' if entry.reports else 'void'} {entry.init}(void);\n"
        f"int {entry.process}({types});\n\n"
        f"bool maestro_reference_init(void) {{\n  {init}\n}}\n\n"
        "int maestro_reference_process(uint16_t port, uint8_t *packet, uint16_t length, int64_t now) {\n"
        "  struct rte_mbuf mbuf;\n"
        "  maestro_mbuf_fill(&mbuf, packet, port, length);\n"
        f"  return {entry.process}({values});\n}}\n"
    )


def _arguments(name: str, ports: int, argv: Sequence[str]) -> str:
    words = ", ".join(json.dumps(word) for word in [name, *argv])
    return (
        "#include <stddef.h>\n"
        f"const char nf_name[] = {json.dumps(name)};\n"
        f"const unsigned nf_ports = {ports};\n"
        f"const int maestro_nf_argc = {len(argv) + 1};\n"
        f"char *maestro_nf_argv[] = {{{words}, NULL}};\n"
    )
