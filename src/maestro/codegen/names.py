"""C identifiers for what the model names: objects, results, packet fields, computed values."""

from __future__ import annotations

import re
from pathlib import Path

from maestro.diagnostics import Span
from maestro.ir.packet import FIELDS, field_offsets

_KEYWORDS = frozenset([
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern",
    "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
    "sizeof", "static", "struct", "switch", "typedef", "typeof", "union", "unsigned", "void", "volatile", "while",
    "asm", "bool", "true", "false",
])  # fmt: skip

RESERVED = _KEYWORDS | frozenset([
    "nf", "port", "packet", "length", "now", "cell", "key", "core", "cores", "map", "vector", "dchain",
    "expire_map", "map_get", "map_put", "map_erase", "map_size", "vector_at", "dchain_allocate", "dchain_refresh",
    "dchain_test", "dchain_free", "dchain_expire_one", "expire_maps", "expire_range", "sketch", "sketch_refresh",
    "sketch_fetch", "sketch_touch", "sketch_expire", "lpm", "lpm_lookup", "lpm_update", "cht_fill", "cht_find",
    "memcpy", "memset", "nf_name", "nf_ports", "nf_rss",
    "nf_core", "nf_packet", "nf_core_create", "nf_core_destroy", "nf_shared", "nf_shared_create", "nf_shared_destroy",
    "shared", "turn", "locks", "htm",
])  # fmt: skip
"""Names that a local of the generated nf_packet must not hide."""

PACKET_FIELDS: dict[tuple[int, int], str] = {
    (offset, FIELDS[field] // 8): field.replace(".", "_")
    for field, offset in (field_offsets("ipv4-tcp") | field_offsets("non-ip")).items()
}
"""(offset, size) in bytes of the fields that an IPv4 packet without options has, and what C calls them."""

_VALUE_NAMES = {
    "add": "sum", "sub": "difference", "mul": "product", "udiv": "quotient", "sdiv": "quotient",
    "urem": "remainder", "srem": "remainder", "ite": "choice", "uf": "hash",
}  # fmt: skip


def identifier(name: str) -> str:
    """``flow_manager.state.fm`` → ``flow_manager_state_fm``; never a keyword."""
    text = re.sub(r"\W+", "_", name).strip("_") or "object"
    return f"{text}_" if text in _KEYWORDS else f"_{text}" if text[0].isdigit() else text


def members(names: list[str]) -> dict[str, str]:
    """One identifier an object, all different, in the given order."""
    taken: set[str] = set()
    return {name: unique(identifier(name), taken) for name in names}


def unique(name: str, taken: set[str]) -> str:
    """``name``, or ``name_2``, ``name_3``, … if it is taken; the answer is taken from now on."""
    candidate, n = name, 1
    while candidate in taken or candidate in RESERVED:
        n += 1
        candidate = f"{name}_{n}"
    taken.add(candidate)
    return candidate


def value_name(op: str) -> str:
    """What to call an intermediate result of operator ``op``."""
    return _VALUE_NAMES.get(op, "value")


def place(span: Span | None) -> str:
    """``fw.c:78``, or nothing when the place is unknown. The folder is left out: it differs between machines."""
    return "" if span is None else str(Span(Path(span.file).name, span.line))
