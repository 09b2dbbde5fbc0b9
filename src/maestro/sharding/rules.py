"""The rules by which requirements are explained: R2 subsumption, R3 disjoint and R4 unhashable dependencies.

They name outcomes only. What is possible is decided by the linear system in ``rss``, which needs none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from maestro.ir.expr import symbols
from maestro.ir.plan import Reason
from maestro.rss import gf2
from maestro.rss.profile import Profile
from maestro.rss.requirement import FieldBit, Form, base_type
from maestro.sharding.accesses import Access
from maestro.sharding.hazards import spans_of
from maestro.sharding.notation import key_text
from maestro.sharding.provenance import is_input
from maestro.sharding.requirements import Need

MAIN_TYPES = frozenset({"ipv4-tcp", "ipv4-udp", "ipv6-tcp", "ipv6-udp"})
"""Packets that must be spread: a result that sends all of them to one core is no result."""

_KEY_HINT = "key the state by fields that all packets of one entry share and that the NIC hashes: IP addresses, ports"


@dataclass(frozen=True)
class Kept:
    """A requirement that no other one implies, and those that it implies."""

    need: Need
    absorbed: tuple[Need, ...]

    @property
    def rule(self) -> str:
        """R2 when it makes a strictly finer one superfluous, else R1."""
        return "R2" if self.finer else "R1"

    @property
    def finer(self) -> tuple[Need, ...]:
        return tuple(n for n in self.absorbed if self._is_finer(n))

    def _is_finer(self, other: Need) -> bool:
        return not any(_spans(self.need.rows, n.rows) for n in (other, _mirrored(other)))


def coarsest(needs: Sequence[Need]) -> tuple[Kept, ...]:
    """R2: only the requirements that are not implied by another one, each with what it makes superfluous."""
    absorbed: dict[Need, list[Need]] = {n: [] for n in needs}
    for need in needs:
        stronger = next((n for n in absorbed if n is not need and _implies(n, need)), None)
        if stronger:
            absorbed[stronger] += [need, *absorbed.pop(need)]
    return tuple(Kept(need, tuple(others)) for need, others in absorbed.items())


def _implies(strong: Need, weak: Need) -> bool:
    """Whether packets that ``weak`` speaks of are always packets that ``strong`` speaks of."""
    return any(
        (strong.left_port, strong.right_port) == (w.left_port, w.right_port)
        and _covers(strong.left_types, w.left_types)
        and _covers(strong.right_types, w.right_types)
        and _spans(w.rows, strong.rows)
        for w in (weak, _mirrored(weak))
    )


def _covers(types: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """A type without suffix stands for both of its suffixed forms."""
    return all(t in types or base_type(t) in types for t in others)


def _mirrored(n: Need) -> Need:
    rows = tuple((right, left) for left, right in n.rows)
    return Need(n.right_port, n.right_types, n.left_port, n.left_types, rows, n.objects, n.spans)


@lru_cache(maxsize=4096)
def _spans(rows: tuple[tuple[Form, Form], ...], others: tuple[tuple[Form, Form], ...]) -> bool:
    """Whether every equation in ``others`` follows from ``rows``."""
    variables: dict[tuple[int, FieldBit], int] = {}

    def encode(row: tuple[Form, Form]) -> int:
        out = row[0].constant ^ row[1].constant
        for side, form in enumerate(row):
            for bit in form.bits:
                out ^= 2 << variables.setdefault((side, bit), len(variables))
        return out

    basis = gf2.reduce([encode(row) for row in rows])
    return all(gf2.residue(basis, encode(row)) == 0 for row in others)


def stored_keys(accesses: Iterable[Access]) -> Iterator[Reason]:
    """R4: keys that depend on stored state. No packet says where such an entry is."""
    found: dict[str, list[Access]] = {}
    for access in accesses:
        if not is_input(access.location):
            found.setdefault(access.object, []).append(access)
    for name, own in found.items():
        yield Reason(
            "not-a-packet-field",
            f"`{name}` is accessed by a key that depends on stored state: {_holders(own)}",
            (name,),
            spans_of([a.operation for a in own]),
            "use a key that the packet itself carries",
        )


def _holders(accesses: Iterable[Access]) -> str:
    """The objects that hold what the keys are made of: a result of theirs is called ``flows#4.cell``."""
    held = [s.name.partition("#") for a in accesses for s in symbols(a.location)]
    names = dict.fromkeys(name for name, number, _ in held if number)
    return "what " + ", ".join(f"`{name}`" for name in names) + (" hold" if len(names) > 1 else " holds")


