"""RSS configurations in the form in which they are put to work: ethtool commands, DPDK calls, C tables.

Every driver takes the key in network order, first byte first (the profiles' ``byte_order``): NICs whose registers want
it otherwise have drivers that turn it round. Keys are for hashes of the fields as they are: where a driver makes hashes
symmetric unless told not to, it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from maestro.diagnostics import UserError
from maestro.ir.packet import PACKET_TYPES
from maestro.report import rss_rules
from maestro.report.facts import fields_text
from maestro.rss import reta
from maestro.rss.per_rule import Group
from maestro.rss.profile import Profile, Symmetric
from maestro.rss.requirement import Inputs
from maestro.rss.solve import Configuration, PortConfiguration
from maestro.rss.symmetric import unpaired

_ETHTOOL_TYPES = {"ipv4-tcp": "tcp4", "ipv4-udp": "udp4", "ipv6-tcp": "tcp6", "ipv6-udp": "udp6"}
_ETHTOOL_FIELDS = {"src": "s", "dst": "d", "sport": "f", "dport": "n"}
_WHOLE = {"ipv4.src": 32, "ipv4.dst": 32, "ipv6.src": 128, "ipv6.dst": 128, "l4.sport": 16, "l4.dport": 16}


def ethtool(
    found: Configuration,
    nic: Profile,
    steered: Mapping[int, frozenset[str]],
    names: Mapping[int, str],
    symmetric: str = "none",
) -> str:
    """Shell commands. ``steered``: the packet types that each port's requirements speak of; ``names``: its device."""
    lines = [
        f"# {nic.title}, {found.cores} cores. Keys for tables of up to {_size(found)} entries: `ethtool -x`",
        "# shows how many there are, `maestro rss solve --reta N` makes keys for more.",
        "set -e  # what a driver refuses must not be passed over",
    ]
    for port in found.ports:
        device = names.get(port.port, f"PORT{port.port}")
        lines += [f"# port {port.port}: the core depends on {fields_text(port.fields)}"]
        lines += [f"ethtool -L {device} combined {found.cores}"]
        if symmetric == "none":  # first: drivers refuse half a pair of fields while hashes are symmetric
            lines += _plain_hash(device, nic)
        lines += _flow_hash(replace(port, inputs=unpaired(port.inputs)), device, steered[port.port])
        if symmetric != "none":  # last, for the same reason
            lines += _symmetric_hash(device, nic, symmetric)
        key = port.key.hex(":")
        lines += [f"ethtool -X {device} hkey {key} {_share(port, found.cores)}", *_software(port, "# ")]
    return "\n".join(lines)


def _plain_hash(device: str, nic: Profile) -> list[str]:
    """Turns off what would be done to the fields before they are hashed."""
    match nic.symmetric:
        case Symmetric(ethtool="none", default="none"):
            return []
        case Symmetric(default="none"):
            return [f"# hashes must not be symmetric, should they have been made so: ethtool -X {device} xfrm none"]
        case Symmetric(default=mode):
            return [
                f"# Linux hashes {mode} of source and destination unless told not to. Releases that cannot be told",
                "# refuse this, and then the key is of no use there.",
                f"ethtool -X {device} xfrm none",
            ]


def _symmetric_hash(device: str, nic: Profile, mode: str) -> list[str]:
    if nic.symmetric.ethtool != mode:
        return [f"# the key is for hashes of {mode} of source and destination, which ethtool cannot ask for here"]
    return [f"ethtool -X {device} xfrm symmetric-{mode}"]


def _size(found: Configuration) -> int:
    return len(found.ports[0].reta)


def _share(port: PortConfiguration, cores: int) -> str:
    """ethtool deals entries out in turn, or in proportion to weights; the core of one entry it cannot set."""
    if port.reta == reta.fill(len(port.reta), cores):
        return f"equal {cores}"
    return f"weight {' '.join(str(port.reta.count(core)) for core in range(cores))}"


def _flow_hash(port: PortConfiguration, device: str, steered: frozenset[str]) -> Iterator[str]:
    for packet_type, flow in _ETHTOOL_TYPES.items():
        if packet_type not in steered:
            continue
        letters = _letters(port.inputs[packet_type])
        if letters:
            yield f"ethtool -N {device} rx-flow-hash {flow} {letters}"
        else:
            yield f"# {flow}: ethtool cannot ask for {fields_text(port.inputs[packet_type]) or 'no hash'}"
    for packet_type in (t for t in PACKET_TYPES if t in steered - {*_ETHTOOL_TYPES, *port.resteered}):
        inputs = port.inputs[packet_type]
        if _letters(inputs) != "sd":  # what Linux drivers hash of all other IP packets
            hashed = fields_text(inputs) or "nothing"
            yield f"# {packet_type}: the key counts on a hash over {hashed}, which ethtool cannot ask for: see to it"


