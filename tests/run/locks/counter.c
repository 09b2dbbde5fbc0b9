/* Counts packets from port 0, puts the count into every packet, and drops by it. */
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"

static struct Vector *counts;

static void clear(void *cell) { *(uint64_t *)cell = 0; }

bool nf_init(void) { return vector_allocate(sizeof(uint64_t), 1, clear, &counts); }

int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf) {
  (void)length, (void)now, (void)mbuf;
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  uint64_t *count;
  vector_borrow(counts, 0, (void **)&count);
  if (device == 0) {
    (*count)++;
  }
  uint64_t seen = *count;
  vector_return(counts, 0, count);
  ether->s_addr.addr_bytes[4] = (uint8_t)(seen >> 8);
  ether->s_addr.addr_bytes[5] = (uint8_t)seen;
  return seen % 8 == 5 ? device : 1 - device;
}
