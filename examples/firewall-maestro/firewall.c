/* A two-way firewall: hosts on the LAN may talk to anyone, and anyone may answer them. */
#include <maestro.h>

struct Flow {
  uint32_t src_ip, dst_ip;
  uint16_t src_port, dst_port;
  uint8_t protocol;
};

MAP(flows, struct Flow, int, 65536, EXPIRES_AFTER(SECONDS(60)));
OTHER_PACKETS(DROP);

void process_packet(int device, pkt_t p) {
  if (device == LAN) {
    struct Flow flow = {.src_ip = p.ipv4_src, .dst_ip = p.ipv4_dst, .src_port = p.tcpudp_src,
                        .dst_port = p.tcpudp_dst, .protocol = p.ipv4_proto};
    map_put(flows, flow, LAN);
    forward(p, WAN);
  } else {
    struct Flow inverse = {.src_ip = p.ipv4_dst, .dst_ip = p.ipv4_src, .src_port = p.tcpudp_dst,
                           .dst_port = p.tcpudp_src, .protocol = p.ipv4_proto};
    if (map_contains(flows, inverse))
      forward(p, LAN);
    else
      drop(p);
  }
}
