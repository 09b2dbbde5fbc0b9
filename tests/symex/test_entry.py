"""The entry points of NFs differ: their names, their parameters, what they return."""

from __future__ import annotations

import pytest
from small_nfs import analyse

from maestro.diagnostics import SourceError
from maestro.ir.model import Model

LOOK = "if (length < 20) return device; return p[16] == 3 ? 1 - device : DROP;"

FORMS = {
    "buffer": ("ENTRY", "uint8_t *p = *buffer;"),
    "packet": ("int nf_process(uint16_t device, uint8_t *p, uint16_t length, vigor_time_t now)", ""),
    "untyped": ("int nf_process(uint16_t device, void **b, uint16_t length, vigor_time_t now)", "uint8_t *p = *b;"),
    "mbuf": (
        "int nf_process(struct rte_mbuf *m, vigor_time_t now)",
        "uint8_t *p = mbuf_pkt(m); uint16_t device = m->port, length = rte_pktmbuf_data_len(m);",
    ),
    "core": (
        "int nf_core_process(struct rte_mbuf *m, int64_t now)",
        "uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *); uint16_t device = m->port, length = m->pkt_len;",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_sees_the_same_packet(form: str) -> None:
    signature, setup = FORMS[form]
    init = "void nf_core_init(void) {}" if form == "core" else "void nf_init(void) {}"
    model = analyse(f"{init}\n{signature} {{ {setup} {LOOK} }}")
    reference = analyse(f"ENTRY {{ uint8_t *p = *buffer; {LOOK.replace('DROP', 'device')} }}")
    assert outline(model) == outline(reference)


def outline(model: Model) -> list[tuple[str, list[str]]]:
    return [(p.verdict.kind, [str(c) for c in p.conditions]) for p in model.paths]


def test_the_mbuf_of_the_full_form_is_the_packets() -> None:
    model = analyse("ENTRY { return mbuf->port == device && mbuf->pkt_len == length ? DROP : FLOOD; }")
    assert [p.verdict.kind for p in model.paths] == ["drop"]


def test_a_stored_verdict_may_be_drop_and_is_one_path() -> None:
    model = analyse("uint16_t to[2] = {1, DROP};\nENTRY { return to[device]; }")
    assert sorted(p.verdict.kind for p in model.paths) == ["drop", "forward"]


def test_other_parameters_are_refused() -> None:
    with pytest.raises(SourceError, match="`nf_process` has 3 parameters instead of 5") as refused:
        analyse("int nf_process(uint16_t device, uint8_t *packet, uint16_t length) { return device; }")
    assert refused.value.code == "entry-signature"
    assert "struct rte_mbuf *mbuf" in (refused.value.hint or "")
