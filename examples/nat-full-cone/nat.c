/* A network address and port translator (RFC 3022): the hosts on the LAN share one address.
 *
 * A port of a host on the LAN gets an external port of its own: its index, counted from the first
 * port on, whoever it talks to. And whoever on the WAN sends to that external port reaches the host
 * (RFC 4787: endpoint-independent mapping and filtering), which is what games and calls need. */
#include "config.h"
#include "endpoints.h"
#include "nf-util.h"
#include "nf.h"

#define FRAGMENT_BITS (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

struct nf_config config;

bool nf_init(void) { return endpoints_allocate(config.max_endpoints); }

/* Do the ports follow right behind 20 bytes of IPv4 header? Not behind IP options, and not in
 * fragments. */
static bool ports_follow(const struct rte_ipv4_hdr *ip) {
  return (ip->version_ihl == 0x45) & ((ip->fragment_offset & RTE_BE16(FRAGMENT_BITS)) == 0);
}

/* To the WAN: the endpoint's external address and port become the source. */
static bool translate_out(struct rte_ipv4_hdr *ip, struct tcpudp_hdr *l4, vigor_time_t now) {
  struct Endpoint host = {
      .ip = ip->src_addr, .port = l4->src_port, .protocol = ip->next_proto_id};
  int index;
  if (!endpoints_find_or_add(&host, &index, now)) {
    return false;
  }
  ip->src_addr = config.external_ip;
  l4->src_port = rte_cpu_to_be_16((uint16_t)(config.start_port + index));
  return true;
}

/* To the LAN: the endpoint that the destination port stands for becomes the destination. */
static bool translate_in(struct rte_ipv4_hdr *ip, struct tcpudp_hdr *l4, vigor_time_t now) {
  struct Endpoint host;
  uint32_t index = (uint32_t)rte_be_to_cpu_16(l4->dst_port) - config.start_port;
  if (!endpoints_get(index, &host) || host.protocol != ip->next_proto_id) {
    return false;
  }
  endpoints_refresh(index, now);
  ip->dst_addr = host.ip;
  l4->dst_port = host.port;
  return true;
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)packet_length;
  (void)mbuf;
  const uint16_t drop = device;

  endpoints_expire(now - config.expiration_time);

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
