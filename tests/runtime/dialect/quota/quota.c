/* Every host on the LAN may send 20,000 bytes; whoever is silent for a second starts anew. */
#include <maestro.h>

#define QUOTA 20000

MAP(sent, uint32_t, uint64_t, 1024, EXPIRES_AFTER(SECONDS(1)));
OTHER_PACKETS(FORWARD_TO(1 - device));

void process_packet(int device, pkt_t p) {
  if (device == WAN) {
    forward(p, LAN);
    return;
  }
  uint64_t bytes = map_get(sent, p.ipv4_src) + p.size;
  if (bytes <= QUOTA && map_put(sent, p.ipv4_src, bytes)) {
    forward(p, WAN);
  }
}
