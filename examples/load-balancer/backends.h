/* The servers that share the work. */
#ifndef BACKENDS_H
#define BACKENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"
#include "rte_ether.h"

/* Network byte order. */
struct Backend {
  uint32_t ip;
  struct rte_ether_addr mac;
};

/* Room for `capacity` backends, none of them there. False: not enough memory. */
bool backends_allocate(uint32_t capacity);

/* Forgets the backends that last reported at or before `time`. */
void backends_expire(vigor_time_t time);

/* Notes that a backend is alive. When there is no room, a new one gets no work. */
void backends_alive(const struct Backend *backend, vigor_time_t now);

/* The backend that `hash` prefers among those that are alive. False: there is none. */
bool backends_choose(uint64_t hash, int *index);

/* The backend at `index`. False: it is gone. */
bool backends_get(int index, struct Backend *backend);

#endif
