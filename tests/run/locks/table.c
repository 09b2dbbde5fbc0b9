/* 16 places for addresses, filled at the start. A packet's own place is by its destination. If its source holds the
 * place, the packet is marked with the place's tag; if not, one source in four takes the place and its old tag + 5. */
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"

struct place {
  uint32_t holder;
  uint16_t tag;
  uint16_t zero;
};

static struct Vector *places;

static void clear(void *cell) { *(struct place *)cell = (struct place){0, 0, 0}; }

bool nf_init(void) {
  if (!vector_allocate(sizeof(struct place), 16, clear, &places)) {
    return false;
  }
  for (int i = 0; i < 16; i++) {
    struct place *place;
    vector_borrow(places, i, (void **)&place);
    *place = (struct place){(uint32_t)i * 0x01010101u, (uint16_t)(3 * i + 1), 0};
    vector_return(places, i, place);
  }
  return true;
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf) {
  (void)length, (void)now, (void)mbuf;
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  if (!ip) {
    return device;
  }
  struct place *place;
  vector_borrow(places, (int)(ip->dst_addr >> 24 & 15), (void **)&place);
  uint16_t tag = place->tag;
  int to = 1 - device;
  if (place->holder != ip->src_addr) {
    if ((ip->src_addr >> 24 & 3) == 0) {
      place->holder = ip->src_addr;
      place->tag = (uint16_t)(tag + 5);
    } else {
      to = device;
    }
  }
  vector_return(places, (int)(ip->dst_addr >> 24 & 15), place);
  ether->s_addr.addr_bytes[0] = (uint8_t)tag;
  ether->s_addr.addr_bytes[1] = (uint8_t)(tag >> 8);
  return to;
}
