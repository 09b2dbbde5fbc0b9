"""Which packet types share a key when rules have keys of their own."""

from __future__ import annotations

from maestro.rss import language, profile
from maestro.rss.per_rule import groups


def types(*texts: str) -> list[tuple[str, ...]]:
    card = profile.load("mlx5")
    return [group.types for group in groups([language.parse(text, card) for text in texts])]


def test_types_that_requirements_couple_share_a_key() -> None:
    four, six = (
        "port0@ipv4-tcp(ipv4.src) == port1@ipv4-udp(ipv4.dst)",
        "port0@ipv6-tcp(ipv6.src) == port0@ipv6-tcp(ipv6.src)",
    )
    assert types(four, six) == [("ipv4-tcp", "ipv4-udp"), ("ipv6-tcp",)]
    link = "port1@ipv4-udp(l4.dport) == port0@ipv6-tcp(l4.dport)"
    assert types(four, six, link) == [("ipv4-tcp", "ipv4-udp", "ipv6-tcp")]


def test_every_requirement_is_in_one_group() -> None:
    card = profile.load("mlx5")
    texts = [f"port0@{t}(l4.dport) == port0@{t}(l4.dport)" for t in ("ipv6-udp", "ipv4-tcp", "ipv6-tcp")]
    requirements = [language.parse(text, card) for text in texts]
    found = groups(requirements)
    assert [group.types for group in found] == [("ipv4-tcp",), ("ipv6-tcp",), ("ipv6-udp",)]
    assert sorted(r.label for group in found for r in group.requirements) == sorted(r.label for r in requirements)
