"""Runs a model on concrete packets: what the generated C must agree with, packet by packet.

Shares no code with the generator: paths are walked step by step, state is dictionaries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from maestro.ir.expr import Expr, evaluate, packet_offset, signed
from maestro.ir.model import Assume, Model, Operation, Path, StateObject

DROP, FLOOD = 0xFFFE, 0xFFFF

Value = Callable[[Expr], int]


@dataclass
class Allocator:
    """``live``: index → time of the last touch, oldest first. The lowest free index is given out."""

    free: set[int]
    live: dict[int, int] = field(default_factory=dict)

    def allocate(self, time: int) -> tuple[int, int]:
        if not self.free:
            return 0, 0
        index = min(self.free)
        self.free.remove(index)
        self.live[index] = time
        return 1, index

    def refresh(self, index: int, time: int) -> int:
        if index not in self.live:
            return 0
        del self.live[index]
        self.live[index] = time
        return 1

    def release(self, index: int) -> int:
        if index not in self.live:
            return 0
        del self.live[index]
        self.free.add(index)
        return 1

    def expire_one(self, time: int) -> tuple[int, int]:
        oldest = next(iter(self.live), None)
        if oldest is None or self.live[oldest] > time:
            return 0, 0
        self.release(oldest)
        return 1, oldest


class Interpreter:
    """The sequential NF that ``model`` describes; its state is kept between packets."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._maps: dict[str, dict[int, int]] = {}
        self._vectors: dict[str, list[int]] = {}
        self._allocators: dict[str, Allocator] = {}
        for o in model.objects:
            self._create(o)

    def _create(self, o: StateObject) -> None:
        if o.kind == "map":
            self._maps[o.name] = {int.from_bytes(key, "big"): value for value, key in o.contents}
        elif o.kind == "vector":
            cells = [int.from_bytes(o.initial, "big")] * o.capacity
            for index, data in o.contents:
                cells[index] = int.from_bytes(data, "big")
            self._vectors[o.name] = cells
        else:
            taken = [index for index, _ in o.contents]
            free = set(range(o.capacity)) - set(taken)
            self._allocators[o.name] = Allocator(free, dict.fromkeys(taken, 0))

    def packet(self, device: int, data: bytes, now: int) -> tuple[int, bytes]:
        """The verdict, as nf_packet returns it, and the packet's bytes afterwards."""
        known = {"device": device, "pkt_len": len(data), "now": now}

        def value(e: Expr) -> int:
            def look(s: Expr) -> int:
                k = packet_offset(s)
                return data[k] if k is not None else known[s.name]

            return evaluate(e, look)

        path = self._follow(value, known)
        edited = bytearray(bytes(max(0, -path.head)) + data)
        for k, e in path.edits:
            edited[k + max(0, -path.head)] = value(e)
        del edited[: max(0, path.head)]
        if path.verdict.kind == "forward":
            assert path.verdict.port is not None
            return value(path.verdict.port), bytes(edited)
        return {"drop": DROP, "flood": FLOOD}[path.verdict.kind], bytes(edited)

    def _follow(self, value: Value, known: dict[str, int]) -> Path:
        left, depth = list(self._model.paths), 0
        while any(len(p.steps) > depth for p in left):
            step = left[0].steps[depth]
            if isinstance(step, Operation):
                assert all(p.steps[depth] == step for p in left)
                args = {name: value(e) for name, e in step.args}
                results = getattr(self, f"_{step.method}")(step, **args)
                for (_, e), result in zip(step.results, results, strict=True):
                    known[e.name] = result
            else:
                left = [p for p in left if isinstance(s := p.steps[depth], Assume) and value(s.cond)]
            depth += 1
        assert len(left) == 1, "every packet takes exactly one path"
        return left[0]

    def _map_get(self, op: Operation, key: int) -> tuple[int, int]:
        table = self._maps[op.object]
        return int(key in table), table.get(key, 0)

    def _map_put(self, op: Operation, key: int, value: int) -> tuple[()]:
        self._maps[op.object][key] = value
        return ()

    def _map_erase(self, op: Operation, key: int) -> tuple[()]:
        self._maps[op.object].pop(key, None)
        return ()

    def _map_size(self, op: Operation) -> tuple[int]:
        return (len(self._maps[op.object]),)

    def _vector_read(self, op: Operation, index: int) -> tuple[int]:
        return (self._vectors[op.object][index],)

    def _vector_write(self, op: Operation, index: int, cell: int) -> tuple[()]:
        self._vectors[op.object][index] = cell
        return ()

    def _dchain_allocate(self, op: Operation, time: int) -> tuple[int, int]:
        return self._allocators[op.object].allocate(signed(time, 64))

    def _dchain_refresh(self, op: Operation, index: int, time: int) -> tuple[int]:
        return (self._allocators[op.object].refresh(index, signed(time, 64)),)

    def _dchain_test(self, op: Operation, index: int) -> tuple[int]:
        return (int(index in self._allocators[op.object].live),)

    def _dchain_free(self, op: Operation, index: int) -> tuple[int]:
        return (self._allocators[op.object].release(index),)

    def _dchain_expire_one(self, op: Operation, time: int) -> tuple[int, int]:
        return self._allocators[op.object].expire_one(signed(time, 64))

    def _expire_map(self, op: Operation, time: int) -> tuple[int]:
        vector, table = op.related
        count = 0
        while (freed := self._allocators[op.object].expire_one(signed(time, 64)))[0]:
            cell = self._vectors[vector][freed[1]].to_bytes(self._model.object(vector).elem_size, "big")
            fields = self._model.object(table).key_layout
            key = b"".join(cell[f.offset : f.offset + f.size] for f in fields)
            self._maps[table].pop(int.from_bytes(key, "big"), None)
            count += 1
        return (count,)