def _letters(inputs: Inputs) -> str:
    if any((part.first, part.count) != (0, _WHOLE.get(part.name)) for part in inputs):
        return ""
    return "".join(_ETHTOOL_FIELDS[part.name.partition(".")[2]] for part in inputs)


def _software(port: PortConfiguration, comment: str) -> list[str]:
    if not port.resteered:
        return []
    types = ", ".join(port.resteered)
    return [f"{comment}{types}: software must send these on, by the same hash over {fields_text(port.owner_inputs)}"]


def dpdk(found: Configuration, nic: Profile, steered: Mapping[int, frozenset[str]], symmetric: str = "none") -> str:
    """C for an application that calls ``portN_rss(port_id)`` after rte_eth_dev_start. Hashes are made ``symmetric`` by
    flow rules only: ``struct rte_eth_rss_conf`` has no word for it in DPDK 22.11."""
    lines = [f"/* {nic.title}, {found.cores} cores. Made by maestro rss solve. */", "#include <rte_ethdev.h>"]
    ports = [replace(port, inputs=unpaired(port.inputs)) for port in found.ports]
    by_rule = symmetric != "none"
    rules = {p.port: rss_rules.needed(p, nic, steered[p.port], always=by_rule) for p in ports}
    if any(rules.values()):
        lines += ["#include <rte_flow.h>", *rss_rules.HELPER]
    if by_rule and nic.symmetric.dpdk != symmetric:
        lines += [f"/* The keys are for hashes of {symmetric} of source and destination: DPDK has no word for it. */"]
    for port in ports:
        wanted = rules[port.port]
        lines += ["", *_dpdk_port(port, found.cores, steered[port.port], by_rules=wanted is not None)]
        lines += rss_rules.function(port, nic, wanted, by_rule and nic.symmetric.dpdk == symmetric) if wanted else []
    return "\n".join(lines)


def _dpdk_port(port: PortConfiguration, cores: int, steered: frozenset[str], *, by_rules: bool) -> list[str]:
    name = f"port{port.port}"
    flags = _dpdk_flags(port, steered, by_rules=by_rules)
    lines = [f"/* Port {port.port}: the core depends on {fields_text(port.fields)}. */"]
    lines += [f"/* {line} */" for line in _software(port, "")]
    lines += _array(f"static uint8_t {name}_key[{len(port.key)}]", (f"0x{b:02x}" for b in port.key), 13)
    lines += ["", f"static struct rte_eth_rss_conf {name}_rss_conf = {{", f"  .rss_key = {name}_key,"]
    lines += [f"  .rss_key_len = {len(port.key)},", f"  .rss_hf = {' | '.join(flags[:1])}"]
    lines[-1:] = [lines[-1] + (" |" if flags[1:] else ","), *_continued(flags[1:])]
    lines += ["};", ""]
    return lines + _dpdk_function(port, name, cores)


def _continued(flags: list[str]) -> list[str]:
    return [f"            {flag}{' |' if n < len(flags) else ','}" for n, flag in enumerate(flags, 1)]


