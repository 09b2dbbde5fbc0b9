/* A network address and port translator (RFC 3022): the hosts on the LAN share one address.
 *
 * A flow from the LAN gets an external port of its own: its index, counted from the first port on.
 * A packet from the WAN names the flow by that port. It gets in only if it comes from the very peer
 * that the flow goes to (RFC 4787: address and port-dependent filtering); a packet of anybody else
 * is dropped and leaves no trace. */
#include "config.h"
#include "flows.h"
#include "nf-util.h"
#include "nf.h"

#define FRAGMENT_BITS (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

struct nf_config config;

bool nf_init(void) { return flows_allocate(config.max_flows); }

/* Do the ports follow right behind 20 bytes of IPv4 header? Not behind IP options, and not in
 * fragments. */
static bool ports_follow(const struct rte_ipv4_hdr *ip) {
  return (ip->version_ihl == 0x45) & ((ip->fragment_offset & RTE_BE16(FRAGMENT_BITS)) == 0);
}

/* To the WAN: the flow's external address and port become the source. */
static bool translate_out(struct rte_ipv4_hdr *ip, struct tcpudp_hdr *l4, vigor_time_t now) {
  struct Flow flow = {
      .host_ip = ip->src_addr,
      .peer_ip = ip->dst_addr,
      .host_port = l4->src_port,
      .peer_port = l4->dst_port,
      .protocol = ip->next_proto_id,
  };
  int index;
  if (!flows_find_or_add(&flow, &index, now)) {
    return false;
  }
  ip->src_addr = config.external_ip;
  l4->src_port = rte_cpu_to_be_16((uint16_t)(config.start_port + index));
  return true;
}

/* Is the packet from the flow's peer? Joined by &, which does not branch: one way to be wrong is
 * like another. */
static bool is_from_peer(const struct Flow *flow, const struct rte_ipv4_hdr *ip,
                         const struct tcpudp_hdr *l4) {
  return (flow->peer_ip == ip->src_addr) & (flow->peer_port == l4->src_port) &
         (flow->protocol == ip->next_proto_id);
}

/* To the LAN: the host of the flow that the destination port stands for becomes the destination. */
static bool translate_in(struct rte_ipv4_hdr *ip, struct tcpudp_hdr *l4, vigor_time_t now) {
  struct Flow flow;
  uint32_t index = (uint32_t)rte_be_to_cpu_16(l4->dst_port) - config.start_port;
  if (!flows_get(index, &flow) || !is_from_peer(&flow, ip, l4)) {
    return false;
  }
  flows_refresh(index, now); /* only now: a stranger must not keep a flow alive */
  ip->dst_addr = flow.host_ip;
  l4->dst_port = flow.host_port;
  return true;
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

  bool translated =
      device == LAN ? translate_out(ip, l4, now) : translate_in(ip, l4, now);
  if (!translated) {
    return drop;
  }
  nf_set_rte_ipv4_udptcp_checksum(ip, l4, buffer);
  return device == LAN ? WAN : LAN;
}
