/* A router with two ports and a routing table that does not change. */
#include <maestro.h>

LPM(routes);
OTHER_PACKETS(DROP);

void at_start(void) {
  lpm_add(routes, IP(0, 0, 0, 0), 0, WAN);
  lpm_add(routes, IP(10, 0, 0, 0), 8, LAN);
  lpm_add(routes, IP(192, 168, 0, 0), 16, LAN);
  lpm_add(routes, IP(10, 99, 0, 0), 16, WAN); /* a branch office */
}

void process_packet(int device, pkt_t p) {
  (void)device;
  int port = lpm_lookup(routes, p.ipv4_dst);
  if (port >= 0 && p.ipv4_ttl > 1) {
    p.ipv4_ttl--;
    forward(p, port);
  }
}
