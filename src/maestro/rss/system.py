"""One linear system over the key bits of all ports: the requirements, and what every valid key has in common.

Ports lie side by side as lanes of one row. Within a lane, bit ``b`` is bit b of the key read as one big-endian
number, so the window of an input bit, and with it the hash of a whole input string, is a shift (``lane.place``).
Table bit j of a hash is then the j-th shift of the same row: nothing but shifts and XORs is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from maestro.rss import gf2
from maestro.rss.requirement import (
    STRIDE,
    Condition,
    Form,
    Inputs,
    Premise,
    Requirement,
    Row,
    Side,
    applies,
    base_type,
    columns,
    conditions,
    premise,
    relevant,
    side,
)
from maestro.rss.toeplitz import WINDOW


@dataclass(frozen=True)
class Steering:
    """How one port is set up: per packet type what its core may be computed from (``profile.FieldSet``), the type
    whose inputs also serve software (``main``), and the types that software re-steers. ``owner``: what software hashes
    if not the inputs of the main type."""

    field_set: str
    inputs: Mapping[str, tuple[Inputs, ...]]
    main: str
    resteered: frozenset[str] = frozenset()
    owner: Inputs = ()

    @property
    def owner_inputs(self) -> Inputs:
        return self.owner or self.inputs[self.main][0]

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


class Compiled:
    """The requirements, grouped by their forms, with everything that does not depend on the steering done once.

    ``hashable``: the fields that the NIC can hash for some packet type.
    """

    def __init__(self, requirements: Iterable[Requirement], hashable: frozenset[str]) -> None:
        self._groups: dict[tuple[int, tuple[Form, ...], int, tuple[Form, ...]], set[tuple[str, str]]] = {}
        for r in requirements:
            pairs = self._groups.setdefault((r.left_port, r.left, r.right_port, r.right), set())
            pairs |= {(t, u) for t in r.left_types for u in r.right_types}
        self._hashable = hashable
        self._sides: dict[tuple[int, str], Side] = {}
        self._premises: dict[tuple[int, str, str], Premise | None] = {}
        self._known: dict[int, list[tuple[list[Row], Premise | None]]] = {}
        self._conditions: dict[tuple[int, Inputs, Inputs], frozenset[Condition]] = {}

    def conditions(
        self, steering: Mapping[int, Steering], only: Mapping[int, frozenset[str]] | None = None
    ) -> Iterator[tuple[int, int, int, int, frozenset[Condition]]]:
        """(left port, bits of the left input string, right port, bits of the right one, conditions).

        ``only`` restricts the packet types of each port.
        """
        for n, ((p, left, q, right), pairs) in enumerate(self._groups.items()):
            asked: dict[tuple[int, int, int], tuple[Premise, Inputs, Inputs]] = {}
            for t, u in pairs:
                if only is not None and (base_type(t) not in only[p] or base_type(u) not in only[q]):
                    continue
                xs, ys = _hashed(steering[p], t), _hashed(steering[q], u)
                found = self._premise(n, left, base_type(t), right, base_type(u)) if xs and ys else None
                if found:
                    asked |= {(id(found), id(x), id(y)): (found, x, y) for x in xs for y in ys}
            for found, x, y in asked.values():
                key = (id(found), x, y)
                if key not in self._conditions:
                    self._conditions[key] = conditions(found, x, y)
                yield p, _length(x), q, _length(y), self._conditions[key]

    def _premise(self, n: int, left: tuple[Form, ...], t: str, right: tuple[Form, ...], u: str) -> Premise | None:
        """Types that lead to the same equations share one object."""
        if (n, t, u) not in self._premises:
            rows = relevant(self._side(2 * n, left, t), self._side(2 * n + 1, right, u))
            self._premises[n, t, u] = None if rows is None else self._solved(n, rows)
        return self._premises[n, t, u]

    def _solved(self, n: int, rows: list[Row]) -> Premise | None:
        known = self._known.setdefault(n, [])
        for others, found in known:
            if rows == others:
                return found
        known.append((rows, premise(rows)))
        return known[-1][1]

    def _side(self, which: int, forms: tuple[Form, ...], packet_type: str) -> Side:
        if (which, packet_type) not in self._sides:
            self._sides[which, packet_type] = side(forms, packet_type, self._hashable)
        return self._sides[which, packet_type]


def _hashed(steering: Steering, packet_type: str) -> tuple[Inputs, ...]:
    """What may be hashed for a (suffixed) type of a requirement; nothing when its suffix rules it out."""
    t = base_type(packet_type)
    return steering.hashed(t) if applies(packet_type, t in steering.resteered) else ()


def _length(inputs: Inputs) -> int:
    return sum(part.count for part in inputs)


class System:
    """The valid keys for one choice of steering: the vectors on which every row of ``basis`` vanishes.

    ``others``: the same choice, with the fields laid out otherwise, for which the keys must be valid as well.
    """

    def __init__(
        self,
        compiled: Compiled,
        steering: Mapping[int, Steering],
        *,
        key_bytes: int,
        table_bits: int,
        only: Mapping[int, frozenset[str]] | None = None,
        others: Sequence[Mapping[int, Steering]] = (),
    ) -> None:
        self.steering = steering
        self.layouts = (steering, *others)
        self.table_bits = table_bits
        width = 8 * key_bytes
        self.lanes = {port: Lane(n * width, width) for n, port in enumerate(steering)}
        self.width = width * len(self.lanes)
        lists = {id(i): i for layout in self.layouts for s in layout.values() for a in s.inputs.values() for i in a}
        self._distances = sorted({n // STRIDE for i in lists.values() for n in columns(i)} - {0})
        rows: set[int] = set()
        for layout in self.layouts:
            for p, m, q, n, found in compiled.conditions(layout, only):
                left, right = self.lanes[p], self.lanes[q]
                rows |= {left.place(x, m) ^ right.place(y, n) for x, y in found}
        rows.discard(0)
        self.basis = gf2.reduce({row << j for row in rows for j in range(table_bits)})
        self._kernel: dict[int, int] | None = None
        self._numbers: dict[int, int] = {}
        self._forms: dict[int, int] = {}
        self._symbols: dict[tuple[int, int], list[int]] = {}

    def window(self, port: int, position: int) -> int:
        """Where the window of an input bit starts in a row, on table bit 0."""
        distance, first = divmod(position, STRIDE)
        block = 1 + self._distances.index(distance) if distance else 0
        return block * self.width + self.lanes[port].window(first)

    def extended(self, row: int) -> int:
        """A key row, and behind it a block for every distance between two equal input bits: where one's window is in
        the row, the XOR of both is in the block."""
        whole = row
        for n, distance in enumerate(self._distances, 1):
            whole |= (row ^ row << distance & (1 << self.width) - 1) << n * self.width
        return whole

    def _variables(self, place: int) -> Iterator[int]:
        """The key bits of which bit ``place`` of an extended row is the XOR."""
        block, variable = divmod(place, self.width)
        yield variable
        if block:
            yield variable - self._distances[block - 1]

    def symbols(self, port: int, position: int) -> list[int]:
        """What input bit ``position`` puts on each table bit, as linear forms in the free key bits.

        Free key bits are numbered in the order in which they are met, to keep the forms short.
        """
        found = self._symbols.get((port, position))
        if found is None:
            low = self.window(port, position)
            found = self._symbols[port, position] = [self._form(v) for v in range(low, low + self.table_bits)]
        return found

    def _form(self, variable: int) -> int:
        form = self._forms.get(variable)
        if form is None:
            form = 0
            for free in (b for v in self._variables(variable) for b in gf2.bits(gf2.residue(self.basis, 1 << v))):
                form ^= 1 << self._numbers.setdefault(free, len(self._numbers))
            self._forms[variable] = form
        return form

    def member(self, free: int) -> int:
        """The valid key row (extended) whose free key bits are those set in ``free``, a row."""
        if self._kernel is None:
            self._kernel = gf2.kernel(self.basis, self.width)
        row = 0
        for variable in gf2.bits(free):
            row ^= self._kernel.get(variable, 0)
        return self.extended(row) if self._distances else row

    def free_bits(self, windows: Iterable[int]) -> int:
        """The free key bits, as a row, that these windows (``Lane.window``) depend on."""
        region = 0
        for place in {low + j for low in windows for j in range(self.table_bits)}:
            for variable in self._variables(place):
                region |= gf2.residue(self.basis, 1 << variable)
        return region

    def usable(self, port: int, inputs: Inputs) -> list[int]:
        """The input bits (``columns``) that move the table index under some valid key."""
        return [i for i in columns(inputs) if any(self.symbols(port, i))]

    def possible_rank(self, port: int, positions: Sequence[int]) -> int:
        """An upper bound on the rank of the table bits over these input bits, under any valid key.

        The smaller of the row rank and the column rank over the free key bits; keys nearly always reach it.
        """
        matrix = [self.symbols(port, i) for i in positions]
        width = len(self._numbers)
        echelon: gf2.Basis = {}
        for row in matrix:
            if len(echelon) == self.table_bits:
                break
            gf2.insert(echelon, _concatenate(row, width))
        return min(len(echelon), gf2.rank(_concatenate(c, width) for c in zip(*matrix, strict=True)))


def _concatenate(forms: Iterable[int], width: int) -> int:
    row = 0
    for form in forms:
        row = row << width | form
    return row


def ideal_usable(
    compiled: Compiled, steering: Mapping[int, Steering], only: Mapping[int, frozenset[str]] | None = None
) -> dict[int, frozenset[int]]:
    """Which bits of each port's main inputs the core may depend on, if every position had a window of its own.

    No key can do better: what is not usable here is not usable under any key.
    """
    lengths = {p: max(_length(i) for t in s.inputs.values() for i in t) for p, s in steering.items()}
    total, ends = 0, {}
    for port, length in lengths.items():
        total += length
        ends[port] = total  # the first input bit is the highest of the port's variables
    rows: set[int] = set()
    for p, m, q, n, found in compiled.conditions(steering, only):
        rows |= {x << ends[p] - m ^ y << ends[q] - n for x, y in found}
    basis = gf2.reduce(rows)

    def varies(port: int, position: int) -> bool:
        distance, first = divmod(position, STRIDE)
        variables = 1 << ends[port] - 1 - first
        return gf2.residue(basis, variables ^ variables >> distance if distance else variables) != 0

    return {p: frozenset(i for i in columns(s.owner_inputs) if varies(p, i)) for p, s in steering.items()}
