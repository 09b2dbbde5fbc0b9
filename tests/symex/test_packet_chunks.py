"""Headers inserted and removed: where the frame departs from, which bytes differ, what is refused."""

from __future__ import annotations

import pytest
from small_nfs import analyse

from maestro.diagnostics import SourceError
from maestro.ir.expr import const, packet_byte
from maestro.ir.model import Path

TAG = """
ENTRY {
  nf_borrow_next_chunk(*buffer, 14);
  if (device == 0) {
    struct rte_vlan_hdr *vlan = nf_insert_new_chunk(buffer, sizeof *vlan, mbuf);
    struct rte_ether_hdr *ether = nf_get_borrowed_chunk(0);
    vlan->eth_proto = ether->ether_type;
    vlan->vlan_tci = rte_cpu_to_be_16(0x123);
    ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
    return 1;
  }
  if (packet_get_unread_length(*buffer) < 4) return device;
  nf_borrow_next_chunk(*buffer, 4);
  nf_shrink_chunk(buffer, 0, mbuf);
  return 0;
}"""


def by_head(paths: tuple[Path, ...]) -> dict[int, Path]:
    assert len({p.head for p in paths}) == len(paths)
    return {p.head: p for p in paths}


def test_a_tag_is_inserted_and_removed() -> None:
    paths = by_head(analyse(TAG).paths)
    inserted, dropped, removed = paths[-4], paths[0], paths[4]
    tag = [const(b, 8) for b in (0x81, 0, 1, 0x23)]
    moved = [(k - 4, packet_byte(k)) for k in range(12)]
    assert inserted.edits == (*moved, *((8 + i, b) for i, b in enumerate(tag)))
    assert (dropped.verdict.kind, dropped.edits) == ("drop", ())
    assert removed.edits == tuple((k + 4, packet_byte(k)) for k in range(14))


def test_bytes_before_the_packet_are_out_of_bounds_until_it_starts_there() -> None:
    with pytest.raises(SourceError, match="of the packet, which may be shorter than that") as caught:
        analyse("ENTRY { (*buffer)[-1] = 1; return device; }")
    assert caught.value.code == "packet-bounds"
    with pytest.raises(SourceError, match="of the packet, which may be shorter than that"):
        analyse(
            "ENTRY { uint8_t *p = nf_borrow_next_chunk(*buffer, 14);\n"
            "  nf_shrink_chunk(buffer, 4, mbuf); return p[3] ? 1 - device : device; }"
        )


def test_inserted_bytes_that_leave_must_have_a_value() -> None:
    source = (
        "ENTRY { nf_borrow_next_chunk(*buffer, 2); nf_insert_new_chunk(buffer, 6, mbuf);\n"
        "  if (device > 7) return 7;\n  return VERDICT; }"
    )
    with pytest.raises(
        SourceError, match="depends on `room before the packet`, which was never given a value"
    ) as caught:
        analyse(source.replace("VERDICT", "1 - device"))
    assert (caught.value.code, caught.value.span and caught.value.span.line) == ("uninitialised", 3)
    (path,) = analyse(source.replace("VERDICT", "device")).paths
    assert (path.head, path.verdict.kind) == (-6, "drop")


def test_there_is_room_for_so_many_bytes_only() -> None:
    source = """ENTRY {
      nf_borrow_next_chunk(*buffer, 14);
      memset(nf_insert_new_chunk(buffer, SIZE, mbuf), 0, SIZE);
      return 5;
    }"""
    assert [p.head for p in analyse(source.replace("SIZE", "128"), ports=8).paths if p.verdict.kind != "drop"] == [-128]
    with pytest.raises(SourceError, match="every packet fails an assertion"):
        analyse(source.replace("SIZE", "129"), ports=8)
