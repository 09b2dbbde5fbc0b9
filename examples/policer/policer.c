/* A traffic policer: limits what every address behind port LAN receives from port WAN to a rate, with bursts.
 *
 * Each address has a token bucket (RFC 2697 uses two of them). A bucket fills at the rate until it holds one burst.
 * A packet takes its length out of the bucket; when there is not enough in it, the packet is dropped. */
#include "buckets.h"
#include "config.h"
#include "nf-util.h"
#include "nf.h"

struct nf_config config;

bool nf_init(void) { return buckets_allocate(config.capacity, config.rate, config.burst); }

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)mbuf;
  const uint16_t drop = device;

  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  if (ip == NULL) {
    return drop;
  }
  if (device == LAN) {
    return WAN;
  }
  return buckets_take(ip->dst_addr, packet_length, now) ? LAN : drop;
}
