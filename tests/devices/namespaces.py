"""Three network namespaces of a test's own: client — nf — server, with a wire (a veth pair) on either side of the NF.

The NF's namespace has no addresses, so the kernel there keeps out of what the NF does. NFs drop ARP or do not answer
it, so neighbours are written down: each host takes the other's MAC address for that of its gateway.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CLIENT, SERVER, EXTERNAL = "10.0.0.2", "203.0.113.1", "192.0.2.1"
"""``EXTERNAL``: what the example NATs translate to."""

CLIENT_MAC, SERVER_MAC = "02:00:00:00:00:0c", "02:00:00:00:00:05"
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def require(*tools: str) -> None:
    """Skips the test unless it can make namespaces and finds ``tools``."""
    missing = [tool for tool in ("ip", "ethtool", *tools) if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} (apt install iproute2 ethtool nginx-light curl)")
    if os.geteuid() != 0:
        pytest.skip("needs root, to make network namespaces")
    name = f"maestro-{os.getpid()}-{secrets.token_hex(3)}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"cannot make network namespaces here: {made.stderr.strip()}")
    subprocess.run(["ip", "netns", "del", name], check=True)


def require_dpdk() -> None:
    if any(shutil.which(tool) is None for tool in ("pkg-config", "gcc", "make")):
        pytest.skip("needs pkg-config, gcc and make")
    if subprocess.run(["pkg-config", "--atleast-version=22.11", "libdpdk"], check=False).returncode != 0:
        pytest.skip("needs DPDK (apt install libdpdk-dev)")


@contextmanager
def entered(namespace: str) -> Iterator[None]:
    """This thread's network is that of ``namespace``; sockets that it makes stay there."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        _set_namespace(there)
        yield
    finally:
        _set_namespace(here)
        os.close(there)
        os.close(here)


def _set_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@dataclass
class Namespaces:
    """Namespaces of names that nobody else has; ``close`` ends what was started in them and removes them."""

    names: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[Any]] = field(default_factory=list)

    def add(self, *roles: str) -> None:
        stem = f"maestro-{os.getpid()}-{secrets.token_hex(3)}"
        for role in roles:
            subprocess.run(["ip", "netns", "add", f"{stem}-{role}"], check=True)
            self.names[role] = f"{stem}-{role}"
            self._without_ipv6(role)
            self.ip(role, "link set lo up")

    def _without_ipv6(self, role: str) -> None:
        """The kernel's own neighbour and multicast packets would be counted among the test's."""
        setting = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")
        with entered(self.names[role]):
            if setting.exists():
                setting.write_text("1")

    def ip(self, role: str, command: str) -> None:
        subprocess.run(["ip", "-n", self.names[role], *command.split()], check=True)

    def command(self, role: str, words: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.names[role], *words]

    def run(self, role: str, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(role, words), capture_output=True, text=True, check=True, timeout=timeout)

    def start(self, role: str, *words: str, **options: Any) -> subprocess.Popen[Any]:
        """``ip netns exec`` becomes the command, so the process is the command's."""
        process = subprocess.Popen(self.command(role, words), **options)
        self.processes.append(process)
        return process

    def socket(self, role: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
        with entered(self.names[role]):
            return socket.socket(family, kind, protocol)

    def close(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], check=False)


@contextmanager
def lab() -> Iterator[Namespaces]:
    """Client and server with the NF's two ports, ``lan`` and ``wan``, between them; no NF yet."""
    spaces = Namespaces()
    try:
        spaces.add("client", "nf", "server")
        _wire(spaces, "lan", "client", CLIENT_MAC)
        _wire(spaces, "wan", "server", SERVER_MAC)
        _host(spaces, "client", CLIENT, "10.0.0.1", SERVER_MAC)
        _host(spaces, "server", SERVER, "203.0.113.254", CLIENT_MAC)
        yield spaces
    finally:
        spaces.close()


def _wire(spaces: Namespaces, port: str, role: str, mac: str) -> None:
    other = f"peer name eth0 address {mac} netns {spaces.names[role]}"
    spaces.ip("nf", f"link add {port} type veth {other}")
    spaces.ip("nf", f"link set {port} arp off")
    for where, device in (("nf", port), (role, "eth0")):
        # Checksums are to be in the packets, and no packet longer than the wire allows: an NF takes them as they are.
        spaces.run(where, "ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
        spaces.ip(where, f"link set {device} up")


def _host(spaces: Namespaces, role: str, address: str, gateway: str, mac: str) -> None:
    spaces.ip(role, f"addr add {address}/24 dev eth0")
    spaces.ip(role, f"route add default via {gateway}")
    spaces.ip(role, f"neigh add {gateway} lladdr {mac} dev eth0")


def web_server(spaces: Namespaces, folder: Path, ports: Sequence[int], connections: int = 512) -> None:
    """nginx in the server's namespace; all it writes is in ``folder``. Serves folder/www, and takes uploads to it."""
    (folder / "www").mkdir()
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    listen = " ".join(f"listen {SERVER}:{port} backlog={connections};" for port in ports)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;"
        f"events {{ worker_connections {connections}; }}\n"
        f"http {{ access_log {folder}/access.log; client_body_temp_path {folder}/body; {temporary}\n"
        f"  server {{ {listen} root {folder}/www;"
        f" client_max_body_size 0; dav_methods PUT; }} }}\n"
    )
    log = (folder / "nginx.txt").open("w")
    spaces.start("server", "nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), stdout=log, stderr=log)
    log.close()
