"""models/sketch.py: which bytes are the key, what is recorded, and what is refused."""

from __future__ import annotations

import pytest
from small_nfs import analyse

from maestro.diagnostics import SourceError, UnsupportedError
from maestro.ir.expr import Expr, packet_byte, symbols, walk
from maestro.ir.model import Kind

SKETCH = """\
struct pair { uint32_t src; uint32_t unused; uint16_t port; };
static unsigned hash(void *k) { struct pair *p = k; return HASH; }
static struct Sketch *clients;
bool nf_init(void) { return sketch_allocate(hash, 64, 10, &clients); }
static struct pair key_of(uint8_t *p) {
  struct pair k = {.unused = 1};
  memcpy(&k.src, p, 4);
  memcpy(&k.port, p + 4, 2);
  return k;
}
"""
CRC = SKETCH.replace("HASH", "__builtin_ia32_crc32si(__builtin_ia32_crc32si(0, p->src), p->port)")
ENTRY = """ENTRY {
  sketch_expire(clients, now - 100);
  struct pair k = key_of(*buffer);
  sketch_compute_hashes(clients, &k);
  sketch_refresh(clients, now);
  if (sketch_fetch(clients)) return device;
  return sketch_touch_buckets(clients, now) ? FLOOD_FRAME : device;
}"""


def functions(e: Expr) -> list[str]:
    return [n.name for n in walk(e) if n.op == "uf"]


def test_the_key_is_what_the_hash_function_reads() -> None:
    (sketch,) = analyse(CRC + ENTRY).objects
    assert (sketch.name, sketch.kind, sketch.capacity, sketch.threshold) == ("clients", "sketch", 64, 10)
    assert [(f.name, f.offset, f.size) for f in sketch.key_layout] == [("src", 0, 4), ("port", 8, 2)]


def test_every_operation_carries_the_key_and_its_hash() -> None:
    model = analyse(CRC + ENTRY)
    path = next(p for p in model.paths if p.verdict.kind == "flood")
    assert [(op.method, op.kind) for op in path.operations] == [
        ("sketch_expire", Kind.EXPIRE),
        ("sketch_refresh", Kind.REFRESH),
        ("sketch_fetch", Kind.READ),
        ("sketch_touch", Kind.WRITE),
    ]
    for op in path.operations[1:]:
        assert set(symbols(op.arg("key"))) == {packet_byte(k) for k in range(6)}
        assert op.arg("key").width == 48
        assert op.arg("hash").width == 32
        assert functions(op.arg("hash")) == ["crc32_32", "crc32_32"]


def test_hash_obj_and_rte_hash_crc_are_executed() -> None:
    for call, names in (
        ("hash_obj(p, 4)", ["crc32_32"]),
        ("rte_hash_crc(p, 10, 3)", ["crc32_64", "crc32_16"]),
        ("rte_hash_crc_4byte(p->src, 3)", ["crc32_32"]),
    ):
        model = analyse(SKETCH.replace("HASH", call) + ENTRY)
        assert functions(model.paths[0].operations[-1].arg("hash")) == names


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        (CRC + "ENTRY { return sketch_fetch(clients) ? 1 : 0; }", "sketch-key", 11),
        (SKETCH.replace("HASH", "3") + ENTRY, "hash", 4),
        (CRC.replace("64, 10", "0, 10") + ENTRY, "bounds", 4),
        (CRC.replace("hash, 64", "NULL, 64") + ENTRY, "hash", 4),
    ],
)
def test_refused(source: str, code: str, line: int) -> None:
    with pytest.raises((SourceError, UnsupportedError)) as caught:
        analyse(source)
    assert (caught.value.code, caught.value.span and caught.value.span.line) == (code, line)
    assert caught.value.hint
