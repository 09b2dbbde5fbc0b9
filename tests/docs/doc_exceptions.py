"""What cannot be run as it stands on a page: why, or what is run in its place. Patterns are searched in the command."""

from __future__ import annotations

NOT_RUN = {
    r"^pip install|^python3 -m venv": "needs the network; tests/packaging installs the wheel into a fresh environment",
    r"^\./check|pytest": "runs this test",
    r"^eval ": "changes the shell; tests/cli/test_start.py runs the script",
    r"maestro demo": "takes long; .ci/run does it",
    r"dpdk-hugepages|dpdk-devbind|0000:3b": "needs a NIC",
    r"net_null0 --vdev net_null1": "does not end by itself; tests/devices does it",
    r"^\./nf-dpdk -l 0 ": "docs/how-to/dpdk.md runs the like, where there is a project",
    r"^dev=eth0": "needs a NIC; tests/cli/test_doctor.py reads what ethtool prints",
    r"^make dpdk$": "the same as make -C, which is run",
}
"""Pattern → reason. Options of ``maestro`` are checked all the same."""

QUICK = "--rounds 1 --turns 1"

INSTEAD = [
    (r"^maestro verify ((?!.*--packets)[^ ]+)", r"maestro verify \1 --packets 3000"),
    (r"^maestro bench suite.*", f"maestro bench suite examples/nop --only sizes --flows 1000 {QUICK}"),
    (r"^maestro bench compare .*", "maestro bench compare results results"),
    (r"^(maestro bench (?:examples/|fw)[^#]*).*", rf"\1 {QUICK}"),
    (r"examples/firewall examples/nat (.*)--flows 10000,65536", r"examples/nop examples/forwarder \1--flows 1000"),
    (r"^(maestro predict [^#]*).*", rf"\1 {QUICK} --flows 1000 --upto 4"),
    (r"^maestro rss bench", "maestro rss bench --turns 1 --nic 82599"),
    (r"^(maestro doctor (?:0=)?eth0)(?: (1=eth1))?([^#]*).*", r"\1 \2 \3 --from eth0.txt"),
    (r"(maestro doctor .*1=eth1.*)", r"\1 --from eth0.txt"),
    (r"--against 100000", "--against 100"),
    (r"nf-dpdk -l", "nf-dpdk --file-prefix PREFIX --no-telemetry -l"),
    (r"--no-telemetry --file-prefix try ", ""),
    (r"curl -?[sS]* ?http", "curl -sS --retry 30 --retry-all-errors --connect-timeout 1 http"),
    (r"http\.server 80", "http.server 80 --directory www"),
    (r"mkdocs build --strict", "mkdocs build --strict -q -f REPOSITORY/mkdocs.yml -d SITE"),
    (r"src/maestro/rss", "REPOSITORY/src/maestro/rss"),
]
"""Pattern → replacement, all that match, in order: less work, or names that nobody else has."""

STATUS = {
    r"^maestro doctor .*(--nf|--require)": (5,),  # the captured device is not set up for it
    r"^maestro predict": (0, 5),  # 5: what two cores do is not what was predicted; the measurement is a short one
    r"rss solve .*port0\(ipv4\.src\) == port0\(ipv4\.src\).*port0\(ipv4\.dst\)": (5,),
    r"analyze seen\.c": (4,),
    r"bridge-dynamic --strategy shared-nothing": (4,),
}
"""Pattern → exit statuses, where it is not 0."""

NEEDS_DPDK = r"nf-dpdk|\bdpdk$"
NEEDS_ROOT = r"^ip |^for (name|port|host) in"
