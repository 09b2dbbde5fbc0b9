/* Who was last heard on which port. */
#ifndef HOSTS_H
#define HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"
#include "rte_ether.h"

/* Room for `capacity` hosts, none of them known. False: not enough memory. */
bool hosts_allocate(uint32_t capacity);

/* Forgets the hosts last heard at or before `time`. */
void hosts_expire(vigor_time_t time);

/* Notes that a host was heard on `port`. When the table is full, it stays unknown. */
void hosts_heard(struct rte_ether_addr *mac, uint16_t port, vigor_time_t now);

/* The port on which a host was last heard. False: it is not known. */
bool hosts_find(struct rte_ether_addr *mac, uint16_t *port);

#endif
