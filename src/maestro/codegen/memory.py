"""From bytes to words: which loads make up a value, and which stores write a run of bytes.

The model speaks of single packet bytes and of slices of vector cells. :class:`Words` rewrites an expression so that
each run of neighbouring bytes becomes one symbol that stands for one load::

    concat(pkt[29], pkt[28], pkt[27], pkt[26])  →  ld32le(packet + 26)
    concat(pkt[12], pkt[13])                    →  ld16be(packet + 12)
    cell[127:64]                                →  ld64be(cell)
    concat(pkt[13], pkt[12]) == 8               →  ld16be(packet + 12) == 0x0800

and turns bytes to be written into the widest stores that each take one value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maestro.diagnostics import InternalError
from maestro.ir.expr import Expr, concat, eq, extract, land, packet_offset, rebuild, sym


@dataclass(frozen=True)
class Load:
    """``size`` bytes (1…8) at ``offset`` of the packet (``base`` None) or of a vector cell's symbol."""

    base: Expr | None
    offset: int
    size: int
    big: bool


@dataclass(frozen=True)
class Copy:
    """Copy ``size`` bytes to ``offset`` from byte ``source`` of ``base``: None the packet, a cell, or a built key."""

    offset: int
    size: int
    base: Expr | None
    source: int


@dataclass(frozen=True)
class Put:
    """Store ``value`` (rewritten, 8 * ``size`` bits) at ``offset``."""

    offset: int
    size: int
    value: Expr
    big: bool


@dataclass(frozen=True)
class Zero:
    """Clear ``size`` bytes at ``offset``."""

    offset: int
    size: int


Piece = Copy | Put | Zero


@dataclass(frozen=True)
class _Slice:
    """Bits ``hi``…``lo`` of byte ``offset`` of ``base``."""

    base: Expr | None
    offset: int
    hi: int = 7
    lo: int = 0


def memory_bytes(e: Expr) -> list[Expr]:
    """The bytes of a key or cell in memory order: the most significant first."""
    return [extract(e, low + 7, low) for low in range(e.width - 8, -1, -8)]


def _eights(a: Expr, b: Expr) -> list[Expr]:
    """That two keys are equal, eight bytes at a time: C has no wider numbers."""
    tops = range(a.width - 1, -1, -64)
    return [eq(extract(a, top, max(top - 63, 0)), extract(b, top, max(top - 63, 0))) for top in tops]


