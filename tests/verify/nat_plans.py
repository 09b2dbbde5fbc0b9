"""A NAT built from tests/verify/nat and plans for it made by hand: steered allocation (R6) and numbered parts (R5)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from maestro.codegen.project import write_project
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import LoadedNF, load
from maestro.ir.model import Model
from maestro.ir.packet import FIELDS
from maestro.ir.plan import FieldBits, Interchange, ObjectPlan, Plan, PortPlan, Steering
from maestro.rss.toeplitz import MICROSOFT_KEY
from maestro.symex.explore import explore
from maestro.verify.reference import build_reference

HERE = Path(__file__).parent


def fields(*names: str) -> tuple[FieldBits, ...]:
    return tuple(FieldBits(n, 0, FIELDS[n]) for n in names)


FOUR = fields("ipv4.src", "ipv4.dst", "l4.sport", "l4.dport")
PORT = fields("l4.dport")
PEER = fields("ipv4.dst", "l4.dport")


def nat() -> tuple[LoadedNF, Model]:
    nf = load([HERE / "nat"])
    return nf, explore(nf.program, nf=nf.name, is_runtime=is_runtime)


def port(number: int, hashed: tuple[FieldBits, ...], cores: int) -> PortPlan:
    """TCP and UDP by the NIC; what else the NAT may take for a flow (fragments, short headers), in software."""
    reta = tuple((i * 7 + i // 16) % cores for i in range(128))
    inputs = {"ipv4-tcp": hashed, "ipv4-udp": hashed}
    return PortPlan(number, hashed, MICROSOFT_KEY, 128, reta, inputs, ("ipv4-fragment", "non-ip"), hashed)


def steered(model: Model, cores: int) -> Plan:
    """Port 0 by the flow, port 1 by the translated port, which is why each core must give out the right ones."""
    test = next(op for path in model.paths for op in path.operations if op.method == "dchain_test")
    objects = tuple(ObjectPlan(o.name, o.kind, "steered", "R6", (o.span,)) for o in model.objects)
    ports = (port(0, FOUR, cores), port(1, PORT, cores))
    steering = (Steering(test.object, 1, test.arg("index")),)
    return Plan(model.nf, "generic", cores, "shared-nothing", objects, ports, steering=steering)


def interchanged(model: Model, cores: int) -> Plan:
    """R5, as if the NAT checked the peer (this one does not: right for traffic whose answers come from the peer)."""
    objects = tuple(ObjectPlan(o.name, o.kind, "sharded", "R5", (o.span,)) for o in model.objects)
    ports = (port(0, fields("ipv4.dst", "l4.dport"), cores), port(1, fields("ipv4.src", "l4.sport"), cores))
    exchange = Interchange(("ports", "keys"), "keys", ((4, 4), (10, 2)))
    return Plan(model.nf, "generic", cores, "shared-nothing", objects, ports, interchanges=(exchange,))


def build(nf: LoadedNF, model: Model, plan: Plan, folder: Path) -> None:
    """``folder``/nf-replay and ``folder``/reference."""
    write_project(model, plan, folder, sources_note="")
    build_reference(nf, plan, folder / "reference", argv=(), model=model, flags=("-O1", "-pthread", "-w"))
    subprocess.run(["make", "-s", "-C", folder, "nf-replay", "CFLAGS=-O1 -Wall -Wextra -Werror"], check=True)
