/* A maestro.h NF that does what the packet's destination port says; lab_test.c sends the packets. The answer of a map
 * is the verdict: forwarded for true, dropped for false. */
#include <maestro.h>

#include "lab.h"

struct Key {
  uint8_t small; /* and 3 bytes of padding */
  uint32_t big;
  uint16_t pair[2]; /* and nothing: 12 bytes in all */
};

struct Value {
  uint64_t wide;
  uint8_t narrow;
};

MAP(lasting, struct Key, struct Value, 3);
MAP(fleeting, uint32_t, int, 4, EXPIRES_AFTER(SECONDS(10)));
OTHER_PACKETS(device == LAN ? FLOOD : FORWARD_TO(LAN));

/* A key whose padding is whatever `noise` says. */
static struct Key key_of(pkt_t p) {
  struct Key key;
  memset(&key, p.ipv4_ttl, sizeof key);
  key.small = (uint8_t)p.ipv4_src;
  key.big = p.ipv4_src;
  key.pair[0] = p.tcpudp_src;
  key.pair[1] = 7;
  return key;
}

static void answer(pkt_t p, bool yes) {
  if (yes)
    forward(p, WAN);
  else
    drop(p);
}

static void edit(pkt_t p) {
  switch (p.tcpudp_dst) {
    case NEW_SOURCE: p.ipv4_src = IP(192, 168, 7, 9); break;
    case NEW_PORTS: p.tcpudp_src ^= 0x1234; p.tcpudp_dst = 443; break;
    case NEW_TTL: p.ipv4_ttl--; break;
    case NEW_TOS: p.ipv4_tos = 0xb8; break;
    case NEW_MACS: p.eth_dst = 0xffff010203040506; p.eth_src = 0x0a0b0c0d0e0f; break;
    case NEW_ALL: p.ipv4_dst += 0x01010101; p.ipv4_src = ~p.ipv4_src; p.tcpudp_src = 0; p.ipv4_ttl = 1; break;
    case NEW_FLAGS: p.tcp_flags ^= 0x80; break;
    case NEW_SIZE: p.size = 5; break;
    case OLD_ALL: break;
  }
  forward(p, WAN);
}

void process_packet(int device, pkt_t p) {
  switch (p.tcpudp_dst) {
    case PUT: answer(p, map_put(lasting, key_of(p), ((struct Value){ wide: p.ipv4_dst, narrow: 3 }))); break;
    case CONTAINS: answer(p, map_contains(lasting, key_of(p))); break;
    case GET: answer(p, map_get(lasting, key_of(p)).wide == p.ipv4_dst); break;
    case GET_ZERO: answer(p, map_get(lasting, key_of(p)).wide == 0 && map_get(lasting, key_of(p)).narrow == 0); break;
    case ERASE: answer(p, map_erase(lasting, key_of(p))); break;
    case PUT_FLEETING: answer(p, map_put(fleeting, p.ipv4_src, p.tcpudp_src)); break;
    case CONTAINS_FLEETING: answer(p, map_contains(fleeting, p.ipv4_src)); break;
    case GET_FLEETING: answer(p, map_get(fleeting, p.ipv4_src) == p.tcpudp_src); break;
    case ERASE_FLEETING: answer(p, map_erase(fleeting, p.ipv4_src)); break;
    case NOTHING: break;
    case LAST_COUNTS: drop(p); forward(p, LAN); flood(p); forward(p, WAN); break;
    case DROP_LAST: forward(p, WAN); drop(p); break;
    case FLOODED: p.ipv4_ttl = 9; flood(p); break;
    case SEE_FIELDS:
      answer(p, p.eth_dst == 0x020000000001 && p.eth_src == 0x020000000002 && p.size == 100 &&
                    p.ipv4_src == IP(1, 2, 3, 4) && p.ipv4_dst == IP(5, 6, 7, 8) && p.tcpudp_src == 99 &&
                    p.ipv4_proto == UDP && p.ipv4_ttl == 64 && p.ipv4_tos == 0 && p.tcp_flags == 0 &&
                    now() == 77 && device == WAN);
      break;
    case SEE_FLAGS: answer(p, p.ipv4_proto == TCP && p.tcp_flags == 0x12); break;
    default: edit(p);
  }
}
