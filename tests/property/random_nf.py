"""Random network functions in the maestro.h dialect, each from a number.

What they have in common with real ones: state per flow, host or subnet, looked up from both sides of the network;
branches on what is found, on packet fields and on time; packets edited with what was stored. What they compute makes
no sense, which is the point: nobody who wrote Maestro had these in mind.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

EXPIRY = 1_000_000_000
"""ns, of what expires."""

_HEAD = """#include <maestro.h>

struct Pair {
  uint32_t a;
  uint16_t b;
};
"""

_ROLES = {
    "near_ip": ("p.ipv4_src", "p.ipv4_dst", 32),
    "far_ip": ("p.ipv4_dst", "p.ipv4_src", 32),
    "near_port": ("p.tcpudp_src", "p.tcpudp_dst", 16),
    "far_port": ("p.tcpudp_dst", "p.tcpudp_src", 16),
    "protocol": ("p.ipv4_proto", "p.ipv4_proto", 8),
}
"""What a packet from the LAN, and what its answer calls it; bits."""

_CHANGES = ("{}",) * 8 + ("{} >> 8", "({} & 0xff00)", "({} & 0xfff0)", "({} ^ 0x5a5a)", "{} >> 4", "({} & 0xff)")
_FIELDS = ("p.ipv4_src", "p.ipv4_dst", "p.tcpudp_src", "p.tcpudp_dst", "p.ipv4_ttl", "p.ipv4_tos", "p.size")
_WRITABLE = ("p.ipv4_src", "p.ipv4_dst", "p.tcpudp_src", "p.tcpudp_dst", "p.ipv4_ttl", "p.ipv4_tos", "p.eth_dst")


@dataclass(frozen=True)
class _State:
    """``kind``: map, counter, bucket or sketch. ``parts``: role and C template of the key's members. ``turned``: an
    answer's key is its packet's key with both sides exchanged. ``value``: the C type of a map's values."""

    kind: str
    name: str
    parts: tuple[tuple[str, str], ...]
    turned: bool
    value: str
    declaration: str

    def key(self, side: str) -> str:
        way = 1 if side == "WAN" and self.turned else 0
        members = [f".k{n} = {change.format(_ROLES[role][way])}" for n, (role, change) in enumerate(self.parts)]
        return f"((struct {self.name}_key){{{', '.join(members)}}})"


def random_nf(number: int) -> str:
    """The C source of NF ``number``."""
    return _Maker(Random(f"maestro.h {number}")).source()


