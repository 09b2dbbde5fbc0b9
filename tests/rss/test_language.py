"""Requirements as text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from keys import FORWARD, TCP_UDP, TUPLE

from maestro.diagnostics import UserError
from maestro.ir.packet import FIELDS, PACKET_TYPES
from maestro.rss import profile
from maestro.rss.language import parse, ports
from maestro.rss.requirement import Form, Requirement, field_forms

SYMMETRIC = "port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port1(ipv4.dst,ipv4.src,l4.dport,l4.sport)"
IPV4 = tuple(t for t in PACKET_TYPES if t.startswith("ipv4"))


def test_a_flow_and_its_answers() -> None:
    mirrored = field_forms("ipv4.dst", "ipv4.src", "l4.dport", "l4.sport")
    assert parse(SYMMETRIC) == Requirement(0, TCP_UDP, field_forms(*TUPLE), 1, TCP_UDP, mirrored, SYMMETRIC)
    assert FORWARD[:96] == parse(SYMMETRIC).left
    assert ports([parse(SYMMETRIC), parse("port5() == port1()")]) == [0, 1, 5]


def test_prefixes_ranges_and_sums() -> None:
    assert parse("port0(ipv4.src/24) == port0(ipv4.src/24)").left == field_forms("ipv4.src")[:24]
    assert parse("port0(ipv4.src[8:16]) == port0(ipv4.src[8:16])").left == field_forms("ipv4.src")[8:24]
    found = parse("port0(ipv4.src ^ ipv4.dst) == port0(ipv4.dst^ipv4.src)")
    assert found.left == tuple(Form(frozenset({("ipv4.src", i), ("ipv4.dst", i)})) for i in range(32))
    assert found.left == found.right
    assert parse("port0(ipv4.src^ipv4.src) == port0(ipv4.src)").left == (Form(frozenset()),) * 32
    assert len(parse("port3(ipv6.dst/64) == port3(ipv6.dst/64)").left) == 64


@pytest.mark.parametrize(
    ("side", "types"),
    [
        ("port0(ipv4.src)", IPV4),
        ("port0(l4.dport)", TCP_UDP),
        ("port0()", TCP_UDP),
        ("port0(ipv6.src,l4.dport)", ("ipv6-tcp", "ipv6-udp")),
        ("port0@udp(ipv4.src)", ("ipv4-udp",)),
        ("port0@udp(ipv6.src)", ("ipv6-udp",)),
        ("port0@fragment,tcp(ipv4.src)", ("ipv4-tcp", "ipv4-fragment")),
        ("port0@ipv4(ipv4.src)", IPV4),
        ("port0 @ ipv6-udp , ipv4-udp (l4.sport)", ("ipv4-udp", "ipv6-udp")),
        ("port0@vlan(vlan.id)", ("vlan",)),
        ("port0@non-ip(eth.src)", ("non-ip",)),
    ],
)
def test_packet_types(side: str, types: tuple[str, ...]) -> None:
    assert parse(f"{side} == {side}").left_types == types


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "the requirement is empty"),
        ("port0(ipv4.src)", 16, "'==' is missing after the side of port 0"),
        ("port0(ipv4.src) = port0(ipv4.src)", 17, "'=' has no meaning here"),
        ("lan(ipv4.src) == port0(ipv4.src)", 1, "'lan' is no port"),
        ("port64() == port0()", 1, "ports are port0 to port63"),
        ("port0 == port0()", 7, "'(' is missing after 'port0', there is '=='"),
        ("port0(ipv4.source) == port0()", 7, "'ipv4.source' is no field"),
        ("port0(ipv4.src) == port0(ipv4.src", 34, "',' is missing after 'ipv4.src'"),
        ("port0(ipv4.src,) == port0()", 16, "')' is no field"),
        ("port0(ipv4.src l4.sport) == port0()", 16, "',' is missing after 'ipv4.src', there is 'l4.sport'"),
        ("port0(ipv4.src/33) == port0()", 16, "ipv4.src has 32 bits: a prefix is /1 to /32"),
        ("port0(ipv4.src/) == port0()", 16, "')' is no bits of a prefix"),
        ("port0(ipv4.src[8:25]) == port0()", 16, "[8:25], 25 bits from bit 8, are not within ipv4.src's 32"),
        ("port0(ipv4.src[8]) == port0()", 17, "':' is missing between the first bit and the number of bits"),
        ("port0(ipv4.src^l4.sport) == port0()", 16, "'ipv4.src' ^ 'l4.sport': 32 bits and 16 bits"),
        ("port0(ipv4.src) == port0(l4.sport)", 26, "'ipv4.src' has 32 bits, 'l4.sport' has 16"),
        ("port0(ipv4.src,ipv4.dst) == port0(ipv4.src)", 16, "'ipv4.dst' has no counterpart"),
        ("port0(ipv4.src) == port0(ipv4.src) ipv4.dst", 36, "nothing can follow the second side"),
        ("port0@sctp(ipv4.src) == port0()", 7, "'sctp' is no packet type"),
        ("port0@other(l4.sport) == port0()", 13, "ipv4-other packets have no l4.sport"),
        ("port0(ipv4.src,ipv6.src) == port0()", 7, "ipv6-tcp packets have no ipv4.src"),
    ],
)  # fmt: skip
def test_errors_point_at_the_column(text: str, column: int, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(text)
    assert caught.value.code == "requirement"
    first, shown, caret = caught.value.message.split("\n")
    assert first.startswith(f"requirement, column {column}: ")
    assert message in first
    assert shown.strip() == text
    assert caret.index("^") == 4 + column - 1
    assert caught.value.hint


def test_hints_tell_what_the_nic_can_hash() -> None:
    with pytest.raises(UserError) as caught:
        parse("port0(ipv4.scr) == port0(ipv4.scr)", profile.load("x710"))
    assert caught.value.hint == (
        "did you mean ipv4.src? Intel X710 / XL710 / X722 (i40e) can hash "
        "ipv4.src, ipv4.dst, ipv6.src, ipv6.dst, l4.sport, l4.dport"
    )


PIECES = st.sampled_from(
    [
        "port0",
        "port1",
        "==",
        "(",
        ")",
        ",",
        "^",
        "/",
        "[",
        "]",
        ":",
        "@",
        "tcp",
        "ipv6",
        "8",
        "24",
        "99999",
        " ",
        *FIELDS,
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40))
@example("port٣() == port0()")
@example("port0(ipv4.src/²) == port0()")
@example("\0")
def test_any_text_is_a_requirement_or_a_user_error(text: str) -> None:
    found: Requirement | None = None
    code = "requirement"
    try:
        found = parse(text)
    except UserError as error:
        code = error.code if ", column " in error.message else "no column"
    assert code == "requirement"
    if found:
        assert len(found.left) == len(found.right)
        assert found.left_types


PARTS = st.sampled_from(["ipv4.src", "ipv4.dst/24", "l4.sport", "l4.dport[2:7]", "ipv4.src^ipv4.dst", "ipv4.proto"])


@given(st.lists(PARTS, max_size=5), st.integers(0, 63), st.integers(0, 63))
def test_what_is_written_is_read(terms: list[str], left: int, right: int) -> None:
    inner = ", ".join(terms)
    found = parse(f"port{left}({inner}) == port{right}( {inner} )")
    assert (found.left_port, found.right_port) == (left, right)
    assert found.left == found.right
    assert parse(found.label) == found
