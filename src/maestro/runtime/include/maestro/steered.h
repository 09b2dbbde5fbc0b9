/* Steered allocation: a packet may name an index that the network function gave out (a translated
 * port, say), and the NIC chooses the core of such a packet by what it says. Each core therefore
 * gives out only the indices whose packets come back to it. */
#ifndef MAESTRO_STEERED_H
#define MAESTRO_STEERED_H

#include <stdint.h>

#define STEERED_MAX_READS 3 /* bytes */
#define STEERED_FRAME 128   /* bytes of the frames that are tried */

/* The index that a packet on `port` names; it depends on the `reads` bytes at `at` only. */
typedef uint32_t steered_index_fn(const uint8_t *packet);

struct steered_name {
  unsigned port;
  steered_index_fn *index;
  unsigned reads;
  uint16_t at[STEERED_MAX_READS];
};

/* The core of each of `capacity` indices: the one that the NIC gives a UDP packet (IPv4, no options)
 * that names the index. Indices that no packet can name go round the cores, in ascending order.
 * NULL, with a message, when there is not enough memory, when there is no RSS configuration for
 * `cores` cores, or when packets that name one index reach different cores. To be freed. */
uint16_t *steered_owners(const char *allocator, uint32_t capacity, const struct steered_name *names,
                         unsigned count, unsigned cores);

/* How many indices are `core`'s; none when `owners` is NULL. */
uint32_t steered_share(const uint16_t *owners, uint32_t capacity, unsigned core);

#endif
