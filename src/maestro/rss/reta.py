"""The indirection table (RETA): which core each table index goes to."""

from __future__ import annotations

from collections.abc import Sequence

from maestro.diagnostics import UserError


def fill(size: int, cores: int) -> tuple[int, ...]:
    """Round robin: shares differ by at most one entry. Raises UserError for a core count that cannot be served."""
    _check(size, cores)
    return tuple(i % cores for i in range(size))


def weighted(size: int, weights: Sequence[float]) -> tuple[int, ...]:
    """Core c gets a share of the entries proportional to ``weights[c]``, at least one entry, spread over the table.

    Raises UserError for weights that are not positive, or more cores than entries.
    """
    _check(size, len(weights))
    if min(weights) <= 0:
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
    return tuple(out)


def balance(loads: Sequence[float], cores: int) -> tuple[int, ...]:
    """Entry i carries ``loads[i]`` (packets, say); heavy entries are placed first, each on the least loaded core.

    Entry 0 goes to core 0, because packets that a NIC does not hash arrive on queue 0 whatever the table says, and
    must meet hashed packets of index 0 there. The fullest core carries at most 4/3 of the optimum (Graham 1969, longest
    processing time first) when entry 0 is not itself the problem. Idle entries are dealt out evenly.
    """
    _check(len(loads), cores)
    out = [0] * len(loads)
    total = [loads[0]] + [0.0] * (cores - 1)
    entries = [1] + [0] * (cores - 1)
    for i in sorted(range(1, len(loads)), key=lambda i: (-loads[i], i)):
        core = min(range(cores), key=lambda c: (total[c], entries[c], c))
        if not loads[i]:
            core = min(range(cores), key=lambda c: (entries[c], c))
        out[i] = core
        total[core] += loads[i]
        entries[core] += 1
    return tuple(out)


def _check(size: int, cores: int) -> None:
    if cores < 1:
        raise UserError(f"{cores} cores: there must be at least one", code="cores")
    if cores > size:
        raise UserError(
            f"{cores} cores, but the NIC's indirection table has {size} entries",
            hint=f"use at most {size} cores, or a NIC with a larger table",
            code="cores",
        )
