/* The connections from clients on the WAN to servers on the LAN. */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"

/* Network byte order. */
struct Connection {
  uint32_t client_ip;
  uint32_t server_ip;
  uint16_t client_port;
  uint16_t server_port;
  uint8_t protocol;
};

/* Room for `capacity` connections, up to `limit` (>= 2) of one client to one server, counted in a
 * sketch of `buckets` a row. False: not enough memory. */
bool connections_allocate(uint32_t capacity, uint16_t limit, uint32_t buckets);

/* Forgets what was last seen at or before `time`. */
void connections_expire(vigor_time_t time);

/* Notes that a connection is seen, and opens it if need be. False: it is one too many. */
bool connections_open_or_refresh(struct Connection *connection, vigor_time_t now);

#endif
