/* The limiter's options. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>

#include "lib/verified/vigor-time.h"

#define WAN 0
#define LAN 1

struct nf_config {
  uint16_t limit;               /* connections of one client to one server */
  uint32_t max_flows;           /* connections in all */
  uint32_t buckets;             /* of the sketch, a row */
  vigor_time_t expiration_time; /* after this time without a packet, all is forgotten (ns) */
};

extern struct nf_config config;

#endif
