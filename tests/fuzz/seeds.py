"""Inputs to start from, by target: what is right, for the fuzzers to damage."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from fuzz.c_targets import EXAMPLES
from maestro.frontend.toolchain import run_compiler
from maestro.rss.profile import names
from maestro.traffic.generate import uniform_traffic

_REQUIREMENTS = (
    "port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port1(ipv4.dst,ipv4.src,l4.dport,l4.sport)",
    "port0(ipv4.src/24) == port1(ipv4.dst/24)",
    "port0@tcp,udp(ipv4.src[8:16]) == port12@ipv4(ipv4.dst[0:8])",
    "port0(ipv4.src^ipv4.dst) == port0(ipv4.src^ipv4.dst)",
    "port0@fragment,options(ipv6.src) == port1(ipv6.dst)",
    "port0@other(eth.src,vlan.id,eth.type,ipv4.proto) == port1(eth.dst,vlan.id,eth.type,ipv4.proto)",
)
_C = """
struct s { char a; int b[3]; short *p; } t[2] = {{1, {2, 3, 4}, 0}};
static const char *names[] = {"one", "two"};
int g(int, ...);
int f(struct s *p, int i, unsigned long n) {
  switch (i) { case 1: return 7; case 2: case 9: return p->b[i & 1]; default: break; }
  for (unsigned long k = 0; k < n; k++) { t[k & 1].a += (char)(k * 3 >> 2); }
  return i > 0 ? g(i, names[1]) : t[1].b[2] - (int)(n % 5);
}
"""


def _requirements() -> list[bytes]:
    return [text.encode() for text in _REQUIREMENTS]


def _profiles() -> list[bytes]:
    folder = Path(__file__).parents[2] / "src" / "maestro" / "rss" / "profiles"
    return [(folder / f"{name}.toml").read_bytes() for name in names()]


def _settings() -> list[bytes]:
    return [path.read_bytes() for path in sorted(EXAMPLES.glob("*/nf.toml"))]


def _captures() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        nanoseconds = uniform_traffic(Path(folder), flows=3, packets=5)[0].read_bytes()
    blocks = (
        b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0"
        b"\1\0\0\0\x1c\0\0\0\1\0\0\0\0\0\4\0\x09\0\1\0\x09\0\0\0\x1c\0\0\0"
        b"\6\0\0\0\x2c\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\x0a\0\0\0\x0a\0\0\0abcdefghij\0\0\x2c\0\0\0"
    )
    return [nanoseconds, b"\xd4\xc3\xb2\xa1" + nanoseconds[4:], blocks]


def _ir() -> list[bytes]:
    out = []
    with tempfile.TemporaryDirectory() as folder:
        source, text = Path(folder, "f.c"), Path(folder, "f.ll")
        source.write_text(_C)
        for more in (["-g"], []):
            flags = ["-O0", "-fno-discard-value-names", "-fno-sanitize=all", "-S", "-emit-llvm", *more]
            run_compiler([*flags, str(source), "-o", str(text)]).check_returncode()
            out.append(text.read_bytes())
    return out


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "requirement": _requirements,
    "key": lambda: [b"6d5a", b"microsoft", b"6d:5a:56:da:25:5b", b"1=6d-5a", b"0x6d5a56da"],
    "endpoint": lambda: [b"66.9.149.187:2794", b"[3ffe:2501:200:3::1]:1766", b"10.0.0.1", b"fe80::1"],
    "counters": lambda: [b"1, 2 3 # four\n5\n", b"18446744073709551615"],
    "profile": _profiles,
    "settings": _settings,
    "pcap": _captures,
    "captures": _captures,
    "ir": _ir,
}
