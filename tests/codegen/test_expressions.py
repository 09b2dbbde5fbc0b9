"""Random expressions of every operator and width: the value that compiled C gives is the one that ir.expr gives."""

from __future__ import annotations

import ctypes
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from compiled import CLANG, STRICT, compile_library

from maestro.codegen.cexpr import Printer, ctype, number
from maestro.codegen.memory import Words
from maestro.diagnostics import InternalError
from maestro.ir.expr import (
    Expr,
    binary,
    concat,
    const,
    eq,
    evaluate,
    extract,
    ite,
    negate,
    packet_byte,
    packet_offset,
    sext,
    sym,
    symbols,
    uf,
    walk,
    zext,
)

WIDTHS = (1, 3, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64)
ARITHMETIC = ("add", "sub", "mul", "udiv", "urem", "sdiv", "srem", "and", "or", "xor", "shl", "lshr", "ashr")
COMPARISONS = ("eq", "ult", "ule", "slt", "sle")
DIVISIONS = ("udiv", "urem", "sdiv", "srem")
PACKET = 32


def random_expr(rng: random.Random, width: int, depth: int) -> Expr:
    if depth == 0 or rng.random() < 0.1:
        return leaf(rng, width)

    def sub(w: int) -> Expr:
        return random_expr(rng, w, depth - 1)

    if width == 1 and rng.random() < 0.7:
        other = rng.choice(WIDTHS)
        made = binary(rng.choice(COMPARISONS), sub(other), sub(other))
        return negate(made) if rng.random() < 0.3 else made
    match rng.randrange(8):
        case 0:
            return ite(sub(1), sub(width), sub(width))
        case 1 if width < 64:
            inner = rng.choice([w for w in WIDTHS if w > width] or [64])
            low = rng.randrange(inner - width + 1)
            return extract(sub(inner), low + width - 1, low)
        case 2 | 3 if width > 1:
            inner = rng.choice([w for w in WIDTHS if w < width])
            return rng.choice((zext, sext))(sub(inner), width)
        case 4 if width > 1:
            high = rng.randrange(1, width)
            return concat(sub(high), sub(width - high))
    return binary(rng.choice(ARITHMETIC), sub(width), sub(width))


