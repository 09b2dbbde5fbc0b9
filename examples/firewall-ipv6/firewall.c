/* The two-way firewall of ../firewall, for IPv6: hosts on the LAN may talk to anyone, and anyone
 * may answer them. */
#include <string.h>

#include "config.h"
#include "flows.h"
#include "nf-util.h"
#include "nf.h"

struct nf_config config;

bool nf_init(void) { return flows_allocate(config.max_flows); }

/* The IPv6 header behind the Ethernet header, or NULL. */
static struct rte_ipv6_hdr *get_ipv6_header(struct rte_ether_hdr *ether, uint8_t **buffer) {
  if ((ether->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6)) |
      (packet_get_unread_length(buffer) < sizeof(struct rte_ipv6_hdr))) {
    return NULL;
  }
  return nf_borrow_next_chunk(buffer, sizeof(struct rte_ipv6_hdr));
}

/* The ports of TCP or UDP, or NULL: also when there are extension headers in between, fragments
 * among them. */
static struct tcpudp_hdr *get_ports(const struct rte_ipv6_hdr *ip, uint8_t **buffer) {
  if (((ip->proto != IPPROTO_TCP) & (ip->proto != IPPROTO_UDP)) |
      (packet_get_unread_length(buffer) < sizeof(struct tcpudp_hdr))) {
    return NULL;
  }
  return nf_borrow_next_chunk(buffer, sizeof(struct tcpudp_hdr));
}

static struct Flow flow_of(const struct rte_ipv6_hdr *ip, const struct tcpudp_hdr *l4) {
  struct Flow flow = {
      .src_port = l4->src_port, .dst_port = l4->dst_port, .protocol = ip->proto};
  memcpy(flow.src_ip, ip->src_addr, sizeof flow.src_ip);
  memcpy(flow.dst_ip, ip->dst_addr, sizeof flow.dst_ip);
  return flow;
}

/* The flow of an answer, as the host on the LAN sees it. */
static struct Flow inverse_flow_of(const struct rte_ipv6_hdr *ip, const struct tcpudp_hdr *l4) {
  struct Flow flow = {
      .src_port = l4->dst_port, .dst_port = l4->src_port, .protocol = ip->proto};
  memcpy(flow.src_ip, ip->dst_addr, sizeof flow.src_ip);
  memcpy(flow.dst_ip, ip->src_addr, sizeof flow.dst_ip);
  return flow;
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)packet_length;
  (void)mbuf;
  const uint16_t drop = device;

  flows_expire(now - config.expiration_time);

  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv6_hdr *ip = get_ipv6_header(ether, buffer);
  if (ip == NULL) {
    return drop;
  }
  struct tcpudp_hdr *l4 = get_ports(ip, buffer);
  if (l4 == NULL) {
    return drop;
  }

  if (device == WAN) {
    struct Flow flow = inverse_flow_of(ip, l4);
    return flows_refresh(&flow, now) ? LAN : drop;
  }
  struct Flow flow = flow_of(ip, l4);
  flows_open_or_refresh(&flow, now);
  return WAN;
}
