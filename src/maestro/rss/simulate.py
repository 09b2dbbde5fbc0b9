"""Traffic through a table: packets and bytes per core, before and after balancing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from maestro.diagnostics import UnsupportedError, UserError
from maestro.rss import language, profile, reta
from maestro.rss.explain import Infeasible
from maestro.rss.hasher import Steered, classify, of_key, of_port
from maestro.rss.keys import read_key
from maestro.rss.solve import configure, table_size
from maestro.rss.spread import variation
from maestro.rss.symmetric import applied


@dataclass(frozen=True)
class Share:
    """What one table makes of the traffic: per core, packets and bytes. ``moved``: entries that differ from the table
    of the first share."""

    name: str
    table: tuple[int, ...]
    packets: tuple[int, ...]
    bytes: tuple[int, ...]
    moved: int

    def fullest(self, weights: Sequence[float]) -> float:
        """Packets of the relatively fullest core, over its fair share; 1 is perfect. Cores without a weight, which a
        table is to lose, do not count."""
        total = sum(self.packets)
        shares = (n / (w / sum(weights)) for n, w in zip(self.packets, weights, strict=False))
        return max(shares) / total if total else 1.0

    @property
    def variation(self) -> float:
        return variation(self.packets)


@dataclass(frozen=True)
class Simulation:
    """``packets`` and ``bytes`` are by table index; ``types`` counts packet types. ``shares``: the table before, with
    few entries moved, and made afresh."""

    types: dict[str, int]
    packets: tuple[int, ...]
    bytes: tuple[int, ...]
    weights: tuple[float, ...]
    shares: tuple[Share, ...]

    @property
    def heaviest(self) -> float:
        """The share of the heaviest table entry: no table makes a core's share smaller than this."""
        total = sum(self.packets)
        return max(self.packets) / total if total else 0.0


def simulate(
    frames: Iterable[bytes], steered: Steered, size: int, weights: Sequence[float], tolerance: float, *, by_bytes: bool
) -> Simulation:
    """Hash all ``frames`` and deal them out by a table of ``size`` entries to ``len(weights)`` cores.

    Balanced by packets, or by bytes. ``tolerance``: how far above its share a core may be before entries are moved.
    """
    packets, volume, types = [0] * size, [0] * size, Counter[str]()
    for frame in frames:
        index = steered.hash(frame) & size - 1
        packets[index] += 1
        volume[index] += len(frame)
        types[classify(frame)] += 1
    return deal(packets, volume, dict(types), weights, tolerance, by_bytes=by_bytes)


def deal(
    packets: Sequence[int],
    volume: Sequence[int],
    types: dict[str, int],
    weights: Sequence[float],
    tolerance: float,
    *,
    by_bytes: bool = False,
    table: Sequence[int] | None = None,
) -> Simulation:
    """The entries' ``packets`` and bytes (``volume``), dealt out by ``table`` (filled in turn unless given) and by
    better ones."""
    size = len(packets)
    if table is not None:
        before = tuple(table)
    else:
        before = reta.weighted(size, weights) if len(set(weights)) > 1 else reta.fill(size, len(weights))
    loads = volume if by_bytes else packets
    tables = {
        "before": before,
        "few moves": reta.rebalance(before, loads, weights, tolerance),
        "afresh": reta.balance(loads, len(weights), weights),
    }
    shares = tuple(_share(name, chosen, before, packets, volume, len(weights)) for name, chosen in tables.items())
    return Simulation(types, tuple(packets), tuple(volume), tuple(weights), shares)


def _share(
    name: str, table: Sequence[int], before: Sequence[int], packets: Sequence[int], volume: Sequence[int], cores: int
) -> Share:
    cores = max(cores, max(table) + 1)
    per_core = [[sum(n for n, c in zip(loads, table, strict=True) if c == core) for core in range(cores)]
                for loads in (packets, volume)]  # fmt: skip
    moved = sum(a != b for a, b in zip(table, before, strict=True))
    return Share(name, tuple(table), tuple(per_core[0]), tuple(per_core[1]), moved)


def prepare(
    *,
    nic: str,
    texts: Sequence[str],
    key: str | None,
    fields: str | None,
    port: int | None,
    cores: int,
    weights: Sequence[float] | None,
    seed: int | None,
    reta_size: int | None,
    symmetric: str = "none",
    initial: int = 0,
) -> tuple[Steered, int, tuple[float, ...]]:
    """The port to simulate, its table size, and the cores' weights: of a key in use, or solved for.

    Raises UserError: neither or both of ``texts`` and ``key``, requirements without a solution, names that are unknown.
    """
    card = profile.load(nic)
    if bool(texts) == (key is not None):
        raise UserError("give either --key, the key in use, or --require, to solve for one")
    weights = tuple(weights or [1.0] * cores)
    if key is not None:
        size = table_size(card, reta_size)
        reta.weighted(size, weights)  # complains of weights and cores that cannot be served
        return of_key(read_key(key, card.key_bytes), card, fields, symmetric, initial), size, weights
    if symmetric != "none":
        card = applied(card, symmetric)
    requirements = [language.parse(text, card) for text in texts]
    ports = language.ports(requirements)
    chosen = ports[0] if port is None else port
    if chosen not in ports:
        raise UserError(f"no requirement speaks of port {chosen}", hint=f"they speak of {', '.join(map(str, ports))}")
    found = configure(
        card, ports, requirements, cores=len(weights), steer_types={}, seed=seed, reta_size=reta_size
    )  # fmt: skip
    if isinstance(found, Infeasible):
        raise UnsupportedError(found.reason, hint="`maestro rss solve` says more", code="rss-infeasible")
    (steered,) = (p for p in found.ports if p.port == chosen)
    return replace(of_port(steered), initial=initial), len(steered.reta), weights