def _dpdk_function(port: PortConfiguration, name: str, cores: int) -> list[str]:
    size = len(port.reta)
    in_turn = port.reta == reta.fill(size, cores)
    table = [] if in_turn else [*_array(f"static const uint16_t {name}_reta[{size}]", map(str, port.reta), 24), ""]
    groups = max(1, size // 64)
    return [
        *table,
        f"static int {name}_rss(uint16_t port_id) {{",
        f"  struct rte_eth_rss_reta_entry64 reta[{groups}];",
        f"  for (unsigned i = 0; i < {size}; i++) {{",
        "    reta[i / 64].mask = UINT64_MAX;",
        f"    reta[i / 64].reta[i % 64] = {f'i % {cores}' if in_turn else f'{name}_reta[i]'};",
        "  }",
        f"  int error = rte_eth_dev_rss_hash_update(port_id, &{name}_rss_conf);",
        f"  return error ? error : rte_eth_dev_rss_reta_update(port_id, reta, {size});",
        "}",
    ]


_DPDK_TYPES = {"tcp": "NONFRAG_{}_TCP", "udp": "NONFRAG_{}_UDP", "fragment": "FRAG_{}"}


def _dpdk_flags(port: PortConfiguration, steered: frozenset[str], *, by_rules: bool) -> list[str]:
    """The RTE_ETH_RSS_* flags of the types that the NIC steers; ``by_rules``: which fields is left to flow rules."""
    flags: dict[str, None] = {}
    names: set[str] = set()
    for t in PACKET_TYPES:
        if t not in steered or t in port.resteered or not port.inputs[t] or (by_rules and t == "ipv4-fragment"):
            continue
        family, _, kind = t.partition("-")
        fields = {part.name.partition(".")[2] for part in port.inputs[t]}
        names |= fields
        by_ports = bool(fields & {"sport", "dport"})
        plain = kind in _DPDK_TYPES and (by_ports or kind == "fragment")
        flags[_DPDK_TYPES[kind].format(family.upper()) if plain else family.upper()] = None
    only: list[str] = []
    for layer, source, destination in (("L3", "src", "dst"), ("L4", "sport", "dport")):
        if len(names & {source, destination}) == 1 and not by_rules:
            only.append(f"{layer}_{'SRC' if source in names else 'DST'}_ONLY")
    return [f"RTE_ETH_RSS_{flag}" for flag in [*flags, *only]] or ["0"]


def c_tables(found: Configuration, nic: Profile) -> str:
    """Keys and tables as C arrays, for whatever wants them."""
    lines = [f"/* {nic.title}, {found.cores} cores. Made by maestro rss solve. */", "#include <stdint.h>"]
    for port in found.ports:
        lines += ["", f"/* Port {port.port}: the core depends on {fields_text(port.fields)}. */"]
        lines += [f"/* {line} */" for line in _software(port, "")]
        key, size = port.key, len(port.reta)
        lines += _array(f"static const uint8_t port{port.port}_key[{len(key)}]", (f"0x{b:02x}" for b in key), 13)
        lines += _array(f"static const uint16_t port{port.port}_reta[{size}]", map(str, port.reta), 24)
    return "\n".join(lines)


def _array(declaration: str, values: Iterable[str], a_line: int) -> list[str]:
    items = list(values)
    rows = [f"  {', '.join(items[n : n + a_line])}," for n in range(0, len(items), a_line)]
    return [f"{declaration} = {{", *rows, "};"]


def emit_rules(form: str, rules: Sequence[tuple[Group, Configuration]], nic: Profile) -> str:
    """Keys of their own for groups of packet types, as flow rules for DPDK: ``portN_GROUP_rules``.

    Raises UserError for other forms, in which there is one key a port.
    """
    if form != "dpdk":
        text = f"--emit {form} has one key a port"
        raise UserError(text, hint="rules have keys of their own with --emit dpdk", code="rss-per-rule")
    lines = [f"/* {nic.title}. Made by maestro rss solve. */", "#include <rte_ethdev.h>", "#include <rte_flow.h>"]
    lines += rss_rules.HELPER
    for n, (group, found) in enumerate(rules):
        for port in found.ports:
            name, types = f"port{port.port}_{n}", frozenset(group.types)
            wanted = rss_rules.needed(port, nic, types, always=True)
            key = (f"0x{b:02x}" for b in port.key)
            lines += ["", f"/* Port {port.port}, {', '.join(group.types)}: by {fields_text(port.fields)}. */"]
            lines += [f"/* {line} */" for line in _software(port, "")]
            lines += _array(f"static uint8_t {name}_key[{len(port.key)}]", key, 13)
            lines += rss_rules.function(port, nic, wanted, name=name) if wanted else []
    return "\n".join(lines)


def emit(
    form: str,
    found: Configuration,
    nic: Profile,
    steered: Mapping[int, frozenset[str]],
    names: Mapping[int, str],
    symmetric: str = "none",
) -> str:
    """``found`` in the ``form`` named ethtool, dpdk or c; for a NIC in that ``symmetric`` mode."""
    match form:
        case "ethtool":
            return ethtool(found, nic, steered, names, symmetric)
        case "dpdk":
            return dpdk(found, nic, steered, symmetric)
        case _:
            return c_tables(found, nic)
