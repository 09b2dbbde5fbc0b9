"""Keys as affine forms: against evaluation, and the bits that have none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handmade import DEVICE, pkt
from maestro.ir.expr import Expr, binary, concat, const, evaluate, extract, ite, negate, packet_byte, packet_offset

from maestro.ir.expr import eq, sext, sym, uf, zext  # isort: skip
from maestro.ir.packet import FIELDS
from maestro.rss.requirement import Form
from maestro.sharding.bits import Missing, bits, nic_namer, owner_namer

TCP = nic_namer("ipv4-tcp", 34)
FIRST = {"ipv4.src": 26, "ipv4.dst": 30, "l4.sport": 34, "l4.dport": 36, "ipv4.proto": 23}


def value(form: Form, packet: bytes) -> int:
    """The form's value on a packet."""
    out = form.constant
    for name, i in form.bits:
        at = FIRST[name] if name in FIRST else int(name[4:-1])
        out ^= packet[at + i // 8] >> (7 - i % 8) & 1
    return out


def linear() -> st.SearchStrategy[Expr]:
    """16-bit expressions that are affine over bytes 22 to 37."""
    leaf = st.integers(22, 36).map(lambda k: pkt(k, k + 1)) | st.integers(0, 0xFFFF).map(lambda n: const(n, 16))

    def grow(e: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        amount, mask = (
            st.integers(0, 16).map(lambda n: const(n, 16)),
            st.integers(0, 0xFFFF).map(lambda n: const(n, 16)),
        )
        return st.one_of(
            st.tuples(e, e).map(lambda p: binary("xor", *p)),
            st.tuples(st.sampled_from(["shl", "lshr", "ashr"]), e, amount).map(lambda t: binary(*t)),
            st.tuples(st.sampled_from(["and", "or"]), e, mask).map(lambda t: binary(*t)),
            e.map(lambda x: concat(extract(x, 7, 0), extract(x, 15, 8))),
            e.map(lambda x: sext(extract(x, 11, 0), 16)),
            e.map(lambda x: zext(extract(x, 14, 3), 16)),
            e.map(lambda x: concat(extract(x, 15, 1), negate(extract(x, 0, 0)))),
        )

    return st.recursive(leaf, grow, max_leaves=6)


@settings(max_examples=150, deadline=None)
@given(linear(), st.binary(min_size=38, max_size=38))
def test_forms_agree_with_evaluation(e: Expr, packet: bytes) -> None:
    forms = bits(e, TCP)
    assert len(forms) == 16
    expected = evaluate(e, lambda s: packet[packet_offset(s) or 0])
    for i, form in enumerate(forms):
        assert isinstance(form, Form)
        assert value(form, packet) == expected >> (15 - i) & 1


def test_field_bits() -> None:
    assert bits(packet_byte(27), TCP) == tuple(Form(frozenset({("ipv4.src", 8 + i)}), 0) for i in range(8))
    assert bits(packet_byte(40), TCP)[7] == Form(frozenset({("pkt[40]", 7)}), 0)


@pytest.mark.parametrize(
    ("e", "cause"),
    [
        (binary("add", pkt(26, 27), pkt(30, 31)), Missing("not-linear", "add")),
        (binary("mul", pkt(26, 27), const(10, 16)), Missing("not-linear", "mul")),
        (binary("and", pkt(26, 27), pkt(30, 31)), Missing("not-linear", "and")),
        (ite(eq(packet_byte(26), const(1, 8)), pkt(30, 31), pkt(34, 35)), Missing("not-linear", "eq")),
        (uf("crc32", 16, pkt(26, 29)), Missing("not-linear", "crc32")),
        (sym("now", 16), Missing("not-a-packet-field", "now")),
        (binary("add", sym("now", 16), pkt(26, 27)), Missing("not-a-packet-field", "now")),
        (DEVICE, Missing("not-a-packet-field", "device")),
    ],
)
def test_bits_without_a_form(e: Expr, cause: Missing) -> None:
    assert bits(e, TCP) == (cause,) * 16


def test_absorbed_bits_need_no_form() -> None:
    masked = binary("and", binary("add", pkt(26, 27), pkt(30, 31)), const(0xFF00, 16))
    assert bits(masked, TCP)[8:] == (Form(frozenset(), 0),) * 8


def test_sums_without_carries_are_unions() -> None:
    joined = binary("add", concat(packet_byte(26), const(0, 8)), zext(packet_byte(30), 16))
    assert bits(joined, TCP) == bits(concat(packet_byte(26), packet_byte(30)), TCP)


def names(k: int, packet_type: str, ports_at: int | None) -> str:
    return nic_namer(packet_type, ports_at)(k)[0][0]


def test_names_by_packet_type() -> None:
    assert names(26, "ipv4-other", None) == "ipv4.src"
    assert names(34, "ipv4-other", None) == "pkt[34]"
    assert names(38, "ipv4-options", 38) == "l4.sport"
    assert names(26, "ipv6-tcp", 54) == "ipv6.src"
    assert names(55, "ipv6-tcp", 54) == "l4.sport"
    assert names(26, "vlan", None) == "pkt[26]"
    assert nic_namer("vlan", None)(14)[3:5] == (("pkt[14]", 3), ("vlan.id", 0))


def test_software_reads_everything_as_ipv4() -> None:
    name = owner_namer(34)
    assert [name(k)[0] for k in (26, 30, 34, 36)] == [(n, 0) for n in ("ipv4.src", "ipv4.dst", "l4.sport", "l4.dport")]
    assert name(22)[0] == ("ipv6.src", 0)
    assert all(n in FIELDS for k in range(22, 54) for n, _ in name(k) if not n.startswith("pkt"))
