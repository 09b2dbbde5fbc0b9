/* MAC addresses as map keys and vector cells. */
#ifndef MAESTRO_COMPAT_ETHER_H
#define MAESTRO_COMPAT_ETHER_H

#include <stdbool.h>

#include "../../rte_ether.h"
#include "boilerplate-util.h"

bool rte_ether_addr_eq(void *a, void *b);
unsigned rte_ether_addr_hash(void *mac);
void rte_ether_addr_allocate(void *mac);

#define ether_addr_eq rte_ether_addr_eq
#define ether_addr_hash rte_ether_addr_hash
#define ether_addr_allocate rte_ether_addr_allocate

#define LOG_ETHER_ADDR(mac, log)                                                              \
  log("%02x:%02x:%02x:%02x:%02x:%02x", (mac)->addr_bytes[0], (mac)->addr_bytes[1],            \
      (mac)->addr_bytes[2], (mac)->addr_bytes[3], (mac)->addr_bytes[4], (mac)->addr_bytes[5])

#endif
