/* A traffic policer for subnets: limits what each /24 on the LAN receives to 1 MB a second. */
#include <maestro.h>

TOKEN_BUCKET(subnets, uint32_t, 65536, 1000000, 100000);
OTHER_PACKETS(DROP);

void process_packet(int device, pkt_t p) {
  if (device == LAN) {
    forward(p, WAN);
  } else if (bucket_take(subnets, p.ipv4_dst >> 8, p.size)) {
    forward(p, LAN);
  }
}
