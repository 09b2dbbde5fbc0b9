/* The detector's options. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>

#include "lib/verified/vigor-time.h"

#define WAN 0
#define LAN 1

struct nf_config {
  vigor_time_t expiration_time; /* a source is forgotten after this time without a packet (ns) */
  uint32_t max_sources;
  uint32_t max_ports; /* that a source may try */
};

extern struct nf_config config;

#endif
