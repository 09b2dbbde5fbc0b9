/* The bridge's options: which host is behind which port. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>

#include "rte_ether.h"

#define MAX_HOSTS 64

struct host {
  uint16_t port;
  struct rte_ether_addr mac;
};

struct nf_config {
  uint32_t count;
  struct host hosts[MAX_HOSTS];
};

extern struct nf_config config;

#endif
