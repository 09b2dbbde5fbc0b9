/* Every known host has an index: the map finds it, one vector holds the host's address and one its
 * port, and the allocator knows when the host was last heard. */
#include "hosts.h"

#include "lib/verified/double-chain.h"
#include "lib/verified/ether.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

static struct Map *hosts;
static struct Vector *host_macs;
static struct Vector *host_ports;
static struct DoubleChain *host_ages;

static void port_clear(void *cell) {
  uint16_t *port = cell;
  *port = 0;
}

bool hosts_allocate(uint32_t capacity) {
  return map_allocate(rte_ether_addr_eq, rte_ether_addr_hash, capacity, &hosts) &&
         vector_allocate(sizeof(struct rte_ether_addr), capacity, rte_ether_addr_allocate,
                         &host_macs) &&
         vector_allocate(sizeof(uint16_t), capacity, port_clear, &host_ports) &&
         dchain_allocate((int)capacity, &host_ages);
}

void hosts_expire(vigor_time_t time) {
  expire_items_single_map(host_ages, host_macs, hosts, time);
}

static void set_port(int index, uint16_t port) {
  uint16_t *cell;
  vector_borrow(host_ports, index, (void **)&cell);
  *cell = port;
  vector_return(host_ports, index, cell);
}

void hosts_heard(struct rte_ether_addr *mac, uint16_t port, vigor_time_t now) {
  int index;
  if (map_get(hosts, mac, &index)) {
    dchain_rejuvenate_index(host_ages, index, now);
    set_port(index, port); /* a host may move */
    return;
  }
  if (!dchain_allocate_new_index(host_ages, &index, now)) {
    return;
  }
  struct rte_ether_addr *key;
  vector_borrow(host_macs, index, (void **)&key);
  *key = *mac;
  map_put(hosts, key, index);
  vector_return(host_macs, index, key);
  set_port(index, port);
}

bool hosts_find(struct rte_ether_addr *mac, uint16_t *port) {
  int index;
  if (!map_get(hosts, mac, &index)) {
    return false;
  }
  uint16_t *cell;
  vector_borrow(host_ports, index, (void **)&cell);
  *port = *cell;
  vector_return(host_ports, index, cell);
  return true;
}
