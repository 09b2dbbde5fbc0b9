/* A port scan detector: a host on the WAN gets through to 32 different ports a minute. */
#include <maestro.h>

#define MAX_SOURCES 8192
#define MAX_PORTS 32

struct Touched {
  uint32_t source;
  uint16_t port;
};

MAP(counts, uint32_t, uint32_t, MAX_SOURCES, EXPIRES_AFTER(SECONDS(60)));
MAP(ports, struct Touched, char, MAX_SOURCES * MAX_PORTS, EXPIRES_AFTER(SECONDS(60)));
OTHER_PACKETS(DROP);

void process_packet(int device, pkt_t p) {
  if (device == LAN) {
    forward(p, WAN);
    return;
  }
  struct Touched touched = {.source = p.ipv4_src, .port = p.tcpudp_dst};
  uint32_t count = map_get(counts, touched.source); /* a source is seen with each of its packets */
  if (map_contains(ports, touched)) {
    forward(p, LAN);
  } else if (count < MAX_PORTS && map_put(counts, touched.source, count + 1) &&
             map_put(ports, touched, 1)) {
    forward(p, LAN);
  }
}
