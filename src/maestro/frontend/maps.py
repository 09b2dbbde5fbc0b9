"""What the maestro.h dialect needs to know of an NF and C cannot tell: its state, and the members of the keys.

``MAP(flows, struct Flow, …)`` compares keys member by member, whatever padding is between them; so the functions that
compare, hash and copy keys are written here, from debug information. The C part is runtime/dialect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maestro.diagnostics import SourceError, Span, UnsupportedError
from maestro.frontend.debug import Leaf, LeafKind, pointee_layout
from maestro.ir.model import Note
from maestro.ir.program import Function, Program

GENERATED = "maestro_maps.c"

_SAME = "maestro_same_"
"""MAP, and whatever else has keys, defines a function of this name, whose local ``x`` points to a key."""

_STATE = "maestro_state_"
"""Every declaration of state defines a global of this name."""

_FLAGS = "maestro_uses_tcp_flags"
"""maestro.h makes every use of ``p.tcp_flags`` call this function."""

_OTHER = "maestro_other_packets"
"""OTHER_PACKETS defines this function."""


@dataclass(frozen=True)
class MapKey:
    """A map of the NF, or something else with keys. ``parts``: (offset, size) in bytes of what its keys consist of.

    Sizes are 1, 2, 4 or 8.
    """

    name: str
    parts: tuple[tuple[int, int], ...]


def describe_maps(program: Program) -> tuple[dict[str, str], tuple[Note, ...]]:
    """C text by file name, to be compiled with the NF and with runtime/dialect, and what the user should know.

    Raises UnsupportedError for a key type that cannot be compared member by member.
    """
    defined = {f.display: f for f in program.functions.values() if not f.is_declaration}
    maps = [_map_key(program, f, name.removeprefix(_SAME)) for name, f in defined.items() if name.startswith(_SAME)]
    states = [g.display.removeprefix(_STATE) for g in program.globals.values() if g.display.startswith(_STATE)]
    text = maps_source(maps, states, reads_tcp_flags=_FLAGS in defined)
    return {GENERATED: text}, () if _OTHER in defined else (_default_note(defined["process_packet"].span),)


def _default_note(span: Span | None) -> Note:
    return Note(
        "other-packets",
        "packets that process_packet does not see (not TCP or UDP over IPv4, IP options, fragments) are dropped: "
        "the NF does not declare OTHER_PACKETS",
        span,
    )


def _map_key(program: Program, same: Function, name: str) -> MapKey:
    holder = program.globals.get(name)
    span = holder.span if holder and holder.span else same.span
    layout = pointee_layout(program, same.name, "x")
    if layout is None or not layout.leaves:
        raise SourceError(f"the keys of map `{name}` have no members", span=span, hint="give them one", code="map-key")
    parts: list[tuple[int, int]] = []
    for leaf in layout.leaves:
        _check(name, leaf, span)
        parts += _split(leaf.offset, leaf.size)
    return MapKey(name, tuple(parts))


def _check(name: str, leaf: Leaf, span: Span | None) -> None:
    if leaf.kind is not LeafKind.INT:
        what = f"`{leaf.name}`, " if leaf.name else ""
        raise UnsupportedError(
            f"the keys of map `{name}` contain {what}a {_KIND[leaf.kind]}",
            span=span,
            hint="a key is an integer or a struct of integers, arrays of them included",
            code="map-key",
        )


_KIND = {
    LeafKind.POINTER: "pointer",
    LeafKind.FLOAT: "floating-point number",
    LeafKind.BITFIELD: "bit-field",
    LeafKind.UNION: "union",
    LeafKind.UNKNOWN: "type that is not an integer",
}


def _split(offset: int, size: int) -> Iterator[tuple[int, int]]:
    """A member in pieces that C can load at once."""
    while size > 0:
        piece = next(n for n in (8, 4, 2, 1) if n <= size)
        yield offset, piece
        offset, size = offset + piece, size - piece


def maps_source(maps: list[MapKey], states: list[str], *, reads_tcp_flags: bool) -> str:
    """The C file that runtime/dialect/dialect.h calls generated."""
    lines = [
        "/* The state of the network function, and how its keys compare. Generated. */",
        "#include <stdbool.h>",
        "#include <stdint.h>",
        "",
        *(f"typedef uint{n}_t __attribute__((aligned(1), may_alias)) number{n};" for n in (8, 16, 32, 64)),
        "",
        f"const bool maestro_reads_tcp_flags = {'true' if reads_tcp_flags else 'false'};",
        "",
        *(f"extern const struct maestro_state {_STATE}{name};" for name in states),
        "const struct maestro_state *const maestro_states[] = {" + "".join(f"&{_STATE}{n}, " for n in states) + "0};",
        f"const unsigned maestro_state_count = {len(states)};",
    ]
    return "\n".join(lines) + "\n" + "".join(_functions(m) for m in maps)


def _functions(m: MapKey) -> str:
    def part(key: str, offset: int, size: int, const: str = "const ") -> str:
        return f"*({const}number{8 * size} *)(({const}char *){key} + {offset})"

    same = " &&\n         ".join(f"{part('a', *p)} == {part('b', *p)}" for p in m.parts)
    mix = "".join(
        f"  hash = (hash ^ {part('key', *p)}) * 0x9e3779b97f4a7c15u;\n  hash ^= hash >> 32;\n" for p in m.parts
    )
    copy = "".join(f"  {part('to', *p, const='')} = {part('from', *p)};\n" for p in m.parts)
    return f"""
bool maestro_equal_{m.name}(const void *a, const void *b) {{
  return {same};
}}

unsigned maestro_hash_{m.name}(void *key) {{
  uint64_t hash = 0;
{mix}  return (unsigned)hash;
}}

void maestro_copy_{m.name}(void *to, const void *from) {{
{copy}}}
"""
