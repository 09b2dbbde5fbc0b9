/* Hierarchical heavy hitters: who sends too much? A host, or a subnet whose hosts each send little.
 *
 * On each level of prefixes (/16, /24 and hosts, say), every subnet on the WAN has a token bucket.
 * A packet takes its length out of the bucket of each subnet that its sender is in, and is dropped
 * when it is missing in one of them. */
#include "config.h"
#include "nf-util.h"
#include "nf.h"
#include "subnets.h"

struct nf_config config;

bool nf_init(void) {
  subnets_set_rate(config.rate, config.burst);
  for (uint32_t i = 0; i < config.levels; i++) {
    if (!subnets_add_level(config.prefixes[i], config.capacity)) {
      return false;
    }
  }
  return true;
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)mbuf;
  const uint16_t drop = device;

  subnets_expire(now);

  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  if (ip == NULL) {
    return drop;
  }
  if (device == LAN) {
    return WAN;
  }
  return subnets_take(ip->src_addr, packet_length, now) ? LAN : drop;
}
