"""One linear system over the key bits of all ports: the requirements, and what every valid key has in common.

Ports lie side by side as lanes of one row. Within a lane, bit ``b`` is bit b of the key read as one big-endian
number, so the window of an input bit, and with it the hash of a whole input string, is a shift (``lane.place``).
Table bit j of a hash is then the j-th shift of the same row: nothing but shifts and XORs is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from maestro.rss import gf2
from maestro.rss.requirement import Condition, Form, Inputs, Requirement, applies, base_type, conditions, known_bits
from maestro.rss.toeplitz import WINDOW


@dataclass(frozen=True)
class Steering:
    """How one port is set up: per packet type what its core may be computed from (``profile.FieldSet``), the type
    whose inputs also serve software (``main``), and the types that software re-steers."""

    field_set: str
    inputs: Mapping[str, tuple[Inputs, ...]]
    main: str
    resteered: frozenset[str] = frozenset()

    @property
    def owner_inputs(self) -> Inputs:
        return self.inputs[self.main][0]

    def hashed(self, packet_type: str) -> tuple[Inputs, ...]:
        """What may be hashed for packets of this type, by the NIC or by software."""
        return (self.owner_inputs,) if packet_type in self.resteered else self.inputs[packet_type]


@dataclass(frozen=True)
class Lane:
    """The key bits of one port inside a row."""

    base: int
    key_bits: int

    def place(self, string: int, length: int) -> int:
        """The row of table bit 0 of the hash of an input string of ``length`` bits."""
        return string << (self.base + self.key_bits - WINDOW - (length - 1))

    def window(self, position: int) -> int:
        """The key bit that input bit ``position`` puts on table bit 0; table bit j is j variables above."""
        return self.base + self.key_bits - WINDOW - position

    def key(self, row: int) -> bytes:
        return (row >> self.base & (1 << self.key_bits) - 1).to_bytes(self.key_bits // 8, "big")


_Side = tuple[Inputs, tuple[tuple[str, int], ...]]


class Compiled:
    """The requirements, grouped by their forms, with the conditions they put on hashes computed once."""

    def __init__(self, requirements: Iterable[Requirement]) -> None:
        self._groups: dict[tuple[int, tuple[Form, ...], int, tuple[Form, ...]], set[tuple[str, str]]] = {}
        for r in requirements:
            pairs = self._groups.setdefault((r.left_port, r.left, r.right_port, r.right), set())
            pairs |= {(t, u) for t in r.left_types for u in r.right_types}
        self._known: dict[tuple[int, str], tuple[tuple[str, int], ...]] = {}
        self._cache: dict[tuple[int, _Side, _Side], frozenset[Condition]] = {}

    def conditions(
        self, steering: Mapping[int, Steering], only: Mapping[int, frozenset[str]] | None = None
    ) -> Iterable[tuple[int, int, int, int, Condition]]:
        """(left port, bits of the left input string, right port, bits of the right one, condition).

        ``only`` restricts the packet types of each port.
        """
        for n, ((left_port, left, right_port, right), pairs) in enumerate(self._groups.items()):
            a, b = steering[left_port], steering[right_port]
            sides: set[tuple[_Side, _Side]] = set()
            for t, u in pairs:
                if only is None or (base_type(t) in only[left_port] and base_type(u) in only[right_port]):
                    xs, ys = self._sides(2 * n, left, a, t), self._sides(2 * n + 1, right, b, u)
                    sides |= {(x, y) for x in xs for y in ys}
            for x, y in sides:
                found = self._cache.get((n, x, y))
                if found is None:
                    found = self._cache[n, x, y] = conditions(left, *x, right, *y)
                lengths = _length(x[0]), _length(y[0])
                for condition in found:
                    yield left_port, lengths[0], right_port, lengths[1], condition

    def _sides(self, which: int, forms: Sequence[Form], steering: Steering, packet_type: str) -> list[_Side]:
        t = base_type(packet_type)
        if not applies(packet_type, t in steering.resteered):
            return []
        if (which, t) not in self._known:
            self._known[which, t] = known_bits(forms, t)
        return [(inputs, self._known[which, t]) for inputs in steering.hashed(t)]


def _length(inputs: Inputs) -> int:
    return sum(part.count for part in inputs)


class System:
    """The valid keys for one choice of steering: the vectors on which every row of ``basis`` vanishes."""

    def __init__(
        self,
        compiled: Compiled,
        steering: Mapping[int, Steering],
        *,
        key_bytes: int,
        table_bits: int,
        only: Mapping[int, frozenset[str]] | None = None,
    ) -> None:
        self.steering = steering
        self.table_bits = table_bits
        width = 8 * key_bytes
        self.lanes = {port: Lane(n * width, width) for n, port in enumerate(steering)}
        self.width = width * len(self.lanes)
        rows: set[int] = set()
        for p, m, q, n, (x, y) in compiled.conditions(steering, only):
            row = self.lanes[p].place(x, m) ^ self.lanes[q].place(y, n)
            rows.update(row << j for j in range(table_bits))
        rows.discard(0)
        self.basis = gf2.reduce(rows)
        self._symbols: dict[tuple[int, int], tuple[int, ...]] = {}

    def symbols(self, port: int, position: int) -> tuple[int, ...]:
        """What input bit ``position`` puts on each table bit, as linear forms in the free key bits."""
        found = self._symbols.get((port, position))
        if found is None:
            low = self.lanes[port].window(position)
            found = tuple(gf2.residue(self.basis, 1 << low + j) for j in range(self.table_bits))
            self._symbols[port, position] = found
        return found

    def usable(self, port: int, length: int) -> list[int]:
        """The input bits, of ``length``, that move the table index under some valid key."""
        return [i for i in range(length) if any(self.symbols(port, i))]

    def possible_rank(self, port: int, positions: Sequence[int]) -> int:
        """An upper bound on the rank of the table bits over these input bits, under any valid key.

        The smaller of the row rank and the column rank over the free key bits; keys nearly always reach it.
        """
        echelon: gf2.Basis = {}
        for i in positions:
            if len(echelon) == self.table_bits:
                break
            gf2.insert(echelon, _concatenate(self.symbols(port, i), self.width))
        columns = zip(*(self.symbols(port, i) for i in positions), strict=True)
        return min(len(echelon), gf2.rank(_concatenate(c, self.width) for c in columns))


def _concatenate(forms: Sequence[int], width: int) -> int:
    row = 0
    for form in forms:
        row = row << width | form
    return row


def ideal_usable(compiled: Compiled, steering: Mapping[int, Steering]) -> dict[int, frozenset[int]]:
    """Which bits of each port's main inputs the core may depend on if every input bit had a window of its own.

    No key can do better, so a port with none cannot be spread with these requirements, whatever the key. Only packets
    of the main types are looked at.
    """
    bases: dict[int, int] = {}
    lengths = {port: _length(s.owner_inputs) for port, s in steering.items()}
    total = 0
    for port, length in lengths.items():
        bases[port], total = total, total + length
    rows: set[int] = set()
    only = {port: frozenset({s.main}) for port, s in steering.items()}
    for p, _, q, _, (x, y) in compiled.conditions(steering, only):
        rows.add(x << bases[p] ^ y << bases[q])
    basis = gf2.reduce(rows)
    return {
        port: frozenset(i for i in range(n) if gf2.residue(basis, 1 << bases[port] + n - 1 - i))
        for port, n in lengths.items()
    }
