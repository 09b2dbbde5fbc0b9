"""Requirements as people write them, all the way: solved keys pass the check, damaged ones and others get an answer."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.report import rss_emit
from maestro.rss import language, profile
from maestro.rss.check import check
from maestro.rss.explain import Infeasible
from maestro.rss.keys import WELL_KNOWN
from maestro.rss.requirement import Requirement
from maestro.rss.solve import configure

TERMS = {
    "ipv4": ["ipv4.src", "ipv4.dst", "ipv4.src/24", "ipv4.dst[4:9]", "ipv4.src^ipv4.dst", "l4.sport", "l4.dport"],
    "ipv6": ["ipv6.src/64", "ipv6.dst", "ipv6.src[100:28]", "l4.sport", "l4.dport", "l4.sport^l4.dport"],
}


@st.composite
def requirements(draw: st.DrawFn) -> str:
    """A side and itself, or its mirror image, at one of three ports each."""
    family = draw(st.sampled_from(["ipv4", "ipv4", "ipv6"]))
    terms = draw(st.lists(st.sampled_from(TERMS[family]), max_size=3, unique=True))
    other = (
        [t.replace("src", "#").replace("dst", "src").replace("#", "dst") for t in terms]
        if draw(st.booleans())
        else terms
    )
    types = draw(st.sampled_from(["", "", f"@{family}-tcp", f"@{family}-udp,{family}-tcp"]))
    left, right = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    return f"port{left}{types}({','.join(terms)}) == port{right}{types}({','.join(other)})"


@settings(max_examples=20, deadline=None)
@given(
    st.lists(requirements(), min_size=1, max_size=3), st.sampled_from(profile.names()), st.sampled_from([*WELL_KNOWN])
)
def test_every_request_is_answered(texts: list[str], nic: str, known: str) -> None:
    card = profile.load(nic)
    asked: list[Requirement] = [language.parse(text, card) for text in texts]
    ports, types = language.ports(asked), language.types_at(asked)
    found = configure(card, ports, asked, cores=3, steer_types={}, seed=1)
    named = {port: WELL_KNOWN[known](card.key_bytes) for port in ports}
    judged = check(card, named, asked, types, card.reta_default)
    assert judged.holds + judged.constant + bool(judged.violated or judged.unreliable) == 1
    if isinstance(found, Infeasible):
        assert not judged.holds
        assert set(found.conflict) <= {r.label for r in asked}
        return
    keys = {p.port: p.key for p in found.ports}
    assert check(card, keys, asked, types, card.reta_default).holds
    for form in ("ethtool", "dpdk", "c"):
        text = rss_emit.emit(form, found, card, types, {})
        assert all(f"port {port}" in text.lower() for port in ports)
