"""What a model says of one packet, worked out with concrete numbers.

``draw`` decides what the state answers to an operation; what a key or a cell holds is then remembered, as the
structures would, so that two operations that turn out to mean one entry agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from scripted import Answer, Outcome, Scenario, visible

from maestro.ir.expr import Expr, evaluate, packet_offset
from maestro.ir.model import Assume, Model, Operation, Path, StateObject
from maestro.ir.tree import Branch, Do, Given, Leaf, Tree

Draw = Callable[[Operation, tuple[int, ...]], Mapping[str, int]]
"""The results of an operation by name, given the values of its arguments."""


@dataclass(frozen=True)
class Input:
    device: int
    now: int
    packet: bytes


@dataclass
class Execution:
    """One packet on its way through a model."""

    model: Model
    given: Input
    draw: Draw
    results: dict[str, int] = field(default_factory=dict)
    script: list[Answer] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    _maps: dict[tuple[str, int], Mapping[str, int]] = field(default_factory=dict)
    _routes: dict[tuple[str, int], Mapping[str, int]] = field(default_factory=dict)
    _cells: dict[tuple[str, int], int] = field(default_factory=dict)

    def value(self, e: Expr) -> int:
        return evaluate(e, self._symbol)

    def _symbol(self, s: Expr) -> int:
        if s.op == "uf":
            assert s.name.startswith("crc32_"), s
            return _crc32c(*(self.value(a) for a in s.args), s.args[1].width)
        offset = packet_offset(s)
        if offset is not None:
            return self.given.packet[offset] if offset < len(self.given.packet) else _beyond(offset)
        match s.name:
            case "device":
                return self.given.device
            case "pkt_len":
                return len(self.given.packet)
            case "now":
                return self.given.now
        return self.results[s.name]

    def do(self, op: Operation) -> None:
        args = tuple(self.value(e) for _, e in op.args)
        match op.method:
            case "map_get":
                self._get(op, args)
            case "map_put":
                self._maps[op.object, args[0]] = {"found": 1, "value": args[1]}
                self._call(op, args)
            case "map_erase":
                self._maps[op.object, args[0]] = {"found": 0, "value": 0}
                self._call(op, args)
            case "vector_read":
                self._read(op, args)
            case "vector_write":
                self._write(op, args)
            case "expire_range":
                self._maps = {k: v for k, v in self._maps.items() if k[0] != op.object}
                self._call(op, args)
            case "lpm_lookup":
                self._look_up(op, args)
            case _:
                if op.method == "lpm_update":
                    self._routes = {k: v for k, v in self._routes.items() if k[0] != op.object}
                if op.method == "expire_map":
                    self._maps = {k: v for k, v in self._maps.items() if k[0] not in op.related[1:]}
                self._ask(op, args)

    def _get(self, op: Operation, args: tuple[int, ...]) -> None:
        entry = (op.object, args[0])
        if entry not in self._maps:
            self._maps[entry] = self._ask(op, args)
        self._bind(op, self._maps[entry])

    def _look_up(self, op: Operation, args: tuple[int, ...]) -> None:
        entry = (op.object, args[0])
        if entry not in self._routes:
            self._routes[entry] = self._ask(op, args)
        self._bind(op, self._routes[entry])

    def _read(self, op: Operation, args: tuple[int, ...]) -> None:
        entry = (op.object, args[0])
        if entry not in self._cells:
            self._cells[entry] = self._ask(op, args)["cell"]
        self._bind(op, {"cell": self._cells[entry]})

    def _write(self, op: Operation, args: tuple[int, ...]) -> None:
        index, cell = args
        obj = self.model.object(op.object)
        if _shown(obj, cell) != _shown(obj, self._cells[op.object, index]):
            self._call(op, args)
        self._cells[op.object, index] = cell

    def _ask(self, op: Operation, args: tuple[int, ...]) -> Mapping[str, int]:
        self._call(op, args)
        results = self.draw(op, args)
        self._bind(op, results)
        self.script.append(_answer(self.model.object(op.object), results))
        return results

    def _bind(self, op: Operation, results: Mapping[str, int]) -> None:
        self.results |= {s.name: results[name] for name, s in op.results}

    def _call(self, op: Operation, args: tuple[int, ...]) -> None:
        words = [str(self._number(op.object)), op.method]
        obj = self.model.object(op.object)
        for (name, e), value in zip(op.args, args, strict=True):
            words.append(_shown(obj, value) if name == "cell" else f"{value:0{e.width // 4}x}")
        self.calls.append(" ".join([*words, *(str(self._number(r)) for r in op.related)]))

    def _number(self, name: str) -> int:
        return [o.name for o in self.model.objects].index(name)


def _crc32c(crc: int, data: int, bits: int) -> int:
    """CRC-32C of the low ``bits`` of ``data``, continuing ``crc`` (reflected polynomial 0x82f63b78)."""
    crc &= 0xFFFFFFFF
    for bit in range(bits):
        odd = (crc ^ data >> bit) & 1
        crc = crc >> 1 ^ (0x82F63B78 if odd else 0)
    return crc


def _beyond(offset: int) -> int:
    """A byte behind the packet's end: noise. A choice may mention it; what depends on it will differ from the NF."""
    return (offset * 0x9D + 0x35) & 0xFF


