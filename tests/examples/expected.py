"""What each example must be decided to be, on the default NIC with two cores."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"

ANY = "ipv4.src ipv4.dst l4.sport l4.dport"
"""What the core depends on where it does not matter: all that can be hashed."""


@dataclass(frozen=True)
class Expected:
    """``fields``: what the core depends on, by port. ``objects``: strategies by object; those of a strategy together.

    ``rules``: those that some object names. ``argv``: the NF's arguments for the differential check: small tables that
    generated traffic fills, and a timeout that it exceeds.
    """

    strategy: str
    fields: tuple[str, str] | None
    objects: dict[str, str] = field(default_factory=dict)
    rules: frozenset[str] = frozenset()
    argv: tuple[str, ...] = ()


def settings(example: str) -> dict[str, object]:
    """What the example's nf.toml says."""
    return tomllib.loads((EXAMPLES / example / "nf.toml").read_text())


def table(*names: str) -> str:
    """What a table of maestro.h is made of."""
    return " ".join(f"{name}.{part}" for name in names for part in ("map", "keys", "values", "ages"))


FLOWS = "flows flow_keys flow_ages"
SMALL = ("--max-flows", "512", "--expire", "1000000")

EXPECTED = {
    "nop": Expected("shared-nothing", (ANY, ANY)),
    "forwarder": Expected("shared-nothing", (ANY, ANY)),
    "bridge-static": Expected("shared-nothing", (ANY, ANY), {"read-only": "ports hosts"}),
    "bridge-dynamic": Expected(
        "locks", None, {"locked": "hosts host_macs host_ports host_ages"},
        argv=("--capacity", "512", "--expire", "1000000"),
    ),
    "policer": Expected(
        "shared-nothing", ("ipv4.dst", ANY), {"sharded": "addresses address_keys buckets address_ages"},
        frozenset({"R1"}), ("--capacity", "512", "--burst", "2000"),
    ),
    "firewall": Expected("shared-nothing", (ANY, ANY), {"sharded": FLOWS}, frozenset({"R1"}), SMALL),
    "firewall-maestro": Expected(
        "shared-nothing", (ANY, ANY),
        {"sharded": "flows.map flows.keys flows.values flows.ages"}, frozenset({"R1"}),
    ),
    "firewall-counter": Expected(
        "shared-nothing", (ANY, ANY),
        {"sharded": FLOWS, "replicated": "addresses address_keys address_indices counters"},
        frozenset({"R1", "R7"}), SMALL,
    ),
    "firewall-ipv6": Expected(
        "shared-nothing", ("ipv6.src ipv6.dst l4.sport l4.dport",) * 2, {"sharded": FLOWS}, frozenset({"R1"}), SMALL,
    ),
    "policer-prefix": Expected(
        "shared-nothing", (ANY, "ipv4.dst[0:24]"), {"sharded": table("subnets")}, frozenset({"R1"}),
    ),
    "syn-quota": Expected(
        "shared-nothing", (ANY, "ipv4.dst"), {"sharded": table("quotas", "handshakes")}, frozenset({"R2"}),
    ),
    "port-scan-detector-maestro": Expected(
        "shared-nothing", (ANY, "ipv4.src"), {"sharded": table("counts", "ports")}, frozenset({"R2"}),
    ),
    "firewall-counter-maestro": Expected(
        "shared-nothing", (ANY, ANY), {"sharded": table("flows"), "replicated": table("received")},
        frozenset({"R1", "R7"}),
    ),
    "connection-limiter-maestro": Expected(
        "shared-nothing", (ANY, "ipv4.src ipv4.dst"), {"sharded": f"{table('connections')} pairs.sketch"},
        frozenset({"R2"}),
    ),
    "load-balancer-maestro": Expected(
        "hybrid", (ANY, "ipv4.src l4.sport l4.dport"),
        {
            "sharded": table("flows"), "read-only": "servers.preferences",
            "locked": "servers.live.map servers.live.keys servers.live.ages",
        },
        frozenset({"R1"}),
    ),
    "router": Expected("shared-nothing", (ANY, ANY), {"read-only": "routes.table"}),
    "nat": Expected(
        "shared-nothing", ("ipv4.dst l4.dport", "ipv4.src l4.sport"), {"sharded": FLOWS}, frozenset({"R5"}), SMALL,
    ),
    "nat-refresh": Expected(
        "shared-nothing", (ANY, "l4.dport"), {"steered": FLOWS}, frozenset({"R6"}), SMALL,
    ),
    "nat-full-cone": Expected(
        "shared-nothing", ("ipv4.src l4.sport", "l4.dport"), {"steered": "endpoints endpoint_keys endpoint_ages"},
        frozenset({"R6"}), ("--max-endpoints", "512", "--expire", "1000000"),
    ),
    "port-scan-detector": Expected(
        "shared-nothing", ("ipv4.src", ANY),
        {"sharded": "sources source_keys port_counts source_ages ports port_keys port_ages"}, frozenset({"R2"}),
        ("--max-sources", "256", "--max-ports", "3", "--expire", "1000000"),
    ),
    "heavy-hitters": Expected(
        "shared-nothing", ("ipv4.src[0:16]", ANY),
        {"sharded": " ".join(f"levels[{i}].{o}" for i in range(3) for o in ("subnets", "keys", "buckets", "ages"))},
        frozenset({"R2"}), ("--capacity", "256", "--rate", "20000", "--burst", "65535"),
    ),
    "connection-limiter": Expected(
        "shared-nothing", ("ipv4.src ipv4.dst", ANY),
        {"sharded": "connections connection_keys connection_ages pairs"}, frozenset({"R2"}), (*SMALL, "--limit", "3"),
    ),
    "load-balancer": Expected(
        "hybrid", (ANY, "ipv4.src l4.sport l4.dport"),
        {
            "sharded": "flows flow_keys choices flow_ages", "read-only": "preferences",
            "locked": "indices addresses backends heartbeats",
        },
        frozenset({"R1"}), ("--max-flows", "512", "--expire", "1000000", "--backend-timeout", "2000000"),
    ),
}  # fmt: skip
