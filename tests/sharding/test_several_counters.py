"""R7 where a packet changes several entries of one object."""

from __future__ import annotations

from pathlib import Path

from maestro.certificate.check import check
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.ir.model import Model
from maestro.rss.profile import load as nic
from maestro.sharding.decide import decide
from maestro.symex.explore import explore

NF = """
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"
struct nf_config { int none; } config;
static struct Vector *counters;
bool nf_init(void) { return vector_allocate(8, 4, NULL, &counters); }
static void add(int index, uint64_t n) {
  uint64_t *cell;
  vector_borrow(counters, index, (void **)&cell);
  *cell += n;
  vector_return(counters, index, cell);
}
int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf) {
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(nf_then_get_rte_ether_header(buffer), buffer);
  if (ip == NULL) return device;
  add(device, length);
  add(SECOND, 1);
  return 1 - device;
}
"""


def model(tmp_path: Path, second: str) -> Model:
    source = tmp_path / "nf.c"
    source.write_text(NF.replace("SECOND", second))
    return explore(load([source]).program, nf="nf", ports=2, argv=[], is_runtime=is_runtime)


def test_different_entries_only(tmp_path: Path) -> None:
    """What may be one entry is not replicated, and the certificate would not have it."""
    good, bad = model(tmp_path, "2 + (ip->time_to_live & 1)"), model(tmp_path, "ip->time_to_live & 3")
    plan = decide(good, profile=nic("e810"), cores=2).plan
    assert [o.strategy for o in plan.objects] == ["replicated"]
    assert check(good, plan).failures == ()
    assert [o.strategy for o in decide(bad, profile=nic("e810"), cores=2).plan.objects] == ["locked"]
    messages = [f.message for f in check(bad, plan).failures]
    assert any("may change an entry of a replicated object more than once" in m for m in messages), messages
