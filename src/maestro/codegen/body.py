"""The execution tree as the body of ``nf_packet``.

A value gets a name where it is first needed, if it is needed again on the same path; never earlier, because a packet
byte may be read only below the test that shows it to be there. What a vector cell holds is read where the NF reads
it, before any write can change it. Packet edits come last, after everything that they are computed from.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import accumulate

from maestro.codegen import calls, records
from maestro.codegen.cexpr import Printer, ctype, load_text
from maestro.codegen.flows import NO_TABLES, Tables
from maestro.codegen.locking import NONE, Common, constants
from maestro.codegen.lower import (
    Again,
    BuildKey,
    Call,
    Differs,
    Due,
    If,
    Lock,
    Look,
    ReadCell,
    Return,
    Step,
    Unlock,
    WriteCell,
    following,
    uses,
)  # fmt: skip
from maestro.codegen.memory import Copy, Load, Piece, Put, Words, Zero
from maestro.codegen.names import PACKET_FIELDS, place, unique, value_name
from maestro.codegen.needs import Needs, is_shift_of_now, leftmost, references, unnamed
from maestro.codegen.scope import Scope
from maestro.codegen.state import moves_start
from maestro.codegen.text import Writer
from maestro.diagnostics import InternalError
from maestro.ir.expr import Expr
from maestro.ir.model import Field, Kind, Model, Operation

_CHEAP = frozenset({"const", "sym", "zext", "not", "extract", "eq", "ult", "ule", "slt", "sle"})


class Body:
    """Writes the steps of one tree.

    ``members``: object → member of struct nf_core or nf_shared. ``index_maps``: the maps whose values are indices.
    ``common``: what is in nf_shared. ``tables``: what is fused.
    """

    def __init__(
        self, model: Model, words: Words, members: dict[str, str], index_maps: Collection[str], out: Writer,
        common: Common = NONE, tables: Tables = NO_TABLES,
    ) -> None:  # fmt: skip
        self._model = model
        self._words = words
        self._members = members
        self._index_maps = index_maps
        self._out = out
        self._common = common
        self._tables = tables
        self._needs = Needs()
        self._moves = moves_start(model)

    def write(self, step: Step, scope: Scope | None = None) -> None:
        """``scope``: the names that are known already."""
        scope = scope or Scope()
        scope.taken.update(records.names(self._tables, self._members))
        self._step(step, scope)

    def _step(self, first: Step, scope: Scope) -> None:
        step: Step | None = first
        while step is not None:
            match step:
                case BuildKey():
                    self._build_key(step, scope)
                    step = step.then
                case Call():
                    step = self._call(step, scope)
                case ReadCell():
                    self._read(step, scope)
                    step = step.then
                case WriteCell():
                    self._write(step, scope)
                    step = step.then
                case If():
                    step = self._if(step, scope)
                case Return():
                    self._return(step, scope)
                    step = None
                case Again():
                    self._again(step)
                    step = None
                case Due():
                    self._due(step, scope)
                    step = step.then
                case Differs():
                    self._differs(step, scope)
                    step = step.then
                case Look():
                    self._name_values(step, scope)
                    for text in records.look(step, scope, self._printer(scope), self._tables, self._members):
                        self._out.line(text)
                    step = None
                case Lock() | Unlock():
                    self._out.line(calls.lock_text(step))
                    step = step.then

    # -- values

    def _printer(self, scope: Scope) -> Printer:
        return Printer(self._words, scope.names)

    def _name_values(self, step: Step, scope: Scope) -> None:
        """Name what the step evaluates for certain and is worth a name."""
        roots = uses(step)
        sure = tuple(leftmost(r) for r in roots) if isinstance(step, If) else roots
        later = self._needs.values(following(step))
        here = references(roots, scope.names)
        chosen: list[Expr] = []
        for e in reversed(list(unnamed(sure, scope.names))):
            if not self._nameable(e):
                continue
            shown = isinstance(step, If) and self._is_field(e)
            count = here[e]
            if count < 2 and not shown and e in later:
                known = scope.names.keys() | set(chosen)
                count += references(self._needs.roots(following(step)), known)[e]
            if shown or count >= 2:
                chosen.append(e)
        for e in reversed(chosen):
            self._define(e, self._value_name(e), scope)

    def _nameable(self, e: Expr) -> bool:
        if e.op == "sym":
            return self._words.load(e) is not None
        return e.op not in _CHEAP and e.width > 1 and not is_shift_of_now(e)

    def _is_field(self, e: Expr) -> bool:
        load = self._words.load(e)
        return load is not None and (load.offset, load.size) in PACKET_FIELDS

    def _value_name(self, e: Expr) -> str:
        load = self._words.load(e)
        return self._load_name(load) if load else value_name(e.op)

    def _load_name(self, load: Load) -> str:
        if load.base is None:
            name = PACKET_FIELDS.get((load.offset, load.size), f"packet_{load.offset}")
            return name if load.big or load.size == 1 else f"{name}_le"
        obj = self._model.object(self._words.vector(load.base))
        known = (f.name for f in obj.elem_layout if (f.offset, f.size) == (load.offset, load.size))
        return f"{self._members[obj.name]}_{next(known, str(load.offset))}"

    def _define(self, e: Expr, name: str, scope: Scope) -> None:
        """``const T name = e;``"""
        text = self._printer(scope).value(e)
        scope.names[e] = unique(name, scope.taken)
        self._out.line(f"const {ctype(e.width)} {scope.names[e]} = {text};")

    # -- keys, cells and stores

    def _build_key(self, step: BuildKey, scope: Scope) -> None:
        if step.key in (scope.hashes if step.words else scope.arrays):
            return  # known ahead, or a whole cell of which there is a copy
        self._name_values(step, scope)
        obj = self._model.object(step.object)
        name = scope.arrays[step.key] = unique(f"{self._members[obj.name]}_key", scope.taken)
        if step.words:
            self._build_words(step, name, scope)
            return
        self._out.line(f"uint8_t {name}[{obj.key_bytes}];")
        starts = accumulate((f.size for f in obj.key_layout), initial=0)
        packed = tuple(Field(f.name, at, f.size) for f, at in zip(obj.key_layout, starts, strict=False))
        self._store(name, step.pieces, scope, packed)

    def _build_words(self, step: BuildKey, name: str, scope: Scope) -> None:
        """The key in words, and its hash."""
        show, member, count = self._printer(scope), self._members[step.object], len(step.pieces)
        hashed = scope.hashes[step.key] = unique(f"{member}_hash", scope.taken)
        fields = ", ".join(f.name for f in self._model.object(step.object).key_layout)
        self._out.line(f"const uint64_t {name}[{count}] = {{", fields)
        for p in step.pieces:
            assert isinstance(p, Put)
            self._out.line(f"  {show.value(p.value)},")
        self._out.line("};")
        self._out.line(f"const uint32_t {hashed} = flow_hash(&nf->{member}, {name}, {count});")

    def _store(
        self, base: str, pieces: tuple[Piece, ...], scope: Scope, layout: tuple[Field, ...], line: str = ""
    ) -> None:
        """The stores, each with the names of the fields it fills; the first with the C line too."""
        block: list[tuple[str, str]] = []
        for p in pieces:
            fields = [f.name for f in layout if f.offset < p.offset + p.size and p.offset < f.offset + f.size]
            note = ": ".join(part for part in (line if not block else "", ", ".join(fields)) if part)
            block.append((self._store_text(base, p, scope), note))
        self._out.block(block)

    def _store_text(self, base: str, p: Piece, scope: Scope) -> str:
        at = f"{base} {'-' if p.offset < 0 else '+'} {abs(p.offset)}" if p.offset else base
        match p:
            case Zero():
                return f"memset({at}, 0, {p.size});"
            case Copy():
                source = "packet" if p.base is None else scope.bytes_of(p.base)
                return f"memcpy({at}, {source}{f' + {p.source}' if p.source else ''}, {p.size});"
            case Put():
                value = self._printer(scope).value(p.value)
                if p.size == 1:
                    return f"{base}[{p.offset}] = {value};"
                return f"st{8 * p.size}{'be' if p.big else 'le'}({at}, {value});"

    def _cell(self, op: Operation, index: Expr, scope: Scope) -> tuple[str, bool]:
        """The address of a vector's element, worked out at its first use; whether this is it."""
        known = scope.cells.get((op.object, index))
        if known is not None:
            return known, False
        member = self._members[op.object]
        name = scope.cells[op.object, index] = unique(f"{member}_cell", scope.taken)
        at, size = self._printer(scope).value(index), self._model.object(op.object).elem_size
        text, table = f"vector_at({self._at(op.object)}, {at}, {size})", self._tables.of(op.object)
        text = records.cell(op.object, at, table, self._members) if table else text
        self._out.line(f"uint8_t *const {name} = {text};", place(op.span))
        return name, True

    def _read(self, step: ReadCell, scope: Scope) -> None:
        """Everything that is needed of the cell below, now: a later write must not change it."""
        below = (step.then,)
        needed = self._needs.values(below) & self._words.loads_of(step.cell)
        whole = step.cell in self._needs.copies(below)
        if not needed and not whole:
            return
        self._name_values(step, scope)
        cell, _ = self._cell(step.op, step.index, scope)
        found = ((e, self._words.load(e)) for e in needed)
        loads = [(e, load) for e, load in found if load is not None]
        for e, load in sorted(loads, key=lambda el: (el[1].offset, el[1].size, el[1].big)):
            scope.names[e] = unique(self._load_name(load), scope.taken)
            self._out.line(f"const {ctype(e.width)} {scope.names[e]} = {load_text(load, cell)};")
        if whole:
            copy = scope.arrays[step.cell] = unique(f"{self._members[step.op.object]}_read", scope.taken)
            size = step.cell.width // 8
            self._out.line(f"uint8_t {copy}[{size}];")
            self._out.line(f"memcpy({copy}, {cell}, {size});")

    def _write(self, step: WriteCell, scope: Scope) -> None:
        if not step.pieces:
            return
        self._name_values(step, scope)
        cell, fresh = self._cell(step.op, step.index, scope)
        layout = self._model.object(step.op.object).elem_layout
        self._store(cell, step.pieces, scope, layout, "" if fresh else place(step.op.span))

    # -- calls

    def _call(self, step: Call, scope: Scope) -> Step:
        """Write the call; as the condition of the branch on its outcome where that is all the outcome is for."""
        below = self._needs.values(following(step))
        used = {name: e for name, e in step.op.results if e in below}
        if not used and step.op.method in calls.PURE:
            return step.then
        self._name_values(step, scope)
        text = self._call_text(step, used, scope)
        answer = next((e for name, e in step.op.results if not calls.is_stored(step.op, name)), None)
        if answer is None or answer not in used.values():
            self._out.line(f"{text};", place(step.op.span))
        elif self._needs.only_tested(answer, step.then):
            scope.names[answer] = text
            assert isinstance(step.then, If)
            return self._if(step.then, scope)
        else:
            name = unique(f"{self._members[step.op.object]}_{calls.answer_name(step.op.method)}", scope.taken)
            scope.names[answer] = name
            self._out.line(f"const {ctype(answer.width)} {name} = {text};", place(step.op.span))
        return step.then

    def _call_text(self, step: Call, used: dict[str, Expr], scope: Scope) -> str:
        op, show = step.op, self._printer(scope)
        member, aged = self._members[op.object], op.object in self._common.aged
        timed = not aged or op.kind is Kind.EXPIRE
        table = self._tables.of(op.object)
        args = [] if table else [self._at(op.object)]
        if not timed:
            args += ["&nf->turn"] if "time" in step.args else []
        args += [] if table else calls.other_objects(op, self._model, self._members, self._at)
        if step.key is not None and table:
            args += [scope.arrays[step.key], scope.hashes[step.key]]
            args += [scope.guesses.get((op.object, step.key), "FLOW_NONE")] if op.method == "map_get" else []
        elif step.key is not None:
            args += [scope.bytes_of(step.key), str(step.key.width // 8)]
        for name in calls.ARGUMENTS:
            if name in step.args and (name != "time" or timed):
                e = step.args[name]
                args.append(show.time(e) if name == "time" else show.value(e))
        for name, e in op.results:
            if calls.is_stored(op, name):
                shown = "index" if op.object in self._index_maps else name
                args.append(f"&{self._result(f'{member}_{shown}', e, scope)}")
        if table:
            return records.call_text(op.method, op.object, table, self._members, args)
        return f"{'shared_' if aged else ''}{calls.runtime_function(op)}({', '.join(args)})"

    def _at(self, name: str) -> str:
        """The address of an object."""
        return f"&nf->{'shared->' if name in self._common.objects else ''}{self._members[name]}"

    def _result(self, name: str, e: Expr, scope: Scope) -> str:
        """A variable for a result that the call stores."""
        scope.names[e] = unique(name, scope.taken)
        self._out.line(f"uint32_t {scope.names[e]};")
        return scope.names[e]

    # -- locks

    def _again(self, step: Again) -> None:
        if step.locked:
            self._out.line(calls.UNLOCK)
        self._out.line("return NF_AGAIN;", place(step.span))

    def _due(self, step: Due, scope: Scope) -> None:
        self._name_values(step, scope)
        time = self._printer(scope).time(step.time) if step.time is not None else None
        text = calls.question(self._at(step.op.object), time, aged=step.op.object in self._common.aged)
        self._out.open(f"if ({text})", place(step.op.span))
        self._again(Again(None, locked=True))
        self._out.close()
        scope.names.update(constants(step.op))

    def _differs(self, step: Differs, scope: Scope) -> None:
        self._name_values(step, scope)
        cell, fresh = self._cell(step.op, step.index, scope)
        show = self._printer(scope)
        tests = [calls.unlike(cell, p, scope, show) for p in step.pieces]
        self._out.open(f"if ({' || '.join(tests)})", "" if fresh else place(step.op.span))
        self._again(Again(None, locked=True))
        self._out.close()

    # -- control

    def _if(self, step: If, scope: Scope) -> Step:
        """The smaller side inside, the larger after it; returns the larger."""
        self._name_values(step, scope)
        yes_first = self._needs.size(step.yes) <= self._needs.size(step.no)
        inside, after = (step.yes, step.no) if yes_first else (step.no, step.yes)
        show = self._printer(scope)
        cond = show.value(step.cond) if yes_first else show.negation(step.cond)
        self._out.open(f"if ({cond})", place(step.span))
        self._step(inside, scope.inner())
        self._out.close()
        return after

    def _return(self, step: Return, scope: Scope) -> None:
        self._name_values(step, scope)
        if step.port is not None and step.edits and self._packet_bytes(step.port, scope):
            self._define(step.port, "out_port", scope)
        for offset in dict.fromkeys(e for pair in step.checksums for e in pair):
            if not offset.is_const and offset not in scope.names:
                self._define(offset, "header_at", scope)  # now: edits may change what it is computed from
        self._name_overwritten(step, scope)
        self._store("packet", step.edits, scope, () if step.head else _EDITED)
        for ip, l4 in step.checksums:
            show = self._printer(scope)
            self._out.line(f"checksum_set(packet, length, {show.value(ip)}, {show.value(l4)});")
        if self._moves:
            self._out.line(f"nf->head = {step.head};")
        self._out.line(f"return {self._verdict(step, scope)};", place(step.span))

    def _verdict(self, step: Return, scope: Scope) -> str:
        if step.kind == "forward":
            if step.port is None:
                raise InternalError("a forward verdict without a port")
            return self._printer(scope).value(step.port)
        return {"drop": "NF_DROP", "flood": "NF_FLOOD"}[step.kind]

    def _name_overwritten(self, step: Return, scope: Scope) -> None:
        """Name every stored value that reads packet bytes which an earlier store overwrites."""
        gone: set[int] = set()
        for p in step.edits:
            if isinstance(p, Put) and p.value not in scope.names and self._reads(p.value, gone, scope):
                name = PACKET_FIELDS.get((p.offset, p.size), f"packet_{p.offset}")
                self._define(p.value, f"new_{name}", scope)
            gone.update(range(p.offset, p.offset + p.size))

    def _reads(self, e: Expr, gone: set[int], scope: Scope) -> bool:
        """Whether ``e`` reads one of the packet's bytes ``gone``; sums are taken to read all of them."""
        adds = any(x.op == "uf" and x.name == "packet_sum" for x in unnamed((e,), scope.names))
        return bool(gone and adds) or bool(gone & self._packet_bytes(e, scope))

    def _packet_bytes(self, e: Expr, scope: Scope) -> set[int]:
        loads = (self._words.load(x) for x in unnamed((e,), scope.names) if x.op == "sym" and x not in scope.names)
        return {k for x in loads if x and x.base is None for k in range(x.offset, x.offset + x.size)}


_EDITED = tuple(Field(name, offset, size) for (offset, size), name in sorted(PACKET_FIELDS.items()))