def leaf(rng: random.Random, width: int) -> Expr:
    match rng.randrange(4):
        case 0:
            return const(rng.choice((0, 1, 2, -1, -2, 1 << (width - 1), rng.getrandbits(width))), width)
        case 1 if width % 8 == 0:
            at = rng.randrange(PACKET - 8)
            run = [packet_byte(at + i) for i in range(width // 8)]
            return concat(*(run if rng.random() < 0.5 else run[::-1]))
        case 2 if width == 16:
            return sym(rng.choice(("device", "pkt_len")), 16)
        case 2 if width == 64:
            return sym("now", 64)
    return sym(f"v{rng.randrange(3)}w{width}", width)


def function(name: str, words: Words, e: Expr) -> str:
    """A C function of the packet and of the variables' values, which are passed in an array."""
    variables = [s for s in symbols(e) if s.name.startswith("v")]
    show = Printer(words, {s: s.name for s in variables})
    text = show.value(words.rewrite(e))
    return "\n".join([
        f"uint64_t {name}(const uint8_t *packet, uint16_t port, uint16_t length, int64_t now, const uint64_t *in) {{",
        "  (void)packet; (void)port; (void)length; (void)now; (void)in;",
        *(f"  const {ctype(s.width)} {s.name} = ({ctype(s.width)})in[{i}];" for i, s in enumerate(variables)),
        *(f"  (void){s.name};" for s in variables),
        f"  const {ctype(e.width)} result = {text};",
        "  return result;",
        "}",
    ])  # fmt: skip


HEAD = '#include "maestro/bits.h"\n#include "maestro/bytes.h"\n#include <stdbool.h>\n'


def interesting(rng: random.Random, width: int) -> int:
    return rng.choice((0, 1, (1 << width) - 1, 1 << (width - 1), rng.getrandbits(width))) & ((1 << width) - 1)


def divides_by_zero(e: Expr, env: Callable[[Expr], int]) -> bool:
    return any(evaluate(n.args[1], env) == 0 for n in walk(e) if n.op in DIVISIONS)


def check(library: ctypes.CDLL, name: str, e: Expr, rng: random.Random) -> int:
    """Compare on random inputs; how many of them count, because nothing is divided by zero."""
    call = getattr(library, name)
    call.restype = ctypes.c_uint64
    variables = [s for s in symbols(e) if s.name.startswith("v")]
    counted = 0
    for _ in range(12):
        packet = rng.randbytes(PACKET)
        values = {s: interesting(rng, s.width) for s in symbols(e)}

        def env(s: Expr, packet: bytes = packet, values: dict[Expr, int] = values) -> int:
            k = packet_offset(s)
            return packet[k] if k is not None else values[s]

        if divides_by_zero(e, env):
            continue
        counted += 1
        port, length, now = (values.get(sym(n, w), 0) for n, w in (("device", 16), ("pkt_len", 16), ("now", 64)))
        inputs = (ctypes.c_uint64 * (len(variables) + 1))(*(values[s] for s in variables))
        got = call(packet, ctypes.c_uint16(port), ctypes.c_uint16(length), ctypes.c_int64(now), inputs)
        assert got == evaluate(e, env), f"{e} with {values}, packet {packet.hex()}"
    return counted


def test_random_expressions(tmp_path: Path) -> None:
    rng = random.Random(20)
    words = Words({})
    made = [random_expr(rng, rng.choice(WIDTHS), rng.randrange(1, 5)) for _ in range(500)]
    made = [
        e for e in made if not any(n.args[1].is_const and not n.args[1].value for n in walk(e) if n.op in DIVISIONS)
    ]
    for op in ARITHMETIC + COMPARISONS:
        for width in WIDTHS:
            made.append(binary(op, sym(f"v0w{width}", width), sym(f"v1w{width}", width)))
            made.append(binary(op, sym(f"v0w{width}", width), const(rng.getrandbits(width) | 1, width)))
    text = HEAD + "\n".join(function(f"f{i}", words, e) for i, e in enumerate(made))
    library = compile_library(text, tmp_path, "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error", "-O1")
    counted = sum(check(library, f"f{i}", e, rng) for i, e in enumerate(made))
    assert counted > 8 * len(made)
    source = tmp_path / "expressions.c"
    source.write_text(text)
    subprocess.run([*CLANG, *STRICT, "-O0", "-c", str(source), "-o", str(tmp_path / "expressions.o")], check=True)


def printed(e: Expr) -> str:
    words = Words({})
    return Printer(words, {}).value(words.rewrite(e))


@pytest.mark.parametrize(
    ("e", "text"),
    [
        (concat(*(packet_byte(i) for i in (29, 28, 27, 26))), "ld32le(packet + 26)"),
        (concat(packet_byte(0), packet_byte(1)), "ld16be(packet)"),
        (concat(*(packet_byte(i) for i in range(6))), "ldbe(packet, 6)"),
        (concat(extract(packet_byte(20), 4, 0), packet_byte(21)), "ld16be(packet + 20) & 0x1fff"),
        (eq(concat(packet_byte(13), packet_byte(12)), const(8, 16)), "ld16be(packet + 12) == 0x0800"),
        (eq(sym("device", 16), const(0, 16)), "port == 0"),
        (binary("add", sym("pkt_len", 16), const(-14, 16)), "(uint16_t)(length - 14)"),
        (negate(binary("and", eq(packet_byte(1), const(2, 8)), eq(packet_byte(3), const(4, 8)))),
         "packet[1] != 2 || packet[3] != 4"),
        (binary("ule", const(34, 16), sym("pkt_len", 16)), "length >= 34"),
        (binary("slt", sym("now", 64), const(-1, 64)), "now < -1"),
        (binary("ule", const(0, 8), packet_byte(1)), "true"),
        (uf("crc32si", 32, const(1, 32), concat(*(packet_byte(i) for i in (3, 2, 1, 0)))),
         "bits_crc32c(1, ld32le(packet), 32)"),
    ],
)  # fmt: skip
def test_text(e: Expr, text: str) -> None:
    assert printed(e) == text


def test_numbers() -> None:
    assert [number(n) for n in (0, 1023, 2048, 3000, 65536, 10**9)] == [
        "0",
        "1023",
        "0x0800",
        "3000",
        "0x10000",
        str(10**9),
    ]


def test_what_cannot_be_printed_is_a_bug() -> None:
    with pytest.raises(InternalError, match="unknown function sha1"):
        printed(uf("sha1", 32, const(0, 32)))
    with pytest.raises(InternalError, match="before it has a value"):
        printed(sym("flows#1.found", 1))
    with pytest.raises(InternalError, match="72 bits"):
        printed(concat(*(packet_byte(i) for i in range(9))))
