/* The two-way firewall of ../firewall, which also counts what each address receives. */
#include "config.h"
#include "counters.h"
#include "flows.h"
#include "nf-util.h"
#include "nf.h"

#define FRAGMENT_BITS (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

struct nf_config config;

bool nf_init(void) {
  return flows_allocate(config.max_flows) && counters_allocate(config.max_addresses);
}

/* Do the ports follow right behind 20 bytes of IPv4 header? Not behind IP options, and not in
 * fragments. */
static bool ports_follow(const struct rte_ipv4_hdr *ip) {
  return (ip->version_ihl == 0x45) & ((ip->fragment_offset & RTE_BE16(FRAGMENT_BITS)) == 0);
}

static struct Flow flow_of(const struct rte_ipv4_hdr *ip, const struct tcpudp_hdr *l4) {
  return (struct Flow){
      .src_ip = ip->src_addr,
      .dst_ip = ip->dst_addr,
      .src_port = l4->src_port,
      .dst_port = l4->dst_port,
      .protocol = ip->next_proto_id,
  };
}

/* The flow of an answer, as the host on the LAN sees it. */
static struct Flow inverse_flow_of(const struct rte_ipv4_hdr *ip, const struct tcpudp_hdr *l4) {
  return (struct Flow){
      .src_ip = ip->dst_addr,
      .dst_ip = ip->src_addr,
      .src_port = l4->dst_port,
      .dst_port = l4->src_port,
      .protocol = ip->next_proto_id,
  };
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)mbuf;
  const uint16_t drop = device;

  flows_expire(now - config.expiration_time);

  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  if (ip == NULL || !ports_follow(ip)) {
    return drop;
  }
  struct tcpudp_hdr *l4 = nf_then_get_tcpudp_header(ip, buffer);
  if (l4 == NULL) {
    return drop;
  }

  if (device == WAN) {
    struct Flow flow = inverse_flow_of(ip, l4);
    if (!flows_refresh(&flow, now)) {
      return drop;
    }
  } else {
    struct Flow flow = flow_of(ip, l4);
    flows_open_or_refresh(&flow, now);
  }
  counters_add(ip->dst_addr, packet_length, now);
  return device == WAN ? LAN : WAN;
}
