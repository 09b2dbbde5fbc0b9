/* A bridge that learns behind which port a MAC address is. 300 addresses, forgotten after a second. */
#include "lib/verified/double-chain.h"
#include "lib/verified/ether.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"

static struct Map *hosts;
static struct Vector *macs, *places;
static struct DoubleChain *ages;

static void place_clear(void *cell) { *(uint16_t *)cell = 0; }

bool nf_init(void) {
  return map_allocate(rte_ether_addr_eq, rte_ether_addr_hash, 300, &hosts) &&
         vector_allocate(sizeof(struct rte_ether_addr), 300, rte_ether_addr_allocate, &macs) &&
         vector_allocate(sizeof(uint16_t), 300, place_clear, &places) && dchain_allocate(300, &ages);
}

static void move(int index, uint16_t device) {
  uint16_t *place;
  vector_borrow(places, index, (void **)&place);
  *place = device;
  vector_return(places, index, place);
}

static void hear(struct rte_ether_addr *mac, uint16_t device, vigor_time_t now) {
  int index;
  if (map_get(hosts, mac, &index)) {
    dchain_rejuvenate_index(ages, index, now);
    move(index, device);
  } else if (dchain_allocate_new_index(ages, &index, now)) {
    struct rte_ether_addr *key;
    vector_borrow(macs, index, (void **)&key);
    *key = *mac;
    map_put(hosts, key, index);
    vector_return(macs, index, key);
    move(index, device);
  }
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf) {
  (void)length, (void)mbuf;
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  int index;
  expire_items_single_map(ages, macs, hosts, now - 1000000000);
  hear(&ether->s_addr, device, now);
  if (!map_get(hosts, &ether->d_addr, &index)) {
    return FLOOD_FRAME;
  }
  uint16_t *place;
  vector_borrow(places, index, (void **)&place);
  uint16_t to = *place;
  vector_return(places, index, place);
  return to == 0 ? 0 : 1;
}
