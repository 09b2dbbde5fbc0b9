/* The subnets that send, each with a token bucket; on several levels, from large ones to hosts. */
#ifndef SUBNETS_H
#define SUBNETS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"

#define MIN_BURST 65535 /* bytes: any packet fits */
#define MAX_BURST 9000000000ull

/* Every bucket fills at `rate` bytes a second up to `burst` bytes, MIN_BURST to MAX_BURST. */
void subnets_set_rate(uint64_t rate, uint64_t burst);

/* Adds a level: the subnets of `prefix` bits, 1 to 32, up to `capacity` of them. False: not enough
 * memory. */
bool subnets_add_level(uint8_t prefix, uint32_t capacity);

/* Forgets the subnets that have been silent so long that their buckets are full. */
void subnets_expire(vigor_time_t now);

/* Takes `bytes` out of the bucket of each subnet that `ip` is in. False: one of the subnets sends
 * too much. A subnet for which there is no room any more is not watched. */
bool subnets_take(uint32_t ip, uint16_t bytes, vigor_time_t now);

#endif
