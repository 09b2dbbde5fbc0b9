/* A load balancer in the manner of Maglev (NSDI 2016): clients on the WAN talk to one virtual
 * address, behind which the servers on the LAN share the work.
 *
 * Servers say by heartbeats that they are there. A flow stays with its server as long as that
 * lives; a new one gets the server that consistent hashing prefers. */
#include "backends.h"
#include "config.h"
#include "flows.h"
#include "nf-util.h"
#include "nf.h"

#define FRAGMENT_BITS (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

struct nf_config config;

bool nf_init(void) {
  return backends_allocate(config.max_backends) && flows_allocate(config.max_flows);
}

/* Do the ports follow right behind 20 bytes of IPv4 header? Not behind IP options, and not in
 * fragments. */
static bool ports_follow(const struct rte_ipv4_hdr *ip) {
  return (ip->version_ihl == 0x45) & ((ip->fragment_offset & RTE_BE16(FRAGMENT_BITS)) == 0);
}

/* The server of a flow: as before, if it lives. False: there is none at all. */
static bool find_backend(struct Flow *flow, struct Backend *backend, vigor_time_t now) {
  int index;
  if (flows_find(flow, &index, now) && backends_get(index, backend)) {
    return true;
  }
  if (!backends_choose(flow_hash(flow), &index) || !backends_get(index, backend)) {
    return false;
  }
  flows_set(flow, index, now);
  return true;
}

/* From a client to a server. */
static uint16_t to_server(struct rte_ether_hdr *ether, struct rte_ipv4_hdr *ip,
                          struct tcpudp_hdr *l4, uint8_t **buffer, vigor_time_t now) {
  struct Flow flow = {
      .client_ip = ip->src_addr,
      .client_port = l4->src_port,
      .server_port = l4->dst_port,
      .protocol = ip->next_proto_id,
  };
  struct Backend backend;
  if (ip->dst_addr != config.virtual_ip || !find_backend(&flow, &backend, now)) {
    return WAN; /* where it came from: dropped */
  }
  ether->d_addr = backend.mac;
  ip->dst_addr = backend.ip;
  nf_set_rte_ipv4_udptcp_checksum(ip, l4, buffer);
  return LAN;
}

static bool is_heartbeat(const struct rte_ipv4_hdr *ip, const struct tcpudp_hdr *l4) {
  return (ip->next_proto_id == IPPROTO_UDP) &
         (l4->dst_port == rte_cpu_to_be_16(config.heartbeat_port));
}

/* From a server: a heartbeat, or an answer, which seems to come from the virtual address. */
static uint16_t from_server(struct rte_ether_hdr *ether, struct rte_ipv4_hdr *ip,
                            struct tcpudp_hdr *l4, uint8_t **buffer, vigor_time_t now) {
  if (is_heartbeat(ip, l4)) {
    struct Backend backend = {.ip = ip->src_addr, .mac = ether->s_addr};
    backends_alive(&backend, now);
    return LAN; /* where it came from: nobody else needs it */
  }
  ip->src_addr = config.virtual_ip;
  nf_set_rte_ipv4_udptcp_checksum(ip, l4, buffer);
  return WAN;
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)packet_length;
  (void)mbuf;
  const uint16_t drop = device;

  flows_expire(now - config.flow_timeout);
  backends_expire(now - config.backend_timeout);

  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  if (ip == NULL || !ports_follow(ip)) {
    return drop;
  }
  struct tcpudp_hdr *l4 = nf_then_get_tcpudp_header(ip, buffer);
  if (l4 == NULL) {
    return drop;
  }
  return device == LAN ? from_server(ether, ip, l4, buffer, now)
                       : to_server(ether, ip, l4, buffer, now);
}
