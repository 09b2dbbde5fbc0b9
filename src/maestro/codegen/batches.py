"""C for batches (``maestro.codegen.ahead``): ``nf_look``, ``nf_fetch``, ``nf_rest``, and ``nf_burst`` over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from maestro.codegen import records
from maestro.codegen.ahead import Ahead
from maestro.codegen.flows import Tables
from maestro.codegen.lower import Look, Step
from maestro.codegen.scope import Scope
from maestro.codegen.text import Writer, wrap
from maestro.ir.model import Model

Write = Callable[[Step, Scope, Writer], None]
"""Writes a step, with names that are known already."""

_PACKET = "uint16_t port, uint8_t *packet, uint16_t length,"


def functions(ahead: Ahead, model: Model, tables: Tables, members: Mapping[str, str], write: Write) -> list[list[str]]:
    """The functions, ``nf_packet`` and ``nf_burst`` among them."""
    rests = [_rest(look, step, write) for look, step in ahead.rests]
    first = [rests.index(lines) for lines in rests]  # equal ones are one
    looks = {look: n for (look, _), n in zip(ahead.rests, first, strict=True)}
    tests = Writer()
    write(ahead.look, Scope(numbers=looks), tests)
    width = max((len(k.pieces) for look in looks for k in look.keys), default=0)
    depth = max((len(look.keys) for look in looks), default=0)
    gets = max((len(look.gets) for look in looks), default=0)
    sketches = max((len(look.sketches) for look in looks), default=0)
    fetches = gets + sketches > 0
    cases = {n: (ahead.rests[n][0], rests[n]) for n in first}
    return [
        _state(
            depth,
            width,
            max((len(look.gets) for look in looks), default=0),
            max((len(look.sketches) for look in looks), default=0),
        ),
        _function("static inline void nf_look(", "struct nf_ahead *ahead", tests.lines, _LOOK, constant=True),
        _fetch(cases, tables, members) if fetches else [],
        _function("static inline uint16_t nf_rest(", "const struct nf_ahead *ahead", _cases(cases), _REST),
        _packet(fetches=fetches),
        _burst(fetches=fetches, moves=any(path.head for path in model.paths)),
    ]


_LOOK = "/* What the packet alone decides: what is to be done with it, and what to look up. */"
_REST = "/* What is to be done with the packet. Each comment names the line of the source that the code comes from. */"


def _packet(*, fetches: bool) -> list[str]:
    return [
        "/* See include/maestro/nf.h. */",
        f"uint16_t nf_packet(struct nf_core *nf, {_PACKET}",
        "                   int64_t now) {",
        "  struct nf_ahead ahead;",
        "  nf_look(nf, port, packet, length, now, &ahead);",
        *(["  nf_fetch(nf, &ahead);"] if fetches else []),
        "  return nf_rest(nf, port, packet, length, now, &ahead);",
        "}",
    ]


def _state(depth: int, width: int, gets: int, sketches: int) -> list[str]:
    keys = [f"  uint32_t hash[{depth}];", f"  uint64_t key[{depth}][{width}];"] if depth else []
    keys += [f"  uint32_t guess[{gets}]; /* the index that is likely to have a key */"] if gets else []
    keys += [f"  uint32_t sketch[{sketches}]; /* hashes of keys */"] if sketches else []
    return [
        "/* What is known of a packet before it is its turn: which of the cases of nf_rest() it is, the keys",
        " * that will be looked up. */",
        "struct nf_ahead {",
        "  unsigned at;",
        *keys,
        "};",
    ]


def _rest(look: Look, step: Step, write: Write) -> list[str]:
    out = Writer(2)
    scope = Scope()
    for place, key in enumerate(look.keys):
        scope.arrays[key.key], scope.hashes[key.key] = f"ahead->key[{place}]", f"ahead->hash[{place}]"
    scope.guesses = {(name, look.keys[place].key): f"ahead->guess[{n}]" for n, (name, place) in enumerate(look.gets)}
    write(step, scope, out)
    return out.lines


def _cases(cases: Mapping[int, tuple[Look, list[str]]]) -> list[str]:
    lines = ["  switch (ahead->at) {"]
    last = max(cases)
    for n, (_, body) in sorted(cases.items()):
        label = "default" if n == last else f"case {n}"
        lines += [f"  {label}: {{", *body, "  }"]
    return [*lines, "  }"]


def _fetch(cases: Mapping[int, tuple[Look, list[str]]], tables: Tables, members: Mapping[str, str]) -> list[str]:
    lines = ["  switch (ahead->at) {"]
    for n, (look, _) in sorted(cases.items()):
        calls = []
        for slot, (name, place) in enumerate(look.gets):
            table = tables.of(name)
            assert table is not None
            flows, size = f"&nf->{members[table.allocator]}", records.stride(table, members)
            guess = f"flow_guess(&nf->{members[name]}, {flows}, {size}, ahead->hash[{place}])"
            calls += wrap(f"    ahead->guess[{slot}] = {guess};")
        for place, (name, _) in enumerate(look.sketches):
            calls.append(f"    sketch_fetch_buckets(&nf->{members[name]}, ahead->sketch[{place}]);")
        lines += [f"  case {n}:", *calls, "    break;"] if calls else []
    return [
        "/* Fetch the records that are likely to be needed. */",
        "static inline void nf_fetch(const struct nf_core *nf, struct nf_ahead *ahead) {",
        *lines,
        "  default:",
        "    break;",
        "  }",
        "}",
    ]


def _function(start: str, last: str, body: list[str], comment: str, *, constant: bool = False) -> list[str]:
    text = "\n".join(re.sub(r"/\*.*?\*/", "", line) for line in body)
    names = ("nf", "port", "packet", "length", "now", "ahead")
    unused = [name for name in names if not re.search(rf"\b{name}\b", text)]
    qualified = "const " if constant else ""
    packet = _PACKET.replace("uint8_t", "const uint8_t") if constant else _PACKET
    return [
        comment,
        f"{start}{qualified}struct nf_core *nf, {packet}",
        f"{' ' * len(start)}int64_t now, {last}) {{",
        *(f"  (void){name};" for name in unused),
        *body,
        "}",
    ]


def _burst(*, fetches: bool, moves: bool) -> list[str]:
    fetch = ["  for (unsigned i = 0; i < count; i++) {", "    nf_fetch(nf, &ahead[i]);", "  }"] if fetches else []
    return [
        "/* See include/maestro/nf.h. */",
        "void nf_burst(struct nf_core *nf, struct nf_frame *frames, unsigned count) {",
        "  struct nf_ahead ahead[NF_BATCH];",
        "  for (unsigned i = 0; i < count; i++) {",
        "    const struct nf_frame *f = &frames[i];",
        "    nf_look(nf, f->port, f->data, f->length, f->time, &ahead[i]);",
        "  }",
        *fetch,
        "  for (unsigned i = 0; i < count; i++) {",
        "    struct nf_frame *f = &frames[i];",
        "    f->verdict = nf_rest(nf, f->port, f->data, f->length, f->time, &ahead[i]);",
        *(["    f->head = (int16_t)nf->head;"] if moves else []),
        "  }",
        "}",
    ]
