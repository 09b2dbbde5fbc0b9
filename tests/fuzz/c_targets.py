"""Fuzzers in C: the capture reader, and generated NFs on any packets. Built with clang's libFuzzer, ASan and UBSan."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from maestro.codegen.project import write_project
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import RUNTIME, load
from maestro.frontend.settings import settings
from maestro.rss.profile import load as nic
from maestro.sharding.decide import decide
from maestro.symex.explore import explore
from maestro.traffic.pcap import read_pcap
from maestro.verify.traffic import path_traffic

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
FLAGS = (
    "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-msse4.2", "-fsanitize=fuzzer,address,undefined",
    "-fno-sanitize-recover=all",
)  # fmt: skip


@dataclass(frozen=True)
class Example:
    """An NF with small tables, so that a few packets fill them. ``strategy`` is forced."""

    name: str
    argv: tuple[str, ...] = ()
    strategy: str = "auto"


NFS = {
    "firewall": Example("firewall", ("--max-flows", "4", "--expire", "2000000")),
    "nat": Example("nat", ("--max-flows", "4", "--expire", "2000000")),
    "policer": Example("policer", ("--capacity", "4")),
    "firewall-ipv6": Example("firewall-ipv6", ("--max-flows", "4")),
    "connection-limiter-maestro": Example("connection-limiter-maestro"),
    "load-balancer": Example("load-balancer", ("--max-flows", "4")),
    "syn-quota": Example("syn-quota"),
    "bridge-dynamic": Example("bridge-dynamic"),
    "firewall-locks": Example("firewall", ("--max-flows", "4", "--expire", "2000000"), "locks"),
}


def build_captures(program: Path) -> None:
    replay = RUNTIME / "io" / "replay"
    sources = [HERE / "captures.c", replay / "pcap.c", replay / "pcapng.c"]
    includes = [f"-I{RUNTIME / 'include'}", f"-I{replay}"]
    _run("clang", *FLAGS, *includes, *map(str, sources), "-o", str(program))


def build_packets(example: Example, folder: Path) -> tuple[Path, Path]:
    """The fuzzer of a generated NF, and a folder of packets that the solver made for its paths."""
    source = EXAMPLES / example.name
    known = settings([source])
    nf = load([source])
    argv = (*(known.args or ()), *example.argv)
    model = explore(nf.program, nf=nf.name, ports=known.ports or 2, argv=argv, is_runtime=is_runtime)
    plan = decide(model, profile=nic("e810"), cores=2, strategy=example.strategy, seed=1).plan
    project, seeds = folder / "project", folder / "seeds"
    write_project(model, plan, project, sources_note="")
    files = [project / "nf.c", project / "nf_rss.c", *sorted((project / "runtime" / "rss").glob("*.c"))]
    program = folder / f"fuzz-{example.name}"
    _run("clang", *FLAGS, f"-I{project / 'include'}", str(HERE / "packets.c"), *map(str, files), "-o", str(program))
    captures, _ = path_traffic(model, folder / "paths")
    _write_seeds(captures, seeds)
    return program, seeds


def _write_seeds(captures: dict[int, Path], folder: Path) -> None:
    """Sequences of eight packets, as packets.c reads them."""
    packets = sorted((time, port, frame) for port, path in captures.items() for time, frame in read_pcap(path))
    folder.mkdir()
    for first in range(0, len(packets), 8):
        out, last = b"", packets[first][0]
        for time, port, frame in packets[first : first + 8]:
            out += struct.pack(">BHH", port, min((time - last) >> 16, 0xFFFF), len(frame)) + frame
            last = time
        (folder / f"{first}").write_bytes(out)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
