"""The report as a document, without a browser: what must be in it, and that hostile text stays text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest

from cli.command_line import EXAMPLES, maestro
from handmade import firewall
from maestro.diagnostics import UserError
from maestro.ir.expr import concat, const, eq, negate, packet_byte, sym
from maestro.ir.model import Assume, Verdict
from maestro.ir.model import Path as ModelPath
from maestro.pipeline import Job, Phases, Result, analyze
from maestro.report.page import bench
from maestro.report.page.load import load
from maestro.report.page.render import code, render
from maestro.report.page.words import Words
from maestro.report.progress import Silent
from report.hostile import NF as HOSTILE


@cache
def result(name: str) -> Result:
    return analyze(Job((EXAMPLES / name,), seed=1), Phases(Silent()))


def parsed(text: str) -> Element:
    """The page as strict HTML5: a parse error fails the test."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree = parser.parse(text)
    assert isinstance(tree, Element)
    return tree


def by_class(tree: Element, name: str) -> list[Element]:
    return [e for e in tree.iter() if name in (e.get("class") or "").split()]


def data_of(tree: Element) -> dict[str, Any]:
    (script,) = [e for e in tree.iter("script") if e.get("id") == "data"]
    found = json.loads(script.text or "")
    assert isinstance(found, dict)
    return found


def leaves(node: dict[str, Any]) -> list[int]:
    return leaves(node["yes"]) + leaves(node["no"]) if "if" in node else [node["path"]]


@pytest.mark.parametrize("name", ["firewall-maestro", "nat", "firewall-counter", "bridge-dynamic"])
def test_every_path_object_port_and_access_is_there(name: str) -> None:
    found = result(name)
    tree = parsed(render(found))
    paths = [e.get("data-path") for e in by_class(tree, "path")]
    assert paths == [str(i) for i in range(len(found.model.paths))]
    assert sorted(leaves(data_of(tree)["tree"])) == list(range(len(found.model.paths)))
    text = "".join(tree.itertext())
    assert all(c.text.partition(" [")[0] in text for c in found.plan.constraints)
    assert all(port.key.hex(":") in (e.get("data-copy") for e in tree.iter("button")) for port in found.plan.ports)
    assert all(a.partition(": ")[2] in text for a in found.certificate.assumptions)


@pytest.mark.parametrize("name", ["firewall-maestro", "nat"])
def test_every_c_line_that_uses_state_is_marked(name: str) -> None:
    found = result(name)
    used = {(Path(o.span.file).name, o.span.line) for p in found.model.paths for o in p.operations if o.span}
    tree = parsed(render(found))
    files = [("".join(s.itertext()).split()[0], f) for f in by_class(tree, "file") for s in f.iter("summary")]
    marked = {
        (file, int((line.get("id") or "").rpartition("-")[2])) for file, e in files for line in by_class(e, "mark")
    }
    assert used
    assert used <= marked


