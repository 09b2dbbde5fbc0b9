/* Receive-side scaling (RSS) in software: packet type, Toeplitz hash, indirection table (RETA),
 * core.
 *
 * The hash is Microsoft's ("RSS hashing functions", Windows driver documentation): the XOR, over
 * the set bits i of the input, of the 32 key bits that start at bit i. It is linear, so one
 * table per input byte holds every byte's share. CPUs with GFNI multiply by bit matrices
 * instead. */
#ifndef MAESTRO_TOEPLITZ_H
#define MAESTRO_TOEPLITZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rss.h"

#define MAESTRO_TOEPLITZ_INPUT 40    /* bytes; an IPv6 4-tuple has 36 */
#define MAESTRO_TOEPLITZ_MATRICES 48 /* one a byte of input and hash, in whole vectors of eight */

struct maestro_toeplitz {
  uint32_t share[MAESTRO_TOEPLITZ_INPUT][256]; /* [input byte's position][its value] */
  uint64_t matrix[MAESTRO_TOEPLITZ_MATRICES];  /* [input byte's + hash byte's position], rows of 8
                                                * bits, the first in the lowest byte */
  bool gfni;                                   /* whether maestro_toeplitz_hashes() uses it */
};

/* Key bits past the end of the key count as zero. */
void maestro_toeplitz_init(struct maestro_toeplitz *toeplitz, const uint8_t *key,
                           unsigned key_bytes);

/* The hash of `bytes` (at most MAESTRO_TOEPLITZ_INPUT) input bytes. */
uint32_t maestro_toeplitz_hash(const struct maestro_toeplitz *toeplitz, const uint8_t *input,
                               unsigned bytes);

/* The hashes of `count` inputs of `bytes` bytes each, which begin every `stride` bytes: by GFNI
 * where maestro_toeplitz_has_gfni(), else by tables. */
void maestro_toeplitz_hashes(const struct maestro_toeplitz *toeplitz, const uint8_t *inputs,
                             unsigned bytes, unsigned stride, uint32_t *hashes, unsigned count);

/* The same by tables, whatever the CPU. */
void maestro_toeplitz_tables(const struct maestro_toeplitz *toeplitz, const uint8_t *inputs,
                             unsigned bytes, unsigned stride, uint32_t *hashes, unsigned count);

/* Whether this CPU has GFNI and AVX-512 VBMI. */
bool maestro_toeplitz_has_gfni(void);

/* One port's RSS, made ready for a number of cores. */
struct maestro_steering {
  const struct maestro_rss *rss;
  struct maestro_toeplitz toeplitz;
  uint16_t reta[MAESTRO_MAX_RETA];
};

/* The table is the planned one when it was planned for `cores` cores, else filled round-robin.
 * False when `rss` has no usable table (size, a core that does not exist) or feeds more bits to
 * Toeplitz than the key covers. */
bool maestro_steering_init(struct maestro_steering *steering, const struct maestro_rss *rss,
                           unsigned cores);

/* The type of a frame of at least 14 bytes. */
enum maestro_packet_type maestro_packet_type(const uint8_t *packet, uint16_t length);

/* The hash that decides the packet's core: the NIC's, or for a re-steered packet type the
 * owner's. */
uint32_t maestro_rss_hash(const struct maestro_steering *steering, const uint8_t *packet,
                          uint16_t length, bool *resteered);

/* The core that processes the packet; `*nic_core` is the one whose queue the NIC puts it into.
 * They differ only for re-steered packet types. */
unsigned maestro_rss_core(const struct maestro_steering *steering, const uint8_t *packet,
                          uint16_t length, unsigned *nic_core);

#endif
