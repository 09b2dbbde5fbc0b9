"""``maestro doctor``: on what ethtool prints with several drivers, and on devices that have no RSS."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from command_line import EXAMPLES, maestro

from maestro.doctor.examine import period
from maestro.doctor.reading import parse
from maestro.report.rss_emit import ethtool
from maestro.rss import language, profile
from maestro.rss.keys import read_key
from maestro.rss.solve import Configuration, configure

NAMES = {"s": "IP SA", "d": "IP DA", "f": "L4 bytes 0 & 1 [TCP/UDP src port]", "n": "L4 bytes 2 & 3 [TCP/UDP dst port]"}
SYMMETRIC = "port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port1(ipv4.dst,ipv4.src,l4.dport,l4.sport)"
SOURCE_ONLY = "port0@tcp,udp(ipv4.src) == port0@tcp,udp(ipv4.src)"

MLX5 = """driver: mlx5_core
version: 6.1.0
firmware-version: 16.35.2000 (MT_0000000080)
Channel parameters for enp1s0:
Pre-set maximums:
RX:		n/a
TX:		n/a
Other:		n/a
Combined:	8
Current hardware settings:
RX:		n/a
TX:		n/a
Other:		n/a
Combined:	4
RX flow hash indirection table for enp1s0 with 4 RX ring(s):
    0:      0     1     2     3     0     1     2     3
    8:      0     1     2     3     0     1     2     3
RSS hash key:
2c:c6:81:d1:5b:db:f4:f7:fc:a2:83:19:db:1a:3e:94:6b:9e:38:d9:2c:9c:03:d1:ad:99:44:a7:d9:56:3d:59:06:3c:25:f3:fc:1f:dc:2a
RSS hash function:
    toeplitz: on
    xor: off
    crc32: off
RSS input transformation:
    symmetric-xor: off
    symmetric-or-xor: off
TCP over IPV4 flows use these fields for computing Hash flow key:
IP SA
IP DA
L4 bytes 0 & 1 [TCP/UDP src port]
L4 bytes 2 & 3 [TCP/UDP dst port]

UDP over IPV4 flows use these fields for computing Hash flow key:
IP SA
IP DA

"""

IGB = """Channel parameters for eth1:
Pre-set maximums:
RX:		0
TX:		0
Other:		1
Combined:	4
Current hardware settings:
RX:		0
TX:		0
Other:		1
Combined:	2
RX flow hash indirection table for eth1 with 2 RX ring(s):
    0:      0     0     0     0     1     1     1     1
RSS hash key:
Operation not supported
RSS hash function:
    toeplitz: on
    xor: off
    crc32: off
"""

XOR = """RX flow hash indirection table for ens4 with 2 RX ring(s):
    0 :      0     1     0     1     0     1     0     1
RSS hash key:
7c:9c:37:de:18:dc:43:86:d9:27:0f:6f:26:03:74:b8:bf:d0:40:4b:78:72:e2:24:dc:1b:91:bb:01:1b:a7:a6:37:6c:c8:7e:d6:e3:14:17
RSS hash function:
    toeplitz: off
    xor : on
