/* The open flows. */
#ifndef FLOWS_H
#define FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"

/* Both ends of a conversation, the host on the LAN first. Network byte order. */
struct Flow {
  uint8_t src_ip[16];
  uint8_t dst_ip[16];
  uint16_t src_port;
  uint16_t dst_port;
  uint8_t protocol;
};

/* Room for `capacity` flows, none of them open. False: not enough memory. */
bool flows_allocate(uint32_t capacity);

/* Closes the flows last seen at or before `time`. */
void flows_expire(vigor_time_t time);

/* Notes that an open flow was seen. False: it is not open. */
bool flows_refresh(struct Flow *flow, vigor_time_t now);

/* Notes that a flow was seen, and opens it if need be. When all are taken, it stays closed: its
 * packets leave, but no answer comes in. */
void flows_open_or_refresh(struct Flow *flow, vigor_time_t now);

#endif
