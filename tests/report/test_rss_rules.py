"""When ``rss solve --emit dpdk`` asks for flow rules, and for which."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maestro.report import rss_emit, rss_rules
from maestro.rss import language, profile
from maestro.rss.requirement import Inputs
from maestro.rss.solve import Configuration, configure


def emitted(nic: str, *texts: str) -> str:
    card = profile.load(nic)
    asked = [language.parse(text) for text in texts]
    found = configure(card, language.ports(asked), asked, cores=2, steer_types={}, seed=1)
    assert isinstance(found, Configuration)
    return rss_emit.dpdk(found, card, language.types_at(asked))


FIREWALL = "port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port1(ipv4.dst,ipv4.src,l4.dport,l4.sport)"
POLICER = "port0(ipv4.dst) == port0(ipv4.dst)"


def test_one_address_on_an_e810() -> None:
    """ice takes *_ONLY in rules; the port's own setting has the types alone."""
    text = emitted("e810", POLICER)
    assert ".rss_hf = RTE_ETH_RSS_IPV4,\n" in text
    assert text.count("  rss.types = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_L3_DST_ONLY;\n") == 3
    for l4 in ("TCP", "UDP", "END"):
        assert f"rss_rule(port_id, rss, 0, RTE_FLOW_ITEM_TYPE_IPV4, RTE_FLOW_ITEM_TYPE_{l4});" in text
    assert "port0_queues" not in text


def test_one_address_where_the_setting_can_say_it() -> None:
    text = emitted("mlx5", POLICER)
    assert "RTE_ETH_RSS_L3_DST_ONLY," in text
    assert "rte_flow" not in text


@pytest.mark.parametrize("nic", ["e810", "mlx5", "82599"])
def test_no_rules_for_a_firewall(nic: str) -> None:
    assert "rte_flow" not in emitted(nic, FIREWALL)


def differing(tcp: str, nic: str) -> tuple[rss_rules.Rules | None, str]:
    """A port that hashes destination addresses, but TCP over the fields ``tcp``; its rules, and their function."""
    card = profile.load(nic)
    asked = [language.parse(POLICER)]
    found = configure(card, (0,), asked, cores=2, steer_types={}, seed=1)
    assert isinstance(found, Configuration)
    parts = _inputs(tcp, found)
    port = replace(found.ports[0], inputs={**found.ports[0].inputs, "ipv4-tcp": parts})
    rules = rss_rules.needed(port, card, language.types_at(asked)[0])
    return rules, "\n".join(rss_rules.function(port, card, rules)) if rules else ""


def _inputs(names: str, found: Configuration) -> Inputs:
    part = found.ports[0].inputs["ipv4-udp"][0]
    widths = {"ipv4": 32, "l4": 16}
    return tuple(replace(part, name=n, first=0, count=widths[n.partition(".")[0]]) for n in names.split())


def test_types_that_differ_have_rules_with_keys_and_queues() -> None:
    rules, text = differing("ipv4.src l4.dport", "mlx5")
    assert rules is not None
    assert rules.rows[0] == (
        "IPV4",
        "TCP",
        "RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L4_DST_ONLY",
    )
    assert "rss.key = port0_key, rss.key_len = sizeof port0_key;" in text
    assert "rss.queue = port0_queues, rss.queue_num = 512;" in text
    assert "rss_rule(port_id, rss, 1, RTE_FLOW_ITEM_TYPE_IPV4, RTE_FLOW_ITEM_TYPE_END);" in text


def test_what_rules_do_not_say_alike_is_left_to_software() -> None:
    rules, text = differing("ipv4.src ipv4.dst l4.sport", "e810")
    assert rules is not None
    assert rules.unsaid == ("ipv4-tcp",)
    assert "/* ipv4-tcp: no rule says the same to all drivers" in text
    assert "RTE_FLOW_ITEM_TYPE_TCP" not in text