def unusable_keys(needs: Iterable[Need], profile: Profile) -> Iterator[Reason]:
    """R4: requirements that leave nothing to hash, each set of objects once."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    able = hashable_fields(profile)
    for need in needs:
        reason = _unusable(need, able, profile)
        if reason and (reason.code, reason.objects) not in seen:
            seen.add((reason.code, reason.objects))
            yield reason


def _unusable(need: Need, able: frozenset[str], profile: Profile) -> Reason | None:
    names = ", ".join(f"`{name}`" for name in need.objects)
    if need.fields & able or not MAIN_TYPES & set(map(base_type, need.left_types + need.right_types)):
        return None
    if need.fields:
        message = f"{names}: the key is made of {key_text(need)}, which {profile.title} cannot hash"
        return Reason("not-hashable", message, need.objects, need.spans, _KEY_HINT)
    if not need.missing:
        message = f"{names}: the key is constant, so packets that have nothing in common use the same entry"
        hint = "give each flow an entry of its own, or keep one counter a core and add them up outside the NF"
        return Reason("constant-key", message, need.objects, need.spans, hint)
    cause = need.missing[0]
    if cause.code == "not-linear":
        message = f"{names}: the key is computed with `{cause.what}`, which no hash of packet bits can follow"
        hint = "key the state by the packet fields themselves, not by what is computed from them"
    else:
        message = f"{names}: the key depends on {cause.what}, which is not a field of the packet"
        hint = _KEY_HINT
    return Reason(cause.code, message, need.objects, need.spans, hint)


def hashable_fields(profile: Profile) -> frozenset[str]:
    """The fields that the NIC can feed to Toeplitz in some configuration, for some packet type."""
    return frozenset(
        part.name for s in profile.field_sets for lists in s.inputs.values() for inputs in lists for part in inputs
    )


def conflict(needs: Sequence[Need], profile: Profile, why: str) -> Reason:
    """Why these requirements have no useful solution together: R3 when a port's keys share no field, else R4/R3.

    ``why`` is the solver's own account.
    """
    objects = tuple(dict.fromkeys(name for n in needs for name in n.objects))
    spans = tuple(sorted({s for n in needs for s in n.spans}))
    names = ", ".join(f"`{name}`" for name in objects)
    keys = " and ".join(dict.fromkeys(key_text(n) for n in needs))
    if any(len(fields) > 1 and not frozenset.intersection(*fields) for fields in _by_port(needs).values()):
        message = f"{names} are keyed by {keys}: no field in common, so only a constant hash would serve all"
        return Reason("disjoint-keys", message, objects, spans, "key all state by at least one common field")
    code = "not-hashable" if len(needs) == 1 else "incompatible-keys"
    message = f"{names}, keyed by {keys}, cannot be sharded on {profile.title}: {why}"
    return Reason(code, message, objects, spans, "try another NIC (--nic), or " + _KEY_HINT)


def _by_port(needs: Iterable[Need]) -> Mapping[int, list[frozenset[str]]]:
    """Port → the fields that each requirement lets its core depend on."""
    out: dict[int, list[frozenset[str]]] = {}
    for need in needs:
        for port, side in ((need.left_port, 0), (need.right_port, 1)):
            out.setdefault(port, []).append(frozenset(n for row in need.rows for n, _ in row[side].bits))
    return out


_RULES = {
    "global-quantity": "R4", "global-choice": "R4", "index-not-in-packet": "R4", "refresh-before-check": "R5",
    "mismatch-differs": "R5", "constant-key": "R4", "not-a-packet-field": "R4", "not-linear": "R4",
    "not-hashable": "R4", "disjoint-keys": "R3", "incompatible-keys": "R3",
}  # fmt: skip


def rule_of(reason: Reason) -> str | None:
    """The rule that a refusal is an instance of; None for those about allocation and expiry."""
    return _RULES.get(reason.code)
