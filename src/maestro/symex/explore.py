"""Exhaustive exploration: the NF is initialised once, then run once for every path a packet can take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from maestro.diagnostics import SourceError, Span, UnsupportedError, UserError
from maestro.frontend.entry import entry_points
from maestro.ir.expr import Expr, binary, const, eq, extract, packet_byte, packet_offset, sym, symbols
from maestro.ir.memory import Function, Memory, Object, Pointer, Scalar, byte_of, is_undefined, uninitialised, zeros
from maestro.ir.model import MIN_PACKET, Model, Note, Path, Verdict
from maestro.ir.packet import LENGTH
from maestro.ir.program import Program
from maestro.models.checksum import checksums
from maestro.models.coherence import Reliance, violated
from maestro.models.files import MayRead
from maestro.models.state import Handle
from maestro.models.vector import settle_all
from maestro.solver.effort import MERGING
from maestro.solver.path import Oracle
from maestro.symex.budget import EXPLOSIONS, Budget, Reached, require_budget
from maestro.symex.ends import AssertionFailed
from maestro.symex.image import Image
from maestro.symex.instructions import Value
from maestro.symex.machine import Machine
from maestro.symex.merge import Merging
from maestro.symex.naming import name_handles
from maestro.symex.persistence import Persistence
from maestro.symex.prune import Finished, without_failed_assertions
from maestro.symex.run import Decision, Run

DEVICE = sym("device", 16)
NOW = sym("now", 64)
FLOOD, DROP = 0xFFFF, 0xFFFE

T = TypeVar("T")


_CHECK_EVERY = 16  # paths: time and memory
_LOOK_AFTER = 200  # paths; NFs with fewer are never estimated
_PROBES = 100
_HOPELESS = 10  # times the budget, as estimated


def never(_file: str) -> bool:
    return False


def explore(
    program: Program,
    *,
    nf: str,
    ports: int = 2,
    argv: Sequence[str] = (),
    is_runtime: Callable[[str], bool] = never,
    may_read: MayRead | None = None,
    budget: Budget | None = None,
) -> Model:
    """The model of the NF in ``program``, configured with ``argv``, for devices 0 … ``ports`` - 1.

    ``is_runtime`` tells files of Maestro's own runtime, which diagnostics should not point into. ``may_read``: whether
    initialisation may read a file; None: any.
    Raises SourceError for what the NF does wrong and UnsupportedError for what cannot be explored exactly.
    """
    explorer = _Explorer(program, is_runtime, budget or Budget())
    handles = explorer.initialise([nf, *argv], ports, may_read)
    paths, notes = explorer.paths(handles, ports)
    objects = tuple(h.as_object() for h in handles)
    return Model(nf, ports, objects, paths, _axioms(ports), (*explorer.notes, *notes))


def _axioms(ports: int) -> tuple[Expr, ...]:
    """What holds of every packet: a real device, a whole Ethernet header, a time that is not negative."""
    return (
        binary("ult", DEVICE, const(ports, 16)),
        binary("ule", const(MIN_PACKET, 16), LENGTH),
        binary("sle", const(0, 64), NOW),
    )


class _Incoherent(Exception):  # noqa: N818  (not an error: explore again)
    """The NF breaks what was relied upon."""


class _Explorer:
    def __init__(self, program: Program, is_runtime: Callable[[str], bool], budget: Budget) -> None:
        self.program = program
        self.entry = entry_points(program)
        self.image = Image(program)
        self.oracle = Oracle(budget.effort)
        self.budget = budget
        self.reached = Reached()
        self.notes: tuple[Note, ...] = ()
        self.merging = Merging() if budget.merging else None
        self._is_runtime = is_runtime

    # --- initialisation

    def initialise(self, argv: Sequence[str], ports: int, may_read: MayRead | None) -> list[Handle]:
        """Run ``nf_config_init`` and ``nf_init`` on real arguments; the state structures they made, by name."""
        machine = self._machine(self.image.memory, Run(None))
        machine.known["may_read"] = may_read
        self._set_global("maestro_ports", ports, 2)
        if self._defined("nf_config_init"):
            machine.invoke("nf_config_init", [const(len(argv), 32), _strings(machine, argv)])
        init = self.entry.init
        ok = machine.invoke(init, [])
        if isinstance(ok, Expr) and ok.is_const and ok.value == 0:
            raise SourceError(f"{init} returned false", span=self.program.functions[init].span, code="init-failed")
        self.notes = tuple(machine.known.get("notes", []))
        handles = machine.known.get("handles", [])
        name_handles(self.program, self.image, handles)
        return [part for _, handle in handles for part in handle.simple()]

    def _defined(self, name: str) -> bool:
        function = self.program.functions.get(name)
        return function is not None and not function.is_declaration

    def _set_global(self, name: str, value: int, size: int) -> None:
        if name in self.image.address:
            cells = [((const(value, 8 * size)), k) for k in range(size)]
            self.image.memory.store(self.image.address[name], 0, list(cells))

    def _machine(self, memory: Memory, run: Run) -> Machine:
        return Machine(
            self.image,
            memory,
            run,
            is_runtime=self._is_runtime,
            explore=self._outcomes,
            oracle=self.oracle,
            limits=self.budget.path,
            merging=self.merging,
        )

    def _outcomes(
        self, memory: Memory, function: Function, args: tuple[Scalar, ...]
    ) -> list[tuple[list[Expr], Scalar | None]]:
        """Every (conditions, result) of a pure function."""

        def body(machine: Machine) -> Value | None:
            return machine.invoke(function.name, list(args))

        results: list[tuple[list[Expr], Scalar | None]] = []
        for run, value in self._runs(memory, body, ()):
            assert not isinstance(value, tuple | AssertionFailed)
            results.append((list(run.constraints), value))
        return results

    # --- packets

    def paths(self, handles: list[Handle], ports: int) -> tuple[tuple[Path, ...], tuple[Note, ...]]:
        """Every path. Where there are too many, branches without operations are merged."""
        try:
            return self._coherent_paths(handles, ports)
        except UnsupportedError as error:
            if error.code not in EXPLOSIONS:
                raise
            error = self.reached.told(error)
            if self.merging or error.code == "memory-budget":
                raise error from None
            self.oracle, self.merging = Oracle(self.budget.effort.times(MERGING)), Merging()
            try:
                return self._coherent_paths(handles, ports)
            except UserError:
                raise error from None  # what the user can do something about

    def _coherent_paths(self, handles: list[Handle], ports: int) -> tuple[tuple[Path, ...], tuple[Note, ...]]:
        """What the structures promise of each other is relied upon only if the NF keeps to it."""
        try:
            return self._paths(handles, ports, coherent=True)
        except _Incoherent:
            return self._paths(handles, ports, coherent=False)

    def _paths(self, handles: list[Handle], ports: int, *, coherent: bool) -> tuple[tuple[Path, ...], tuple[Note, ...]]:
        persistence = Persistence(self.image, self._is_runtime)
        relied: set[Reliance] = set()

        def body(machine: Machine) -> tuple[Verdict, tuple[tuple[int, Expr], ...], int, tuple[tuple[Expr, Expr], ...]]:
            machine.known["coherent"] = coherent
            machine.known["relied"] = relied
            packet = self._packet(machine)
            verdict = self._process(machine, packet, ports)
            settle_all(machine, handles)
            persistence.observe(machine.memory)
            asked = () if verdict.kind == "drop" else checksums(machine)
            return verdict, _edits(machine, packet, verdict), machine.run.head, asked

        finished: list[Finished] = []
        assumed = self.merging.assumed if self.merging else set()
        for run, out in self._runs(self.image.memory, body, _axioms(ports), whole=True):
            assumed |= run.assumed
            failed = out if isinstance(out, AssertionFailed) else None
            path = None if isinstance(out, AssertionFailed) else Path(tuple(run.steps), *out)
            finished.append(Finished(tuple(run.steps), path, failed))
        persistence.check()
        if violated(relied, handles, [p.path.operations for p in finished if p.path]):
            raise _Incoherent
        return without_failed_assertions(finished, assumed)

    def _runs(
        self, memory: Memory, body: Callable[[Machine], T], axioms: Sequence[Expr], *, whole: bool = False
    ) -> list[tuple[Run, T | AssertionFailed]]:
        """Run ``body`` along every path, the first branch of each fork first. ``whole``: it is the NF's processing."""
        todo: list[tuple[Decision, ...]] = [()]
        done: list[tuple[Run, T | AssertionFailed]] = []
        reached = self.reached = Reached() if whole else self.reached
        while todo:
            run = Run(self.oracle, todo.pop(), axioms)
            try:
                done.append((run, self._run(memory, body, run)))
            finally:
                todo.extend(run.pending)
                reached.add(run.forks)
                if whole:
                    reached.paths, reached.left = len(done), len(todo)
            if whole and len(done) % _CHECK_EVERY == 0:
                require_budget(self.oracle.meter, self.program.functions[self.entry.process].span)
            estimated = whole and self.merging is None and len(done) == _LOOK_AFTER and todo
            hopeless = estimated and self._estimate(memory, body, axioms)
            if len(done) > self.budget.paths or hopeless:
                raise UnsupportedError(
                    f"the NF has more than {self.budget.paths} paths",
                    span=self.program.functions[self.entry.process].span,
                    hint="bound loops by small constants, and test for one thing once",
                    code="path-explosion",
                )
        return done

    def _run(self, memory: Memory, body: Callable[[Machine], T], run: Run) -> T | AssertionFailed:
        try:
            return body(self._machine(Memory(memory), run))
        except AssertionFailed as end:
            return end

    def _estimate(self, memory: Memory, body: Callable[[Machine], T], axioms: Sequence[Expr]) -> bool:
        """Whether there are hopelessly many paths, so that it is not worth while to count up to the budget.

        A path taken by tossing coins stands for 2^forks paths, on average over all such paths exactly for their
        number (D. E. Knuth, Estimating the efficiency of backtrack programs, 1975). Failed assertions are not counted,
        or most coins would end there.
        """
        rng, total = Random(1), 0
        for _ in range(_PROBES):
            run = Run(self.oracle, (), axioms, coin=lambda: rng.random() < 0.5)
            self._run(memory, body, run)
            total += 2 ** sum(d.forked for d in run.decisions)
        return total > _PROBES * _HOPELESS * self.budget.paths

    def _packet(self, machine: Machine) -> Pointer:
        machine.run.packet_floor = MIN_PACKET
        before = uninitialised("room before the packet")
        return machine.new(
            Object("packet", None, lambda offset: (packet_byte(offset), 0) if offset >= 0 else before(offset))
        )

    def _process(self, machine: Machine, packet: Pointer, ports: int) -> Verdict:
        buffer = machine.new(Object("buffer", 8, zeros))
        machine.store(buffer, packet, 8)
        mbuf = machine.new(Object("mbuf", 128, uninitialised("mbuf")))
        if self._defined("packet_state_total_length"):
            length = machine.new(Object("length", 4, zeros))
            machine.store(length, _wide(LENGTH, 32), 4)
            machine.invoke("packet_state_total_length", [packet, length])
        if self._defined("maestro_mbuf_fill"):
            machine.invoke("maestro_mbuf_fill", [mbuf, packet, DEVICE, LENGTH])
        given: dict[str, Value] = {
            "device": DEVICE, "buffer": buffer, "packet": packet, "length": LENGTH, "now": NOW, "mbuf": mbuf
        }  # fmt: skip
        function = self.program.functions[self.entry.process]
        arguments = [
            _fit(given[what], getattr(p.type, "bits", 64))
            for what, p in zip(self.entry.parameters, function.parameters, strict=True)
        ]
        value = machine.invoke(function.name, arguments)
        assert isinstance(value, Expr)
        verdict = _verdict(machine, extract(value, 15, 0), machine.verdict_span)
        if self._defined("nf_return_all_chunks"):
            machine.invoke("nf_return_all_chunks", [packet])
        return verdict


