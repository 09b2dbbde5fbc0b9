/* A two-way firewall: hosts on the LAN may talk to anyone, and anyone may answer them.
 *
 * A packet from the LAN opens its flow, or keeps it open. A packet from the WAN passes only if it belongs to an open
 * flow, seen from the other side. A flow that is silent for too long closes. */
#include "config.h"
#include "flows.h"
#include "nf-util.h"
#include "nf.h"

#define FRAGMENT_BITS (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

struct nf_config config;

bool nf_init(void) { return flows_allocate(config.max_flows); }

/* Do the ports follow right behind 20 bytes of IPv4 header? Not behind IP options, and not in fragments. */
static bool ports_follow(const struct rte_ipv4_hdr *ip) {
  return (ip->version_ihl == 0x45) & ((ip->fragment_offset & RTE_BE16(FRAGMENT_BITS)) == 0);
}

/* The flow of a packet, as the host that sent it sees it. */
static struct Flow flow_of(const struct rte_ipv4_hdr *ip, const struct tcpudp_hdr *l4) {
  return (struct Flow){
      .src_ip = ip->src_addr,
      .dst_ip = ip->dst_addr,
      .src_port = l4->src_port,
      .dst_port = l4->dst_port,
      .protocol = ip->next_proto_id,
  };
}

static struct Flow inverse(struct Flow flow) {
  return (struct Flow){
      .src_ip = flow.dst_ip,
      .dst_ip = flow.src_ip,
      .src_port = flow.dst_port,
      .dst_port = flow.src_port,
      .protocol = flow.protocol,
  };
}

/* Sends the packet out of `port`, with the MAC addresses of the next hop if we were told who that is. */
static uint16_t send_to(uint16_t port, struct rte_ether_hdr *ether) {
  if (config.next_hop[port].known) {
    ether->s_addr = config.next_hop[port].own_mac;
    ether->d_addr = config.next_hop[port].mac;
  }
  return port;
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)packet_length;
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

  struct Flow flow = flow_of(ip, l4);
  if (device == config.wan) {
    flow = inverse(flow);
    return flows_refresh(&flow, now) ? send_to(config.lan, ether) : drop;
  }
  flows_open_or_refresh(&flow, now);
  return send_to(config.wan, ether);
}