def _shown(obj: StateObject, cell: int) -> str:
    data = cell.to_bytes(obj.elem_size, "big")
    return b"".join(data[f.offset : f.offset + f.size] for f in visible(obj)).hex()


def _answer(obj: StateObject, results: Mapping[str, int]) -> Answer:
    ok = next((results[n] for n in ("ok", "found", "allocated", "over") if n in results), 0)
    value = next((results[n] for n in ("value", "index", "count", "size", "chosen") if n in results), 0)
    cell = results["cell"].to_bytes(obj.elem_size, "big") if "cell" in results else b""
    return Answer(ok, value, cell)


@dataclass(frozen=True)
class Followed:
    """What the model says happens. ``path`` is None when the packet breaks what an assertion promises."""

    given: Input
    path: int | None
    calls: tuple[str, ...]
    verdict: int
    packet: bytes
    scenario: Scenario


def follow(model: Model, tree: Tree, given: Input, draw: Draw) -> Followed:
    """The packet's way through the tree of ``model``."""
    x = Execution(model, given, draw)
    node = tree
    while not isinstance(node, Leaf):
        match node:
            case Do(op, then):
                x.do(op)
                node = then
            case Given(cond, _, then):
                if not x.value(cond):
                    return _followed(x, None)
                node = then
            case Branch(cond, _, yes, no):
                node = yes if x.value(cond) else no
    return _followed(x, node.path)


def _followed(x: Execution, path: int | None) -> Followed:
    verdict, packet = 0, x.given.packet
    if path is not None:
        verdict, packet = _verdict(x, x.model.paths[path]), _departing(x, x.model.paths[path])
    scenario = Scenario(x.given.device, x.given.now, x.given.packet, tuple(x.script))
    return Followed(x.given, path, tuple(x.calls), verdict, packet, scenario)


def _verdict(x: Execution, path: Path) -> int:
    match path.verdict.kind:
        case "drop":
            return x.given.device
        case "flood":
            return 0xFFFF
    assert path.verdict.port is not None
    port = x.value(path.verdict.port)
    assert port not in (x.given.device, 0xFFFF), "forwarding to the arrival port or to all is another verdict"
    return port


def _departing(x: Execution, path: Path) -> bytes:
    inserted = max(0, -path.head)
    packet = bytearray(bytes(inserted) + x.given.packet)
    for offset, e in path.edits:
        packet[inserted + offset] = x.value(e)
    return bytes(packet[max(0, path.head) :])


def matching(model: Model, given: Input, draw: Draw) -> list[int]:
    """Every path whose conditions all hold, tried one by one without the tree."""
    return [i for i, path in enumerate(model.paths) if _holds(path, Execution(model, given, draw))]


def _holds(path: Path, x: Execution) -> bool:
    for step in path.steps:
        if isinstance(step, Assume):
            if not x.value(step.cond):
                return False
        else:
            x.do(step)
    return True


def differences(said: Followed, did: Outcome) -> Iterator[str]:
    """How what the NF did differs from what the model says, in words."""
    if said.path is None:
        if did.end != "! signal 6":
            yield f"the model expects a failed assertion, but: {did}"
        return
    where = f"path {said.path}, {said.given}"
    if did.verdict is None:
        yield f"{where}: {did.end}; calls {did.calls} instead of {said.calls}"
        return
    for name in ("calls", "verdict", "packet"):
        if getattr(said, name) != getattr(did, name):
            yield f"{where}: {name}: model {getattr(said, name)}, NF {getattr(did, name)}"
    if did.unused:
        yield f"{where}: {did.unused} operations of the model did not happen"