class _Maker:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.states = [self._state(n) for n in range(rng.choice((1, 1, 2, 2, 3)))]
        self.operations = rng.randint(2, 5)  # of state, per side; paths grow with it
        self.variables = 0

    def source(self) -> str:
        sides = {side: self._side(side) for side in ("LAN", "WAN")}
        declared = "\n".join(s.declaration for s in self.states)
        other = self.rng.choice(("DROP", "DROP", "FLOOD", "FORWARD_TO(1 - device)"))
        return (
            f"{_HEAD}\n{declared}\nOTHER_PACKETS({other});\n\n"
            "void process_packet(int device, pkt_t p) {\n"
            f"  if (device == LAN) {{\n{sides['LAN']}  }} else {{\n{sides['WAN']}  }}\n}}\n"
        )

    # -- state ---------------------------------------------------------------------------------------------------------

    def _state(self, number: int) -> _State:
        rng, name = self.rng, f"state{number}"
        kind = rng.choice(("map", "map", "map", "map", "counter", "bucket", "sketch"))
        roles = rng.choice(
            (
                tuple(_ROLES),
                ("near_ip", "far_ip", "near_port", "far_port"),
                ("near_ip", "far_ip"),
                ("near_ip",),
                ("far_ip",),
                ("near_ip", "far_port"),
                ("far_ip", "far_port", "protocol"),
                ("near_port",),
            )
        )
        plain = rng.random() < 0.7
        parts = tuple((r, "{}" if plain or r == "protocol" else rng.choice(_CHANGES)) for r in roles)
        value = rng.choice(("uint32_t", "uint32_t", "int64_t", "struct Pair", "char")) if kind == "map" else ""
        members = " ".join(f"uint{_ROLES[r][2]}_t k{n};" for n, r in enumerate(roles))
        declared = f"struct {name}_key {{ {members} }};\n{self._declared(kind, name, value)}"
        return _State(kind, name, parts, rng.random() < 0.7, value, declared)

    def _declared(self, kind: str, name: str, value: str) -> str:
        rng = self.rng
        key, capacity = f"struct {name}_key", rng.choice((2, 7, 16, 64, 1024))
        match kind:
            case "counter":
                return f"COUNTER({name}, {key}, {capacity});"
            case "bucket":
                rate, burst = rng.choice((1000, 100_000)), rng.choice((2000, 9000))
                return f"TOKEN_BUCKET({name}, {key}, {capacity}, {rate}, {burst});"
            case "sketch":
                return f"SKETCH({name}, {key}, {max(capacity, 16)}, {rng.randint(1, 5)}, EXPIRES_AFTER({EXPIRY}));"
        expires = rng.choice(
            (
                "",
                f", EXPIRES_AFTER({EXPIRY})",
                f", EXPIRES_AFTER({EXPIRY})",
                f", EXPIRES_AFTER({EXPIRY}), UNLESS_REFRESHED",
            )
        )
        return f"MAP({name}, {key}, {value}, {capacity}{expires});"

    # -- statements ----------------------------------------------------------------------------------------------------

    def _side(self, side: str) -> str:
        self.left = self.operations
        lines = self._block(side, 2, [])
        return "".join(f"    {line}\n" for line in lines)

    def _block(self, side: str, depth: int, numbers: list[str]) -> list[str]:
        """``numbers``: expressions that may be used, of stored values."""
        known, lines = list(numbers), []
        for _ in range(self.rng.randint(1, 3)):
            lines += self._statement(side, depth, known)
        return [*lines, *self._end(side)]

    def _end(self, side: str) -> list[str]:
        other = "WAN" if side == "LAN" else "LAN"
        return [self.rng.choice((f"forward(p, {other});",) * 6 + ("drop(p);", "flood(p);", ";"))]

    def _statement(self, side: str, depth: int, known: list[str]) -> list[str]:
        rng = self.rng
        draw = rng.random()
        if draw < 0.2:
            return [self._edit(known)]
        if draw < 0.4 and depth:
            return self._branch(self._comparison(known), side, depth, known)
        if self.left == 0:
            return [self._edit(known)]
        self.left -= 1
        state = rng.choice(self.states)
        return self._use(state, state.key(side), side, depth, known)

    def _branch(self, condition: str, side: str, depth: int, known: list[str]) -> list[str]:
        if not depth:
            return [f"if ({condition}) {{", "  drop(p);", "  return;", "}"]
        one = [f"  {line}" for line in self._block(side, depth - 1, known)]
        if self.rng.random() < 0.5:
            return [f"if ({condition}) {{", *one, "  return;", "}"]
        two = [f"  {line}" for line in self._block(side, depth - 1, known)]
        return [f"if ({condition}) {{", *one, "} else {", *two, "}"]

    def _use(self, state: _State, key: str, side: str, depth: int, known: list[str]) -> list[str]:
        rng, name = self.rng, state.name
        match state.kind:
            case "counter":
                return [f"counter_add({name}, {key}, {rng.choice(('1', 'p.size', self._number(known)))});"]
            case "bucket":
                taken = f"bucket_take({name}, {key}, p.size)"
                return self._branch(f"!{taken}", side, 0, known) if rng.random() < 0.8 else [f"{taken};"]
            case "sketch":
                if rng.random() < 0.5:
                    return [f"sketch_{rng.choice(('count', 'refresh'))}({name}, {key});"]
                return self._branch(f"sketch_over({name}, {key})", side, depth, known)
        return self._use_map(state, key, side, depth, known)

    def _use_map(self, state: _State, key: str, side: str, depth: int, known: list[str]) -> list[str]:
        rng, name = self.rng, state.name
        match rng.choice(("put", "put", "put!", "contains", "contains", "get", "get", "erase", "refresh")):
            case "put":
                return [f"map_put({name}, {key}, {self._value(state, known)});"]
            case "put!":
                return self._branch(f"!map_put({name}, {key}, {self._value(state, known)})", side, 0, known)
            case "contains":
                return self._branch(f"{rng.choice(('', '!'))}map_contains({name}, {key})", side, depth, known)
            case "erase":
                return [f"map_erase({name}, {key});"]
            case "refresh" if "UNLESS_REFRESHED" in state.declaration:
                return [f"map_refresh({name}, {key});"]
        self.variables += 1
        variable = f"v{self.variables}"
        known += [f"{variable}.a", f"{variable}.b"] if state.value == "struct Pair" else [variable]
        return [f"{state.value} {variable} = map_get({name}, {key});", f"(void){variable};"]

    # -- expressions ---------------------------------------------------------------------------------------------------

    def _number(self, known: list[str]) -> str:
        rng = self.rng
        one = rng.choice([*known * 3, *_FIELDS, str(rng.choice((0, 1, 7, 80, 255, 65535)))])
        draw = rng.random()
        if draw < 0.5:
            return one
        if draw < 0.6:
            return f"(uint32_t)(now() / {rng.choice((1000, 1000000))})"
        other = rng.choice([*known, *_FIELDS, str(rng.choice((1, 2, 3, 16)))])
        return f"({one} {rng.choice(('+', '-', '^', '&', '|', '*'))} {other})"

    def _value(self, state: _State, known: list[str]) -> str:
        match state.value:
            case "struct Pair":
                return f"((struct Pair){{.a = {self._number(known)}, .b = {self._number(known)}}})"
            case "int64_t" if self.rng.random() < 0.5:
                return "now()"
        return self._number(known)

    def _comparison(self, known: list[str]) -> str:
        rng = self.rng
        draw = rng.random()
        if draw < 0.15:
            return "p.ipv4_proto == TCP"
        if draw < 0.25:
            return f"(p.ipv4_src & 0xff) {rng.choice(('==', '<'))} {rng.choice((1, 64, 128))}"
        one = rng.choice([*known * 4, *_FIELDS])
        return f"{one} {rng.choice(('==', '!=', '<', '>', '<=', '>='))} {rng.choice((0, 1, 2, 64, 80, 443, 32768))}"

    def _edit(self, known: list[str]) -> str:
        field = self.rng.choice(_WRITABLE)
        if field == "p.ipv4_ttl" and self.rng.random() < 0.7:
            return "p.ipv4_ttl--;"
        return f"{field} = {self._number(known)};"
