/* What a reference build offers besides maestro/nf.h, and what is generated for it. */
#ifndef MAESTRO_REFERENCE_H
#define MAESTRO_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "merge.h"

/* The next packet belongs to `core` of `cores`: what it allocates comes from that core's part of
 * the indices, as in the parallel NF. Never called: all indices are one part. */
void maestro_reference_owner(unsigned cores, unsigned core);

/* A field of a map's key as the NF's source has it, in bytes. */
struct key_field {
  unsigned offset, size;
};

/* An object of which each core of the parallel NF has a copy. `object`: `map` and `vector` are
 * numbers, by the order in which the NF creates them. */
struct copied {
  struct merge_object object;
  const struct key_field *key;
  unsigned key_fields;
};

/* Generated; there may be none. */
extern const struct copied nf_copied[];
extern const unsigned nf_copied_count;

/* Remembers what vectors hold before the first packet. False when there is not enough memory. */
bool maestro_copies_start(void);

/* Generated: the NF's entry points, whatever their names and parameters. */
bool maestro_reference_init(void);
int maestro_reference_process(uint16_t port, uint8_t *packet, uint16_t length, int64_t now);

#endif
