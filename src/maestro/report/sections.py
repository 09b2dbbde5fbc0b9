"""What is said about state objects, together: those linked by indices, by a requirement, or by an obstacle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from maestro.diagnostics import Span
from maestro.ir.expr import Expr, packet_offset, symbols
from maestro.ir.model import Kind, Model, Operation
from maestro.ir.packet import field_offsets
from maestro.ir.plan import Constraint, Plan, Reason
from maestro.report.codes import is_refusal
from maestro.report.facts import ObjectFacts, objects, owner, reasons, together
from maestro.sharding.groups import groups
from maestro.sharding.provenance import traces

_VERBS = {
    "map_get": "looks up", "map_put": "stores in", "map_erase": "erases from", "map_size": "counts the entries of",
    "vector_read": "reads", "vector_write": "writes", "dchain_allocate": "allocates from",
    "dchain_refresh": "refreshes", "dchain_test": "tests", "dchain_free": "frees an index of",
    "dchain_expire_one": "expires the oldest of", "expire_map": "expires", "expire_range": "clears cells of",
    "cht_find": "chooses a backend of", "sketch_refresh": "refreshes", "sketch_fetch": "asks",
    "sketch_touch": "counts in", "sketch_expire": "expires", "lpm_lookup": "looks up", "lpm_update": "changes",
}  # fmt: skip
"""What an operation does to its object, as a label in the source. Of other methods, the kind is the label."""


@dataclass(frozen=True)
class Section:
    """Objects with one strategy. ``decided_by``: the accesses that the constraints are about, or else all of them.

    ``reasons``: refusals, and what is good to know, about these objects.
    """

    objects: tuple[ObjectFacts, ...]
    strategy: str
    constraints: tuple[Constraint, ...]
    reasons: tuple[Reason, ...]
    decided_by: tuple[Span, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        rules = {o.rule for o in self.objects if o.rule} | {c.rule for c in self.constraints}
        return tuple(sorted(rules))


def sections(model: Model, plan: Plan) -> tuple[tuple[Section, ...], tuple[Reason, ...]]:
    """The sections in the order of the objects, and the reasons that are about no object."""
    found, all_reasons = objects(model, plan), reasons(model, plan)
    named = [c.objects for c in plan.constraints] + [r.objects for r in all_reasons if is_refusal(r)]
    named += [g.objects for g in groups(model, traces(model.paths))]
    links = [[owner(model, n) for n in names] for names in named]
    strategies = {o.name: o.strategy for o in found}
    by_object: dict[str, list[Reason]] = {}
    for reason in all_reasons:
        about = [owner(model, n) for n in reason.objects]
        by_object.setdefault(_subject(about, strategies, is_refusal(reason)), []).append(reason)
    made = tuple(_section(model, plan, group, by_object) for group in _groups(found, links))
    told = {id(r) for s in made for r in s.reasons}
    return made, tuple(r for r in all_reasons if id(r) not in told)


def _subject(about: Sequence[str], strategies: Mapping[str, str], refusal: bool) -> str:
    """With which of the objects that a reason is about it is told; with none ("") when it is about several strategies.

    Refusals are told with what they keep locked.
    """
    locked = [n for n in about if strategies.get(n) == "locked"]
    several = len({strategies.get(n) for n in about} - {"read-only"}) > 1
    return "" if not about or (several and not refusal) else (locked or about)[0]


def _groups(found: Sequence[ObjectFacts], links: Iterable[Sequence[str]]) -> list[list[ObjectFacts]]:
    """Objects of one strategy that some link names; all read-only ones are together."""
    leader = {o.name: o.name for o in found}
    strategy = {o.name: o.strategy for o in found}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    read_only = [o.name for o in found if o.strategy == "read-only"]
    for names in (*links, read_only):
        first: dict[str, str] = {}
        for name in (n for n in names if n in leader):
            leader[find(name)] = find(first.setdefault(strategy[name], name))
    groups: dict[str, list[ObjectFacts]] = {}
    for o in found:
        groups.setdefault(find(o.name), []).append(o)
    return list(groups.values())


def _section(
    model: Model, plan: Plan, group: Sequence[ObjectFacts], by_object: Mapping[str, Sequence[Reason]]
) -> Section:
    names = {o.name for o in group}
    constraints = tuple(c for c in plan.constraints if names & {owner(model, n) for n in c.objects})
    own = tuple(r for o in group for r in by_object.get(o.name, ()))
    ordered = (*(r for r in own if is_refusal(r)), *(r for r in own if not is_refusal(r)))
    spans = {s for c in constraints for s in c.spans}
    used = {s for o in group for s in o.spans}
    return Section(tuple(group), group[0].strategy, constraints, ordered, tuple(sorted(spans & used or used)))


def deeds(model: Model) -> dict[Span, str]:
    """What the NF does to its state at each place: ``looks up flows``. Definitions speak of themselves."""
    defined = {o.span for o in model.objects}
    done: dict[Span, dict[str, dict[str, None]]] = {}
    for op in (op for path in model.paths for op in path.operations):
        if op.span and op.span not in defined:
            name = owner(model, op.object)
            done.setdefault(op.span, {}).setdefault(name, {})[_verb(op, name)] = None
    return {span: _said(by) for span, by in done.items()}


def _said(verbs_by_name: Mapping[str, Iterable[str]]) -> str:
    """``reads a and b; writes c``."""
    names: dict[str, list[str]] = {}
    for name, verbs in sorted(verbs_by_name.items()):
        names.setdefault(_together(verbs), []).append(name)
    return "; ".join(f"{verbs} {' and '.join(together(own))}" for verbs, own in names.items())


_LARGE = {"looks up": 0, "expires": 1, "refreshes": 2, "changes": 3}
"""What calls on a maestro.h map do, in the order in which it is said."""


def _together(verbs: Iterable[str]) -> str:
    """``looks up and changes``, whichever the operations' order; who changes an entry refreshes it too."""
    said = sorted(verbs, key=lambda verb: _LARGE.get(verb, 0))
    return " and ".join(verb for verb in said if verb != "refreshes" or "changes" not in said)


def _verb(op: Operation, name: str) -> str:
    """One call on a maestro.h map is several operations, said to look it up, to refresh it or to change it."""
    if name != op.object:
        kinds = {Kind.EXPIRE: "expires", Kind.REFRESH: "refreshes"}
        return kinds.get(op.kind, "changes" if op.kind.modifies else "looks up")
    return _VERBS.get(op.method, f"{op.kind}s")


def named_fields(model: Model, vector: str, parts: Iterable[tuple[int, int]]) -> Iterator[str]:
    """The elements' fields at (offset, size), by their names in C where those are known."""
    layout = sorted(model.object(vector).elem_layout, key=lambda f: f.offset)
    for offset, size in parts:
        inside = [f for f in layout if offset <= f.offset and f.offset + f.size <= offset + size]
        if sum(f.size for f in inside) == size:
            yield from (f.name for f in inside)
        else:
            yield f"bytes {offset} to {offset + size - 1}"


def index_fields(index: Expr) -> str:
    """The packet's fields that ``index`` is computed from: ``l4.dport``."""
    at = sorted(k for s in symbols(index) if (k := packet_offset(s)) is not None)
    starts = {start: name for name, start in field_offsets("ipv4-tcp").items()}
    named = [starts[k] for k in at if k in starts]
    return ", ".join(named) or f"bytes {', '.join(map(str, at))}"
