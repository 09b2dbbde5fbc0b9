"""Keys of their own for packet types that never have to meet, on NICs whose rules have keys of their own.

Requirements couple packet types: those that are coupled, at whatever ports, share a key and a field set; all others are
a question of their own, with its own unknowns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from maestro.diagnostics import UserError
from maestro.ir.packet import PACKET_TYPES
from maestro.rss import language
from maestro.rss.explain import Infeasible
from maestro.rss.profile import Profile
from maestro.rss.requirement import Requirement, base_type
from maestro.rss.solve import Configuration, configure


@dataclass(frozen=True)
class Group:
    """``types`` of packets that share a key at every port, and what is required of them."""

    types: tuple[str, ...]
    requirements: tuple[Requirement, ...]


def groups(requirements: Sequence[Requirement]) -> tuple[Group, ...]:
    """The smallest sets of packet types that no requirement couples, in the usual order."""
    joined: list[set[str]] = []
    for r in requirements:
        types = {base_type(t) for t in (*r.left_types, *r.right_types)}
        touched = [s for s in joined if s & types]
        joined = [s for s in joined if not s & types] + [types.union(*touched)]
    ordered = [tuple(t for t in PACKET_TYPES if t in s) for s in joined]
    ordered.sort(key=lambda types: PACKET_TYPES.index(types[0]))
    return tuple(
        Group(types, tuple(r for r in requirements if base_type(r.left_types[0]) in types)) for types in ordered
    )


def offered(profile: Profile) -> None:
    """Raises UserError when rules have no keys of their own."""
    if not profile.per_rule_keys:
        text = f"{profile.title} has one key a port"
        raise UserError(text, hint="leave --per-rule-keys out", code="rss-per-rule")


def solve(
    profile: Profile,
    requirements: Sequence[Requirement],
    *,
    cores: int,
    weights: Sequence[float] | None,
    seed: int | None,
    reta_size: int | None,
    software: bool,
) -> tuple[tuple[Group, Configuration], ...] | Infeasible:
    """A configuration for every group, or why one has none."""
    out = []
    for n, group in enumerate(groups(requirements)):
        found = configure(
            profile, language.ports(group.requirements), group.requirements, cores=cores, weights=weights,
            steer_types={}, seed=None if seed is None else seed + n, reta_size=reta_size, software=software,
        )  # fmt: skip
        if isinstance(found, Infeasible):
            return replace(found, reason=f"{', '.join(group.types)}: {found.reason}")
        out.append((group, found))
    return tuple(out)
