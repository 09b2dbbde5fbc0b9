/* The options. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdint.h>

#define WAN 0
#define LAN 1

#define MAX_LEVELS 4

struct nf_config {
  uint32_t levels;
  uint8_t prefixes[MAX_LEVELS]; /* bits of the source address that make a subnet, one a level */
  uint64_t rate;                /* bytes a second that a subnet may send */
  uint64_t burst;               /* bytes */
  uint32_t capacity;            /* subnets that are watched at a time, on each level */
};

extern struct nf_config config;

#endif
