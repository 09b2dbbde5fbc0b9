"""The capture readers: what they read, and that nothing malformed makes them read elsewhere (under ASan and UBSan)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from random import Random

import pytest

from runtime.replay.captures import BIG, LITTLE, MICROSECONDS, NANOSECONDS, PcapNg, pcap
from runtime.replay.harness import HERE, READER, compile_c

Dump = Callable[[Sequence[bytes]], list[list[str]]]

A, B, C = bytes(range(20)), bytes(range(60)), bytes(range(17))
TIME = 1_700_000_000_123_456_789


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Dump:
    """Per capture, the lines of dump_capture: its frames, then how it ended."""
    folder = tmp_path_factory.mktemp("dump")
    program = compile_c(folder / "dump", [*READER, HERE / "dump_capture.c"])

    def run(captures: Sequence[bytes]) -> list[list[str]]:
        paths = [folder / f"{i}.pcap" for i in range(len(captures))]
        for path, data in zip(paths, captures, strict=True):
            path.write_bytes(data)
        done = subprocess.run([program, *paths], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found = re.findall(r"(?:\d.*\n)*(?:end|error).*\n", done.stdout)
        assert len(found) == len(captures)
        return [text.splitlines() for text in found]

    return run


def lines(*frames: tuple[int, bytes], end: str = "end", cut: Sequence[int] = ()) -> list[str]:
    return [f"{t} {len(data)} {int(i in cut)} {data.hex()}" for i, (t, data) in enumerate(frames)] + [end]


def one(dump: Dump, capture: bytes) -> list[str]:
    return dump([capture])[0]


@pytest.mark.parametrize("order", [LITTLE, BIG])
@pytest.mark.parametrize("magic", [MICROSECONDS, NANOSECONDS])
def test_pcap_in_both_orders_and_units(dump: Dump, order: str, magic: int) -> None:
    time = TIME if magic == NANOSECONDS else TIME // 1000 * 1000
    assert one(dump, pcap([(time, A), (time + 1000, B)], order, magic)) == lines((time, A), (time + 1000, B))


def test_pcap_without_packets(dump: Dump) -> None:
    assert one(dump, pcap([])) == ["end"]


@pytest.mark.parametrize("order", [LITTLE, BIG])
def test_pcapng_interfaces_each_with_its_clock(dump: Dump, order: str) -> None:
    capture = (
        PcapNg(order)
        .interface()  # microseconds
        .interface(tsresol=9)
        .interface(tsresol=0x80 | 20)
        .interface(tsresol=9, tsoffset=-1_000_000_000)
        .enhanced(0, TIME // 1000, A)
        .enhanced(1, TIME, B)
        .enhanced(2, 3 << 19, C)
        .enhanced(3, TIME, A)
        .old(1, TIME + 1, C)
    )
    expected = [(TIME // 1000 * 1000, A), (TIME, B), (1_500_000_000, C), (TIME - 10**18, A), (TIME + 1, C)]
    assert one(dump, capture.bytes) == lines(*expected)


def test_pcapng_simple_packets_take_the_last_time_and_the_snap_length(dump: Dump) -> None:
    capture = PcapNg().interface(snap=20).simple(B[:20], 60).enhanced(0, 7, A).simple(C)
    assert one(dump, capture.bytes) == lines((0, B[:20]), (7000, A), (7000, C), cut=[0])


def test_pcapng_sections_may_change_byte_order_and_forget_interfaces(dump: Dump) -> None:
    capture = PcapNg().interface(tsresol=9).enhanced(0, 5, A).section(BIG).interface().enhanced(0, 6, B)
    assert one(dump, capture.bytes) == lines((5, A), (6000, B))
    forgotten = PcapNg().interface().section().enhanced(0, 5, A)
    assert re.fullmatch("error: corrupt: interface of a packet .*", one(dump, forgotten.bytes)[0])


def test_pcapng_other_blocks_are_skipped(dump: Dump) -> None:
    capture = PcapNg().block(4, b"names").interface().block(5, bytes(20)).enhanced(0, 1, A).block(0xBAD, b"custom")
    assert one(dump, capture.bytes) == lines((1000, A))


def test_frames_shorter_than_on_the_wire_are_marked(dump: Dump) -> None:
    capture = PcapNg().interface().enhanced(0, 1, A, original=1500)
    assert one(dump, capture.bytes) == lines((1000, A), cut=[0])


WRONG = {
    "empty file": (b"", "empty file"),
    "text": (b"no capture at all, but text", "not a pcap or pcapng file"),
    "gzip": (b"\x1f\x8b\x08\0", "not a pcap or pcapng file: compressed with gzip; decompress it first"),
    "cooked": (pcap([], link_type=113), r"link type 113 \(Linux cooked\); only Ethernet \(1\) can be replayed"),
    "file header": (pcap([])[:10], "truncated: 10 of the file header's 24 bytes"),
    "packet header": (
        pcap([(1, A), (2, B)])[: 24 + 36 + 5],
        "truncated: the file ends 5 bytes into the header of packet 2",
    ),
    "packet body": (
        pcap([(1, A), (2, B)])[:-1],
        "truncated or corrupt: packet 2 has 60 bytes, the file 59 more",
    ),
    "block": (
        PcapNg().interface().enhanced(0, 1, A).bytes[:-1],
        "truncated: a block of .* bytes, of which .* are there, after packet 0",
    ),
    "time": (PcapNg().interface(tsresol=0).enhanced(0, 1 << 63, A).bytes, "corrupt: time stamp near .*"),
    "resolution": (PcapNg().interface(tsresol=40).enhanced(0, 1, A).bytes, "corrupt: time stamp near .*"),
    "before 1970": (PcapNg().interface(tsoffset=-5).enhanced(0, 1, A).bytes, "corrupt: time stamp near .*"),
    "raw interface": (
        PcapNg().interface(link_type=101).enhanced(0, 1, A).bytes,
        r"link type 101 \(raw IP\); only Ethernet \(1\) can be replayed",
    ),
    "no interface": (PcapNg().simple(A).bytes, "corrupt: simple packet block near .*"),
    "version": (PcapNg().bytes.replace(b"\x01\0\0\0\xff", b"\x07\0\0\0\xff"), "pcapng version 7; only 1 is known"),
}


@pytest.mark.parametrize(("data", "message"), WRONG.values(), ids=WRONG.keys())
def test_bad_captures_are_explained(dump: Dump, data: bytes, message: str) -> None:
    assert re.fullmatch("error: " + message, one(dump, data)[-1])


def samples() -> list[bytes]:
    block_kinds = PcapNg().interface(tsresol=9, tsoffset=1).enhanced(0, TIME, A).simple(C).old(0, 9, A)
    return [pcap([(1, A), (2, C)]), pcap([(1, A)], BIG, MICROSECONDS), block_kinds.section(BIG).interface().bytes]


def test_truncation_anywhere_is_an_error_or_a_clean_end(dump: Dump) -> None:
    """A cut between two packets cannot be told from a shorter file; any other is an error. None crashes."""
    for capture in samples():
        whole = one(dump, capture)
        assert whole[-1] == "end"
        results = dump([capture[:length] for length in range(len(capture))])
        assert sum(result[-1] == "end" for result in results) < 8
        for result in results:
            assert result[:-1] == whole[: len(result) - 1]


def test_changed_bytes_never_crash(dump: Dump) -> None:
    rng = Random(3)
    changed = []
    for capture in samples() * 300:
        data = bytearray(capture)
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        changed.append(bytes(data))
    ends = [result[-1] for result in dump(changed)]
    assert ends.count("end") > 50
    assert sum(end.startswith("error: ") for end in ends) > 50
