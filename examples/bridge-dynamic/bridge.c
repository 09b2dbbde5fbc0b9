/* A learning Ethernet bridge (IEEE 802.1D without spanning trees).
 *
 * Every frame tells behind which port its sender is. A frame goes to the port of its destination;
 * while that is not known, it leaves through every port but its own. */
#include "config.h"
#include "hosts.h"
#include "nf-util.h"
#include "nf.h"

struct nf_config config;

bool nf_init(void) { return hosts_allocate(config.capacity); }

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)packet_length;
  (void)mbuf;
  hosts_expire(now - config.expiration_time);

  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  hosts_heard(&ether->s_addr, device, now);

  uint16_t port;
  if (!hosts_find(&ether->d_addr, &port)) {
    return FLOOD_FRAME;
  }
  concretize_devices(&port, rte_eth_dev_count_avail());
  return port; /* the port it came from: the destination has it already, so it is dropped */
}
