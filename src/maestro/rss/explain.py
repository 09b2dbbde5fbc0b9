"""Why requirements leave a port without a choice of core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from maestro.diagnostics import InternalError
from maestro.ir.packet import PACKET_TYPES
from maestro.rss import gf2
from maestro.rss.requirement import Requirement, underlying
from maestro.rss.search import Problem, candidates
from maestro.rss.system import Compiled, ideal_usable


@dataclass(frozen=True)
class Infeasible:
    """No valid configuration. ``reason`` is one sentence.

    ``conflict``: labels of a minimal set of requirements that already leaves only a constant hash at ``port``.
    ``types``: packet types without which it would work. ``unhashable``: fields that the conflicting requirements
    speak of at that port and the NIC cannot hash for its main packet type.
    """

    reason: str
    port: int
    conflict: tuple[str, ...]
    types: tuple[str, ...] = ()
    unhashable: tuple[str, ...] = ()


def explain(problem: Problem, requirements: Sequence[Requirement], useful: Mapping[int, frozenset[str]]) -> Infeasible:
    """The explanation; to be asked only when there is no configuration."""
    stuck = [port for port, fields in useful.items() if not fields]
    if not stuck:
        return _explain_types(problem, requirements, useful)
    port, ideal = stuck[0], problem.ideal()
    hashable = {name for name, _ in underlying(ideal[port].owner_inputs)}
    mains = {p: frozenset({s.main}) for p, s in ideal.items()}
    nic = problem.profile.title
    if not hashable:
        main = problem.main(port)
        return Infeasible(f"{nic} does not hash {main} packets, which port {port} must spread", port, (), (main,))

    def constant(some: Sequence[Requirement]) -> bool:
        return not ideal_usable(Compiled(some, problem.profile.hashable), ideal, mains)[port]

    culprits = gf2.minimal(requirements, constant)
    labels = tuple(dict.fromkeys(r.label for r in culprits))
    unhashable = tuple(sorted(_named(culprits, port) - hashable))
    why = f"{nic} cannot hash {', '.join(unhashable)}" if unhashable else "they have no packet field in common"
    if not unhashable and len(culprits) == 1:
        why = "it leaves no packet field to tell cores apart"
    text = f"only a constant hash at port {port} satisfies {_quote(labels)}: {why}"
    return Infeasible(text, port, labels, (), unhashable)


def _named(requirements: Sequence[Requirement], port: int) -> set[str]:
    sides = [(r.left_port, r.left) for r in requirements] + [(r.right_port, r.right) for r in requirements]
    return {name for p, forms in sides if p == port for form in forms for name, _ in form.bits}


def _explain_types(
    problem: Problem, requirements: Sequence[Requirement], useful: Mapping[int, frozenset[str]]
) -> Infeasible:
    """The main types alone could be steered by an ideal NIC: other packet types, or key windows that overlap, are to
    blame. Told for the most promising field sets."""
    nic = problem.profile.title
    _, steering = next(candidates(problem, useful), (None, None))
    if steering is None:
        return _unknown(problem)
    mains = {port: frozenset({s.main}) for port, s in steering.items()}

    def stuck(types: Sequence[str], some: Sequence[Requirement] | None = None) -> int | None:
        """A port left with a constant hash by these types besides the main ones, under all or some requirements."""
        only = {port: mains[port] | frozenset(types) for port in steering}
        asked = problem if some is None else replace(problem, compiled=Compiled(some, problem.profile.hashable))
        system = asked.system(steering, only)
        return next((p for p, s in steering.items() if not system.usable(p, s.owner_inputs)), None)

    rare = [t for t in PACKET_TYPES if any(t in types - mains[p] for p, types in problem.steer.items())]
    types = tuple(gf2.minimal(rare, lambda chosen: stuck(chosen) is not None))
    culprits = gf2.minimal(requirements, lambda some: stuck(types, some) is not None)
    port = stuck(types, culprits)
    if port is None:
        raise InternalError("explaining a configuration that exists")
    labels = tuple(dict.fromkeys(r.label for r in culprits))
    if types:
        who = f"{nic} or software" if problem.software else f"{nic} alone"
        why = f"{', '.join(types)} packets cannot be steered together with {problem.main(port)} by {who}"
    else:
        layouts = ", packed as well as masked," if problem.robust else ""
        why = f"with the field sets of {nic}{layouts} the key windows of its inputs overlap too much"
    return Infeasible(f"only a constant hash at port {port} satisfies {_quote(labels)}: {why}", port, labels, types)


def _unknown(problem: Problem) -> Infeasible:
    """Of some packet type it is known in no field set what the NIC does with it, and there is no software to help."""
    sets = problem.profile.field_sets
    for port, steer in problem.steer.items():
        types = tuple(t for t in PACKET_TYPES if t in steer and not any(s.inputs[t] for s in sets))
        if types:
            what = f"what {problem.profile.title} does with {', '.join(types)} packets is not known"
            return Infeasible(f"{what}, and port {port} must steer them without software", port, (), types)
    port, steer = next(iter(problem.steer.items()))
    types = tuple(t for t in PACKET_TYPES if t in steer)
    return Infeasible(
        f"no field set of {problem.profile.title} is known to hash all of {', '.join(types)}", port, (), types
    )


def _quote(labels: Sequence[str]) -> str:
    return " and ".join(f"'{label}'" for label in labels)
