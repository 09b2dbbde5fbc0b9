"""Bad input: one clear message, the C line where there is one, the documented exit status, nothing half-written."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest
from command_line import EXAMPLES, Run, maestro, write_nf

from maestro import pipeline
from maestro.diagnostics import ExitStatus

FORWARDER = EXAMPLES / "forwarder"

BAD_C = {
    "syntax error": ("ENTRY {\n  return device\n}", 5, "compile", "expected ';'", ExitStatus.SOURCE),
    "missing include": ('#include "nowhere.h"', 4, "compile", "'nowhere.h' file not found", ExitStatus.SOURCE),
    "unbounded loop": (
        "ENTRY {\n  int n = 0;\n  for (int i = 0; i < length; i++) n += i;\n  return n & 1;\n}",
        6, "unbounded-loop", "loop", ExitStatus.UNSUPPORTED,
    ),
    "recursion": (
        "static int down(int n) {\n  return n ? down(n - 1) : 0;\n}\nENTRY {\n  return down(length);\n}",
        4, "recursion", "down", ExitStatus.UNSUPPORTED,
    ),
    "unknown function": (
        "int mystery(int);\nENTRY {\n  return mystery(length);\n}",
        6, "unknown-function", "mystery", ExitStatus.UNSUPPORTED,
    ),
    "past the packet's end": (
        "ENTRY {\n  return (*buffer)[14] == 1 ? 1 : device;\n}", 5, "packet-bounds", "packet", ExitStatus.SOURCE,
    ),
    "division by zero": (
        "ENTRY {\n  return 100 / (length - 60) > 1 ? 0 : 1;\n}", 5, "division-by-zero", "zero", ExitStatus.SOURCE,
    ),
}  # fmt: skip


def is_refused(run: Run, status: ExitStatus, code: str, *parts: str) -> None:
    """One message, on standard error, with its code; no traceback, no output."""
    assert run.status == status, run
    assert run.out == ""
    assert run.err.count("error:") == 1
    assert f"[{code}]" in run.err
    assert "Traceback" not in run.err
    for part in parts:
        assert part in run.err


@pytest.mark.parametrize("name", BAD_C)
def test_bad_c_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    body, line, code, words, status = BAD_C[name]
    source = write_nf(tmp_path, body)
    out = tmp_path / "out"
    is_refused(maestro("parallelize", source, "-o", out), status, code, f"{source}:{line}:", words)
    assert not out.exists()


@pytest.mark.parametrize("name", ["syntax error", "division by zero", "recursion"])
def test_errors_as_json_are_one_object(name: str, tmp_path: Path) -> None:
    body, line, code, words, status = BAD_C[name]
    source = write_nf(tmp_path, body)
    run = maestro("analyze", source, "--json")
    assert run.status == status
    assert set(run.document) == {"error"}
    error = run.document["error"]
    assert set(error) == {"code", "message", "file", "line", "hint"}
    assert (error["code"], error["file"], error["line"]) == (code, str(source), line)
    assert words in error["message"]
    assert run.err == ""


def test_a_missing_include_says_how_to_name_its_folder(tmp_path: Path) -> None:
    source = write_nf(tmp_path, BAD_C["missing include"][0])
    assert "-I DIR" in maestro("analyze", source).err


def test_no_entry_point(tmp_path: Path) -> None:
    source = write_nf(tmp_path, "int answer = 42;", prelude="")
    is_refused(maestro("analyze", source), ExitStatus.SOURCE, "no-entry-point", "nf_process", str(source))


def test_no_source(tmp_path: Path) -> None:
    is_refused(maestro("analyze", tmp_path / "no.c"), ExitStatus.SOURCE, "no-source", "no.c")
    is_refused(maestro("analyze", tmp_path), ExitStatus.SOURCE, "no-source", "no C files")


def test_an_output_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    is_refused(maestro("parallelize", FORWARDER, "-o", tmp_path), ExitStatus.USAGE, "output-exists", str(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["kept.txt"]
    assert kept.read_text() == "mine"


def test_an_unknown_nic_gets_a_suggestion() -> None:
    is_refused(maestro("analyze", FORWARDER, "--nic", "e811"), ExitStatus.USAGE, "unknown-nic", "did you mean 'e810'")


@pytest.mark.parametrize("cores", [0, -1, 1000])
def test_impossible_numbers_of_cores(cores: int, tmp_path: Path) -> None:
    run = maestro("parallelize", FORWARDER, "-o", tmp_path / "out", "--cores", cores)
    is_refused(run, ExitStatus.USAGE, "bad-cores", str(cores), "256")
    assert not (tmp_path / "out").exists()


def test_three_cores_work() -> None:
    run = maestro("analyze", FORWARDER, "--cores", 3, "--json")
    assert run.status == ExitStatus.OK
    assert {core for port in run.document["ports"] for core in port["reta"]} == {0, 1, 2}


COUNTER = (
    "static struct Vector *hits;\n"
    + """\
