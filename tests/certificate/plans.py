"""Plans made by hand for the models of ``handmade``: correct ones, for the tests to break."""

from __future__ import annotations

from dataclasses import replace

from maestro.ir.model import Model
from maestro.ir.packet import FIELDS
from maestro.ir.plan import FieldBits, ObjectPlan, Plan, PortPlan

SYMMETRIC_KEY = bytes.fromhex("6d5a" * 20)
"""Repeats after 16 bits, so swapping source and destination leaves the hash as it is."""

OTHER_KEY = bytes.fromhex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa")
"""Microsoft's verification key: 40 bytes without symmetry."""


def fields(*names: str) -> tuple[FieldBits, ...]:
    return tuple(FieldBits(n, 0, FIELDS[n]) for n in names)


FOUR = fields("ipv4.src", "ipv4.dst", "l4.sport", "l4.dport")
DST = fields("ipv4.dst")


def plan(model: Model, ports: tuple[PortPlan, ...], strategy: str = "sharded") -> Plan:
    objects = tuple(ObjectPlan(o.name, o.kind, strategy, "R1", (o.span,)) for o in model.objects)
    return Plan(model.nf, "generic", 4, "shared-nothing", objects, ports)


def port(number: int, **changes: object) -> PortPlan:
    """The firewall's configuration of one port, with ``changes``."""
    base = PortPlan(
        port=number, fields=FOUR, key=SYMMETRIC_KEY, reta_size=128, reta=tuple(i % 4 for i in range(128)),
        inputs={"ipv4-tcp": FOUR, "ipv4-udp": FOUR}, resteered=("ipv4-options", "ipv4-fragment", "non-ip"),
        owner_inputs=FOUR,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def firewall_plan(model: Model, **changes: object) -> Plan:
    """The firewall's plan; ``changes`` are made to port 1."""
    return plan(model, (port(0), port(1, **changes)))


IPV4 = ("ipv4-tcp", "ipv4-udp", "ipv4-other", "ipv4-options", "ipv4-fragment")


def policer_port(number: int, **changes: object) -> PortPlan:
    """The NIC hashes all IPv4 on the destination; software does the frames that only look like IPv4."""
    base: dict[str, object] = {
        "fields": DST, "key": OTHER_KEY, "inputs": dict.fromkeys(IPV4, DST),
        "resteered": ("non-ip",), "owner_inputs": DST,
    }  # fmt: skip
    return port(number, **base | changes)


def policer_plan(model: Model, **changes: object) -> Plan:
    """The policer's plan; ``changes`` are made to port 0, the policed one."""
    return plan(model, (policer_port(0, **changes), policer_port(1)))
