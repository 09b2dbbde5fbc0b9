"""Plans from weakened requirements, and an independent word on whether they are right all the same.

The requirements are weakened on their way from ``sharding`` to ``rss``, so every later step (fields, keys, plan) takes
them for the real ones. Whether a plan happens to be right nevertheless is computed from the full requirements, by
hashing with the plan's keys: where it is not, the certificate has to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any
from unittest.mock import patch

from maestro.ir.model import Model
from maestro.ir.packet import PACKET_TYPES
from maestro.ir.plan import Plan, PortPlan
from maestro.rss import solve
from maestro.rss.profile import Profile, load
from maestro.rss.requirement import Form, Requirement, base_type
from maestro.rss.system import Compiled, Steering
from maestro.rss.toeplitz import windows
from maestro.sharding.decide import decide

PROFILE = load("e810")
Requirements = list[Requirement]
Weaken = Callable[[Requirements], Requirements]


@dataclass(frozen=True)
class Weakening:
    """``text``: what is left out. ``gone``: (port, packet type) that are no longer steered at all."""

    text: str
    weaken: Weaken
    gone: tuple[int, str] | None = None


NOTHING = Weakening("without nothing", lambda r: r)


def requirements_of(model: Model) -> Requirements:
    """The full ones, as ``rss`` gets them for the plan that is chosen."""
    plan, full = weakened(model, NOTHING, seed=1)
    assert plan.ports
    return full


def weakened(model: Model, how: Weakening, seed: int) -> tuple[Plan, Requirements]:
    """The plan that comes out, and the requirements that it should have met."""
    asked: list[tuple[Requirements, Any]] = []
    real = solve.configure

    def configure(profile: Profile, ports: Sequence[int], requirements: Sequence[Requirement], **options: Any) -> Any:
        steer: Mapping[int, tuple[str, ...]] = options.pop("steer_types")
        kept = {p: tuple(t for t in types if (p, base_type(t)) != how.gone) for p, types in steer.items()}
        found = real(profile, ports, how.weaken(list(requirements)), steer_types=kept, **options)
        asked.append((list(requirements), found))
        return found

    with patch("maestro.sharding.job.configure", configure):
        plan = decide(model, profile=PROFILE, cores=4, strategy="shared-nothing", seed=seed).plan
    chosen = [r for r, found in asked if isinstance(found, solve.Configuration) and found.to_port_plans() == plan.ports]
    return plan, chosen[-1]


def weakenings(full: Requirements, rng: Random) -> Iterator[Weakening]:
    """One requirement less; one direction less; one packet type less; one that asks for more to be equal."""
    for r in full:
        yield Weakening(f"without {r.label}", partial(_instead, r, ()))
    for pair in sorted({(r.left_port, r.right_port) for r in full}):
        yield Weakening(f"without ports {pair}", partial(_without_pair, pair))
    for gone in sorted({(p, base_type(t)) for r in full for p, t in _types(r)}):
        yield Weakening(f"without {gone[1]} at port {gone[0]}", partial(_without_type, gone), gone)
    for r in full:
        if bits := _some_bits(r, rng):
            text = f"only where the XOR of {sorted(bits)} is 0: {r.label}"
            yield Weakening(text, partial(_instead, r, (_only_where(r, bits),)))


def _instead(r: Requirement, other: Sequence[Requirement], requirements: Requirements) -> Requirements:
    """Not by position: ``sharding`` asks about several sets before it chooses one."""
    return [x for known in requirements for x in (other if known == r else [known])]


def _without_pair(pair: tuple[int, int], requirements: Requirements) -> Requirements:
    return [r for r in requirements if (r.left_port, r.right_port) != pair]


def _types(r: Requirement) -> Iterator[tuple[int, str]]:
    yield from ((r.left_port, t) for t in r.left_types)
    yield from ((r.right_port, t) for t in r.right_types)


def _without_type(gone: tuple[int, str], requirements: Requirements) -> Requirements:
    def kept(port: int, types: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(t for t in types if (port, base_type(t)) != gone)

    fewer = [
        replace(r, left_types=kept(r.left_port, r.left_types), right_types=kept(r.right_port, r.right_types))
        for r in requirements
    ]
    return [r for r in fewer if r.left_types and r.right_types]


def _some_bits(r: Requirement, rng: Random) -> frozenset[tuple[str, int]]:
    """Two bits that the requirement compares at the left packet."""
    known = sorted({bit for form in r.left for bit in form.bits if bit[0] in PROFILE.hashable})
    return frozenset(rng.sample(known, 2)) if len(known) > 1 else frozenset()


def _only_where(r: Requirement, bits: frozenset[tuple[str, int]]) -> Requirement:
    return replace(r, left=(*r.left, Form(bits)), right=(*r.right, Form(frozenset())))


def is_right(plan: Plan, full: Requirements) -> bool:
    """Whether the plan's keys meet all requirements: equal index on every pair of packets that they speak of."""
    ports = {p.port: p for p in plan.ports}
    steering = {n: _steering(p) for n, p in ports.items()}
    for p, m, q, n, conditions in Compiled(full, PROFILE.hashable).conditions(steering):
        if any(_index(ports[p], x, m) != _index(ports[q], y, n) for x, y in conditions):
            return False
    return True


def _steering(p: PortPlan) -> Steering:
    inputs = {t: (p.inputs.get(t, ()),) for t in PACKET_TYPES}
    return Steering("", inputs | {"owner": (p.owner_inputs,)}, "owner", frozenset(p.resteered))


def _index(p: PortPlan, string: int, length: int) -> int:
    total = 0
    for i, window in enumerate(windows(p.key, length)):
        total ^= window if string >> (length - 1 - i) & 1 else 0
    return total & (p.reta_size - 1)
