/* Rewrites what a packet's checksums cover, differently in each direction. */
#include <maestro.h>

OTHER_PACKETS(FLOOD);

void process_packet(int device, pkt_t p) {
  p.ipv4_ttl--;
  p.tcpudp_dst ^= 0x1234;
  if (device == LAN) {
    p.ipv4_src = IP(192, 0, 2, 1);
    p.tcpudp_src = (uint16_t)(p.tcpudp_src + 7);
  }
  forward(p, 1 - device);
}
