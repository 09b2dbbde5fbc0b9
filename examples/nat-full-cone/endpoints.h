/* The endpoints that are translated. Each has an index, which stands for its external port. */
#ifndef ENDPOINTS_H
#define ENDPOINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"

/* A port of a host on the LAN. Network byte order. */
struct Endpoint {
  uint32_t ip;
  uint16_t port;
  uint8_t protocol;
};

/* Room for `capacity` endpoints, none of them there. False: not enough memory. */
bool endpoints_allocate(uint32_t capacity);

/* Forgets the endpoints last seen at or before `time`. */
void endpoints_expire(vigor_time_t time);

/* The index of an endpoint, which is seen now and added if need be. False: all indices are
 * taken. */
bool endpoints_find_or_add(struct Endpoint *endpoint, int *index, vigor_time_t now);

/* The endpoint at `index`. False: there is none. */
bool endpoints_get(uint32_t index, struct Endpoint *endpoint);

/* Notes that the endpoint at `index` is seen now. */
void endpoints_refresh(uint32_t index, vigor_time_t now);

#endif
