#include "lib/verified/packet-io.h"

static uint8_t *next;   /* the first unread byte */
static uint32_t unread; /* bytes from there to the end of the packet */

void packet_state_total_length(void *p, uint32_t *length) {
  next = p;
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
