/* How many ports each source has tried lately. */
#ifndef SOURCES_H
#define SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"

/* Room for `sources`, each with up to `ports_each` ports. False: not enough memory. */
bool sources_allocate(uint32_t sources, uint32_t ports_each);

/* Forgets the sources, and the ports that a source tried, last seen at or before `time`. */
void sources_expire(vigor_time_t time);

/* Notes that `ip` tries a port. False: it has tried too many others, or too many sources are
 * watched to watch this one. */
bool sources_try(uint32_t ip, uint16_t port, vigor_time_t now);

#endif
