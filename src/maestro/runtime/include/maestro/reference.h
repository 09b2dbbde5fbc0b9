/* The one thing a reference build offers besides maestro/nf.h. */
#ifndef MAESTRO_REFERENCE_H
#define MAESTRO_REFERENCE_H

/* The next packet belongs to `core` of `cores`: what it allocates counts against that core's
 * part of the capacity, as in the parallel NF. Never called: all capacity is one core's. */
void maestro_reference_owner(unsigned cores, unsigned core);

#endif
