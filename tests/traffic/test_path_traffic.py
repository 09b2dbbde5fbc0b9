"""Traffic made for a model's paths takes them, state included; answers are answers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from codegen.model_interpreter import Interpreter
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.ir import model as ir
from maestro.symex.explore import explore
from maestro.traffic import packets
from maestro.traffic.generate import TrafficSpec, mixed_stream
from maestro.traffic.mirror import mirrored
from maestro.traffic.sequences import path_stream, sequences
from maestro.verify.traffic import timeout_of

EXAMPLES = Path(__file__).parents[2] / "examples"
FULL = {"firewall": ("--max-flows", "64"), "policer": ("--capacity", "64")}
"""Arguments with which the packets for a few paths fill the tables."""


class Watched(Interpreter):
    """Counts how often each path was taken."""

    def __init__(self, model: ir.Model) -> None:
        super().__init__(model)
        self.taken: Counter[int] = Counter()
        self._numbers = {id(path): n for n, path in enumerate(model.paths)}

    def _follow(self, value, known):  # type: ignore[no-untyped-def]
        path = super()._follow(value, known)
        self.taken[self._numbers[id(path)]] += 1
        return path


def model_of(name: str) -> ir.Model:
    nf = load([EXAMPLES / name])
    return explore(nf.program, nf=nf.name, argv=FULL.get(name, ()), is_runtime=is_runtime)


@pytest.mark.parametrize("name", ["firewall", "firewall-maestro", "forwarder", "policer"])
def test_every_path_is_taken(name: str) -> None:
    model = model_of(name)
    found, paths = sequences(model, 1, 60.0)
    assert paths == len(model.paths)
    watched, last = Watched(model), 0
    for time, port, frame in path_stream(found, 1, timeout_of(model)):
        assert time >= last
        assert len(frame) >= ir.MIN_PACKET
        last = time
        watched.packet(port, frame, time)
    missing = [n for n, path in enumerate(model.paths) if n not in watched.taken and not _needs_full_tables(path)]
    assert not missing, [model.paths[n] for n in missing]
    assert min(watched.taken.values()) > 1


def _needs_full_tables(path: ir.Path) -> bool:
    return any(op.kind is ir.Kind.ALLOCATE for op in path.operations) and not any(
        op.method == "map_put" for op in path.operations
    )


def test_nothing_is_made_without_time() -> None:
    assert sequences(model_of("forwarder"), 1, 0.0) == ([], 0)


@pytest.mark.parametrize("proto", [packets.TCP, packets.UDP])
def test_answers_have_ends_swapped_and_right_checksums(proto: int) -> None:
    there = packets.ethernet(packets.ipv4(1, 2, proto, packets.l4(proto, 1, 2, 30, 40)), src=1, dst=2)
    back = packets.ethernet(packets.ipv4(2, 1, proto, packets.l4(proto, 2, 1, 40, 30)), src=2, dst=1)
    assert mirrored(there) == back
    assert mirrored(packets.vlan(there, 7)) == packets.vlan(back, 7)
    v6 = packets.ethernet(packets.ipv6(1, 2, proto, packets.l4(proto, 1, 2, 30, 40, version=6)), packets.IPV6)
    assert mirrored(mirrored(v6)) == v6
    assert mirrored(v6)[22:54] == (2).to_bytes(16) + (1).to_bytes(16)
    assert mirrored(v6)[54:58] == b"\0\x28\0\x1e"


def test_fragments_keep_what_is_not_a_port() -> None:
    later = packets.ethernet(packets.ipv4(1, 2, packets.UDP, bytes(range(40)), offset=5))
    assert mirrored(later)[34:] == later[34:]
    assert mirrored(later)[26:34] == b"\0\0\0\2\0\0\0\1"


def test_echo_requests_are_replied_to() -> None:
    request = packets.ethernet(packets.ipv4(1, 2, packets.ICMP, packets.l4(packets.ICMP, 1, 2, 5, 6)))
    assert (request[34], mirrored(request)[34]) == (8, 0)
    assert mirrored(request)[38:42] == request[38:42]


def test_any_frame_has_an_answer() -> None:
    frames = mixed_stream(TrafficSpec(packets=3000, odd=0.5, mutated=0.3))
    for _, _, frame in frames:
        for length in (14, 15, 20, 34, 36, len(frame)):
            assert len(mirrored(frame[:length])) == min(length, len(frame))
