"""Random network functions against the libVig API, each from a number.

As :mod:`random_nf`, with what only this API has: keys with padding or packed, equality that looks at some members
only, tables that keep or do not keep their age, vectors addressed by packet fields, and indices that an NF allocates
and sends as ports.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

EXPIRY = 1_000_000_000

_HEAD = """#include <stdlib.h>

#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"

struct nf_config {
  int none;
} config;

void nf_config_init(int argc, char **argv) { (void)argc, (void)argv; }
void nf_config_usage(void) {}
void nf_config_print(void) {}
"""

_ROLES = {
    "near_ip": ("ip->src_addr", "ip->dst_addr", "uint32_t"),
    "far_ip": ("ip->dst_addr", "ip->src_addr", "uint32_t"),
    "near_port": ("l4->src_port", "l4->dst_port", "uint16_t"),
    "far_port": ("l4->dst_port", "l4->src_port", "uint16_t"),
    "protocol": ("ip->next_proto_id", "ip->next_proto_id", "uint8_t"),
}
_FIELDS = (
    "ip->src_addr", "ip->dst_addr", "l4->src_port", "l4->dst_port", "ip->time_to_live", "ip->type_of_service", "length",
)  # fmt: skip
_WRITABLE = (
    "ip->src_addr", "ip->dst_addr", "l4->src_port", "l4->dst_port", "ip->time_to_live", "ip->type_of_service",
    "ether->d_addr.addr_bytes[5]",
)  # fmt: skip


@dataclass(frozen=True)
class _Table:
    """``roles``: the key's members; ``compared``: how many of them count. ``value``: C type of its second vector."""

    name: str
    roles: tuple[str, ...]
    compared: int
    turned: bool
    capacity: int
    packed: bool
    value: str
    expires: bool

    def key(self, side: str) -> str:
        way = 1 if side == "WAN" and self.turned else 0
        members = ", ".join(f".k{n} = {_ROLES[role][way]}" for n, role in enumerate(self.roles))
        return f"&(struct {self.name}_key){{{members}}}"


def random_libvig(number: int) -> str:
    """The C source of NF ``number``."""
    return _Maker(Random(f"libVig {number}")).source()


def _declared(t: _Table) -> str:
    members = " ".join(f"{_ROLES[r][2]} k{n};" for n, r in enumerate(t.roles))
    same = " && ".join(f"x->k{n} == y->k{n}" for n in range(t.compared))
    hashed = " + ".join(f"(unsigned)x->k{n} * {31 + 2 * n}u" for n in range(t.compared))
    n = t.name
    return f"""
struct {n}_key {{ {members} }}{" __attribute__((packed))" if t.packed else ""};
static struct Map *{n}_map;
static struct Vector *{n}_keys, *{n}_values;
static struct DoubleChain *{n}_ages;

static bool {n}_equal(void *a, void *b) {{
  struct {n}_key *x = a, *y = b;
  return {same};
}}
static unsigned {n}_hash(void *key) {{
  struct {n}_key *x = key;
  return {hashed};
}}
static void {n}_clear_key(void *cell) {{ *(struct {n}_key *)cell = (struct {n}_key){{0}}; }}
static void {n}_clear(void *cell) {{ *({t.value} *)cell = 0; }}

static bool {n}_init(void) {{
  return map_allocate({n}_equal, {n}_hash, {t.capacity}, &{n}_map) &&
         vector_allocate(sizeof(struct {n}_key), {t.capacity}, {n}_clear_key, &{n}_keys) &&
         vector_allocate(sizeof({t.value}), {t.capacity}, {n}_clear, &{n}_values) &&
         dchain_allocate({t.capacity}, &{n}_ages);
}}

static bool {n}_find(struct {n}_key *key, int *index) {{ return map_get({n}_map, key, index); }}

static bool {n}_open(struct {n}_key *key, vigor_time_t now, int *index) {{
  if (!dchain_allocate_new_index({n}_ages, index, now)) {{
    return false;
  }}
  struct {n}_key *cell;
  vector_borrow({n}_keys, *index, (void **)&cell);
  *cell = *key;
  map_put({n}_map, cell, *index);
  vector_return({n}_keys, *index, cell);
  return true;
}}

static void __attribute__((unused)) {n}_close(struct {n}_key *key, int index) {{
  void *trash;
  map_erase({n}_map, key, &trash);
  dchain_free_index({n}_ages, index);
}}

static {t.value} __attribute__((unused)) {n}_read(int index) {{
  {t.value} *cell;
  vector_borrow({n}_values, index, (void **)&cell);
  {t.value} value = *cell;
  vector_return({n}_values, index, cell);
  return value;
}}

static void __attribute__((unused)) {n}_write(int index, {t.value} value) {{
  {t.value} *cell;
  vector_borrow({n}_values, index, (void **)&cell);
  *cell = value;
  vector_return({n}_values, index, cell);
}}
"""


