"""NICs that make hashes symmetric themselves: what they make of source and destination before they hash them.

``xor`` puts the XOR of both in the place of each, which is linear over GF(2): such inputs are parts named ``a^b``, and
keys for them are found by elimination as any others. ``or-xor`` (OR first, XOR second) and ``sort`` (the smaller one
first) are not linear: they are functions here, for evaluation. Source: Linux, Documentation/networking/scaling.rst and
include/uapi/linux/ethtool.h, RXH_XFRM_SYM_XOR and RXH_XFRM_SYM_OR_XOR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from maestro.diagnostics import UserError
from maestro.ir.plan import FieldBits
from maestro.rss.profile import FieldSet, Profile
from maestro.rss.requirement import Inputs

MODES = ("xor", "or-xor", "sort")
TWINS = {"ipv4.src": "ipv4.dst", "ipv6.src": "ipv6.dst", "l4.sport": "l4.dport"}
"""Sources and their destinations."""

_BACK = {second: first for first, second in TWINS.items()}


def pair_of(name: str) -> tuple[str, str] | None:
    """The source and the destination of which a field is one."""
    source = _BACK.get(name, name)
    return (source, TWINS[source]) if source in TWINS else None


def combine(mode: str, name: str, source: int, destination: int) -> int:
    """What is hashed in the place of the field ``name``, one of the two."""
    first = name in TWINS
    match mode:
        case "xor":
            return source ^ destination
        case "or-xor":
            return source | destination if first else source ^ destination
        case _:
            return min(source, destination) if first else max(source, destination)


def complete(inputs: Inputs) -> bool:
    """Whether the same bits of both fields of every pair are there: drivers refuse half a pair in these modes."""
    parts = {(p.name, p.first, p.count) for p in inputs}
    return all(
        {(name, p.first, p.count) for name in pair} <= parts for p in inputs if (pair := pair_of(p.name)) is not None
    )


def sets_of(profile: Profile, mode: str) -> tuple[FieldSet, ...]:
    """The field sets that can be had in this mode. Raises UserError when there is none."""
    sets = tuple(s for s in profile.field_sets if all(complete(i) for a in s.inputs.values() for i in a))
    if not sets:
        text = f"{profile.title} has no field set with both source and destination for {mode}"
        raise UserError(text, hint="symmetric modes need both fields of a pair", code="rss-symmetric")
    return sets


def offered(profile: Profile, mode: str) -> bool:
    return mode in (profile.symmetric.ethtool, profile.symmetric.dpdk)


def available(profile: Profile, mode: str) -> Profile:
    """The NIC itself. Raises UserError when it has no such mode."""
    if not offered(profile, mode):
        modes = sorted({profile.symmetric.ethtool, profile.symmetric.dpdk} - {"none"})
        hint = f"it has {', '.join(modes)}" if modes else "it has no symmetric mode; leave --symmetric out"
        raise UserError(f"{profile.title} has no symmetric mode {mode!r}", hint=hint, code="rss-symmetric")
    return profile


def applied(profile: Profile, mode: str) -> Profile:
    """The NIC in mode ``xor``, as one whose inputs are XORs. Raises UserError when it has no such mode."""
    available(profile, mode)
    if mode != "xor":
        text = f"keys cannot be solved for in mode {mode!r}: it is not linear"
        raise UserError(text, hint="`maestro rss check --symmetric` tries a key in it", code="rss-symmetric")
    return replace(profile, field_sets=tuple(map(linear, sets_of(profile, mode))))


def linear(chosen: FieldSet) -> FieldSet:
    """The set in mode ``xor``."""
    return FieldSet(chosen.name, {t: tuple(map(_xored, lists)) for t, lists in chosen.inputs.items()})


def _xored(inputs: Inputs) -> Inputs:
    return tuple(
        FieldBits("^".join(pair), part.first, part.count) if (pair := pair_of(part.name)) else part for part in inputs
    )


def plain(inputs: Inputs) -> Inputs:
    """The fields that the NIC is asked to hash: the source first, then the destination."""
    seen: set[FieldBits] = set()
    out = []
    for part in inputs:
        names = part.name.split("^")
        out.append(FieldBits(names[-1] if part in seen else names[0], part.first, part.count))
        seen.add(part)
    return tuple(out)


def unpaired(by_type: Mapping[str, Inputs]) -> dict[str, Inputs]:
    return {t: plain(inputs) for t, inputs in by_type.items()}
