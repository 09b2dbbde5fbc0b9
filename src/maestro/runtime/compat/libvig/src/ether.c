#include "lib/verified/ether.h"

bool rte_ether_addr_eq(void *a, void *b) {
  struct rte_ether_addr *x = a, *y = b;
  return memcmp(x->addr_bytes, y->addr_bytes, sizeof x->addr_bytes) == 0;
}

/* FNV-1a. */
unsigned rte_ether_addr_hash(void *mac) {
  struct rte_ether_addr *m = mac;
  unsigned hash = 2166136261u;
  for (int i = 0; i < RTE_ETHER_ADDR_LEN; i++) {
    hash = (hash ^ m->addr_bytes[i]) * 16777619u;
  }
  return hash;
}

void rte_ether_addr_allocate(void *mac) {
  struct rte_ether_addr *m = mac;
  memset(m->addr_bytes, 0, sizeof m->addr_bytes);
}
