/* A connection limiter: 16 connections of one client on the WAN to one server on the LAN. */
#include <maestro.h>

#define LIMIT 16

struct Connection {
  uint32_t client, server;
  uint16_t client_port, server_port;
  uint8_t protocol;
};

struct Pair {
  uint32_t client, server;
};

MAP(connections, struct Connection, char, 65536, EXPIRES_AFTER(SECONDS(60)));
SKETCH(pairs, struct Pair, 65536, LIMIT - 1, EXPIRES_AFTER(SECONDS(60)));
OTHER_PACKETS(DROP);

void process_packet(int device, pkt_t p) {
  if (device == LAN) {
    forward(p, WAN);
    return;
  }
  struct Connection c = {.client = p.ipv4_src, .server = p.ipv4_dst, .client_port = p.tcpudp_src,
                         .server_port = p.tcpudp_dst, .protocol = p.ipv4_proto};
  struct Pair pair = {.client = p.ipv4_src, .server = p.ipv4_dst};
  if (map_contains(connections, c)) {
    sketch_refresh(pairs, pair); /* who is still connected is still counted */
  } else if (!sketch_over(pairs, pair) && map_put(connections, c, 1)) {
    sketch_count(pairs, pair);
  } else {
    return;
  }
  forward(p, LAN);
}
