"""The plan: what Maestro decided. One strategy per state object, one RSS configuration per port, and why.

Everything downstream (certificate, code generation, verification, JSON) reads plans and models only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maestro.diagnostics import Span


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
    options: ports at byte 34) or ``ihl`` (ports after the IPv4 header as its IHL gives it); bytes past the end of
    the packet count as zero. ``reta[i]`` is the queue (core) of table index i; ``len(reta) == reta_size``.
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


@dataclass(frozen=True)
class ObjectPlan:
    """``strategy``: read-only, sharded, steered, replicated or locked; ``rule``: R1…R7 or None."""

    name: str
    kind: str
    strategy: str
    rule: str | None
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Reason:
    """Why something is, or is not, as one would wish. Codes are listed in docs/reference/reasons.md."""

    code: str
    message: str
    objects: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    hint: str = ""


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
