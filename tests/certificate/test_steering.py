"""Table indices as the certificate computes them, against published hashes and a plain bit-by-bit Toeplitz."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

import pytest

from certificate.plans import DST, FOUR, OTHER_KEY, fields, port
from maestro.certificate.steering import PacketClass, classes
from maestro.ir.expr import Expr, evaluate, packet_offset
from maestro.ir.plan import FieldBits, PortPlan

TABLE = tuple(i % 4 for i in range(512))
FIRST_BYTE = {"ipv4.src": 26, "ipv4.dst": 30, "ipv6.src": 22, "ipv6.dst": 38}


def index(plan: PortPlan, frame: bytes) -> int:
    """The table index of a frame; exactly one class must claim it. Bytes past the end read as rubbish."""
    return index_among(classes(plan), frame)


def index_among(port_classes: Sequence[PacketClass], frame: bytes) -> int:

    def value(s: Expr) -> int:
        at = packet_offset(s)
        if at is None:
            return len(frame)
        return frame[at] if at < len(frame) else 0xA5

    hits = [c for c in port_classes if evaluate(c.predicate, value)]
    assert len(hits) == 1
    return evaluate(hits[0].index(14), value)


def toeplitz(key: bytes, data: bytes) -> int:
    bits = int.from_bytes(key, "big")
    window = [bits >> (8 * len(key) - 32 - i) & 0xFFFFFFFF for i in range(8 * len(data))]
    total = 0
    for i, w in enumerate(window):
        if data[i // 8] >> (7 - i % 8) & 1:
            total ^= w
    return total


def ipv4(proto: int = 6, words: int = 5, fragment: int = 0, body: bytes = b"", version: int = 4) -> bytes:
    header = bytes([version << 4 | words, 0, 0, 0, 0, 0]) + fragment.to_bytes(2, "big") + bytes([64, proto, 0, 0])
    addresses = ip_address("66.9.149.187").packed + ip_address("161.142.100.80").packed
    return bytes(12) + b"\x08\x00" + header + addresses + bytes(max(0, 4 * words - 20)) + body


PORTS = (2794).to_bytes(2, "big") + (1766).to_bytes(2, "big")
PLAN = port(0, key=OTHER_KEY, reta_size=512, reta=TABLE)


def test_published_hashes() -> None:
    assert index(PLAN, ipv4(body=PORTS)) == 0x51CCC178 % 512
    addresses = replace(PLAN, inputs={"ipv4-other": FOUR[:2]})
    assert index(addresses, ipv4(proto=47)) == 0x323E8FC2 % 512


def test_not_hashed_is_index_zero() -> None:
    assert index(PLAN, ipv4(proto=47)) == 0
    assert index(PLAN, bytes(12) + b"\x81\x00" + bytes(40)) == 0


@pytest.mark.parametrize("words", [6, 10, 15])
def test_options(words: int) -> None:
    """The NIC finds the ports behind the options; software at byte 34, or behind them if told to."""
    frame = ipv4(words=words, body=PORTS)
    by_nic = replace(PLAN, resteered=(), inputs={"ipv4-options": FOUR})
    assert index(by_nic, frame) == 0x51CCC178 % 512
    assert index(replace(PLAN, owner_layout="ihl"), frame) == 0x51CCC178 % 512
    assert index(PLAN, frame) == toeplitz(OTHER_KEY, frame[26:38]) % 512


def test_bytes_past_the_end_are_zero() -> None:
    for body in (b"", PORTS[:1], PORTS[:3]):
        frame = ipv4(fragment=0x2000, body=body)
        assert index(PLAN, frame) == toeplitz(OTHER_KEY, frame[26:38].ljust(12, b"\0")) % 512


def plain_index(plan: PortPlan, inputs: Sequence[FieldBits], frame: bytes, ports_at: int) -> int:
    places = FIRST_BYTE | {"l4.sport": ports_at, "l4.dport": ports_at + 2}
    padded = int.from_bytes(frame.ljust(256, b"\0"), "big")
    bits = [padded >> (2047 - 8 * places[f.name] - f.first - i) & 1 for f in inputs for i in range(f.count)]
    bits += [0] * (-len(bits) % 8)
    data = bytes(int("".join(map(str, bits[i : i + 8])), 2) for i in range(0, len(bits), 8))
    return toeplitz(plan.key, data) % plan.reta_size


def test_random_frames() -> None:
    """Every type, short frames, odd lengths of fields: the class's index is the bit-by-bit one."""
    rng = random.Random(1)
    prefix = (FieldBits("ipv4.src", 3, 11), *DST, *fields("l4.dport"))
    v6 = fields("ipv6.src", "ipv6.dst")
    plan = port(
        0, key=rng.randbytes(52), reta_size=512, reta=TABLE, owner_inputs=prefix,
        inputs={"ipv4-tcp": prefix, "ipv4-udp": FOUR, "ipv6-tcp": v6, "ipv6-udp": v6, "ipv6-other": v6},
    )  # fmt: skip
    port_classes = classes(plan)
    seen = set()
    for _ in range(150):
        words = rng.choice([4, 5, 5, 5, 6, 15])
        body = rng.randbytes(rng.randrange(8))
        fragment = rng.choice([0, 0, 0, 0x2000, 0x4000])
        frame = ipv4(rng.choice([6, 17, 1]), words, fragment, body, rng.choice([4, 4, 4, 5]))
        if rng.random() < 0.3:
            frame = bytes(12) + b"\x86\xdd" + rng.randbytes(rng.choice([30, 40, 44]))
        frame = frame[:26] + rng.randbytes(max(0, min(8, len(frame) - 26))) + frame[34:]
        kind, inputs = expected(plan, frame)
        seen.add(kind)
        assert index_among(port_classes, frame) == plain_index(plan, inputs, frame, 34), (kind, frame.hex())
    assert seen == {"tcp", "udp", "none", "owner", "ipv6"}


def expected(plan: PortPlan, frame: bytes) -> tuple[str, Sequence[FieldBits]]:
    """What is hashed, decided as ir/packet.py says but on concrete bytes."""
    if frame[12:14] == b"\x86\xdd":
        return ("ipv6", plan.inputs["ipv6-other"]) if len(frame) >= 54 else ("owner", plan.owner_inputs)
    words = frame[14] & 15
    valid = frame[14] >> 4 == 4 and words >= 5 and len(frame) >= 14 + 4 * words
    if not valid or words > 5 or frame[20] & 0x3F or frame[21]:
        return "owner", plan.owner_inputs
    if len(frame) >= 38 and frame[23] in (6, 17):
        name = "tcp" if frame[23] == 6 else "udp"
        return name, plan.inputs[f"ipv4-{name}"]
    return "none", ()
