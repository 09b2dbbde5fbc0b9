/* NAME: what it is for, in a sentence.
 *
 * This one lets hosts on the LAN talk to anyone, lets answers in, and nothing else. Change it step by step, and ask
 *
 *   maestro analyze .          how it can be split over cores, and why
 *   maestro verify .           whether the parallel form does the same, packet by packet
 *   maestro parallelize . -o out && make -C out
 *
 * All of maestro.h fits on a page: docs/reference/maestro-h.md. */
#include <maestro.h>

/* What a flow is: two packets belong together when these are equal. The fields that stand here decide which packets
 * must share a core. With src_ip alone, all flows of one host would. */
struct Flow {
  uint32_t src_ip, dst_ip;
  uint16_t src_port, dst_port;
  uint8_t protocol;
};

/* State lives in tables, not in variables: here the time of a flow's first packet, for 65,536 flows, each forgotten
 * after a minute without packets. There are COUNTER, TOKEN_BUCKET, SKETCH, LPM and BACKENDS too. */
MAP(flows, struct Flow, int64_t, 65536, EXPIRES_AFTER(SECONDS(60)));

/* What happens to all that is not plain TCP or UDP over IPv4 (ARP, fragments, IPv6, …): DROP, FLOOD or FORWARD_TO(port).
 * `device` is the port that the packet came from. */
OTHER_PACKETS(DROP);

/* Called for every other packet. `p` is a copy: fields that differ when it is forwarded are written, and checksums
 * follow. The last forward, flood or drop counts. */
void process_packet(int device, pkt_t p) {
  if (device == LAN) { /* port 0; port 1 is WAN */
    struct Flow flow = {.src_ip = p.ipv4_src, .dst_ip = p.ipv4_dst, .src_port = p.tcpudp_src,
                        .dst_port = p.tcpudp_dst, .protocol = p.ipv4_proto};
    if (!map_contains(flows, flow)) /* looking at it keeps it for another minute */
      map_put(flows, flow, now());  /* false when the table is full: then answers stay out */
    forward(p, WAN);
    return;
  }

  /* An answer: the flow that it belongs to has source and destination the other way round. Maestro sees that both sides
   * use one table, and finds RSS keys that send a packet and its answer to the same core. */
  struct Flow inverse = {.src_ip = p.ipv4_dst, .dst_ip = p.ipv4_src, .src_port = p.tcpudp_dst,
                         .dst_port = p.tcpudp_src, .protocol = p.ipv4_proto};
  if (map_contains(flows, inverse))
    forward(p, LAN);
  else
    drop(p);
}
