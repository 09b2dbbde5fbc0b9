"""RSS by flow rules (``rte_flow``) in C, for ports whose one setting for all packets does not say what is needed.

The same choice as nf-dpdk's (runtime/io/dpdk/flow.c): only words that mean the same to all drivers, so one address or
both, all four fields, or one address and one port; fragments are left to the rule for all of IPv4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maestro.report.facts import fields_text
from maestro.rss.profile import Profile
from maestro.rss.requirement import Inputs
from maestro.rss.solve import PortConfiguration

_RULES = {
    "ipv4-tcp": ("IPV4", "TCP"),
    "ipv4-udp": ("IPV4", "UDP"),
    "ipv4-other": ("IPV4", "END"),
    "ipv6-tcp": ("IPV6", "TCP"),
    "ipv6-udp": ("IPV6", "UDP"),
    "ipv6-other": ("IPV6", "END"),
}
_PORT_WIDE = frozenset({"e810", "x710"})
"""NICs whose drivers' rules choose fields, while key and table are the port's, and that take *_ONLY in rules only."""

HELPER = """
/* One rule, validated first: packets of this kind are spread as `rss` says. */
static int rss_rule(uint16_t port_id, struct rte_flow_action_rss rss, uint32_t priority,
                    enum rte_flow_item_type ip, enum rte_flow_item_type l4) {
  const struct rte_flow_attr attributes = {.ingress = 1, .priority = priority};
  const struct rte_flow_item pattern[] = {
      {.type = RTE_FLOW_ITEM_TYPE_ETH}, {.type = ip}, {.type = l4}, {.type = RTE_FLOW_ITEM_TYPE_END}};
  const struct rte_flow_action actions[] = {
      {.type = RTE_FLOW_ACTION_TYPE_RSS, .conf = &rss}, {.type = RTE_FLOW_ACTION_TYPE_END}};
  struct rte_flow_error why;
  int error = rte_flow_validate(port_id, &attributes, pattern, actions, &why);
  if (error)
    return error;
  return rte_flow_create(port_id, &attributes, pattern, actions, &why) ? 0 : -rte_errno;
}
""".splitlines()


@dataclass(frozen=True)
class Rules:
    """``rows``: IP, transport and RSS words of each rule. ``unsaid``: packet types for which there are no words."""

    rows: tuple[tuple[str, str, str], ...]
    unsaid: tuple[str, ...]


def needed(port: PortConfiguration, nic: Profile, steered: frozenset[str], *, always: bool = False) -> Rules | None:
    """The rules of a port; None where its one setting does, unless there are to be some ``always``."""
    types = [t for t in _RULES if t in steered and t not in port.resteered and port.inputs[t]]
    fragments = [t for t in ("ipv4-fragment",) if t in steered and t not in port.resteered and port.inputs[t]]
    addresses = {_names(port.inputs[t]) & {"src", "dst"} for t in [*types, *fragments]}
    ports = {_names(port.inputs[t]) & {"sport", "dport"} for t in types} - {frozenset()}
    partly = any(len(fields) == 1 for fields in addresses | ports)
    if not always and len(addresses) <= 1 and len(ports) <= 1 and not (partly and nic.name in _PORT_WIDE):
        return None
    words = {t: _words(t, port.inputs[t]) for t in types}
    unsaid = [t for t in types if not words[t]]
    unsaid += [t for t in fragments if _names(port.inputs[t]) != _names(port.inputs["ipv4-other"])]
    return Rules(tuple((*_RULES[t], words[t]) for t in types if words[t]), tuple(unsaid))


def _names(inputs: Inputs) -> frozenset[str]:
    return frozenset(part.name.partition(".")[2] for part in inputs)


def _words(packet_type: str, inputs: Inputs) -> str:
    """RTE_ETH_RSS_* words; nothing where there are none that mean the same to all drivers."""
    names = _names(inputs)
    ip, l4 = _RULES[packet_type]
    whole = {"ipv4.src": 32, "ipv4.dst": 32, "ipv6.src": 128, "ipv6.dst": 128, "l4.sport": 16, "l4.dport": 16}
    if any((part.first, part.count) != (0, whole.get(part.name)) for part in inputs):
        return ""
    only = {"src": "L3_SRC_ONLY", "dst": "L3_DST_ONLY", "sport": "L4_SRC_ONLY", "dport": "L4_DST_ONLY"}
    match len(names & {"src", "dst"}), len(names & {"sport", "dport"}):
        case (2, 0):
            flags = [ip]
        case (1, 0):
            flags = [ip, *(only[name] for name in sorted(names))]
        case (2, 2):
            flags = [f"NONFRAG_{ip}_{l4}"]
        case (1, 1):
            flags = [f"NONFRAG_{ip}_{l4}", *(only[name] for name in ("src", "dst", "sport", "dport") if name in names)]
        case _:
            return ""
    return " | ".join(f"RTE_ETH_RSS_{flag}" for flag in flags)


def function(
    port: PortConfiguration, nic: Profile, rules: Rules, symmetric: bool = False, name: str = ""
) -> Iterator[str]:
    """C: ``portN_rules``, to be called after ``portN_rss``. ``symmetric``: the NIC is to make hashes so."""
    alone = bool(name)  # nothing but rules
    name, own = name or f"port{port.port}", nic.name not in _PORT_WIDE
    yield ""
    for packet_type in rules.unsaid:
        hashed = fields_text(port.inputs[packet_type])
        yield f"/* {packet_type}: no rule says the same to all drivers for {hashed}: steer these in software. */"
    if not alone:
        yield f"/* After {name}_rss(): the port's one setting does not say it, or its driver takes it in rules only. */"
    if own:
        yield f"static const uint16_t {name}_queues[] = {{"
        yield from _rows(port.reta)
        yield "};"
        yield ""
    yield f"static int {name}_rules(uint16_t port_id) {{"
    how = "SYMMETRIC_TOEPLITZ" if symmetric else "TOEPLITZ"
    yield f"  struct rte_flow_action_rss rss = {{.func = RTE_ETH_HASH_FUNCTION_{how}}};"
    yield "  int error = 0;"
    if own:
        yield f"  rss.key = {name}_key, rss.key_len = sizeof {name}_key;"
        yield f"  rss.queue = {name}_queues, rss.queue_num = {len(port.reta)};"
    for ip, l4, words in rules.rows:
        priority = int(own and l4 == "END")
        yield f"  rss.types = {words};"
        kind = f"RTE_FLOW_ITEM_TYPE_{ip}, RTE_FLOW_ITEM_TYPE_{l4}"
        yield f"  error = error ? error : rss_rule(port_id, rss, {priority}, {kind});"
    yield "  return error;"
    yield "}"


def _rows(table: Sequence[int]) -> list[str]:
    return [f"  {', '.join(map(str, table[n : n + 24]))}," for n in range(0, len(table), 24)]
