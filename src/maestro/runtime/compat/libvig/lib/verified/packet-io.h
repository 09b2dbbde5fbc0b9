/* The packet being processed: bytes read front to back, and how many are left.
 *
 * There is one packet at a time; it is the one last given to packet_state_total_length. The `p`
 * of the other functions is not used. */
#ifndef MAESTRO_COMPAT_PACKET_IO_H
#define MAESTRO_COMPAT_PACKET_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rte_mbuf;

/* A new packet: `*length` bytes at `p`, none of them read. Called before each nf_process. */
void packet_state_total_length(void *p, uint32_t *length);

/* `*chunk` becomes the first unread byte, and `length` bytes are read. The caller checks that they
 * exist. */
void packet_borrow_next_chunk(void *p, size_t length, void **chunk);

/* `chunk` and all that was borrowed after it are unread again. */
void packet_return_chunk(void *p, void *chunk);

uint32_t packet_get_unread_length(void *p);

/* The length of `chunk`, which is the one borrowed last. */
size_t packet_get_chunk_length(void *p, void *chunk);

/* How many bytes of the packet follow from `chunk` on, borrowed or not. */
size_t packet_bytes_from(const void *chunk);

/* Shortens the chunk borrowed last, chunks[count - 1], to its first `length` bytes. All that was
 * read before its end moves towards the rest of the packet: `*p`, where the packet starts, and the
 * chunks with it. */
void packet_shrink_chunk(void **p, size_t length, void **chunks, size_t count,
                         struct rte_mbuf *mbuf);

/* Inserts a chunk of `length` bytes before the first unread byte, as chunks[*count], and counts it.
 * All that was read moves away from the rest: `*p` and the chunks with it. The new chunk's bytes are
 * what was there before. */
void packet_insert_new_chunk(void **p, size_t length, void **chunks, size_t *count,
                             struct rte_mbuf *mbuf);

/* Where the packet starts now. */
uint8_t *packet_start(void);

/* packet_start() has changed. Maestro's analysis is told so. */
void packet_start_moved(void *start);

#endif
