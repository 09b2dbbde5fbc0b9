"""R7 for numbers narrower than an int, which C compares as ints."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro.certificate.check import check
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.rss.profile import load as nic
from maestro.sharding.decide import decide
from maestro.symex.explore import explore

NF = """
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"
struct nf_config { int none; } config;
struct seen { uint32_t packets; WORD most; };
static struct Vector *hosts;
bool nf_init(void) { return vector_allocate(sizeof(struct seen), 256, NULL, &hosts); }
int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf) {
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(nf_then_get_rte_ether_header(buffer), buffer);
  if (ip == NULL) return device;
  struct seen *seen;
  int index = (ip->src_addr + ip->dst_addr) & 255; /* no hash follows a sum */
  vector_borrow(hosts, index, (void **)&seen);
  seen->packets++;
  if (TEST) seen->most = ip->FIELD;
  vector_return(hosts, index, seen);
  return 1 - device;
}
"""


@pytest.mark.parametrize(
    ("word", "field", "test"),
    [
        ("uint8_t", "time_to_live", "ip->time_to_live > seen->most"),
        ("uint16_t", "packet_id", "!(ip->packet_id <= seen->most)"),
        ("uint32_t", "src_addr", "seen->most < ip->src_addr"),
    ],
)
def test_the_largest_is_kept_by_every_core(tmp_path: Path, word: str, field: str, test: str) -> None:
    source = tmp_path / "nf.c"
    source.write_text(NF.replace("WORD", word).replace("FIELD", field).replace("TEST", test))
    nf = explore(load([source]).program, nf="nf", ports=2, argv=[], is_runtime=is_runtime)
    plan = decide(nf, profile=nic("e810"), cores=2).plan
    assert [o.strategy for o in plan.objects] == ["replicated"]
    assert [how for r in plan.replicas for _, _, how in r.parts] == ["add", "max"]
    assert check(nf, plan).holds
