"""The model of an NF: its state objects and every path that one packet can take.

A path is an ordered list of *steps*: assumptions (the branch conditions taken) and state operations, ended by
a verdict and the packet edits. Paths that start with the same steps share them exactly (same objects, same
symbol names), so the paths of an NF form a tree (``maestro.ir.tree``).

State operations (``Operation.method``), their arguments and results; widths in bits:

=====================  ==========================  ===============================  ========
method                 args                        results                          kind
=====================  ==========================  ===============================  ========
map_get                key                         found(1) value(32)               READ
map_put                key value(32)               none                             WRITE
map_erase              key                         none                             FREE
map_size               none                        size(32)                         READ
vector_read            index(32)                   cell(8 * elem_size)              READ
vector_write           index(32) cell              none                             WRITE
dchain_allocate        time(64)                    ok(1) index(32)                  ALLOCATE
dchain_refresh         index(32) time(64)          ok(1)                            REFRESH
dchain_test            index(32)                   allocated(1)                     TEST
dchain_free            index(32)                   ok(1)                            FREE
dchain_expire_one      time(64)                    ok(1) index(32)                  EXPIRE
expire_map             time(64)                    count(32)                        EXPIRE
expire_range           start(32) end(32)           none                             FREE
cht_find               hash(64)                    found(1) chosen(32)              TEST
sketch_refresh         key hash(32) time(64)       none                             REFRESH
sketch_fetch           key hash(32)                over(1)                          READ
sketch_touch           key hash(32) time(64)       ok(1)                            WRITE
sketch_expire          time(64)                    none                             EXPIRE
lpm_lookup             address(32)                 value(32)                        READ
lpm_update             prefix(32) length(8)        ok(1)                            WRITE
                       value(16)
=====================  ==========================  ===============================  ========

``key`` is the concatenation of the bytes that the map's equality compares, in the order of
``StateObject.key_layout``: the first byte in memory is the most significant. ``cell`` is likewise the element's
bytes in memory order, first byte most significant. ``value``/``index`` is meaningless when ``found``/``ok`` is 0.
``expire_map`` frees, in the allocator ``object``, every index last touched at or before ``time``, and erases the keys
that the vector ``related[0]`` holds for that index from each of the maps ``related[1:]`` (one map; a double map is
two). ``dchain_expire_one`` frees the oldest such index only. ``expire_range`` erases from the map ``object`` the keys
that the vector ``related[0]`` holds in its cells ``start`` … ``end`` - 1. ``cht_find`` walks the row ``hash %
cht_height`` of the read-only vector ``related[0]`` and chooses the first backend whose index is allocated in
``object``. A sketch's ``key`` is what its hash function reads and ``hash`` what it returns. ``lpm_lookup`` yields -1
when no prefix contains ``address``. ``vector_read`` happens where the NF borrows the cell, ``vector_write`` where it
gives back a changed one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from maestro.diagnostics import Span
from maestro.ir.expr import Expr


class Kind(StrEnum):
    READ = "read"
    WRITE = "write"
    ALLOCATE = "allocate"
    REFRESH = "refresh"
    FREE = "free"
    EXPIRE = "expire"
    TEST = "test"

    @property
    def modifies(self) -> bool:
        return self not in (Kind.READ, Kind.TEST)


@dataclass(frozen=True)
class Field:
    """A named part of a key or element: ``offset`` and ``size`` in bytes within the C object."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class StateObject:
    """One state structure that the NF allocated while it initialised itself.

    ``kind`` is ``map``, ``vector``, ``dchain``, ``sketch`` or ``lpm``; ``capacity`` counts entries (of a sketch:
    buckets a row). Maps: ``key_layout`` lists the compared bytes as fields of the C key object, ``key_size`` is
    that object's extent in bytes. Vectors: ``elem_size`` in bytes, ``elem_layout`` its fields as far as debug
    information names them, ``initial`` the bytes of every element after init, except for those in ``contents`` as
    (index, bytes). Maps and allocators filled during init: ``contents`` holds (value, key bytes) and (index, b"");
    prefix tables: (value, four bytes of prefix, most significant first, and one of length). ``key_at``: where in an
    element of the vector that holds a map's keys the C key object starts, in bytes. ``threshold``: of a sketch,
    above which a key counts as seen too often. ``cht_height``: rows of a vector that ``cht_fill_cht`` filled, 0 for
    others; each row has ``capacity / cht_height`` backends.
    """

    name: str
    kind: str
    capacity: int
    span: Span
    key_layout: tuple[Field, ...] = ()
    key_size: int = 0
    elem_size: int = 0
    elem_layout: tuple[Field, ...] = ()
    initial: bytes = b""
    contents: tuple[tuple[int, bytes], ...] = ()
    key_at: int = 0
    threshold: int = 0
    cht_height: int = 0

    @property
    def key_bytes(self) -> int:
        """Bytes of the packed key: what equality compares."""
        return sum(f.size for f in self.key_layout)


@dataclass(frozen=True)
class Assume:
    """The path is taken only when ``cond`` (width 1) holds.

    ``given`` marks what the NF asserts or its API promises rather than tests: there is no other branch.
    """

    cond: Expr
    span: Span | None = None
    given: bool = False


@dataclass(frozen=True)
class Operation:
    """One call on a state object. ``ordinal`` counts the path's operations from 0."""

    ordinal: int
    object: str
    method: str
    kind: Kind
    args: tuple[tuple[str, Expr], ...]
    results: tuple[tuple[str, Expr], ...]
    related: tuple[str, ...] = ()
    span: Span | None = None
    chain: tuple[Span, ...] = ()

    def arg(self, name: str) -> Expr:
        return dict(self.args)[name]

    def result(self, name: str) -> Expr:
        return dict(self.results)[name]


Step = Assume | Operation


@dataclass(frozen=True)
class Verdict:
    """``kind`` is ``forward``, ``drop`` or ``flood`` (all ports but the arrival one); ``port`` 16 bits, for forward."""

    kind: str
    port: Expr | None = None
    span: Span | None = None


@dataclass(frozen=True)
class Path:
    """One complete run. ``edits``: (offset, 8-bit value) of every packet byte that may differ on departure.

    Offsets count from the start of the frame as it arrived. ``head``: where the departing frame starts, from there: 0
    unless the NF removed (positive) or inserted (negative: then some edits have negative offsets) bytes. Its end stays.
    ``checksums``: after the edits, the checksums of these IPv4 and TCP or UDP headers (offsets, 16 bits) are computed.
    """

    steps: tuple[Step, ...]
    verdict: Verdict
    edits: tuple[tuple[int, Expr], ...] = ()
    head: int = 0
    checksums: tuple[tuple[Expr, Expr], ...] = ()

    @property
    def conditions(self) -> tuple[Expr, ...]:
        return tuple(s.cond for s in self.steps if isinstance(s, Assume))

    @property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(s for s in self.steps if isinstance(s, Operation))


@dataclass(frozen=True)
class Note:
    """Something the user should know about the model: an assertion taken as given, a default applied."""

    code: str
    message: str
    span: Span | None = None


MIN_PACKET = 14
"""Frames shorter than an Ethernet header never reach an NF (bytes)."""


@dataclass(frozen=True)
class Model:
    """``ports``: how many ports the NF was analysed for. ``axioms`` hold on every path (``device < ports``, …)."""

    nf: str
    ports: int
    objects: tuple[StateObject, ...]
    paths: tuple[Path, ...]
    axioms: tuple[Expr, ...] = ()
    notes: tuple[Note, ...] = ()

    def object(self, name: str) -> StateObject:
        return next(o for o in self.objects if o.name == name)