class _Maker:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.tables = [self._table(f"t{n}") for n in range(rng.choice((1, 1, 1, 2)))]
        self.direct = rng.random() < 0.25  # a vector addressed by a packet field
        self.variables = 0

    def source(self) -> str:
        tables = "".join(_declared(t) for t in self.tables)
        inits = " && ".join(f"{t.name}_init()" for t in self.tables)
        direct = ""
        if self.direct:
            direct = (
                "\nstatic struct Vector *direct;\n"
                "static void direct_clear(void *cell) { *(uint32_t *)cell = 0; }\n"
                "static uint32_t *direct_at(int index) {\n  uint32_t *cell;\n"
                "  vector_borrow(direct, index, (void **)&cell);\n  return cell;\n}\n"
            )
            inits += " && vector_allocate(sizeof(uint32_t), 256, direct_clear, &direct)"
        sides = {side: "".join(f"    {line}\n" for line in self._side(side)) for side in ("LAN", "WAN")}
        expiry = "".join(
            f"  expire_items_single_map({t.name}_ages, {t.name}_keys, {t.name}_map, now - {EXPIRY}LL);\n"
            for t in self.tables
            if t.expires
        )
        return (
            f"{_HEAD}{tables}{direct}\nbool nf_init(void) {{ return {inits}; }}\n\n"
            "int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now,\n"
            "               struct rte_mbuf *mbuf) {\n"
            "  (void)mbuf;\n  (void)length;\n"
            f"{expiry}"
            "  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);\n"
            "  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);\n"
            "  if (ip == NULL || ip->version_ihl != 0x45) {\n    return device;\n  }\n"
            "  struct tcpudp_hdr *l4 = nf_then_get_tcpudp_header(ip, buffer);\n"
            "  if (l4 == NULL) {\n    return device;\n  }\n"
            f"  if (device == 0) {{\n{sides['LAN']}    return 1;\n  }} else {{\n{sides['WAN']}    return 0;\n  }}\n}}\n"
        )

    def _table(self, name: str) -> _Table:
        rng = self.rng
        roles = rng.choice(
            (
                tuple(_ROLES),
                ("near_ip", "far_ip", "near_port", "far_port"),
                ("near_port", "far_port", "near_ip", "far_ip", "protocol"),
                ("near_ip", "far_ip"),
                ("protocol", "near_ip"),
                ("near_ip",),
                ("far_ip", "far_port"),
            )
        )
        compared = len(roles) if rng.random() < 0.8 else rng.randint(1, len(roles))
        return _Table(
            name,
            roles,
            compared,
            rng.random() < 0.75,
            rng.choice((1, 5, 16, 64, 1000)),
            rng.random() < 0.5,
            rng.choice(("uint32_t", "uint64_t", "uint16_t", "int64_t")),
            rng.random() < 0.8,
        )

    # -- statements ----------------------------------------------------------------------------------------------------

    def _side(self, side: str) -> list[str]:
        self.left = self.rng.randint(1, 3)
        return self._block(side, 2, [], [])

    def _block(self, side: str, depth: int, known: list[str], opened: list[str]) -> list[str]:
        """``known``: numbers from state. ``opened``: tables whose entry this packet has."""
        lines: list[str] = []
        known = list(known)
        for _ in range(self.rng.randint(1, 3)):
            lines += self._statement(side, depth, known, opened)
        return lines

    def _verdict(self, side: str) -> str:
        other = "1" if side == "LAN" else "0"
        return f"return {self.rng.choice((other, other, other, 'device', 'FLOOD_FRAME'))};"

    def _statement(self, side: str, depth: int, known: list[str], opened: list[str]) -> list[str]:
        rng = self.rng
        draw = rng.random()
        if draw < 0.2 or (self.left == 0 and draw < 0.6):
            return [self._edit(known)]
        if draw < 0.35 or self.left == 0:
            if not depth:
                return [f"if ({self._comparison(known)}) {{", "  return device;", "}"]
            inner = [f"  {line}" for line in self._block(side, depth - 1, known, opened)]
            return [f"if ({self._comparison(known)}) {{", *inner, f"  {self._verdict(side)}", "}"]
        self.left -= 1
        if self.direct and rng.random() < 0.4:
            return self._use_direct(known)
        free = [t for t in self.tables if t.name not in opened]
        return self._use(rng.choice(free), side, depth, known, opened) if free else [self._edit(known)]

    def _use_direct(self, known: list[str]) -> list[str]:
        index = self.rng.choice(("ip->src_addr & 0xff", "ip->dst_addr >> 24", "l4->src_port & 0xff"))
        self.variables += 1
        cell = f"c{self.variables}"
        lines = [f"uint32_t *{cell} = direct_at((int)({index}));"]
        if self.rng.random() < 0.5:
            lines.append(f"*{cell} += {self.rng.choice(('1', 'length'))};")
        else:
            known.append(f"*{cell}")
        return lines

    def _use(self, t: _Table, side: str, depth: int, known: list[str], opened: list[str]) -> list[str]:
        self.variables += 1
        key, index = f"k{self.variables}", f"i{self.variables}"
        hit = self._hit(t, key, index, side, depth, known, [*opened, t.name])
        miss = self._miss(t, key, index, side, known)
        return [
            f"struct {t.name}_key *{key} = {t.key(side)};",
            f"int {index};",
            f"if ({t.name}_find({key}, &{index})) {{",
            *(f"  {line}" for line in hit),
            "} else {",
            *(f"  {line}" for line in miss),
            "}",
        ]

    def _hit(
        self, t: _Table, key: str, index: str, side: str, depth: int, known: list[str], opened: list[str]
    ) -> list[str]:
        rng = self.rng
        if rng.random() < 0.15:
            return [f"{t.name}_close({key}, {index});", self._verdict(side)]
        lines = []
        if rng.random() < 0.8:
            lines.append(f"dchain_rejuvenate_index({t.name}_ages, {index}, now);")
        inner = list(known)
        draw = rng.random()
        if draw < 0.3:
            inner.append(f"{t.name}_read({index})")
        elif draw < 0.5:
            lines.append(f"{t.name}_write({index}, ({t.value})({t.name}_read({index}) + {self._number(known)}));")
        elif draw < 0.6:
            lines.append(f"l4->src_port = (uint16_t)(1000 + {index});")
        if depth:
            lines += self._block(side, depth - 1, inner, opened)
        return [*lines, self._verdict(side)] if rng.random() < 0.4 else lines

    def _miss(self, t: _Table, key: str, index: str, side: str, known: list[str]) -> list[str]:
        rng = self.rng
        if rng.random() < (0.2 if side == "LAN" else 0.6):
            return [self._verdict(side)]
        opened = [f"if (!{t.name}_open({key}, now, &{index})) {{", "  return device;", "}"]
        if rng.random() < 0.6:
            opened.append(f"{t.name}_write({index}, ({t.value})({self._number(known)}));")
        return opened

    # -- expressions ---------------------------------------------------------------------------------------------------

    def _number(self, known: list[str]) -> str:
        rng = self.rng
        one = rng.choice([*known * 3, *_FIELDS, str(rng.choice((0, 1, 7, 80, 255)))])
        if rng.random() < 0.6:
            return one
        return f"({one} {rng.choice(('+', '-', '^', '&', '|'))} {rng.choice([*known, *_FIELDS, '3'])})"

    def _comparison(self, known: list[str]) -> str:
        rng = self.rng
        if rng.random() < 0.2:
            return "ip->next_proto_id == 6"
        one = rng.choice([*known * 4, *_FIELDS])
        return f"{one} {rng.choice(('==', '!=', '<', '>'))} {rng.choice((0, 1, 2, 64, 100, 40000))}"

    def _edit(self, known: list[str]) -> str:
        field = self.rng.choice(_WRITABLE)
        return f"{field} = {self._number(known)};"
