/* The firewall's options. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"
#include "rte_ether.h"

/* Who is at the other end of a port's cable. */
struct next_hop {
  bool known;
  struct rte_ether_addr mac;
  struct rte_ether_addr own_mac;
};

struct nf_config {
  uint16_t lan;
  uint16_t wan;
  vigor_time_t expiration_time; /* a flow closes after this time without a packet (ns) */
  uint32_t max_flows;
  struct next_hop next_hop[2]; /* one a port */
};

extern struct nf_config config;

#endif
