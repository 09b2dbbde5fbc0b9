/* The flows that are being translated. Each has an index, which stands for its external port. */
#ifndef FLOWS_H
#define FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"

/* A host on the LAN and its peer on the WAN. Network byte order. */
struct Flow {
  uint32_t host_ip;
  uint32_t peer_ip;
  uint16_t host_port;
  uint16_t peer_port;
  uint8_t protocol;
};

/* Room for `capacity` flows, none of them there. False: not enough memory. */
bool flows_allocate(uint32_t capacity);

/* Forgets the flows last seen at or before `time`. */
void flows_expire(vigor_time_t time);

/* The index of a flow, which is seen now and added if need be. False: all indices are taken. */
bool flows_find_or_add(struct Flow *flow, int *index, vigor_time_t now);

/* The flow at `index`. False: there is none. */
bool flows_get(uint32_t index, struct Flow *flow);

/* Notes that the flow at `index` is seen now. */
void flows_refresh(uint32_t index, vigor_time_t now);

#endif
