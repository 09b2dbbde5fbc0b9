/* Internet checksums (RFC 1071) of an IPv4 packet's headers, computed anew. */
#ifndef MAESTRO_CHECKSUM_H
#define MAESTRO_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

/* Sums are of 16-bit words as a little-endian machine reads them: which byte of a word is which
 * does not matter to one's complement addition, as long as what comes out is stored alike (RFC
 * 1071, section 2B). The bytes of a checksum itself are left out instead of being cleared. Fields
 * that were just written are read with the size of that write, or the CPU would wait for it. */

/* The sum of `length` bytes, at most 2**18, as 16-bit words, the last one padded with a zero
 * byte; not folded. */
static inline uint64_t checksum_add_(uint64_t sum, const uint8_t *bytes, size_t length) {
  size_t at = 0;
  for (; at + 8 <= length; at += 8) {
    uint64_t word = ld64le(bytes + at);
    sum += (word & 0xffffffff) + (word >> 32);
  }
  for (; at + 2 <= length; at += 2) {
    sum += ld16le(bytes + at);
  }
  return at < length ? sum + bytes[at] : sum;
}

static inline uint16_t checksum_fold_(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)(sum + (sum >> 16));
}

/* The sum of the addresses in the IPv4 header `ip`. */
static inline uint64_t checksum_addresses_(const uint8_t *ip) {
  return (uint64_t)ld32le(ip + 12) + ld32le(ip + 16);
}

/* Sets the checksum `field` of `length` bytes of TCP (16) or UDP (6) behind the IPv4 header `ip`; 0
 * is sent as 0xffff. */
static inline void checksum_transport_(const uint8_t *ip, uint8_t *l4, size_t length,
                                       size_t field) {
  uint64_t sum = checksum_addresses_(ip); /* of the pseudo header, as protocol and length are */
  sum += (uint64_t)ip[9] << 8;
  sum += (length & 0xff) << 8 | length >> 8;
  sum += (uint64_t)ld16le(l4) + ld16le(l4 + 2) + ld16le(l4 + 4);
  if (field == 16) {
    sum += (uint64_t)ld16le(l4 + 6) + ld32le(l4 + 8) + ld32le(l4 + 12) + ld16le(l4 + 18);
    sum = checksum_add_(sum, l4 + 20, length - 20);
  } else {
    sum = checksum_add_(sum, l4 + 8, length - 8);
  }
  uint16_t checksum = (uint16_t)~checksum_fold_(sum);
  st16le(l4 + field, checksum == 0 ? 0xffff : checksum);
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
  there = length - ip_at;
  header = header < there ? header : there;
  uint64_t sum = checksum_add_(0, ip, header < 10 ? header : 10);
  if (header >= 20) {
    sum = checksum_add_(sum + checksum_addresses_(ip), ip + 20, header - 20);
  } else if (header > 12) {
    sum = checksum_add_(sum, ip + 12, header - 12);
  }
  st16le(ip + 10, (uint16_t)~checksum_fold_(sum));
}

#endif
