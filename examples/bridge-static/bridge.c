/* An Ethernet bridge whose table is given, once and for all.
 *
 * A frame goes to the port that its destination is behind; when nobody said where that is (or it is
 * a broadcast), it leaves through every port but its own. */
#include "config.h"
#include "lib/verified/ether.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"

struct nf_config config;

static struct Map *ports;    /* MAC address -> port */
static struct Vector *hosts; /* the addresses: a map keeps pointers to its keys */

static void add(const struct host *host, int index) {
  struct rte_ether_addr *mac;
  vector_borrow(hosts, index, (void **)&mac);
  int known;
  if (!map_get(ports, (void *)&host->mac, &known)) { /* who is given twice is where we first said */
    *mac = host->mac;
    map_put(ports, mac, host->port);
  }
  vector_return(hosts, index, mac);
}

bool nf_init(void) {
  if (!map_allocate(rte_ether_addr_eq, rte_ether_addr_hash, MAX_HOSTS, &ports) ||
      !vector_allocate(sizeof(struct rte_ether_addr), MAX_HOSTS, rte_ether_addr_allocate, &hosts)) {
    return false;
  }
  for (uint32_t i = 0; i < config.count; i++) {
    add(&config.hosts[i], (int)i);
  }
  return true;
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)device;
  (void)packet_length;
  (void)now;
  (void)mbuf;
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  int port;
  if (!map_get(ports, &ether->d_addr, &port)) {
    return FLOOD_FRAME;
  }
  uint16_t to = (uint16_t)port;
  concretize_devices(&to, rte_eth_dev_count_avail());
  return to; /* the port it came from: the destination has it already, so it is dropped */
}