"""

NONE = "TCP over IPV4 flows use these fields for computing Hash flow key:\nNone\n"


def output(key: str, table: Sequence[int], fields: Mapping[str, str], device: str = "eth0", more: str = "") -> str:
    """As ixgbe and others with their keys have it."""
    rows = [table[i : i + 8] for i in range(0, len(table), 8)]
    lines = ["driver: ixgbe", f"RX flow hash indirection table for {device} with {max(table) + 1} RX ring(s):"]
    lines += [f"{8 * n:5}: " + "".join(f" {q:5}" for q in row) for n, row in enumerate(rows)]
    lines += [
        "RSS hash key:",
        read_key(key, 40).hex(":"),
        "RSS hash function:",
        "    toeplitz: on",
        "    xor: off",
        more,
    ]
    for flow, letters in fields.items():
        lines += [f"{flow[:3].upper()} over IPV{flow[3]} flows use these fields for computing Hash flow key:"]
        lines += [*(NAMES[c] for c in letters), ""]
    return "\n".join(lines)


IN_TURN = [0, 1] * 64
FOUR = {"tcp4": "sdfn", "udp4": "sdfn"}


def saved(folder: Path, *texts: str) -> list[str]:
    files = []
    for n, text in enumerate(texts):
        (folder / f"{n}.txt").write_text(text)
        files += ["--from", str(folder / f"{n}.txt")]
    return files


# ---- Reading ----


def test_what_mlx5_says() -> None:
    found = parse(MLX5, "enp1s0")
    assert (found.driver, found.rings, found.queues, found.most) == ("mlx5_core", 4, 4, 8)
    assert found.table == (0, 1, 2, 3) * 4
    assert found.key == read_key("mlx5")
    assert (found.function, found.transforms) == ("toeplitz", ())
    assert found.fields == {"tcp4": "sdfn", "udp4": "sd"}


def test_what_igb_says_without_a_key() -> None:
    found = parse(IGB, "eth1")
    assert (found.key, found.queues, found.most, found.table) == (b"", 2, 4, (0,) * 4 + (1,) * 4)


def test_another_function_and_no_fields() -> None:
    assert (parse(XOR, "ens4").function, parse(XOR, "ens4").table) == ("xor", (0, 1) * 4)
    assert parse(XOR + NONE, "ens4").fields == {"tcp4": ""}
    assert parse(MLX5.replace("symmetric-xor: off", "symmetric-xor: on"), "x").transforms == ("symmetric-xor",)


def test_the_period_of_a_table() -> None:
    assert [period(t) for t in ((0,) * 8, (0, 1) * 4, (0, 1, 1, 0) * 2, (0, 1, 2, 0, 1, 2, 0, 1))] == [1, 2, 4, 8]


# ---- Answers ----


def test_a_device_alone(tmp_path: Path) -> None:
    run = maestro("doctor", "enp1s0", *saved(tmp_path, MLX5))
    assert run.status == 0
    assert "mlx5_core" in run.out
    assert "(mlx5)" in run.out
    assert "4 of 8" in run.out
    assert "spread of 4096 packets" in run.out
    assert "ethtool -X" not in run.out


def test_a_symmetric_key_is_what_a_firewall_needs(tmp_path: Path) -> None:
    good = output("6d5a", IN_TURN, FOUR)
    run = maestro("doctor", "0=eth0", "1=eth1", "--nf", EXAMPLES / "firewall", *saved(tmp_path, good, good))
    assert run.status == 0, run.out
    assert "this does what firewall needs" in run.out
    assert "ethtool" not in run.out


def test_two_packets_show_that_a_key_does_not_do(tmp_path: Path) -> None:
    bad = output("microsoft", IN_TURN, FOUR)
    files = saved(tmp_path, bad, bad)
    run = maestro("doctor", "eth0", "eth1", "--json", "--require", SYMMETRIC, "--seed", 1, *files)
    assert run.status == 5
    found = run.document
    assert found["holds"] is False
    left, right = found["violated"][0]["packets"]
    assert left["index"] & 1 != right["index"] & 1, "the table looks at one bit"
    assert left["fields"]["ipv4.src"] == right["fields"]["ipv4.dst"]
    assert left["fields"]["l4.dport"] == right["fields"]["l4.sport"]
    assert any(line.startswith("ethtool -X eth1 hkey ") for line in found["commands"])


def test_the_commands_mend_it(tmp_path: Path) -> None:
    """What ethtool would say after them."""
    bad = output("microsoft", IN_TURN, {"tcp4": "sdfn", "udp4": "sd"})
    words = ("doctor", "eth0", "eth1", "--json", "--nf", EXAMPLES / "firewall")
    first = maestro(*words, *saved(tmp_path, bad, bad))
    assert first.status == 5
    keys = {line.split()[2]: line.split()[4] for line in first.document["commands"] if " hkey " in line}
    assert keys.keys() == {"eth0", "eth1"}
    assert "ethtool -N eth0 rx-flow-hash udp4 sdfn" in first.document["commands"]
    assert maestro(*words, *saved(tmp_path, *(output(k, IN_TURN, FOUR) for k in keys.values()))).status == 0


def test_fields_that_are_too_many(tmp_path: Path) -> None:
    """Packets of one source must meet; the device hashes everything."""
    run = maestro("doctor", "eth0", "--nic", "generic", "--require", SOURCE_ONLY,
                  *saved(tmp_path, output("microsoft", IN_TURN, FOUR)))  # fmt: skip
    assert run.status == 5
    assert "violated: port0@tcp,udp(ipv4.src)" in run.out
    assert "rx-flow-hash tcp4" in run.out


def test_one_bit_of_the_hash_is_enough_for_two_queues(tmp_path: Path) -> None:
    """A key that is right for a table of 2 entries, and for one of 128 that repeats them, but not for others."""
    wanted = language.parse(SYMMETRIC)
    card = profile.load("82599")
    found = configure(card, [0, 1], [wanted], cores=2, steer_types={}, seed=3)
    assert isinstance(found, Configuration)
    keys = [bytearray(port.key) for port in found.ports]
    for i in range(6, 320):  # a bit that the lowest bit of no hash meets would do: change one and ask
        changed = keys[0].copy()
        changed[i // 8] ^= 128 >> i % 8
        texts = [output(bytes(k).hex(), IN_TURN, FOUR) for k in (changed, keys[1])]
        ask = ("doctor", "eth0", "eth1", "--require", SYMMETRIC)
        if maestro(*ask, *saved(tmp_path, *texts)).status == 0:
            four = [text.replace(" 0     1 ", " 2     3 ", 1) for text in texts]
            assert i < 31, "no window's lowest bit is there"
            assert maestro(*ask, "--cores", 4, *saved(tmp_path, *four)).status == 5
            return
    pytest.fail("every bit mattered")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (output("6d5a", [0] * 128, FOUR), "eth0: its table sends nothing to queue 1"),
        (output("6d5a", [0, 1, 2, 3] * 32, FOUR), "eth0: its table sends packets to queues 2, 3, which no core reads"),
        (IGB, "eth0: it does not tell its key"),
        (XOR, "eth0: it hashes by xor, not by Toeplitz"),
        (
            output("6d5a", IN_TURN, FOUR, more="RSS input transformation:\n    symmetric-or-xor: on"),
            "symmetric-or-xor is on",
        ),
        (output("6d5a", [0, 1, 0, 1, 0, 1], FOUR), "its table has 6 entries, no power of two"),
        (output("6d5a", IN_TURN, {"tcp4": "", "udp4": ""}), "whatever the key"),
    ],
)
def test_what_is_wrong(text: str, message: str, tmp_path: Path) -> None:
    same = "port0@tcp,udp(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port0@tcp,udp(ipv4.src,ipv4.dst,l4.sport,l4.dport)"
    run = maestro("doctor", "eth0", "--json", "--require", same, *saved(tmp_path, text))
    assert run.status == 5, run.out
    assert any(message in f"{f['device']}: {f['message']}" and f["wrong"] for f in run.document["findings"]), run.out


def test_a_device_that_hashes_xors_is_checked_as_such(tmp_path: Path) -> None:
    """Any key is symmetric in this mode; not so 6d5a, of which nothing is left."""
    both_ways = (
        "port0@tcp,udp(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port0@tcp,udp(ipv4.dst,ipv4.src,l4.dport,l4.sport)"
    )
    on = "RSS input transformation:\n    symmetric-xor: on"
    for key, more, status in (("microsoft", on, 0), ("microsoft", "", 5), ("6d5a", on, 5), ("6d5a", "", 0)):
        text = output(key, IN_TURN, FOUR, more=more)
        run = maestro("doctor", "eth0", "--json", "--require", both_ways, *saved(tmp_path, text))
        assert run.status == status, run.out
        said = [f["message"] for f in run.document["findings"] if "hashed as their XOR" in f["message"]]
        assert len(said) == bool(more)


def test_ports_that_nobody_named(tmp_path: Path) -> None:
    text = output("microsoft", IN_TURN, FOUR)
    run = maestro("doctor", "eth0", "--require", SYMMETRIC, *saved(tmp_path, text))
    assert run.status == 0
    assert "not checked, as it is about a port whose device is not named: port0" in " ".join(run.out.split())
    assert "1 requirement was not checked: name the other ports' devices too" in " ".join(run.out.split())


def test_an_nf_with_locks_asks_nothing(tmp_path: Path) -> None:
    text = output("microsoft", IN_TURN, FOUR)
    run = maestro("doctor", "eth0", "--nf", EXAMPLES / "bridge-dynamic", *saved(tmp_path, text))
    assert run.status == 0, run.out
    assert "any core may take any packet" in run.out


def test_the_emitted_commands_are_those_of_solve(tmp_path: Path) -> None:
    text = output("microsoft", IN_TURN, FOUR)
    found = maestro("doctor", "eth0", "eth1", "--json", "--require", SYMMETRIC, "--seed", 5,
                    *saved(tmp_path, text, text)).document  # fmt: skip
    card, wanted = profile.load("82599"), [language.parse(SYMMETRIC)]
    solved = configure(card, [0, 1], wanted, cores=2, steer_types={}, seed=5)
    assert isinstance(solved, Configuration)
    expected = ethtool(solved, card, language.types_at(wanted), {0: "eth0", 1: "eth1"})
    assert found["commands"] == expected.splitlines()


# ---- Mistakes ----


@pytest.mark.parametrize(
    ("words", "code"),
    [(("nowhere9",), "no-device"), (("../lo",), "no-device"), (("lo",), "no-rss")],
)
def test_devices_that_will_not_do(words: tuple[str, ...], code: str) -> None:
    if shutil.which("ethtool", path="/usr/sbin:/sbin:/usr/bin") is None:
        pytest.skip("needs ethtool")
    run = maestro("doctor", *words)
    assert run.status == 2
    assert f"[{code}]" in run.err
    assert "hint: " in run.err


def test_no_ethtool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    run = maestro("doctor", "lo")
    assert (run.status, "[no-ethtool]" in run.err) == (2, True)


def test_mistakes(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("nothing of the kind\n")
    assert "[ethtool-output]" in maestro("doctor", "eth0", "--from", tmp_path / "notes").err
    assert "[ethtool-output]" in maestro("doctor", "eth0", "--from", tmp_path / "missing").err
    one_queue = parse(IGB, "x")
    assert one_queue.table
    empty = "RX flow hash indirection table for eth0 with 1 RX ring(s):\nOperation not supported\n"
    (tmp_path / "empty").write_text(empty)
    run = maestro("doctor", "eth0", "--json", "--from", tmp_path / "empty")
    assert (run.status, json.loads(run.out)["error"]["code"]) == (2, "no-rss")
    assert "exclude one another" in maestro("doctor", "eth0", "--nf", "x", "--require", "y").err
    assert "give --from once for each device" in maestro("doctor", "a", "b", "--from", tmp_path / "empty").err
    assert "port 1 is named twice" in maestro("doctor", "1=a", "b", "--from", "x", "--from", "y").err
