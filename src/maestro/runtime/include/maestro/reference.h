/* What a reference build offers besides maestro/nf.h, and what is generated for it. */
#ifndef MAESTRO_REFERENCE_H
#define MAESTRO_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

/* The next packet belongs to `core` of `cores`: what it allocates counts against that core's
 * part of the capacity, as in the parallel NF. Never called: all capacity is one core's. */
void maestro_reference_owner(unsigned cores, unsigned core);

/* Generated: the NF's entry points, whatever their names and parameters. */
bool maestro_reference_init(void);
int maestro_reference_process(uint16_t port, uint8_t *packet, uint16_t length, int64_t now);

#endif
