"""A header of variable length: its length is known on every path that forked over it."""

from __future__ import annotations

from small_nfs import analyse

from maestro.ir.expr import binary, const, extract, packet_byte, sym, zext
from maestro.symex.pins import Pins, only_atom

IHL = extract(packet_byte(14), 3, 0)
OFFSET = binary("add", binary("mul", zext(IHL, 64), const(4, 64)), const(14, 64))


def test_an_offset_is_a_function_of_one_nibble() -> None:
    assert only_atom(OFFSET) is IHL
    assert only_atom(binary("add", OFFSET, zext(packet_byte(15), 64))) is None


def test_what_is_pinned_is_put_in() -> None:
    pins = Pins()
    assert pins.apply(OFFSET) is OFFSET
    pins.add(IHL, const(6, 4))
    assert pins.apply(OFFSET) is const(38, 64)
    assert pins.apply(binary("ult", OFFSET, sym("x", 64))) is binary("ult", const(38, 64), sym("x", 64))


def test_ports_behind_options_are_rewritten_at_a_known_place() -> None:
    model = analyse(
        """\
        ENTRY {
          uint8_t *options;
          struct rte_ipv4_hdr *ip =
            nf_then_get_rte_ipv4_header(nf_then_get_rte_ether_header(buffer), buffer, &options);
          struct tcpudp_hdr *l4 = ip ? nf_then_get_tcpudp_header(ip, buffer) : NULL;
          if (!l4) return DROP;
          l4->dst_port = 7;
          return l4->src_port == 9 ? DROP : 1;
        }
        """
    )
    rewritten = [p.edits[0][0] for p in model.paths if p.verdict.kind == "forward"]
    assert sorted(set(rewritten)) == [36 + 4 * words for words in range(11)]
