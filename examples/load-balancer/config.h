/* The balancer's options. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>

#include "lib/verified/vigor-time.h"

#define LAN 0
#define WAN 1

struct nf_config {
  uint32_t virtual_ip;          /* what clients talk to (network byte order) */
  uint16_t heartbeat_port;      /* of UDP, where backends report */
  uint32_t max_backends;
  uint32_t max_flows;
  vigor_time_t backend_timeout; /* a backend is gone after this time without a heartbeat (ns) */
  vigor_time_t flow_timeout;    /* a flow is forgotten after this time without a packet (ns) */
};

extern struct nf_config config;

#endif
