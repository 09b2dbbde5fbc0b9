"""From sharding requirements to a NIC configuration: field sets, keys and tables of all ports at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from time import perf_counter

from maestro.diagnostics import InternalError, UserError
from maestro.ir.packet import PACKET_TYPES
from maestro.ir.plan import PortPlan
from maestro.rss import reta
from maestro.rss.explain import Infeasible, explain
from maestro.rss.profile import Profile
from maestro.rss.quality import Quality, choose, measure
from maestro.rss.requirement import Inputs, Requirement, base_type, columns, expand, merge
from maestro.rss.search import Candidate, Problem, search
from maestro.rss.system import Compiled


@dataclass(frozen=True)
class PortConfiguration:
    """RSS of one port; the fields mean what they mean in :class:`PortPlan`. ``field_set`` is the profile's name of
    the chosen set, ``main`` the packet type whose inputs software uses for the re-steered ones."""

    port: int
    field_set: str
    main: str
    key: bytes
    inputs: Mapping[str, Inputs]
    fields: Inputs
    reta: tuple[int, ...]
    resteered: tuple[str, ...]
    owner_inputs: Inputs
    owner_layout: str
    uncertain: tuple[str, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """``seconds``: wall time of solving and choosing."""

    nic: str
    cores: int
    ports: tuple[PortConfiguration, ...]
    quality: Quality
    seconds: float = field(compare=False)

    def to_port_plans(self) -> tuple[PortPlan, ...]:
        return tuple(
            PortPlan(
                port=p.port,
                fields=p.fields,
                key=p.key,
                reta_size=len(p.reta),
                reta=p.reta,
                inputs=dict(p.inputs),
                resteered=p.resteered,
                owner_inputs=p.owner_inputs if p.resteered else (),
                owner_layout=p.owner_layout,
                uncertain=p.uncertain,
            )
            for p in self.ports
        )


def configure(
    profile: Profile,
    ports: Sequence[int],
    requirements: Sequence[Requirement],
    *,
    cores: int,
    steer_types: Mapping[int, tuple[str, ...]],
    seed: int | None,
    reta_size: int | None = None,
    owner_layouts: Mapping[int, str] | None = None,
    weights: Sequence[float] | None = None,
    software: bool = True,
    robust: bool = False,
) -> Configuration | Infeasible:
    """The best configuration of ``ports`` that meets all requirements, or why there is none.

    ``steer_types``: per port, the packet types that reach state and so must be steered right; types that requirements
    name are added. ``seed``: for a reproducible choice among equally good keys. ``owner_layouts``: where software reads
    the ports of re-steered packets (``PortPlan.owner_layout``), ``fixed`` unless said. ``weights``: shares of the cores
    instead of ``cores`` equal ones. ``software``: whether it can send on packets that the NIC steers wrong. ``robust``:
    keys valid whether the NIC packs the chosen fields or puts zeros in place of the others. Raises UserError for more
    cores than table entries or a table size that the NIC does not have.
    """
    started = perf_counter()
    problem = pose(profile, ports, requirements, steer_types, reta_size, software=software, robust=robust)
    size = 1 << problem.table_bits
    table = reta.weighted(size, weights) if weights else reta.fill(size, cores)
    cores = len(weights or ()) or cores
    steer = problem.steer
    useful = problem.useful_fields()
    best = search(problem, useful) if all(useful.values()) else None
    if best is None:
        return explain(problem, requirements, useful)
    row = choose(best.system, best.goals, Random(seed))
    layouts = owner_layouts or {}
    configured = tuple(_port(best, port, row, table, steer[port], layouts.get(port, "fixed")) for port in ports)
    quality = measure(best.system, best.goals, row)
    return Configuration(profile.name, cores, configured, quality, perf_counter() - started)


def pose(
    profile: Profile,
    ports: Sequence[int],
    requirements: Sequence[Requirement],
    steer_types: Mapping[int, tuple[str, ...]],
    reta_size: int | None = None,
    *,
    software: bool = True,
    robust: bool = False,
) -> Problem:
    """What :func:`configure` solves. Raises UserError for a table size that the NIC does not have."""
    size = table_size(profile, reta_size)
    steer = _steer(ports, requirements, steer_types)
    return Problem(profile, Compiled(requirements, profile.hashable), steer, size.bit_length() - 1, software, robust)


def table_size(profile: Profile, wanted: int | None) -> int:
    """``wanted``, or the NIC's default. Raises UserError for a size that the NIC does not have."""
    size = profile.reta_default if wanted is None else wanted
    if size not in profile.reta_sizes:
        sizes = ", ".join(map(str, profile.reta_sizes))
        raise UserError(f"{profile.title} has no indirection table of {size} entries", hint=f"it has {sizes}")
    return size


def _steer(
    ports: Sequence[int], requirements: Sequence[Requirement], given: Mapping[int, tuple[str, ...]]
) -> dict[int, frozenset[str]]:
    steer = {port: set(given.get(port, ())) for port in ports}
    for r in requirements:
        if r.left_port not in steer or r.right_port not in steer:
            raise InternalError(f"requirement {r.label!r} names a port that is not configured")
        steer[r.left_port] |= {base_type(t) for t in r.left_types}
        steer[r.right_port] |= {base_type(t) for t in r.right_types}
    for types in steer.values():
        if unknown := types - set(PACKET_TYPES):
            raise InternalError(f"not packet types: {sorted(unknown)}")
    return {port: frozenset(types) for port, types in steer.items()}


def _port(
    best: Candidate, port: int, row: int, table: tuple[int, ...], steer: frozenset[str], layout: str
) -> PortConfiguration:
    steering, system = best.steering[port], best.system
    mask = (1 << best.system.table_bits) - 1
    lists = [steering.owner_inputs, *(i for t in PACKET_TYPES if t in steer for i in steering.hashed(t))]
    moving = {b for inputs in lists for i, b in columns(inputs).items() if row >> system.window(port, i) & mask}
    ordered = dict.fromkeys(b for inputs in lists for b in expand(inputs))
    return PortConfiguration(
        port=port,
        field_set=steering.field_set,
        main=steering.main,
        key=system.lanes[port].key(row),
        inputs={t: next(iter(alternatives), ()) for t, alternatives in steering.inputs.items()},
        fields=merge(b for b in ordered if b in moving),
        reta=table,
        resteered=tuple(t for t in PACKET_TYPES if t in steering.resteered),
        owner_inputs=steering.owner_inputs,
        owner_layout=layout,
        uncertain=tuple(t for t in PACKET_TYPES if len(steering.inputs[t]) > 1 and t not in steering.resteered),
    )
