"""``maestro rss``."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from command_line import maestro

from maestro.traffic.packets import UDP, ethernet, ipv4, udp
from maestro.traffic.pcap import PcapWriter

MICROSOFT = "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa"
SUITE = [
    ("66.9.149.187:2794", "161.142.100.80:1766", 0x51CCC178, 0x323E8FC2),
    ("[3ffe:2501:200:1fff::7]:2794", "[3ffe:2501:200:3::1]:1766", 0x40207D3D, 0x2CC18CD5),
]


@pytest.mark.parametrize(
    "key", ["microsoft", MICROSOFT, "0x" + MICROSOFT.upper(), ":".join(MICROSOFT[i : i + 2] for i in range(0, 80, 2))]
)
@pytest.mark.parametrize(("source", "destination", "flow", "addresses"), SUITE)
def test_hash_of_the_published_vectors(key: str, source: str, destination: str, flow: int, addresses: int) -> None:
    found = maestro("rss", "hash", "--key", key, source, destination, "--cores", 3, "--json").document
    assert (found["hash"], found["hash_flow"], found["hash_addresses"]) == (flow, flow, addresses)
    assert found["index"] == flow % 128
    assert found["queue"] == flow % 128 % 3


def test_hash_of_addresses_alone() -> None:
    found = maestro("rss", "hash", "--key", "microsoft", "66.9.149.187", "161.142.100.80", "--json").document
    assert (found["hash"], found["hash_flow"]) == (0x323E8FC2, None)
    assert found["inputs"] == ["ipv4.src", "ipv4.dst"]


def test_hash_for_people() -> None:
    run = maestro("rss", "hash", "--key", "microsoft", "--reta", 512, "66.9.149.187:2794", "161.142.100.80:1766")
    assert run.status == 0
    assert "0x51ccc178  of ipv4.src, ipv4.dst, l4.sport, l4.dport" in run.out
    assert "0x323e8fc2" in run.out
    assert f"{0x51CCC178 % 512} of 512" in run.out


def test_the_symmetric_key_is_known_by_name() -> None:
    def hashed(*endpoints: str) -> int:
        return int(maestro("rss", "hash", "--key", "6d5a", *endpoints, "--json").document["hash"])

    assert hashed("1.2.3.4:5", "6.7.8.9:10") == hashed("6.7.8.9:10", "1.2.3.4:5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--key", "6d5x", "1.2.3.4", "1.2.3.5"], "key '6d5x': 'x' is no hexadecimal digit"),
        (["--key", "6d5", "1.2.3.4", "1.2.3.5"], "3 hexadecimal digits are no whole number of bytes"),
        (["--key", "6d5a6d5a", "1.2.3.4", "1.2.3.5"], "has 4 bytes, not 8 to 64"),
        (["--key", "6d5a" * 5, "1.2.3.4", "1.2.3.5"], "the key has 10 bytes, 8 bytes of ipv4.src, ipv4.dst need 12"),
        (["--key", "6d5a", "1.2.3.4.5", "1.2.3.5"], "'1.2.3.4.5' is no IP address"),
        (["--key", "6d5a", "1.2.3.4:70000", "1.2.3.5:1"], "'70000' is no port"),
        (["--key", "6d5a", "1.2.3.4:", "1.2.3.5:1"], "no port"),
        (["--key", "6d5a", "1.2.3.4:1", "1.2.3.5"], "only one of 1.2.3.4:1 and 1.2.3.5 has a port"),
        (["--key", "6d5a", "1.2.3.4", "::1"], "1.2.3.4 is IPv4, ::1 is IPv6"),
        (["--key", "6d5a", "--reta", "100", "1.2.3.4", "1.2.3.5"], "NICs take powers of two"),
        (["--key", "6d5a", "--cores", "0", "1.2.3.4", "1.2.3.5"], "there must be at least one"),
    ],
)
def test_hash_says_what_is_wrong(arguments: list[str], message: str) -> None:
    run = maestro("rss", "hash", *arguments)
    assert run.status == 2
    assert message in run.err


SYMMETRIC = "port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port1(ipv4.dst,ipv4.src,l4.dport,l4.sport)"


def by_source(port: int) -> str:
    return f"port{port}(ipv4.src) == port{port}(ipv4.src)"


def test_solve_gives_keys_under_which_answers_meet_their_flows() -> None:
    found = maestro("rss", "solve", "--nic", "e810", "--require", SYMMETRIC, "--seed", 1, "--json").document
    assert (found["feasible"], found["requirements"]) == (True, [SYMMETRIC])
    assert found["quality"]["full_rank"] is True
    lan, wan = (p["key"] for p in found["ports"])
    there = maestro("rss", "hash", "--key", lan, "--reta", 512, "1.2.3.4:5", "6.7.8.9:10", "--json").document
    back = maestro("rss", "hash", "--key", wan, "--reta", 512, "6.7.8.9:10", "1.2.3.4:5", "--json").document
    assert there["index"] == back["index"]


def test_solve_for_people() -> None:
    run = maestro("rss", "solve", "--nic", "82599", "--require", by_source(0), "--cores", 3)
    assert run.status == 0
    assert re.search(r"the core depends on +ipv4.src\n", run.out)
    assert "42 to 43 a core" in run.out
    assert max(map(len, run.out.splitlines())) <= 100


def test_solve_seed_repeats_the_keys() -> None:
    def keys(*options: object) -> list[str]:
        run = maestro("rss", "solve", "--nic", "igb", "--require", SYMMETRIC, "--json", *options)
        return [p["key"] for p in run.document["ports"]]

    assert keys("--seed", 3) == keys("--seed", 3)
    assert keys() != keys()


def test_no_key_names_the_smallest_conflict() -> None:
    by_port = "port0(l4.dport) == port0(l4.dport)"
    options = [
        "rss",
        "solve",
        "--nic",
        "mlx5",
        "--require",
        by_source(1),
        "--require",
        by_source(0),
        "--require",
        by_port,
    ]
    run = maestro(*options)
    assert run.status == 5
    assert f"leaves no choice of core:\n  {by_source(0)}\n  {by_port}\n" in run.out
    run = maestro(*options, "--json")
    assert run.status == 5
    assert (run.document["feasible"], run.document["port"]) == (False, 0)
    assert run.document["conflict"] == [by_source(0), by_port]
    assert "ipv4.src" in run.document["hashable"]


def test_ethtool_lines_carry_the_same_key() -> None:
    options = ["rss", "solve", "--nic", "e810", "--require", by_source(0), "--seed", 5, "--cores", 4]
    key = maestro(*options, "--json").document["ports"][0]["key"]
    lines = maestro(*options, "--emit", "ethtool", "--device", "0=eth7").out.splitlines()
    assert f"ethtool -X eth7 hkey {bytes.fromhex(key).hex(':')} equal 4" in lines
    assert "ethtool -N eth7 rx-flow-hash tcp4 s" in lines
    assert "ethtool -L eth7 combined 4" in lines
    assert lines[2].startswith("set -e ")
    assert "tables of up to 512 entries" in lines[0]
    counted = [line for line in lines if "which ethtool cannot ask for" in line]
    assert [line.split(":")[0] for line in counted] == ["# ipv4-other", "# ipv4-options", "# ipv4-fragment"]
    assert "a hash over ipv4.src," in counted[0]


def test_ethtool_lines_speak_of_what_the_nic_cannot_steer() -> None:
    run = maestro("rss", "solve", "--nic", "x710", "--require", by_source(0), "--emit", "ethtool")
    assert "# ipv4-options: software must send these on" in run.out
    assert "rx-flow-hash udp4 sdfn" in run.out
    assert "ethtool cannot" not in run.out  # other packets are hashed as usual


@pytest.mark.parametrize("form", ["dpdk", "c"])
def test_c_forms_carry_the_same_key(form: str) -> None:
    options = ["rss", "solve", "--nic", "mlx5", "--require", by_source(0), "--seed", 5]
    key = maestro(*options, "--emit", "json").document["ports"][0]["key"]
    text = maestro(*options, "--emit", form).out
    assert "".join(re.findall(r"0x([0-9a-f]{2}),", text)) == key
    if form == "dpdk":
        assert ".rss_hf = RTE_ETH_RSS_IPV4 |" in text
        assert "RTE_ETH_RSS_L3_SRC_ONLY," in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nic", "e811", "--require", by_source(0)], "unknown NIC 'e811'"),
        (["--nic", "e810", "--require", "port0(ipv4.scr) == port0()"], "column 7: 'ipv4.scr' is no field"),
        (["--nic", "e810", "--require", by_source(0), "--cores", "0"], "there must be at least one"),
        (["--nic", "e810", "--require", by_source(0), "--reta", "64"], "no indirection table of 64 entries"),
        (["--nic", "e810", "--require", by_source(0), "--device", "eth0"], "'eth0' is not PORT=DEVICE"),
    ],
)
def test_solve_says_what_is_wrong(arguments: list[str], message: str) -> None:
    run = maestro("rss", "solve", *arguments)
    assert run.status == 2
    assert message in run.err


def test_check_of_the_symmetric_key() -> None:
    run = maestro("rss", "check", "--nic", "82599", "--key", "6d5a", "--require", SYMMETRIC)
    assert run.status == 0
    assert "the key does it on Intel 82599" in run.out
    assert "some cancel out" in run.out


def test_check_shows_two_packets() -> None:
    options = ["rss", "check", "--nic", "x710", "--key", "microsoft", "--require", SYMMETRIC]
    run = maestro(*options)
    assert run.status == 5
    assert f"violated: {SYMMETRIC}" in run.out
    assert max(map(len, run.out.splitlines())) <= 100
    found = maestro(*options, "--json").document
    there, back = found["violated"][0]["packets"]
    assert there["fields"]["ipv4.src"] == back["fields"]["ipv4.dst"]
    for packet in (there, back):
        values = packet["fields"]
        ends = (f"{values['ipv4.src']}:{values['l4.sport']}", f"{values['ipv4.dst']}:{values['l4.dport']}")
        hashed = maestro("rss", "hash", "--key", "microsoft", "--reta", found["reta_size"], *ends, "--json")
        assert hashed.document["index"] == packet["index"]
    assert there["index"] != back["index"]


def test_what_solve_finds_check_accepts() -> None:
    found = maestro("rss", "solve", "--nic", "mlx5", "--require", SYMMETRIC, "--json").document
    keys = [part for p in found["ports"] for part in ("--key", f"{p['port']}={p['key']}")]
    assert maestro("rss", "check", "--nic", "mlx5", *keys, "--require", SYMMETRIC).status == 0
    swapped = [part for p in found["ports"] for part in ("--key", f"{1 - p['port']}={p['key'][:-4]}0000")]
    assert maestro("rss", "check", "--nic", "mlx5", *swapped, "--require", SYMMETRIC).status == 0


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["0=6d5a"], "no key for port 1"),
        (["6d5a", "microsoft"], "two keys for all ports"),
        (["1=6d5a", "1=6d5a"], "two keys for port 1"),
        (["x=6d5a"], "'x=6d5a' is not PORT=KEY"),
        (["6d5a" * 8], "has 16 bytes, this NIC takes 40"),
    ],
)
def test_check_says_what_is_wrong(keys: list[str], message: str) -> None:
    options = [part for key in keys for part in ("--key", key)]
    run = maestro("rss", "check", "--nic", "82599", *options, "--require", SYMMETRIC)
    assert run.status == 2
    assert message in run.err


def test_z3_agrees() -> None:
    run = maestro("rss", "solve", "--nic", "82599", "--require", SYMMETRIC, "--solver", "z3")
    assert run.status == 0
    assert re.search(r"z3 +there are such keys, in [\d.]+ ms\n +elimination +the same, in", run.out)
    conflict = ["--require", by_source(0), "--require", "port0(l4.dport) == port0(l4.dport)"]
    run = maestro("rss", "solve", "--nic", "x710", *conflict, "--solver", "z3", "--json")
    assert run.status == 5
    assert run.document["z3"]["answer"] == "unsat"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """One elephant and some mice."""
    rng, path = Random(4), tmp_path / "in.pcap"
    a, b = 0x0A000001, 0x0A010001
    with PcapWriter(path) as pcap:
        for n in range(600):
            sport, host = (7, a) if n % 3 == 0 else (rng.getrandbits(16), rng.getrandbits(32))
            pcap.write(n, ethernet(ipv4(host, b, UDP, udp(host, b, sport, 53))))
    return path


def test_simulate_a_key_in_use(capture: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.svg"
    options = ["rss", "simulate", "--nic", "82599", "--key", "microsoft", "--pcap", capture, "--cores", 3]
    run = maestro(*options, "--out", plot)
    assert run.status == 0
    assert "600 packets, 36000 bytes" in run.out
    assert "balanced afresh" in run.out
    assert max(map(len, run.out.splitlines())) <= 100
    assert plot.read_text().startswith("<svg")
    found = maestro(*options, "--json").document
    assert found["types"] == {"ipv4-udp": 600}
    assert [t["name"] for t in found["tables"]] == ["before", "few moves", "afresh"]
    assert all(sum(t["packets_per_core"]) == 600 for t in found["tables"])
    assert found["heaviest_entry"] >= 1 / 3
    assert found["tables"][1]["moved"] < found["tables"][2]["moved"]


def test_simulate_solves(capture: Path) -> None:
    options = ["rss", "simulate", "--nic", "e810", "--require", by_source(1), "--pcap", capture]
    found = maestro(*options, "--weights", "2,1", "--json", "--seed", 1, "--by", "bytes").document
    assert (found["cores"], found["weights"]) == (2, [2.0, 1.0])
    solved = maestro("rss", "solve", "--nic", "e810", "--require", by_source(1), "--seed", 1, "--json").document
    assert found["key"] == solved["ports"][0]["key"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "give either --key, the key in use, or --require"),
        (["--key", "6d5a", "--require", by_source(0)], 2, "give either --key"),
        (["--key", "6d5a", "--fields", "l5"], 2, "no field set 'l5'"),
        (["--key", "6d5a", "--weights", "1,x"], 2, "'1,x' is not a list of numbers"),
        (["--key", "6d5a", "--weights", "1,-1"], 2, "core weights must be positive"),
        (["--key", "6d5a", "--cores", "0"], 2, "there must be at least one"),
        (["--require", by_source(0), "--port", "1"], 2, "no requirement speaks of port 1"),
        (["--require", by_source(0), "--require", "port0(l4.dport) == port0(l4.dport)"], 4, "only a constant hash"),
        (["--key", "6d5a", "--out", "plot.gif"], 2, "a plot is .svg or .png"),
        (["--key", "6d5a", "--out", "nowhere/plot.svg"], 2, "nowhere/plot.svg: No such file"),
    ],
)
def test_simulate_says_what_is_wrong(capture: Path, arguments: list[str], status: int, message: str) -> None:
    run = maestro("rss", "simulate", "--nic", "82599", "--pcap", capture, *arguments)
    assert run.status == status
    assert message in run.err


@pytest.mark.parametrize(("nic", "requirement"), [("82599", SYMMETRIC), ("x710", by_source(0))])
def test_no_random_key_is_better(nic: str, requirement: str) -> None:
    options = ["rss", "solve", "--nic", nic, "--require", requirement, "--seed", 1, "--against", 500]
    found = maestro(*options, "--json").document["against"]
    assert (found["keys"], found["better"]) == (500, 0)
    assert found["ours"] == {"missed": 0, "pairs": 0, "lockstep": 0}
    assert 0 < found["as_good_in_ranks"] < 500
    assert "against 500 random valid keys" in maestro(*options).out


def test_spread_is_measured() -> None:
    spread = maestro("rss", "solve", "--nic", "e810", "--require", SYMMETRIC, "--json").document["ports"][0]["spread"]
    assert [s["traffic"] for s in spread] == ["uniform", "sequential", "zipf"]
    assert all(1 <= s["fullest_core"] < 1.2 for s in spread)
    options = ["--nic", "e810", "--key", "6d5a", "--require", SYMMETRIC, "--cores", 4, "--json"]
    spread = maestro("rss", "check", *options).document["spread"]["0"]
    assert spread[1] == {"traffic": "sequential", "fullest_core": 4.0, "variation": 3**0.5, "fullest_entry": 1.0}


def test_balance_from_counters(tmp_path: Path) -> None:
    counters, table = tmp_path / "packets", tmp_path / "table"
    counters.write_text("10 10 10 10  # the first row\n40, 10, 10, 10\n")
    options = ["rss", "balance", "--counters", counters, "--json"]
    before, few, afresh = maestro(*options).document["tables"]
    assert (before["packets_per_core"], few["packets_per_core"], few["moved"]) == ([70, 40], [60, 50], 1)
    assert max(afresh["packets_per_core"]) == 60
    table.write_text("0 1 2 3 0 1 2 3")
    before, few, afresh = maestro(*options, "--table", table).document["tables"]
    assert before["packets_per_core"] == [50, 20, 20, 20]
    assert [a for a, b in zip(few["reta"], before["reta"], strict=True) if b < 2] == [0, 1, 0, 1]
    run = maestro("rss", "balance", "--counters", counters, "--table", table)
    assert run.status == 0
    assert "110 packets\n" in run.out
    assert "balanced, few entries moved, 4 of 8 entries moved" in run.out
    assert "bytes" not in run.out


@pytest.mark.parametrize(
    ("counters", "table", "message"),
    [
        ("1 2 3", None, "3 numbers; a table has a power of two of entries"),
        ("", None, "0 numbers"),
        ("1 2\n3 -4", None, "packets:2: '-4' is no number of packets"),
        ("1 2", "0", "1 entries, "),
        ("1 2", "0 x", "table:1: 'x' is no core"),
        ("1 2", "0 9999", "there cannot be a core 9999"),
    ],
)
def test_balance_says_what_is_wrong(tmp_path: Path, counters: str, table: str | None, message: str) -> None:
    (tmp_path / "packets").write_text(counters)
    (tmp_path / "table").write_text(table or "")
    options = ["--table", tmp_path / "table"] if table else []
    run = maestro("rss", "balance", "--counters", tmp_path / "packets", *options)
    assert run.status == 2
    assert message in run.err


def test_balance_without_a_file(tmp_path: Path) -> None:
    run = maestro("rss", "balance", "--counters", tmp_path / "nowhere", "--json")
    assert run.status == 2
    assert run.document["error"]["code"] == "rss-counters"


def test_weights_are_shares_of_the_table() -> None:
    options = ["rss", "solve", "--nic", "82599", "--require", by_source(0), "--weights", "3,1"]
    assert "core 0: 96, core 1: 32" in maestro(*options).out
    assert " weight 96 32\n" in maestro(*options, "--emit", "ethtool").out
    found = maestro(*options, "--json").document
    assert (found["cores"], found["ports"][0]["reta"].count(1), found["ports"][0]["reta"][0]) == (2, 32, 0)
    text = maestro(*options, "--emit", "dpdk").out
    assert "static const uint16_t port0_reta[128] = {" in text
    assert maestro(*options[:-1], "3,0").status == 2


def test_solve_without_software() -> None:
    types = "@ipv4-tcp,ipv4-fragment("
    text = SYMMETRIC.replace("(", types)
    options = ["rss", "solve", "--nic", "82599", "--require", text, "--json"]
    assert maestro(*options).document["ports"][0]["resteered"] == ["ipv4-fragment"]
    found = maestro(*options, "--no-software", "--solver", "z3").document
    assert [p["resteered"] for p in found["ports"]] == [[], []]
    for port in found["ports"]:
        assert [f["name"] for f in port["fields"]] == ["ipv4.src", "ipv4.dst"]
    assert found["z3"]["answer"] == "sat"
    run = maestro(
        "rss", "solve", "--nic", "x710", "--require", by_source(0), "--no-software", "--solver", "z3", "--json"
    )
    assert (run.status, run.document["types"], run.document["z3"]["answer"]) == (5, ["ipv4-options"], "unsat")


def test_ethtool_is_told_not_to_make_hashes_symmetric_before_fields_are_chosen() -> None:
    def lines(nic: str) -> list[str]:
        run = maestro("rss", "solve", "--nic", nic, "--require", by_source(0), "--emit", "ethtool")
        return [line for line in run.out.splitlines() if not line.startswith("#")]

    commands = lines("mlx5")
    assert "ethtool -X PORT0 xfrm none" in commands
    assert commands.index("ethtool -X PORT0 xfrm none") < commands.index("ethtool -N PORT0 rx-flow-hash tcp4 s")
    assert not [line for nic in ("82599", "e810") for line in lines(nic) if "xfrm" in line]


def test_robust_keys_are_told_from_others() -> None:
    wanted = ("--nic", "e810", "--require", "port0@tcp(ipv4.src,l4.dport) == port1@tcp(ipv4.dst,l4.sport)")
    for robust in (False, True):
        solved = maestro("rss", "solve", *wanted, "--seed", 1, "--json", *(["--robust"] if robust else []))
        assert solved.document["robust"] == robust
        key = [option for p in solved.document["ports"] for option in ("--key", f"{p['port']}={p['key']}")]
        assert maestro("rss", "check", *wanted, *key, "--json").document["robust"] == robust
        text = maestro("rss", "check", *wanted, *key).out
        assert ("yes: it would do it as well" in text) == robust
        assert text.count("ipv4-tcp to index") == (0 if robust else 2)
    assert "valid whether fields" in maestro("rss", "solve", *wanted, "--robust").out


def test_what_zeroing_costs_is_shown() -> None:
    requirement = "port0@tcp(ipv4.src[8:8],ipv4.dst) == port0@tcp(ipv4.src[8:8],ipv4.dst)"
    found = maestro("rss", "solve", "--nic", "hns3", "--require", requirement)
    assert "what no valid key can help" in found.out
    assert "ipv4.src: rank 0 of 8, 1 of 256 entries" in found.out


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("ethtool", "ethtool -X PORT0 xfrm symmetric-xor\nethtool -X PORT0 hkey"),
        ("dpdk", ".func = RTE_ETH_HASH_FUNCTION_SYMMETRIC_TOEPLITZ}"),
    ],
)
def test_a_symmetric_mode_is_asked_for(form: str, words: str) -> None:
    run = maestro("rss", "solve", "--nic", "e810", "--require", SYMMETRIC, "--symmetric", "xor", "--emit", form)
    assert words in run.out
    assert "xfrm none" not in run.out


def test_a_symmetric_mode_is_said_and_checked() -> None:
    options = ["--nic", "e810", "--require", SYMMETRIC, "--symmetric", "xor"]
    run = maestro("rss", "solve", *options, "--seed", 1)
    assert "the core depends on  ipv4.src^ipv4.dst l4.sport^l4.dport" in run.out
    found = maestro("rss", "solve", *options, "--seed", 1, "--json").document
    assert found["symmetric"] == "xor"
    keys = [f"--key={p['port']}={p['key']}" for p in found["ports"]]
    checked = maestro("rss", "check", *options, *keys, "--json")
    assert (checked.status, checked.document["holds"], checked.document["symmetric"]) == (0, True, "xor")
    assert maestro("rss", "check", *options[:4], *keys).status == 5


def test_check_in_modes_that_are_not_linear() -> None:
    options = ["rss", "check", "--nic", "mlx5", "--key", "mlx5", "--symmetric", "sort", "--require"]
    holds = maestro(*options, SYMMETRIC)
    assert holds.status == 0
    assert "quality is not computed" in holds.out
    assert "violated: " in maestro(*options, "port0@udp(ipv4.src) == port0@udp(ipv4.src)", "--fields", "src+dst").out


def test_a_hash_that_starts_elsewhere() -> None:
    ends = SUITE[0][:2]
    found = maestro("rss", "hash", "--key", "microsoft", *ends, "--initial", "0xffffffff", "--json").document
    assert found["hash"] == SUITE[0][2] ^ 0xFFFFFFFF
    assert found["index"] == 127 - SUITE[0][2] % 128
    assert maestro("rss", "hash", "--key", "microsoft", *ends, "--initial", "1g").status == 2


def test_keys_of_their_own_where_one_for_all_does_not_do() -> None:
    options = ["rss", "solve", "--nic", "mlx5", "--no-software", "--seed", 1]
    for text in (
        "port0@ipv4-tcp(ipv4.src) == port0@ipv4-tcp(ipv4.src)",
        "port0@ipv6-tcp(ipv6.dst) == port0@ipv6-tcp(ipv6.dst)",
    ):
        options += ["--require", text]
    assert maestro(*options).status == 5
    run = maestro(*options, "--per-rule-keys", "--json")
    assert run.status == 0
    rules = run.document["rules"]
    assert [(r["types"], r["ports"][0]["field_set"]) for r in rules] == [(["ipv4-tcp"], "src"), (["ipv6-tcp"], "dst")]
    assert rules[0]["ports"][0]["key"] != rules[1]["ports"][0]["key"]
    assert "rules for ipv6-tcp" in maestro(*options, "--per-rule-keys").out
    text = maestro(*options, "--per-rule-keys", "--emit", "dpdk").out
    assert "".join(re.findall(r"0x([0-9a-f]{2}),", text)) == "".join(r["ports"][0]["key"] for r in rules)
    assert "rss.key = port0_1_key, rss.key_len = sizeof port0_1_key;" in text
    assert maestro(*options, "--per-rule-keys", "--emit", "ethtool").status == 2


def test_keys_of_their_own_need_rules_that_have_them() -> None:
    run = maestro("rss", "solve", "--nic", "e810", "--require", by_source(0), "--per-rule-keys")
    assert run.status == 2
    assert "has one key a port" in run.err
