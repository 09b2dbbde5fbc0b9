"""The generated project: a directory that ``make`` builds without Maestro."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from maestro.codegen.emit import emit_nf, emit_rss
from maestro.codegen.passes import ALL, Passes
from maestro.diagnostics import UserError
from maestro.ir.model import Model
from maestro.ir.plan import Plan

RUNTIME = Path(__file__).parent.parent / "runtime"
DPDK_AT_LEAST = "22.11"
_RUNTIME_PARTS = ("io/dpdk", "io/replay", "merge", "rss")


def require_fresh(out_dir: Path) -> None:
    """Raises UserError (``output-exists``) when there is something at ``out_dir``."""
    if out_dir.exists() or out_dir.is_symlink():
        raise UserError(
            f"the output directory {out_dir} exists",
            hint="remove it or name another one with -o; nothing was written",
            code="output-exists",
        )


def write_project(
    model: Model, plan: Plan, out_dir: Path, *, sources_note: str, extra: Mapping[str, str] | None = None,
    passes: Passes = ALL,
) -> list[Path]:  # fmt: skip
    """Write the project and return its files, in order; ``sources_note`` says in the README what it was made from.

    ``extra``: further files, text by name.

    Everything is written to a temporary directory beside ``out_dir``, which takes its name at the very end. Raises
    UserError (``output-exists``, ``output-unwritable``) and what :func:`emit_nf` raises.
    """
    require_fresh(out_dir)
    texts = {
        "nf.c": emit_nf(model, plan, passes),
        "nf_rss.c": emit_rss(plan),
        "README.md": _readme(model, plan, sources_note),
        **(extra or {}),
    }
    copies = _runtime_files()
    texts["Makefile"] = _makefile(sorted(str(f) for f in copies if f.suffix == ".c"))
    try:
        out_dir.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out_dir.parent, prefix=f".{out_dir.name}.") as temporary:
            _fill(Path(temporary) / "project", texts, copies)
            (Path(temporary) / "project").rename(out_dir)
    except OSError as error:
        raise UserError(
            f"cannot write {out_dir}: {error.strerror}",
            hint="name a directory that you may write to with -o",
            code="output-unwritable",
        ) from error
    return sorted(out_dir / name for name in [*map(Path, texts), *copies])


def _fill(root: Path, texts: dict[str, str], copies: dict[Path, Path]) -> None:
    root.mkdir()
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")
    for copy, source in copies.items():
        (root / copy).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, root / copy)


def _runtime_files() -> dict[Path, Path]:
    """Where in the project each runtime file goes, and where it comes from."""
    files = {Path("include/maestro") / f.name: f for f in sorted((RUNTIME / "include/maestro").glob("*.h"))}
    for part in _RUNTIME_PARTS:
        for f in sorted((RUNTIME / part).glob("*.[ch]")):
            files[Path("runtime") / part / f.name] = f
    return files


def _makefile(sources: list[str]) -> str:
    def listed(part: str) -> str:
        return " \\\n\t".join(f for f in sources if f.startswith(f"runtime/{part}"))

    common = " \\\n\t".join(["nf.c", "nf_rss.c", *(f for f in sources if not f.startswith("runtime/io/"))])
    return f"""\
# Builds nf-replay, which runs the network function on packets from captures, one thread a core,
# and nf-dpdk, which runs it on the ports of DPDK.
#
#   make                        nf-replay; gcc or clang, any x86-64 or 64-bit ARM machine
#   make dpdk                   nf-dpdk; needs DPDK {DPDK_AT_LEAST} or newer
#   make NATIVE=-march=native   for this machine only

CC ?= cc
NATIVE ?=
CFLAGS ?= -O3 -Wall -Wextra
PKG_CONFIG ?= pkg-config
COMMON = {common}
REPLAY = {listed("io/replay/")}
DPDK = {listed("io/dpdk/")}
objects = $(patsubst %.c,build/%.o,$(COMMON) $(1))

all: nf-replay

nf-replay: $(call objects,$(REPLAY))
\t$(CC) $(CFLAGS) $(NATIVE) $(LDFLAGS) -pthread -o $@ $^

dpdk:
\t@$(PKG_CONFIG) --atleast-version={DPDK_AT_LEAST} libdpdk || {{ \\
\t  echo "make dpdk: needs DPDK {DPDK_AT_LEAST} or newer, and $(PKG_CONFIG) finds no such libdpdk" \\
\t    "(Debian, Ubuntu: apt-get install libdpdk-dev pkg-config)" >&2; exit 1; }}
\t@$(MAKE) --no-print-directory nf-dpdk

nf-dpdk: $(call objects,$(DPDK))
\t$(CC) $(CFLAGS) $(NATIVE) $(LDFLAGS) -pthread -o $@ $^ $$($(PKG_CONFIG) --libs libdpdk)

build/%.o: %.c
\t@mkdir -p $(@D)
\t$(CC) -std=gnu11 -Iinclude $(CFLAGS) $(NATIVE) -pthread -MMD -MP -c -o $@ $<

# DPDK's own headers are not ours to warn about.
build/runtime/io/dpdk/%.o: runtime/io/dpdk/%.c
\t@mkdir -p $(@D)
\t$(CC) -std=gnu11 -Iinclude $$($(PKG_CONFIG) --cflags libdpdk | sed 's/-I/-isystem /g') \\
\t  $(CFLAGS) $(NATIVE) -pthread -MMD -MP -c -o $@ $<

clean:
\trm -rf build nf-replay nf-dpdk

.PHONY: all dpdk clean
-include $(patsubst %.c,build/%.d,$(COMMON) $(REPLAY) $(DPDK))
"""


def _readme(model: Model, plan: Plan, sources_note: str) -> str:
    return f"""\
# {model.nf} on {plan.cores} cores

Generated by Maestro from {sources_note}. {_arrangement(plan)}

- `nf.c`: the network function: its state, and what happens to a packet.
- `nf_rss.c`: what the NIC must be told: RSS keys, inputs and table of every port.
- `runtime/`, `include/`: packets in and out, RSS in software, the state structures.

Build it with `make` (gcc or clang), then for example

    ./nf-replay --cores {plan.cores} {" ".join(f"--in {p}=port{p}.pcap" for p in range(model.ports))}

For NICs, build it with `make dpdk` (DPDK {DPDK_AT_LEAST} or newer), then for example

    ./nf-dpdk -l 0-{plan.cores - 1} -- --rss nic

EAL's options come before `--`, one worker runs on each lcore; `./nf-dpdk -- --help` tells the rest.
"""


def _arrangement(plan: Plan) -> str:
    locked = ", ".join(o.name for o in plan.objects if o.strategy == "locked")
    match plan.strategy:
        case "hybrid":
            return f"""\
Hybrid: the cores have {locked} in common, under one lock a core; the other
state is each core's own, and the NIC ({plan.nic}) sends all packets that share it to the same core."""
        case "locks" if locked:
            return f"""\
Locks: the cores have {locked} in common, under one lock a core. Reading
takes a core's own lock only; changing the state takes all."""
        case "htm" if locked:
            return f"""\
Transactions: the cores have {locked} in common. Each packet is a transaction
of the CPU (RTM), and takes the locks, one a core, if it does not commit; without RTM the program says
so and runs on the locks."""
    return f"""\
Shared-nothing: each core has its own state, and the NIC ({plan.nic}) sends
all packets that share state to the same core."""