static void clear(void *cell) { *(uint64_t *)cell = 0; }
bool nf_init(void) { return vector_allocate(8, 1, clear, &hits); }
ENTRY {
  uint64_t *count;
  vector_borrow(hits, 0, (void **)&count);
  (*count)++;
  bool odd = *count % 2;
  vector_return(hits, 0, count);
  return odd ? device : 1 - device;
}"""
)


def test_an_nf_that_cannot_be_sharded(tmp_path: Path) -> None:
    source = write_nf(tmp_path, COUNTER, prelude='#include "nf.h"\n#include "lib/verified/vector.h"\n')
    found = maestro("analyze", source, "--json")
    assert found.status == ExitStatus.OK
    assert found.document["strategy"] == "locks"
    assert [(r["code"], bool(r["lines"]), bool(r["hint"])) for r in found.document["reasons"]][:1] == [
        ("constant-key", True, True)
    ]
    out = tmp_path / "out"
    insisting = maestro("analyze", source, "--strategy", "shared-nothing")
    is_refused(insisting, ExitStatus.UNSUPPORTED, "not-shardable", "constant-key", "nf.c:")
    assert not out.exists()


@pytest.fixture(scope="module")
def forwarder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The forwarder's program, built once: captures are read by it."""
    out = tmp_path_factory.mktemp("forwarder") / "out"
    assert maestro("parallelize", FORWARDER, "-o", out, "--build", "--quiet").status == ExitStatus.OK
    return out / "nf-replay"


def capture(link_type: int = 1, packet: bytes = bytes(60), stated: int = 60) -> bytes:
    """A little-endian pcap of one packet that says it has ``stated`` bytes."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type)
    return head + struct.pack("<IIII", 1, 0, stated, stated) + packet


BAD_CAPTURES = {
    "empty": (b"", "empty"),
    "truncated header": (capture()[:10], "truncated"),
    "truncated packet": (capture(packet=bytes(20)), "truncated"),
    "not Ethernet": (capture(link_type=101), "only Ethernet"),
    "not a capture": (b"nothing like a capture, but long enough", "pcap"),
    "missing": (None, "No such file"),
}


@pytest.mark.parametrize("name", BAD_CAPTURES)
def test_bad_captures(name: str, tmp_path: Path, forwarder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, words = BAD_CAPTURES[name]
    path = tmp_path / "lan.pcap"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(pipeline, "_build", lambda project, program: shutil.copy(forwarder, program))
    monkeypatch.setattr(pipeline, "_reference", lambda result, program: shutil.copy(forwarder, program))
    run = maestro("verify", FORWARDER, "--pcap", f"0={path}")
    is_refused(run, ExitStatus.USAGE, "pcap", str(path), words)


@pytest.mark.parametrize("value", ["lan.pcap", "x=lan.pcap", "0="])
def test_a_capture_without_its_port(value: str) -> None:
    run = maestro("verify", FORWARDER, "--pcap", value)
    assert run.status == ExitStatus.USAGE
    assert "PORT=FILE" in run.err


def test_an_unknown_option_as_json() -> None:
    run = maestro("analyze", FORWARDER, "--json", "--core", "3x")
    assert run.status == ExitStatus.USAGE
    assert run.document["error"]["code"] == "usage"


MAESTRO_H = {
    "height": ("BACKENDS(s, 20, 100, EXPIRES_AFTER(SECONDS(1)));", "forward(p, WAN);", 2, "compile", "prime"),
    "low height": ("BACKENDS(s, 20, 19, EXPIRES_AFTER(SECONDS(1)));", "forward(p, WAN);", 2, "compile", "above its"),
    "threshold": ("SKETCH(s, int, 9, 70000, EXPIRES_AFTER(SECONDS(1)));", "drop(p);", 2, "compile", "1 to 65536"),
    "undeclared": ("", "map_put(hosts, p.ipv4_src, 1);", 4, "compile", "declare hosts at file level"),
    "no such port": ("", "forward(p, p.ipv4_ttl & 3);", 4, "no-port", "ports 0 to 1 only"),
    "thread-local": ("static _Thread_local int n;", "n++;", 4, "unsupported-intrinsic", "thread-local variable"),
}


@pytest.mark.parametrize("name", MAESTRO_H)
def test_mistakes_in_maestro_h(name: str, tmp_path: Path) -> None:
    state, body, line, code, words = MAESTRO_H[name]
    nf = tmp_path / "nf.c"
    nf.write_text(f"#include <maestro.h>\n{state}\nvoid process_packet(int device, pkt_t p) {{\n  {body}\n}}\n")
    status = ExitStatus.UNSUPPORTED if code.startswith("unsupported") else ExitStatus.SOURCE
    is_refused(maestro("analyze", nf), status, code, f"{nf}:{line}:", words)


def test_names_are_for_ports_that_exist() -> None:
    run = maestro("analyze", FORWARDER, "--port-name", "2=DMZ")
    is_refused(run, ExitStatus.USAGE, "bad-ports", "port 2 has a name", "--ports")


def test_random_numbers_are_state(tmp_path: Path) -> None:
    nf = tmp_path / "nf.c"
    body = "void process_packet(int device, pkt_t p) {\n  forward(p, rand() & 1);\n}\n"
    nf.write_text(f"#include <maestro.h>\n#include <stdlib.h>\n{body}")
    is_refused(maestro("analyze", nf), ExitStatus.UNSUPPORTED, "global-state", "`rand`", "hash of its fields")


def test_captures_are_looked_at_before_anything_is_built(tmp_path: Path) -> None:
    missing, there = tmp_path / "missing.pcap", tmp_path / "there.pcap"
    there.write_bytes(b"")
    for pcap, words in ((f"0={missing}", "No such file"), (f"5={there}", "ports 0 to 1")):
        run = maestro("verify", FORWARDER, "--pcap", pcap)
        is_refused(run, ExitStatus.USAGE, "pcap", words)
        assert "build" not in run.err
