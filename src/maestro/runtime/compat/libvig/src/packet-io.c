#include "lib/verified/packet-io.h"

#include <assert.h>
#include <string.h>

enum { HEADROOM = 128 }; /* NF_HEADROOM in maestro/nf.h */

static uint8_t *start;  /* the first byte */
static uint8_t *next;   /* the first unread byte */
static uint32_t unread; /* bytes from there to the end of the packet */
static size_t room;     /* free bytes before the first */

void packet_state_total_length(void *p, uint32_t *length) {
  start = p;
  next = p;
  room = HEADROOM;
  unread = *length;
}

void packet_borrow_next_chunk(void *p, size_t length, void **chunk) {
  (void)p;
  *chunk = next;
  next += length;
  unread -= (uint32_t)length;
}

void packet_return_chunk(void *p, void *chunk) {
  unread += (uint32_t)packet_get_chunk_length(p, chunk);
  next = chunk;
}

uint32_t packet_get_unread_length(void *p) {
  (void)p;
  return unread;
}

size_t packet_get_chunk_length(void *p, void *chunk) {
  (void)p;
  return (size_t)(next - (uint8_t *)chunk);
}

size_t packet_bytes_from(const void *chunk) {
  return (size_t)(next - (const uint8_t *)chunk) + unread;
}

uint8_t *packet_start(void) { return start; }

/* The packet starts `by` bytes nearer to its rest, or farther from it, and so do the chunks. */
static void move_start(ptrdiff_t by, void **p, void **chunks, size_t count) {
  start += by;
  packet_start_moved(start);
  *p = start;
  for (size_t i = 0; i < count; i++) {
    chunks[i] = (uint8_t *)chunks[i] + by;
  }
}

void packet_shrink_chunk(void **p, size_t length, void **chunks, size_t count,
                         struct rte_mbuf *mbuf) {
  (void)mbuf;
  size_t present = packet_get_chunk_length(*p, chunks[count - 1]);
  assert(length <= present);
  size_t removed = present - length;
  memmove(start + removed, start, (size_t)(next - start) - removed);
  room += removed;
  move_start((ptrdiff_t)removed, p, chunks, count);
}

void packet_insert_new_chunk(void **p, size_t length, void **chunks, size_t *count,
                             struct rte_mbuf *mbuf) {
  (void)mbuf;
  assert(length <= room);
  room -= length;
  packet_start_moved(start - length);
  memmove(start - length, start, (size_t)(next - start));
  move_start(-(ptrdiff_t)length, p, chunks, *count);
  chunks[*count] = next - length;
  (*count)++;
}
