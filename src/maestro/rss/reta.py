"""The indirection table (RETA): which core each table index goes to."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from maestro.diagnostics import UserError


def fill(size: int, cores: int) -> tuple[int, ...]:
    """Round robin: shares differ by at most one entry. Raises UserError for a core count that cannot be served."""
    _check(size, cores)
    return tuple(i % cores for i in range(size))


def weighted(size: int, weights: Sequence[float]) -> tuple[int, ...]:
    """Core c gets a share of the entries proportional to ``weights[c]``, at least one entry, spread over the table.

    Entry 0 goes to core 0 (see :func:`balance`). Raises UserError for weights that are not positive, or more cores
    than entries.
    """
    _check(size, len(weights))
    if not all(0 < weight < inf for weight in weights):
        raise UserError("core weights must be positive", code="cores")
    given = [0] * len(weights)
    out = []
    for _ in range(size):
        # The core that is furthest behind its share takes the next entry (Webster's method).
        core = max(range(len(weights)), key=lambda c: (weights[c] / (2 * given[c] + 1), -c))
        given[core] += 1
        out.append(core)
    for core in (c for c, n in enumerate(given) if n == 0):
        rich = max(range(len(weights)), key=lambda c: given[c])
        out[len(out) - 1 - out[::-1].index(rich)] = core
        given[rich] -= 1
        given[core] += 1
    first = out.index(0)
    out[0], out[first] = 0, out[0]
    return tuple(out)


def balance(loads: Sequence[float], cores: int, weights: Sequence[float] | None = None) -> tuple[int, ...]:
    """Entry i carries ``loads[i]`` (packets, say); heavy entries are placed first, each on the least loaded core.

    ``weights``: core c is to carry a share proportional to ``weights[c]``; equal ones unless given. Entry 0 goes to
    core 0, because packets that a NIC does not hash arrive on queue 0 whatever the table says, and must meet hashed
    packets of index 0 there. With equal weights the fullest core carries at most 4/3 of the optimum (Graham 1969,
    longest processing time first) when entry 0 is not itself the problem. Idle entries are dealt out evenly.
    """
    shares = _shares(len(loads), weights or [1.0] * cores)
    out = [0] * len(loads)
    total = [loads[0]] + [0.0] * (cores - 1)
    entries = [1] + [0] * (cores - 1)
    for i in sorted(range(1, len(loads)), key=lambda i: (-loads[i], i)):
        if loads[i]:
            core = min(range(cores), key=lambda c: ((total[c] + loads[i]) / shares[c], entries[c], c))
        else:
            core = min(range(cores), key=lambda c: (entries[c] / shares[c], c))
        out[i] = core
        total[core] += loads[i]
        entries[core] += 1
    return tuple(out)


def rebalance(
    table: Sequence[int], loads: Sequence[float], weights: Sequence[float], tolerance: float = 0.05
) -> tuple[int, ...]:
    """``table`` with few entries moved, so that no core carries more than its share and ``tolerance`` of it.

    One entry at a time, from the relatively fullest core, to where it helps most; it ends when no single move helps
    (a core whose load is one elephant stays as it is). Every moved entry takes its flows' state from a cache to
    another, or from them altogether, so the fewer the better. Cores of ``table`` beyond ``weights`` are emptied first.
    Entry 0 stays on core 0.
    """
    cores = len(weights)
    shares = _shares(len(table), weights)
    allowed = sum(loads) * (1 + tolerance)
    out, total = [0, *table[1:]], [0.0] * cores
    homeless = [i for i, core in enumerate(out) if core >= cores]
    for i, core in enumerate(out):
        if core < cores:
            total[core] += loads[i]
    for i in sorted(homeless, key=lambda i: (-loads[i], i)):
        out[i] = min(range(cores), key=lambda c: ((total[c] + loads[i]) / shares[c], c))
        total[out[i]] += loads[i]
    while True:
        full = max(range(cores), key=lambda c: (total[c] / shares[c], -c))
        if total[full] <= allowed * shares[full]:
            return tuple(out)
        move = _best_move(out, loads, total, shares, full)
        if move is None:
            return tuple(out)
        entry, core = move
        total[full] -= loads[entry]
        total[core] += loads[entry]
        out[entry] = core


def _best_move(
    table: Sequence[int], loads: Sequence[float], total: Sequence[float], shares: Sequence[float], full: int
) -> tuple[int, int] | None:
    """The entry of core ``full``, and where to move it, that leave the two cores lowest; None when none helps."""
    best: tuple[float, int, int] | None = None
    others = [c for c in range(len(shares)) if c != full]
    for entry in (i for i, core in enumerate(table) if i and core == full and loads[i]):
        core = min(others, key=lambda c: ((total[c] + loads[entry]) / shares[c], c), default=None)
        if core is None:
            return None
        after = max((total[full] - loads[entry]) / shares[full], (total[core] + loads[entry]) / shares[core])
        if after < total[full] / shares[full] and (best is None or after < best[0]):
            best = (after, entry, core)
    return best and best[1:]


def _shares(size: int, weights: Sequence[float]) -> list[float]:
    """Weights as parts of one. Raises UserError like :func:`weighted`."""
    _check(size, len(weights))
    if not all(0 < weight < inf for weight in weights):
        raise UserError("core weights must be positive", code="cores")
    return [weight / sum(weights) for weight in weights]


def _check(size: int, cores: int) -> None:
    if cores < 1:
        raise UserError(f"{cores} cores: there must be at least one", code="cores")
    if cores > size:
        raise UserError(
            f"{cores} cores, but the NIC's indirection table has {size} entries",
            hint=f"use at most {size} cores, or a NIC with a larger table",
            code="cores",
        )
