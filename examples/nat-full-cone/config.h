/* The NAT's options. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>

#include "lib/verified/vigor-time.h"

#define LAN 0
#define WAN 1

struct nf_config {
  uint32_t external_ip; /* what the WAN sees (network byte order) */
  uint16_t start_port;  /* of the external ports: one an endpoint, from here on */
  uint32_t max_endpoints;
  vigor_time_t expiration_time; /* forgotten after this time without a packet (ns) */
};

extern struct nf_config config;

#endif
