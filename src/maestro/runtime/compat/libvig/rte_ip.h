/* IPv4 and IPv6 headers under DPDK's names, old and new. All multi-byte fields are big-endian. */
#ifndef MAESTRO_RTE_IP_H
#define MAESTRO_RTE_IP_H

#include <netinet/in.h>

#include "rte_byteorder.h"
#include "rte_common.h"

#define RTE_IPV4(a, b, c, d)                                                        \
  ((uint32_t)(((a) & 0xff) << 24 | ((b) & 0xff) << 16 | ((c) & 0xff) << 8 | ((d) & 0xff)))
#define IPv4(a, b, c, d) RTE_IPV4(a, b, c, d)

#define RTE_IPV4_HDR_IHL_MASK 0x0f
#define RTE_IPV4_IHL_MULTIPLIER 4
#define RTE_IPV4_HDR_DF_FLAG (1 << 14)
#define RTE_IPV4_HDR_MF_FLAG (1 << 13)
#define RTE_IPV4_HDR_OFFSET_MASK 0x1fff
#define RTE_IPV4_HDR_OFFSET_UNITS 8
#define IPV4_HDR_IHL_MASK RTE_IPV4_HDR_IHL_MASK
#define IPV4_IHL_MULTIPLIER RTE_IPV4_IHL_MULTIPLIER

#define MAESTRO_IPV4_HEADER   \
  uint8_t version_ihl;        \
  uint8_t type_of_service;    \
  uint16_t total_length;      \
  uint16_t packet_id;         \
  uint16_t fragment_offset;   \
  uint8_t time_to_live;       \
  uint8_t next_proto_id;      \
  uint16_t hdr_checksum;      \
  uint32_t src_addr;          \
  uint32_t dst_addr;

struct rte_ipv4_hdr {
  MAESTRO_IPV4_HEADER
} __rte_packed;

struct ipv4_hdr {
  MAESTRO_IPV4_HEADER
} __rte_packed;

#define MAESTRO_IPV6_HEADER \
  uint32_t vtc_flow;        \
  uint16_t payload_len;     \
  uint8_t proto;            \
  uint8_t hop_limits;       \
  uint8_t src_addr[16];     \
  uint8_t dst_addr[16];

struct rte_ipv6_hdr {
  MAESTRO_IPV6_HEADER
} __rte_packed;

struct ipv6_hdr {
  MAESTRO_IPV6_HEADER
} __rte_packed;

/* `sum` plus `length` bytes, read as 16-bit words in memory order and padded with a zero byte. The sum
 * of a packet cannot overflow 32 bits: at most 32,768 words. */
uint32_t maestro_add_bytes(uint32_t sum, const void *data, size_t length);

/* What a TCP or UDP checksum field must hold, over `length` bytes from `l4` on; that field must be 0.
 * Never 0 itself (RFC 768). */
uint16_t maestro_transport_checksum(const struct rte_ipv4_hdr *ip, const void *l4, size_t length);

/* The RFC 1071 sum of `length` bytes, folded to 16 bits and not complemented; as stored in a
 * header. */
uint16_t rte_raw_cksum(const void *data, size_t length);

/* The header checksum, over the header's own length; hdr_checksum must be 0. */
uint16_t rte_ipv4_cksum(const struct rte_ipv4_hdr *ip);

/* The TCP or UDP checksum over the pseudo header and as many bytes as total_length says; the
 * checksum field must be 0. Never 0 itself (RFC 768). */
uint16_t rte_ipv4_udptcp_cksum(const struct rte_ipv4_hdr *ip, const void *l4);

static inline uint8_t rte_ipv4_hdr_len(const struct rte_ipv4_hdr *ip) {
  return (uint8_t)((ip->version_ihl & RTE_IPV4_HDR_IHL_MASK) * RTE_IPV4_IHL_MULTIPLIER);
}

#endif