class Words:
    """Rewrites expressions over ``pkt[k]`` and the symbols in ``cells`` into expressions over loads."""

    def __init__(self, cells: Mapping[Expr, str]) -> None:
        """``cells``: the result symbol of every vector read, and the vector's name."""
        self._cells = cells
        self._loads: dict[Expr, Load] = {}
        self._done: dict[Expr, Expr] = {}

    def load(self, e: Expr) -> Load | None:
        """The load that the symbol ``e`` stands for, if it does."""
        return self._loads.get(e)

    def loads_of(self, cell: Expr) -> frozenset[Expr]:
        """The symbols of all loads from a cell."""
        return frozenset(e for e, load in self._loads.items() if load.base is cell)

    def vector(self, cell: Expr) -> str:
        """The vector that a cell's symbol was read from."""
        return self._cells[cell]

    def rewrite(self, e: Expr) -> Expr:
        """``e`` (at most 64 bits wide) over load symbols."""
        if e.width > 64:
            raise InternalError(f"a value of {e.width} bits outside keys and cells: {e}")
        done = self._done.get(e)
        if done is None:
            done = self._done[e] = self._rewrite(e)
        return done

    def _rewrite(self, e: Expr) -> Expr:
        if e.op == "eq" and e.args[0].width > 64:
            return self.rewrite(land(*_eights(*e.args)))
        if e.op == "eq" and e.args[1].is_const:
            e = self._in_packet_order(e)
        if e.op == "concat" or self._slices(e):
            parts: list[_Slice | Expr] = []
            for part in e.args if e.op == "concat" else (e,):
                parts += self._slices(part) or [part]
            return concat(*_joined(self._runs(parts)))
        return rebuild(e, tuple(self.rewrite(a) for a in e.args))

    def _slices(self, e: Expr) -> list[_Slice]:
        """The bytes, most significant first, that ``e`` is made of; empty when it is not a slice of memory."""
        hi, lo, base = (e.hi, e.lo, e.args[0]) if e.op == "extract" else (e.width - 1, 0, e)
        offset = packet_offset(base)
        if offset is not None:
            return [_Slice(None, offset, hi, lo)]
        if base not in self._cells:
            return []
        out = []
        for byte in range(hi // 8, lo // 8 - 1, -1):
            top, low = min(hi - 8 * byte, 7), max(lo - 8 * byte, 0)
            out.append(_Slice(base, base.width // 8 - 1 - byte, top, low))
        return out

    def _in_packet_order(self, e: Expr) -> Expr:
        """A comparison of packet bytes with a constant, both put in the order in which the packet has the bytes."""
        value, low = e.args[1], e.args[0].width
        parts: list[tuple[int, Expr, Expr]] = []
        for part in e.args[0].args if e.args[0].op == "concat" else ():
            low -= part.width
            bits = extract(value, low + part.width - 1, low)
            slices = self._slices(part)
            if len(slices) == 1 and slices[0].base is None:
                parts.append((slices[0].offset, part, bits))
            elif part is not bits:
                return e
        if not parts:
            return e
        parts.sort(key=lambda p: p[0])
        return eq(concat(*(part for _, part, _ in parts)), concat(*(bits for _, _, bits in parts)))

    def _runs(self, parts: Sequence[_Slice | Expr]) -> list[Expr]:
        out: list[Expr] = []
        at = 0
        while at < len(parts):
            part = parts[at]
            if isinstance(part, Expr):
                out.append(self.rewrite(part))
                at += 1
            else:
                n, step = _run(parts, at)
                out.append(self._word(part, n, step, parts[at + n - 1]))
                at += n
        return out

    def _word(self, first: _Slice, n: int, step: int, last: _Slice | Expr) -> Expr:
        assert isinstance(last, _Slice)
        word = self._symbol(Load(first.base, min(first.offset, last.offset), n, step > 0))
        return extract(word, 8 * n - 8 + first.hi, last.lo)

    def _symbol(self, load: Load) -> Expr:
        base = "packet" if load.base is None else load.base.name
        order = "be" if load.big else "le"
        symbol = sym(f"{base}[{load.offset}+{load.size}{order}]", 8 * load.size)
        self._loads[symbol] = load
        return symbol

    def pieces(self, data: Sequence[tuple[int, Expr]], *, in_packet: bool = False) -> tuple[Piece, ...]:
        """Stores of the bytes (offset, 8-bit value), given in ascending order of offset.

        ``in_packet``: it is the packet that is written, so that nothing is copied straight from it.
        """
        out: list[Piece] = []
        at = 0
        while at < len(data):
            end = at + 1
            while end < len(data) and data[end][0] == data[end - 1][0] + 1:
                end += 1
            piece = self._piece(data[at][0], [value for _, value in data[at:end]], in_packet)
            out.append(piece)
            at += piece.size
        return tuple(out)

    def _piece(self, offset: int, values: list[Expr], in_packet: bool) -> Piece:
        """The first store of the bytes ``values``, which are contiguous from ``offset``."""
        zeros = next((i for i, v in enumerate(values) if not v.is_const or v.value), len(values))
        if zeros > 1:
            return Zero(offset, zeros)
        source, n = self._copied(values)
        if source is not None and n > 1 and not (in_packet and source.base is None):
            return Copy(offset, n, source.base, source.offset)
        for size in (8, 4, 2):
            for big in (in_packet, not in_packet):
                run = values[:size] if big else values[:size][::-1]
                value = self.rewrite(concat(*run))
                if len(run) == size and value.op != "concat":
                    return Put(offset, size, value, big)
        return Put(offset, 1, self.rewrite(values[0]), False)

    def _copied(self, values: list[Expr]) -> tuple[_Slice | None, int]:
        """How many leading values are neighbouring bytes of one memory, and where the first lies."""
        first = self._whole(values[0])
        n = 1
        while first and n < len(values):
            follows = self._whole(values[n])
            if follows != _Slice(first.base, first.offset + n):
                break
            n += 1
        return first, n

    def _whole(self, value: Expr) -> _Slice | None:
        slices = self._slices(value)
        return slices[0] if len(slices) == 1 and (slices[0].hi, slices[0].lo) == (7, 0) else None


def _run(parts: Sequence[_Slice | Expr], at: int) -> tuple[int, int]:
    """Length and direction of the longest run of bytes from ``parts[at]`` that one load of up to 8 bytes yields.

    Only the first byte may lack its high bits, only the last its low ones.
    """
    best, direction = 1, 1
    for step in (1, -1):
        n = 1
        while n < 8 and at + n < len(parts) and _follows(parts[at + n - 1], parts[at + n], step):
            n += 1
        if n > best:
            best, direction = n, step
    return best, direction


def _follows(a: _Slice | Expr, b: _Slice | Expr, step: int) -> bool:
    if isinstance(a, Expr) or isinstance(b, Expr):
        return False
    return a.base is b.base and b.offset == a.offset + step and a.lo == 0 and b.hi == 7


def _joined(parts: list[Expr]) -> list[Expr]:
    """Parts with those put together again that are slices of one value, even where the lower one has a simpler form.

    The low byte of ``1000 * x << 8`` is known to be 0; the value's bytes are still that one value's.
    """
    out: list[Expr] = []
    for part in parts:
        above = out[-1] if out else None
        if above is not None and above.op == "extract" and above.lo >= part.width:
            low = above.lo - part.width
            if extract(above.args[0], above.lo - 1, low) is part:
                out[-1] = extract(above.args[0], above.hi, low)
                continue
        out.append(part)
    return out
