/* The bridge's options. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>

#include "lib/verified/vigor-time.h"

struct nf_config {
  vigor_time_t expiration_time; /* a host is forgotten after this time without a frame (ns) */
  uint32_t capacity;            /* hosts */
};

extern struct nf_config config;

#endif