def _fit(value: Value, bits: int) -> Value:
    if isinstance(value, Expr) and value.width != bits:
        return _wide(value, bits) if bits > value.width else extract(value, bits - 1, 0)
    return value


def _wide(value: Expr, width: int) -> Expr:
    from maestro.ir.expr import zext

    return zext(value, width)


def _strings(machine: Machine, argv: Sequence[str]) -> Pointer:
    """``argv`` as C has it: an array of pointers ended by a null pointer."""
    array = machine.new(Object("argv", 8 * (len(argv) + 1), zeros))
    for i, text in enumerate(argv):
        data = text.encode() + b"\0"
        string = machine.new(Object(f"argv[{i}]", len(data), zeros))
        machine.write(string, [(const(byte, 8), 0) for byte in data])
        machine.store(Pointer(array.obj, const(8 * i, 64)), string, 8)
    return array


def _verdict(machine: Machine, port: Expr, span: Span | None) -> Verdict:
    """libVig's convention: the arrival device means drop, as DROP does; FLOOD_FRAME all others."""
    drops = eq(port, DEVICE)
    if machine.may_equal(port, const(DROP, 16)):
        drops = binary("or", drops, eq(port, const(DROP, 16)))
    if machine.decide(drops):
        return Verdict("drop", None, span)
    if machine.decide(eq(port, const(FLOOD, 16))):
        return Verdict("flood", None, span)
    machine.run.require_defined(port, span, "the verdict")
    return Verdict("forward", port, span)


def _edits(machine: Machine, packet: Pointer, verdict: Verdict) -> tuple[tuple[int, Expr], ...]:
    """Every packet byte that may leave with another value than it came with.

    Of a packet that is dropped, bytes that were inserted but never given a value are nobody's business.
    """
    head, out = machine.run.head, []
    written = {*machine.memory.object(packet.obj).cells, *range(head, 0)}
    for offset in sorted(o for o in written if o >= head):
        value, k = machine.memory.load(packet.obj, offset, 1)[0]
        byte = byte_of(value, k)
        if not isinstance(byte, Expr):
            raise SourceError("writes a pointer into the packet", span=machine.span, code="pointer-in-packet")
        if verdict.kind == "drop" and any(is_undefined(s) for s in symbols(byte)):
            continue
        if packet_offset(byte) != offset:
            machine.run.require_defined(byte, verdict.span, f"byte {offset} of the packet")
            out.append((offset, byte))
    return tuple(out)
