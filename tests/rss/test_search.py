"""The order in which ways to set the ports up are tried."""

from __future__ import annotations

from itertools import product
from time import process_time

from hypothesis import given
from hypothesis import strategies as st
from keys import alone

from maestro.rss import profile
from maestro.rss.requirement import field_forms
from maestro.rss.search import Choice, cheapest
from maestro.rss.solve import Configuration, configure
from maestro.rss.system import Steering

KEYS = st.tuples(*[st.integers(0, 2)] * 4)


@given(st.lists(st.lists(KEYS, min_size=0, max_size=4), min_size=1, max_size=3))
def test_cheapest_first_as_if_all_had_been_sorted(keys: list[list[tuple[int, int, int, int]]]) -> None:
    lists: list[list[Choice]] = [
        [(key, port, Steering(str(n), {}, "")) for n, key in enumerate(sorted(own))] for port, own in enumerate(keys)
    ]
    everything = [(tuple(map(sum, zip(*(k for k, _, _ in c), strict=True))), c) for c in product(*lists)]
    assert list(cheapest(lists)) == sorted(everything, key=lambda entry: entry[0])


def test_many_ports_do_not_take_long() -> None:
    requirements = [alone(port, field_forms("ipv4.src"), f"source at {port}") for port in range(8)]
    started = process_time()
    found = configure(profile.load("e810"), range(8), requirements, cores=2, steer_types={}, seed=1)
    assert process_time() - started < 3  # a tenth of a second; all combinations of field sets are 15 ** 8
    assert isinstance(found, Configuration)
    assert {p.field_set for p in found.ports} == {"src"}
