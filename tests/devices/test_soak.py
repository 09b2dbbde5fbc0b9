"""The NAT soak of soak.py, for some seconds."""

from __future__ import annotations

from pathlib import Path

from namespaces import require, require_dpdk
from soak import PORTS, soak


def test_nothing_is_lost_and_nothing_leaks(tmp_path: Path) -> None:
    require()
    require_dpdk()
    found = soak(tmp_path, 15)
    assert found.wrong == ()
    assert found.ports == PORTS
    assert found.count.opened > 500
    assert min(found.count.echoes, found.count.tcp_bytes) > 1000
    assert found.packets > 4 * found.count.echoes
