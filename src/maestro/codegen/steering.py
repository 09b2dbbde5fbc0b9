"""Steered allocation (R6): which core owns which index, in C for the generated program and in Python for reports.

A core gives out index i only if the NIC sends the packets that name i to that core. The owners are found by trying
every value of the packet bytes that name an index, in a plain IPv4/UDP frame (``runtime/rss/steered.c``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle

from maestro.codegen.cexpr import Printer
from maestro.codegen.memory import Words
from maestro.diagnostics import InternalError, UnsupportedError
from maestro.ir.expr import Expr, packet_offset, symbols, walk
from maestro.ir.expr_node import apply
from maestro.ir.packet import FIELDS, field_offsets
from maestro.ir.plan import FieldBits, Plan, PortPlan, Steering
from maestro.rss.toeplitz import windows

MAX_READS = 3
"""Bytes that may name an index (STEERED_MAX_READS in runtime/include/maestro/steered.h)."""

_FRAME = 128
_COUNTED = 2  # bytes up to which Python counts: 65536 packets
_TYPE_BYTES = frozenset({12, 13, 14, 20, 21, 23})


def of(plan: Plan, allocator: str) -> tuple[Steering, ...]:
    """The ways in which packets name indices of ``allocator``. Raises InternalError when there is none."""
    found = tuple(s for s in plan.steering if s.allocator == allocator)
    if not found:
        raise InternalError(f"{allocator} is steered, but no packet names its indices")
    return found


def reads(steering: Steering) -> tuple[int, ...]:
    """Offsets of the packet bytes that name the index, ascending.

    Raises UnsupportedError when these are too many to try, or the index depends on more than the packet's bytes.
    """
    found = {(s, packet_offset(s)) for s in symbols(steering.index)}
    offsets = sorted(at for _, at in found if at is not None)
    others = sorted(s.name for s, at in found if at is None)
    why = None
    if others or any(e.op == "uf" for e in walk(steering.index)):
        why = f"depends on {', '.join(others) or 'a hash'}"
    elif len(offsets) > MAX_READS:
        why = f"is made of {len(offsets)} bytes, {MAX_READS} at most can be tried"
    elif any(at in _TYPE_BYTES or at >= _FRAME for at in offsets):
        why = f"is made of bytes {', '.join(map(str, offsets))}, which say what the packet is, or lie too far back"
    if why:
        raise UnsupportedError(
            f"the index of {steering.allocator} that packets on port {steering.port} name {why}",
            hint="an index that a packet names should be a field of one or two bytes, a port number for instance",
            code="steered-index",
        )
    return tuple(offsets)


def functions(plan: Plan, allocator: str, member: str) -> list[str]:
    """C: the functions that find the named index in a packet, and their table ``<member>_names``."""
    lines: list[str] = []
    rows: list[str] = []
    for n, steering in enumerate(of(plan, allocator)):
        name, offsets, words = f"{member}_named_{n}", reads(steering), Words({})
        text = Printer(words, {}).value(words.rewrite(steering.index))
        lines += [
            f"/* The index of {allocator} that a packet on port {steering.port} names. */",
            f"static uint32_t {name}(const uint8_t *packet) {{",
            *([] if offsets else ["  (void)packet;"]),
            f"  return {text};",
            "}",
            "",
        ]
        rows.append(f"  {{{steering.port}, {name}, {len(offsets)}, {{{', '.join(map(str, offsets or (0,)))}}}}},")
    return [*lines, f"static const struct steered_name {member}_names[] = {{", *rows, "};"]


def counts(plan: Plan, allocator: str, capacity: int) -> tuple[int, ...] | None:
    """How many of ``capacity`` indices each core owns; None when there are too many packets to try here.

    The same as ``steered_owners`` in runtime/rss/steered.c. Raises InternalError when packets that name one index
    reach different cores.
    """
    owners: list[int | None] = [None] * capacity
    for steering in of(plan, allocator):
        if len(reads(steering)) > _COUNTED:
            return None
        port = next(p for p in plan.ports if p.port == steering.port)
        for index, core in zip(_indices(steering), _cores(port, reads(steering)), strict=True):
            if index < capacity:
                if owners[index] not in (None, core):
                    raise InternalError(f"packets that name index {index} of {allocator} reach different cores")
                owners[index] = core
    turn = cycle(range(plan.cores))
    given = [next(turn) if core is None else core for core in owners]
    return tuple(given.count(core) for core in range(plan.cores))


def _columns(offsets: Sequence[int]) -> dict[int, list[int]]:
    """For each byte its value in every packet that is tried: the first one changes fastest."""
    packets = 1 << 8 * len(offsets)
    return {at: [v >> 8 * i & 0xFF for v in range(packets)] for i, at in enumerate(offsets)}


def _indices(steering: Steering) -> list[int]:
    """The index that each packet names, worked out operator by operator for all packets at once."""
    columns = _columns(reads(steering))
    packets = 1 << 8 * len(columns)
    done: dict[Expr, list[int]] = {}
    for e in walk(steering.index):
        at = packet_offset(e)
        if at is not None:
            done[e] = columns[at]
        elif not e.args:
            done[e] = [e.value] * packets
        else:
            rows = zip(*(done[a] for a in e.args), strict=True)
            done[e] = [apply(e, row, _unknown) for row in rows]
    return done[steering.index]


def _unknown(e: Expr) -> int:
    raise InternalError(f"{e} has no value")


def _cores(port: PortPlan, offsets: Sequence[int]) -> Iterator[int]:
    """The core of each packet. Toeplitz is linear: each byte's values have shares of the hash of their own."""
    inputs = port.owner_inputs if "ipv4-udp" in port.resteered else port.inputs.get("ipv4-udp", ())
    mask = port.reta_size - 1
    frame = _plain_frame()
    base = _hash(port.key, inputs, frame)
    shares = [[_hash(port.key, inputs, _with(frame, at, v)) ^ base for v in range(256)] for at in offsets]
    for value in range(1 << 8 * len(offsets)):
        hashed = base
        for i, share in enumerate(shares):
            hashed ^= share[value >> 8 * i & 0xFF]
        yield port.reta[hashed & mask]


def _plain_frame() -> bytes:
    """The frame that steered.c tries: Ethernet, IPv4 without options, UDP; all else zero."""
    frame = bytearray(_FRAME)
    for at, value in ((12, 8), (14, 0x45), (17, _FRAME - 14), (22, 64), (23, 17), (39, _FRAME - 34)):
        frame[at] = value
    return bytes(frame)


def _with(frame: bytes, at: int, value: int) -> bytes:
    return frame[:at] + bytes([value]) + frame[at + 1 :]


def _hash(key: bytes, inputs: Sequence[FieldBits], frame: bytes) -> int:
    offsets = field_offsets("ipv4-udp")
    bits = ""
    for part in inputs:
        width, at = FIELDS[part.name], offsets[part.name]
        field = f"{int.from_bytes(frame[at : at + width // 8], 'big'):0{width}b}"
        bits += field[part.first : part.first + part.count]
    hashed = 0
    for bit, window in zip(bits, windows(key, len(bits)), strict=True):
        hashed ^= window if bit == "1" else 0
    return hashed
