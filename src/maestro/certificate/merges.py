"""R7: copies can be merged. A packet adds the same to an entry whatever the copy holds, by a commutative operation.

For a part of an element that is merged by ``how``: the written value is ``how(old, e)``, with e, the packet's
*contribution*, the same on every path that the packet may take in other states of the copy: where it finds the entry,
where it makes it (the value is e itself), and where it leaves the entry alone (``how(old, e) = old``). A table that
is full is excepted; the assumption ``replica`` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maestro.certificate.cells import octets
from maestro.certificate.judge import Judge
from maestro.certificate.result import Failure, about
from maestro.ir.expr import FALSE, Expr, binary, concat, const, eq, ite, land, negate, substitute, sym, symbols
from maestro.ir.model import Kind, Model, Operation
from maestro.ir.plan import Plan, Replica
from maestro.solver.answer import Answer

if TYPE_CHECKING:
    from maestro.certificate.replicas import Skeleton

_ALLOWED = (
    "map_get", "map_put", "map_size", "dchain_allocate", "dchain_refresh", "dchain_test", "vector_read", "vector_write",
)  # fmt: skip
_HOW: dict[str, tuple[int, Callable[[Expr, Expr], Expr]]] = {
    "add": (0, lambda a, b: binary("add", a, b)),
    "or": (0, lambda a, b: binary("or", a, b)),
    "xor": (0, lambda a, b: binary("xor", a, b)),
    "and": (-1, lambda a, b: binary("and", a, b)),
    "max": (0, lambda a, b: ite(binary("ult", a, b), b, a)),
    "min": (-1, lambda a, b: ite(binary("ult", b, a), b, a)),
}
"""Neutral element and operation, on unsigned numbers."""


@dataclass(frozen=True)
class _Update:
    """One write: ``key`` says to which entry (a map's key, or the index); ``fresh``: the path has made the entry."""

    skeleton: Skeleton
    write: Operation
    key: Expr
    fresh: bool
    old: Expr | None


def check(
    model: Model, plan: Plan, replicated: frozenset[str], skeletons: Sequence[Skeleton], judge: Judge
) -> Iterator[Failure]:
    """What makes merged copies differ from the sequential NF's object."""
    used = [o for s in skeletons for o in s.run.path.operations if replicated & {o.object, *o.related}]
    if gone := [o for o in used if o.kind in (Kind.FREE, Kind.EXPIRE) or o.method not in _ALLOWED]:
        yield about(gone, "removes entries of a replicated object, or is more than the checker can merge")
        return
    for name in sorted(replicated):
        if model.object(name).contents:
            yield Failure(f"{name} ({model.object(name).span}): replicated, but filled at init", (name,))
    yield from _puts(skeletons)
    for name in sorted(n for n in replicated if model.object(n).kind == "vector"):
        replica = next((r for r in plan.replicas if r.object == name), Replica(name))
        yield from _vector(model, replica, skeletons, judge)


def _puts(skeletons: Sequence[Skeleton]) -> Iterator[Failure]:
    """Keys do not depend on a copy; a map holds what its path allocated."""
    for s in skeletons:
        for o in s.run.path.operations:
            if o.object in s.replicated and o.method.startswith("map_") and "key" in dict(o.args):
                if s.depends(o.arg("key")):
                    yield about([o], "the key depends on what a copy holds")
                if o.method == "map_put":
                    origin = s.run.origins.get(s.run.resolve(o.arg("value")))
                    if origin is None or origin.operation.method != "dchain_allocate":
                        yield about([o], "a replicated map holds more than what the path allocated")


def _vector(model: Model, replica: Replica, skeletons: Sequence[Skeleton], judge: Judge) -> Iterator[Failure]:
    updates: list[_Update] = []
    for s in skeletons:
        writes = [o for o in s.run.path.operations if o.object == replica.object and o.method == "vector_write"]
        if not _apart_from_each_other(model, s, writes, judge):
            yield about(writes, "a path may change an entry of a replicated object more than once")
            return
        for w in writes:
            update = _update(s, w)
            if update is None:
                yield about([w], "the entry is neither found, made on the path, nor named by the packet")
                return
            updates.append(update)
    for u in updates:
        yield from _rest(model, replica, u)
    for part in replica.parts:
        if part[2] == "same":
            yield from _same(model, part, updates, judge)
        else:
            yield from _merged(model, replica, part, updates, skeletons, judge)


def _apart_from_each_other(model: Model, s: Skeleton, writes: Sequence[Operation], judge: Judge) -> bool:
    """Whether a path's writes are to different entries: at most one, or all at different indices that packets name."""
    indices = [s.run.resolve(w.arg("index")) for w in writes]
    if len(writes) > 1 and any(i in s.run.origins or s.depends(i) for i in indices):
        return False
    conditions = [*model.axioms, *map(s.rename, s.run.conditions)]
    pairs = [(s.rename(a), s.rename(b)) for n, a in enumerate(indices) for b in indices[:n]]
    return all(judge.ask([*conditions, eq(a, b)]).answer is Answer.UNSAT for a, b in pairs)


def _update(s: Skeleton, write: Operation) -> _Update | None:
    run = s.run
    index = run.resolve(write.arg("index"))
    reads = [
        o
        for o in run.path.operations
        if o.object == write.object and o.method == "vector_read" and run.resolve(o.arg("index")) is index
    ]
    old = reads[0].result("cell") if reads and reads[0].ordinal < write.ordinal else None
    entry = _entry(s, index)
    return None if entry is None else _Update(s, write, *entry, old)


def _entry(s: Skeleton, index: Expr) -> tuple[Expr, bool] | None:
    """What names the entry at ``index`` (a map's key, or the index), and whether the path has made it."""
    run = s.run
    origin = run.origins.get(index)
    if origin is None:
        return None if s.depends(index) else (s.rename(index), False)
    source = origin.operation
    if source.method == "map_get" and run.holds(source.result("found")):
        return s.rename(source.arg("key")), False
    puts = [p for p in run.path.operations if p.method == "map_put" and run.resolve(p.arg("value")) is index]
    return (s.rename(puts[0].arg("key")), True) if len(puts) == 1 else None


def _rest(model: Model, replica: Replica, u: _Update) -> Iterator[Failure]:
    """Bytes outside of all parts stay as they are; those of a new entry are as init made them."""
    vector = model.object(replica.object)
    covered = {at + i for at, size, _ in replica.parts for i in range(size)}
    for k in set(range(vector.elem_size)) - covered:
        (new,) = octets(u.skeleton.run.resolve(u.write.arg("cell")), [k])
        kept = [octets(u.old, [k])[0]] if u.old is not None else []
        if new not in (*kept, *([const(vector.initial[k], 8)] if u.fresh else [])):
            yield about([u.write], f"changes bytes of {replica.object} that the plan does not merge")
            return


def _value(cell: Expr, part: tuple[int, int, str]) -> Expr:
    at, size, _ = part
    return concat(*octets(cell, reversed(range(at, at + size))))


def _new(u: _Update, part: tuple[int, int, str]) -> Expr:
    return u.skeleton.rename(_value(u.skeleton.run.resolve(u.write.arg("cell")), part))


def _same(model: Model, part: tuple[int, int, str], updates: Sequence[_Update], judge: Judge) -> Iterator[Failure]:
    """Whoever writes an entry's bytes writes the same."""

    def conditions(u: _Update, prefix: str) -> list[Expr]:
        return [_prefixed(c, prefix) for c in (*model.axioms, *u.skeleton.conditions)]

    for i, a in enumerate(updates):
        for b in updates[i:]:
            if a.skeleton.depends(_new(a, part)):
                yield about([a.write], "what is written depends on what a copy holds")
                return
            same_key = eq(_prefixed(a.key, "p."), _prefixed(b.key, "q."))
            differ = negate(eq(_prefixed(_new(a, part), "p."), _prefixed(_new(b, part), "q.")))
            answer = judge.ask([*conditions(a, "p."), *conditions(b, "q."), same_key, differ]).answer
            if answer is not Answer.UNSAT:
                yield about([a.write, b.write], f"may write different values to one entry (Z3: {answer.value})")
                return


def _prefixed(e: Expr, prefix: str) -> Expr:
    return substitute(e, lambda s: sym(prefix + s.name, s.width))


def _merged(
    model: Model, replica: Replica, part: tuple[int, int, str], updates: Sequence[_Update],
    skeletons: Sequence[Skeleton], judge: Judge,
) -> Iterator[Failure]:  # fmt: skip
    how = part[2]
    if how not in _HOW:
        yield Failure(f"{replica.object}: the checker does not know how to merge by {how}", (replica.object,))
        return
    initial = const(
        int.from_bytes(model.object(replica.object).initial, "big"), 8 * len(model.object(replica.object).initial)
    )
    neutral = const(_HOW[how][0], 8 * part[1])
    for u in updates:
        e = _contribution(u, part)
        starts = _value(initial, part) is neutral or (u.fresh and u.old not in symbols(_new(u, part)))
        if not starts:
            yield about([u.write], f"an entry starts as {_value(initial, part)}, which {how} does not leave alone")
        elif _keeps(u, part):
            continue  # held against every path that does change the part
        elif u.skeleton.depends(e) or not _is_update(model, u, e, part, judge):
            yield about([u.write], f"is not shown to be {how} with a value that depends on the packet alone")
        else:
            yield from _everywhere(model, u, e, part, updates, skeletons, judge)


def _keeps(u: _Update, part: tuple[int, int, str]) -> bool:
    """Whether the write puts back what this part of the entry held."""
    return u.old is not None and _new(u, part) is u.skeleton.rename(_value(u.old, part))


def _contribution(u: _Update, part: tuple[int, int, str]) -> Expr:
    """The written value where the entry holds the neutral element."""
    neutral = _HOW[part[2]][0]
    return substitute(_new(u, part), lambda s: const(neutral, s.width) if s is u.old else None)


def _is_update(model: Model, u: _Update, e: Expr, part: tuple[int, int, str], judge: Judge) -> bool:
    if u.old is None:
        return u.fresh
    expected = e if u.fresh and u.old not in symbols(_new(u, part)) else _HOW[part[2]][1](_value(u.old, part), e)
    conditions = map(u.skeleton.rename, u.skeleton.run.conditions)
    return judge.ask([*model.axioms, *conditions, negate(eq(_new(u, part), expected))]).answer is Answer.UNSAT


def _everywhere(
    model: Model, u: _Update, e: Expr, part: tuple[int, int, str], updates: Sequence[_Update],
    skeletons: Sequence[Skeleton], judge: Judge,
) -> Iterator[Failure]:  # fmt: skip
    """The packet contributes ``e`` to this entry on whatever path it takes in other states of the copy."""
    for s in skeletons:
        if s is u.skeleton or _full(s):
            continue
        together = [*model.axioms, *u.skeleton.conditions]
        if changing := [v for v in updates if v.skeleton is s and not _keeps(v, part)]:
            together += s.conditions
            alike = FALSE
            for v in changing:
                one = land(_same_entry(u.key, v.key), eq(e, _contribution(v, part)))
                alike = binary("or", alike, one)
        else:
            together += [_apart(s, c) for c in s.run.conditions]
            alike = _absorbed(s, u, e, part)
        answer = judge.ask([*together, negate(alike)]).answer
        if answer is not Answer.UNSAT:
            others = [o for o in s.run.path.operations if o.object in s.replicated]
            why = f"whether a packet changes the entry depends on what a copy holds (Z3: {answer.value})"
            yield about([u.write, *others], why)
            return


def _full(s: Skeleton) -> bool:
    operations = (o for o in s.run.path.operations if o.object in s.replicated and o.method == "dchain_allocate")
    return any(s.run.holds(o.result("ok")) is False for o in operations)


def _apart(s: Skeleton, e: Expr) -> Expr:
    """What a copy returned on another path has nothing to do with what it returned on this one."""
    return s.rename(substitute(e, lambda x: sym(f"other.{x.name}", x.width) if x in s.secret else None))


def _absorbed(s: Skeleton, u: _Update, e: Expr, part: tuple[int, int, str]) -> Expr:
    """Leaving the entry alone is right where it already holds more than the contribution would change."""
    at = [o for o in s.run.path.operations if o.object == u.write.object and o.method == "vector_read"]
    entry = _entry(s, s.run.resolve(at[0].arg("index"))) if len(at) == 1 else None
    if entry is None:
        return FALSE
    old = _apart(s, _value(at[0].result("cell"), part))
    return land(_same_entry(u.key, entry[0]), eq(_HOW[part[2]][1](old, e), old))


def _same_entry(a: Expr, b: Expr) -> Expr:
    return eq(a, b) if a.width == b.width else FALSE
