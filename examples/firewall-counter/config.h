/* The firewall's options. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>

#include "lib/verified/vigor-time.h"

#define LAN 0
#define WAN 1

struct nf_config {
  vigor_time_t expiration_time; /* a flow closes after this time without a packet (ns) */
  uint32_t max_flows;
  uint32_t max_addresses; /* that are counted */
};

extern struct nf_config config;

#endif
