/* A two-way firewall that counts the bytes that each address receives. */
#include <maestro.h>

struct Flow {
  uint32_t src_ip, dst_ip;
  uint16_t src_port, dst_port;
  uint8_t protocol;
};

MAP(flows, struct Flow, char, 65536, EXPIRES_AFTER(SECONDS(60)));
COUNTER(received, uint32_t, 65536);
OTHER_PACKETS(DROP);

void process_packet(int device, pkt_t p) {
  struct Flow flow = {.src_ip = p.ipv4_src, .dst_ip = p.ipv4_dst, .src_port = p.tcpudp_src,
                      .dst_port = p.tcpudp_dst, .protocol = p.ipv4_proto};
  struct Flow inverse = {.src_ip = p.ipv4_dst, .dst_ip = p.ipv4_src, .src_port = p.tcpudp_dst,
                         .dst_port = p.tcpudp_src, .protocol = p.ipv4_proto};
  if (device == LAN) {
    map_put(flows, flow, 1);
  } else if (!map_contains(flows, inverse)) {
    return;
  }
  counter_add(received, p.ipv4_dst, p.size);
  forward(p, 1 - device);
}
