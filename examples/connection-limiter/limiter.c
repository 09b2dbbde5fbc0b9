/* A connection limiter: a client on the WAN may have so many connections to one server on the LAN,
 * and no more. Packets of further ones are dropped. */
#include "config.h"
#include "connections.h"
#include "nf-util.h"
#include "nf.h"

#define FRAGMENT_BITS (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

struct nf_config config;

bool nf_init(void) { return connections_allocate(config.max_flows, config.limit, config.buckets); }

/* Do the ports follow right behind 20 bytes of IPv4 header? Not behind IP options, and not in
 * fragments. */
static bool ports_follow(const struct rte_ipv4_hdr *ip) {
  return (ip->version_ihl == 0x45) & ((ip->fragment_offset & RTE_BE16(FRAGMENT_BITS)) == 0);
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)packet_length;
  (void)mbuf;
  const uint16_t drop = device;

  connections_expire(now - config.expiration_time);

  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  if (ip == NULL || !ports_follow(ip)) {
    return drop;
  }
  struct tcpudp_hdr *l4 = nf_then_get_tcpudp_header(ip, buffer);
  if (l4 == NULL) {
    return drop;
  }

  if (device == LAN) {
    return WAN;
  }
  struct Connection connection = {
      .client_ip = ip->src_addr,
      .server_ip = ip->dst_addr,
      .client_port = l4->src_port,
      .server_port = l4->dst_port,
      .protocol = ip->next_proto_id,
  };
  return connections_open_or_refresh(&connection, now) ? LAN : drop;
}
