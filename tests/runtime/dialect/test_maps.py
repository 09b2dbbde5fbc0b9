"""The maestro.h dialect in analysis: paths, names, lines, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro.diagnostics import UserError
from maestro.frontend.maps import GENERATED, MapKey, maps_source
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.ir.model import Field, Model
from maestro.symex.explore import explore

EXAMPLES = Path(__file__).parents[3] / "examples"


def analyse(tmp_path: Path, source: str) -> Model:
    file = tmp_path / "nf.c"
    file.write_text("#include <maestro.h>\n" + source)
    nf = load([file])
    return explore(nf.program, nf="nf", is_runtime=is_runtime)


def process(body: str) -> str:
    return f"OTHER_PACKETS(DROP);\nvoid process_packet(int device, pkt_t p) {{ {body} }}\n"


def refusal(tmp_path: Path, source: str) -> str:
    with pytest.raises(UserError) as caught:
        analyse(tmp_path, source)
    return str(caught.value)


def test_the_example_is_seven_paths() -> None:
    nf = load([EXAMPLES / "firewall-maestro"])
    model = explore(nf.program, nf=nf.name, is_runtime=is_runtime)
    assert len(model.paths) == 7
    assert {o.name: o.kind for o in model.objects} == {
        "flows.map": "map", "flows.keys": "vector", "flows.values": "vector", "flows.ages": "dchain"
    }  # fmt: skip
    source = (EXAMPLES / "firewall-maestro" / "firewall.c").read_text().splitlines()
    lines = {op.span.line for p in model.paths for op in p.operations if op.span}
    assert {source[n - 1].split("(")[0].strip() for n in lines} == {"MAP", "map_put", "if"}


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ("forward(p, 1 - device);", 1),
        ("forward(p, WAN);", 2),
        ("if (map_contains(m, p.ipv4_src)) forward(p, 1 - device);", 2),
        ("if (map_get(m, p.ipv4_src) == 3) forward(p, 1 - device);", 3),
        ("if (map_put(m, p.ipv4_src, 3)) forward(p, 1 - device);", 3),
        ("map_erase(m, p.ipv4_src);", 2),
        ("p.eth_dst = 0x020000000009; forward(p, 1 - device);", 1),
        ("p.ipv4_src = IP(10, 0, 0, 1); forward(p, 1 - device);", 3),
        ("if (p.tcp_flags == 2) forward(p, 1 - device);", 3),
    ],
)
def test_few_paths(tmp_path: Path, body: str, paths: int) -> None:
    """Besides two for other packets: too short, or of another kind."""
    model = analyse(tmp_path, "MAP(m, uint32_t, int, 64);\n" + process(body))
    assert len(model.paths) == paths + 2


def test_padding_is_no_part_of_a_key(tmp_path: Path) -> None:
    source = """struct K { uint8_t a; uint32_t b[2]; };
MAP(m, struct K, int, 64);
""" + process("struct K k = { a: p.ipv4_ttl, b: { p.ipv4_src, 0 } }; map_put(m, k, 1);")
    model = analyse(tmp_path, source)
    assert model.object("m.map").key_layout == (Field("a", 0, 1), Field("b[0]", 4, 4), Field("b[1]", 8, 4))


def test_an_nf_without_maps(tmp_path: Path) -> None:
    model = analyse(tmp_path, process("flood(p);"))
    assert model.objects == ()
    assert sorted(p.verdict.kind for p in model.paths) == ["drop", "drop", "flood"]


def test_other_packets_may_depend_on_the_port(tmp_path: Path) -> None:
    other = "OTHER_PACKETS(device == LAN ? FLOOD : FORWARD_TO(LAN));\n"
    model = analyse(tmp_path, other + "void process_packet(int device, pkt_t p) { drop(p); }")
    assert {p.verdict.kind for p in model.paths} == {"drop", "flood", "forward"}


def test_a_default_for_other_packets_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "nf.c"
    file.write_text("#include <maestro.h>\nvoid process_packet(int device, pkt_t p) { forward(p, 1 - device); }\n")
    assert [n.code for n in load([file]).notes] == ["other-packets"]
    file.write_text(file.read_text() + "OTHER_PACKETS(FLOOD);\n")
    assert load([file]).notes == ()


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ("char *p;", "`p`, a pointer"),
        ("float f;", "`f`, a floating-point number"),
        ("unsigned b : 3;", "`b`, a bit-field"),
        ("union { int x; short y; } u;", "`u`, a union"),
        ("struct { double d; } in[2];", "`in[0].d`, a floating-point number"),
    ],
)
def test_keys_that_cannot_be_compared(tmp_path: Path, member: str, what: str) -> None:
    source = f"struct K {{ int a; {member} }};\nMAP(m, struct K, int, 64);\n" + process("drop(p);")
    message = refusal(tmp_path, source)
    assert f"nf.c:3: error: the keys of map `m` contain {what} [map-key]" in message
    assert "hint: a key is an integer or a struct of integers" in message


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("MAP(m, int, int, 0);\n", "m needs a capacity above 0"),
        ("MAP(m, int, int, 4, EXPIRES_AFTER(SECONDS(0)));\n", "EXPIRES_AFTER needs a time above 0"),
        ("MAP(m, int, int, 4);\nMAP(m, int, int, 8);\n", "redefinition of"),
    ],
)
def test_bad_declarations(tmp_path: Path, source: str, what: str) -> None:
    assert what in refusal(tmp_path, source + process("drop(p);"))


def test_options_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "nf.c"
    file.write_text("#include <maestro.h>\n" + process("drop(p);"))
    with pytest.raises(UserError, match="has no options"):
        explore(load([file]).program, nf="nf", argv=["--wan", "1"], is_runtime=is_runtime)


def test_members_are_cut_into_loads() -> None:
    text = maps_source([MapKey("m", ((0, 4), (4, 2)))], ["m"], reads_tcp_flags=True)
    assert "*(const number32 *)((const char *)a + 0) == *(const number32 *)((const char *)b + 0)" in text
    assert "*(const number16 *)((const char *)a + 4) == *(const number16 *)((const char *)b + 4)" in text
    assert "const bool maestro_reads_tcp_flags = true;" in text
    assert GENERATED.endswith(".c")
