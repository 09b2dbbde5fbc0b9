"""The plan: what Maestro decided. One strategy per state object, one RSS configuration per port, and why.

Everything downstream (certificate, code generation, verification, JSON) reads plans and models only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maestro.diagnostics import Span
from maestro.ir.expr import Expr


@dataclass(frozen=True)
class FieldBits:
    """``count`` bits of field ``name`` from bit ``first``; bit 0 is the field's most significant bit."""

    name: str
    first: int
    count: int


@dataclass(frozen=True)
class PortPlan:
    """RSS of one port.

    ``inputs``: per packet type, what is fed to Toeplitz, in order (an empty tuple: not hashed, queue 0).
    ``fields``: what the core may depend on. ``resteered``: packet types whose owner core is computed in software,
    from the fields ``owner_inputs``, read where ``owner_layout`` says: ``fixed`` (as if the IPv4 header had no
    options: ports at byte 34) or ``ihl`` (ports after the IPv4 header as its IHL gives it, if it is at least 5 and
    the header lies in the frame, else at byte 34); bytes past the end of
    the packet count as zero. ``uncertain``: packet types of which some may be hashed otherwise than ``inputs`` says, as
    the NIC's profile warns; if they share state, that does not matter.
    ``reta[i]`` is the queue (core) of table index i; ``len(reta) == reta_size``.
    Every packet's core is ``reta[hash & (reta_size - 1)]``.
    """

    port: int
    fields: tuple[FieldBits, ...]
    key: bytes
    reta_size: int
    reta: tuple[int, ...]
    inputs: dict[str, tuple[FieldBits, ...]] = field(default_factory=dict)
    resteered: tuple[str, ...] = ()
    owner_inputs: tuple[FieldBits, ...] = ()
    owner_layout: str = "fixed"
    uncertain: tuple[str, ...] = ()


@dataclass(frozen=True)
class ObjectPlan:
    """``strategy``: read-only, sharded, steered, replicated or locked; ``rule``: R1…R7 or None."""

    name: str
    kind: str
    strategy: str
    rule: str | None
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Steering:
    """R6: indices of ``allocator`` are handed out by the core to which the NIC steers packets that name them.

    A packet on ``port`` names the index ``index`` (32 bits, over ``pkt[k]``); equal indices reach equal cores. Core c
    allocates only indices i such that packets naming i reach c; indices that no packet can name are anybody's.
    """

    allocator: str
    port: int
    index: Expr


@dataclass(frozen=True)
class Interchange:
    """R5: a packet may name an entry by its index, but only the entry's own peer gets further than a miss.

    ``objects``: those that are so reached. The bytes (offset, size) of the elements of ``vector`` are what every such
    packet is compared with; the requirement is on these fields instead of on the index.
    """

    objects: tuple[str, ...]
    vector: str
    bytes: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Replica:
    """R7: every core has its own ``object``; merged, its values are those of the sequential NF.

    ``parts``: (offset, size, how) of the values within an element (little-endian) and how two copies become one:
    ``add``, ``max``, ``min``, ``or``, ``and``, ``xor``, or ``same`` (equal wherever written). Empty for objects without
    values of their own (a map of keys, an allocator).
    """

    object: str
    parts: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why something is, or is not, as one would wish. Codes are listed in docs/reference/reasons.md.

    ``conflict``: where requirements exclude one another, a smallest set of them that does.
    """

    code: str
    message: str
    objects: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    hint: str = ""
    conflict: tuple[Constraint, ...] = ()


@dataclass(frozen=True)
class Constraint:
    """A requirement as the paper writes it, e.g. ``p0(LAN).flow = p1(WAN).inverse(flow) → same core``."""

    text: str
    rule: str
    objects: tuple[str, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Plan:
    """``strategy``: shared-nothing, hybrid, locks or htm."""

    nf: str
    nic: str
    cores: int
    strategy: str
    objects: tuple[ObjectPlan, ...]
    ports: tuple[PortPlan, ...]
    constraints: tuple[Constraint, ...] = ()
    reasons: tuple[Reason, ...] = ()
    steering: tuple[Steering, ...] = ()
    interchanges: tuple[Interchange, ...] = ()
    replicas: tuple[Replica, ...] = ()

    @property
    def any_split(self) -> bool:
        """Whether packets may go to any core: no object is divided among the cores. Keys then only spread the load."""
        return not any(o.strategy in ("sharded", "steered") for o in self.objects)