def test_links_lead_somewhere() -> None:
    tree = parsed(render(result("nat")))
    ids = [e.get("id") for e in tree.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    targets = {(a.get("href") or "")[1:] for a in tree.iter("a")}
    assert targets <= set(ids)


def test_nothing_is_fetched_and_only_the_pages_own_script_runs() -> None:
    text = render(result("nat"))
    tree = parsed(text)
    assert not [e for e in tree.iter() if e.get("src") or e.tag in ("link", "iframe", "object", "img")]
    assert not [(e.tag, a) for e in tree.iter() for a in e.keys() if a.startswith("on") or a == "style"]  # noqa: SIM118
    (policy,) = [e.get("content") or "" for e in tree.iter("meta") if e.get("http-equiv") == "Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    scripts = [e.text or "" for e in tree.iter("script") if e.get("type") is None]
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert len(text) < 2_000_000


def test_the_same_result_gives_the_same_bytes() -> None:
    again = analyze(Job((EXAMPLES / "nat",), seed=1), Phases(Silent()))
    assert render(again) == render(result("nat"))


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    folder = tmp_path / "a<img src=x onerror=alert(0)>&'"
    folder.mkdir()
    (folder / "<img>.c").write_text(HOSTILE)
    names = {0: "</script><script>alert(2)</script>", 1: "{{ 7 * 7 }}"}
    found = analyze(Job((folder,), seed=1, port_names=names), Phases(Silent()))
    tree = parsed(render(found))
    assert len(list(tree.iter("script"))) == 3
    assert not list(tree.iter("img"))
    text = "".join("".join(e.itertext()) for e in tree.iter("main"))
    assert "</script><script>alert('source')</script>" in text
    assert names[0] in text
    assert names[1] in text
    assert data_of(tree)["ports"]["0"] == names[0]


def test_only_what_stands_between_backticks_is_code() -> None:
    assert code("`a<b` and `c`") == "<code>a&lt;b</code> and <code>c</code>"
    assert code("one ` alone, <i>") == "one ` alone, &lt;i&gt;"


def test_conditions_name_fields_and_never_bytes() -> None:
    text = render(result("firewall-maestro"))
    assert "pkt[" not in text
    assert "eth.type = IPv4" in text
    assert "arrival port = 0 (LAN)" in text
    assert "the key is in flows" in text


def test_words() -> None:
    ipv4 = eq(concat(packet_byte(12), packet_byte(13)), const(0x800, 16))
    source = eq(concat(*(packet_byte(26 + i) for i in range(4))), const(0x0A000001, 32))
    path = ModelPath((Assume(ipv4), Assume(source)), Verdict("drop"))
    words = Words(firewall(), path, {}, {0: "LAN"})
    assert words.condition(ipv4) == "eth.type = IPv4"
    assert words.condition(negate(ipv4)) == "eth.type ≠ IPv4"
    assert words.condition(source) == "ipv4.src = 10.0.0.1"
    assert words.condition(eq(sym("device", 16), const(0, 16))) == "arrival port = 0 (LAN)"


def test_the_load_counts_every_packet() -> None:
    plan = result("firewall-maestro").plan
    spread = load(plan, None)
    assert sum(spread.packets) == 20_000
    assert sum(spread.bytes) == 20_000 * 60
    assert 1.0 <= spread.fullest < 1.2
    with pytest.raises(UserError, match="the NF has ports 0 to 1"):
        load(plan, {7: Path("x.pcap")})


def test_bench_plots(tmp_path: Path) -> None:
    speed = {"median": 47.8, "min": 44.1, "max": 52.0}
    run = {
        "nf": "fw",
        "form": "<b>sn</b>",
        "cores": 2,
        "traffic": "uniform",
        "flows": 10,
        "size": 64,
        "mpps_cpu": speed,
    }
    file = tmp_path / "bench.json"
    file.write_text(
        json.dumps({"machine": {"cpu": "a <Xeon>", "cores": 2, "caches": {}}, "runs": [run | {"mpps_cpu": speed}]})
    )
    tree = parsed(render(result("firewall-maestro"), bench_file=file))
    assert data_of(tree)["bench"][0]["median"] == 47.8
    assert "Measured on a <Xeon>, 2 cores." in "".join(tree.itertext())
    assert "fw: <b>sn</b>" in "".join(tree.itertext())
    assert [e for e in tree.iter("a") if e.get("href") == "#speed"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"runs": [{}]}', '{"runs": [{"mpps_cpu": 3}]}', '{"runs": 5}'])
def test_files_that_are_no_measurements(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(UserError, match="JSON") as caught:
        bench.read(tmp_path / "b.json")
    assert caught.value.code == "bench-file"
    assert "maestro bench" in (caught.value.hint or "")


def test_the_command(tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    run = maestro("report", EXAMPLES / "nop", "--seed", 1, "-o", page)
    assert (run.status, run.out) == (0, f"The report is in {page}\n")
    assert re.search(r"it changes no state, so any core can take any packet", page.read_text())
    assert list(tmp_path.iterdir()) == [page]


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    run = maestro("report", EXAMPLES / "nop", "-o", tmp_path / "no" / "r.html")
    assert run.status == 2
    assert "No such file or directory" in run.err


def test_parallelize_writes_it_too(tmp_path: Path) -> None:
    run = maestro("parallelize", EXAMPLES / "nop", "-o", tmp_path / "p", "--report", tmp_path / "r.html")
    assert run.status == 0
    assert (tmp_path / "p" / "nf.c").exists()
    assert "Maestro report" in (tmp_path / "r.html").read_text()


def test_the_library_comes_with_its_licence() -> None:
    static = Path(bench.__file__).parent / "static"
    assert "Mike Bostock" in (static / "d3.LICENSE").read_text()
    assert "</script" not in (static / "d3.min.js").read_text().lower()
    assert "</script" not in (static / "report.js").read_text().lower()
