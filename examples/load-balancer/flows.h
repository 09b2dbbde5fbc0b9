/* Which backend serves which flow. */
#ifndef FLOWS_H
#define FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"

/* Of a client, to the virtual address. Network byte order. */
struct Flow {
  uint32_t client_ip;
  uint16_t client_port;
  uint16_t server_port;
  uint8_t protocol;
};

/* Room for `capacity` flows, none of them known. False: not enough memory. */
bool flows_allocate(uint32_t capacity);

/* Forgets the flows last seen at or before `time`. */
void flows_expire(vigor_time_t time);

/* A hash of a flow. */
unsigned flow_hash(void *flow);

/* The backend of a flow, which is seen now. False: the flow is not known. */
bool flows_find(struct Flow *flow, int *backend, vigor_time_t now);

/* From now on the flow is served by `backend`. When there is no room, a new flow stays unknown. */
void flows_set(struct Flow *flow, int backend, vigor_time_t now);

#endif
