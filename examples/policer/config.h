/* The policer's options. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>

#define WAN 0
#define LAN 1

struct nf_config {
  uint64_t rate;     /* bytes a second */
  uint64_t burst;    /* bytes */
  uint32_t capacity; /* addresses with a bucket at a time */
};

extern struct nf_config config;

#endif
