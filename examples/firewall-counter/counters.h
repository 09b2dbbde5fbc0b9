/* How much was sent to whom: on either side of the firewall. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"

/* Room for the counters of `capacity` addresses. False: not enough memory. */
bool counters_allocate(uint32_t capacity);

/* Counts a packet of `bytes` to `ip`. When all counters are taken, a new address is not counted. */
void counters_add(uint32_t ip, uint16_t bytes, vigor_time_t now);

#endif
