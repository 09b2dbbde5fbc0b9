/* What a network function defines, and who calls it. */
#ifndef MAESTRO_COMPAT_NF_H
#define MAESTRO_COMPAT_NF_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"

/* The verdict "send to every port but the arrival one". */
#define FLOOD_FRAME ((uint16_t)-1)

/* Newer NFs say it like this, and have a verdict for "drop"; returning the arrival port drops, too.
 */
#ifndef DROP
#define FLOOD FLOOD_FRAME
#define DROP ((uint16_t)-2)
#endif

struct rte_mbuf;

/* The NF's own options; its type is the NF's. */
struct nf_config;
extern struct nf_config config;

/* Reads the NF's options. Called once, before nf_init. Exits when they make no sense. */
void nf_config_init(int argc, char **argv);
void nf_config_usage(void);
void nf_config_print(void);

/* Two more functions are the NF's. They are not declared here, because NFs differ in them.
 *
 *   bool nf_init(void);   or: void
 *
 * allocates the NF's state. Called once; false: not enough memory.
 *
 *   int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
 *                  struct rte_mbuf *mbuf);
 *   int nf_process(uint16_t device, uint8_t *buffer, uint16_t packet_length, vigor_time_t now);
 *   int nf_process(struct rte_mbuf *mbuf, vigor_time_t now);
 *
 * processes the packet that arrived on `device` (or mbuf->port) at time `now` and returns where it
 * goes: a port, FLOOD_FRAME, or `device` itself, which means that it is dropped, as DROP does.
 * `buffer` is the packet, or points to a pointer to it. */

#endif
