/* Internet checksums (RFC 1071) of an IPv4 packet's headers, computed anew. */
#ifndef MAESTRO_CHECKSUM_H
#define MAESTRO_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

/* Adds `length` bytes to `sum`, as 16-bit words, the last one padded with a zero byte. A packet has
 * at most 32,768 words, so 32 bits are enough. */
static inline uint32_t checksum_add_(uint32_t sum, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i + 1 < length; i += 2) {
    sum += ld16be(bytes + i);
  }
  return length % 2 == 0 ? sum : sum + ((uint32_t)bytes[length - 1] << 8);
}

static inline uint16_t checksum_fold_(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)(sum + (sum >> 16));
}

/* Sets the checksum `field` of `length` bytes of TCP or UDP behind the IPv4 header `ip`; 0 is sent
 * as 0xffff. */
static inline void checksum_transport_(const uint8_t *ip, uint8_t *l4, size_t length,
                                       size_t field) {
  uint32_t sum = (uint32_t)ip[9] + (uint16_t)length; /* pseudo header: these and the addresses */
  st16be(l4 + field, 0);
  sum = checksum_add_(sum, ip + 12, 8);
  uint16_t checksum = (uint16_t)~checksum_fold_(checksum_add_(sum, l4, length));
  st16be(l4 + field, checksum == 0 ? 0xffff : checksum);
}

/* Sets the checksums of the IPv4 header at `ip_at` and of the TCP or UDP header at `l4_at` of the
 * packet, which has `length` bytes. A header that claims more bytes than there are is summed as far
 * as there are. */
static inline void checksum_set(uint8_t *packet, uint16_t length, uint32_t ip_at, uint32_t l4_at) {
  uint8_t *ip = packet + ip_at, *l4 = packet + l4_at;
  size_t header = 4u * (ip[0] & 15u), total = ld16be(ip + 2);
  size_t claimed = total > header ? total - header : 0, there = length - l4_at;
  size_t payload = claimed < there ? claimed : there;
  if (ip[9] == 6 && payload >= 20) {
    checksum_transport_(ip, l4, payload, 16);
  } else if (ip[9] == 17 && payload >= 8) {
    checksum_transport_(ip, l4, payload, 6);
  }
  st16be(ip + 10, 0);
  there = length - ip_at;
  st16be(ip + 10, (uint16_t)~checksum_fold_(checksum_add_(0, ip, header < there ? header : there)));
}

#endif
