/* Ethernet and VLAN headers under DPDK's names: before 19.08 (`struct ether_hdr`), since (`struct
 * rte_ether_hdr`), and since 21.11 (`dst_addr` for `d_addr`). Multi-byte fields are big-endian. */
#ifndef MAESTRO_RTE_ETHER_H
#define MAESTRO_RTE_ETHER_H

#include "rte_byteorder.h"
#include "rte_common.h"

#define RTE_ETHER_ADDR_LEN 6
#define RTE_ETHER_TYPE_LEN 2
#define RTE_ETHER_HDR_LEN 14
#define RTE_ETHER_CRC_LEN 4
#define RTE_ETHER_MIN_LEN 64
#define RTE_ETHER_MAX_LEN 1518
#define RTE_ETHER_MTU 1500
#define RTE_ETHER_ADDR_FMT_SIZE 18

#define RTE_ETHER_TYPE_IPV4 0x0800
#define RTE_ETHER_TYPE_IPV6 0x86DD
#define RTE_ETHER_TYPE_ARP 0x0806
#define RTE_ETHER_TYPE_VLAN 0x8100
#define RTE_ETHER_TYPE_QINQ 0x88A8
#define RTE_ETHER_TYPE_MPLS 0x8847

#define ETHER_ADDR_LEN RTE_ETHER_ADDR_LEN
#define ETHER_HDR_LEN RTE_ETHER_HDR_LEN
#define ETHER_TYPE_IPv4 RTE_ETHER_TYPE_IPV4
#define ETHER_TYPE_IPv6 RTE_ETHER_TYPE_IPV6
#define ETHER_TYPE_ARP RTE_ETHER_TYPE_ARP
#define ETHER_TYPE_VLAN RTE_ETHER_TYPE_VLAN

struct rte_ether_addr {
  uint8_t addr_bytes[RTE_ETHER_ADDR_LEN];
} __rte_aligned(2);

struct rte_ether_hdr {
  union {
    struct rte_ether_addr d_addr;
    struct rte_ether_addr dst_addr;
  };
  union {
    struct rte_ether_addr s_addr;
    struct rte_ether_addr src_addr;
  };
  uint16_t ether_type;
} __rte_aligned(2);

struct rte_vlan_hdr {
  uint16_t vlan_tci;
  uint16_t eth_proto;
} __rte_packed;

/* The C library's <net/ethernet.h> has an ether_addr of its own; whoever includes it means that
 * one. */
#ifndef __NET_ETHERNET_H
struct ether_addr {
  uint8_t addr_bytes[RTE_ETHER_ADDR_LEN];
} __rte_aligned(2);

struct ether_hdr {
  struct ether_addr d_addr;
  struct ether_addr s_addr;
  uint16_t ether_type;
} __rte_aligned(2);

struct vlan_hdr {
  uint16_t vlan_tci;
  uint16_t eth_proto;
} __rte_packed;
#endif

static inline int rte_is_same_ether_addr(const struct rte_ether_addr *a,
                                         const struct rte_ether_addr *b) {
  return memcmp(a, b, sizeof(struct rte_ether_addr)) == 0;
}

static inline int rte_is_broadcast_ether_addr(const struct rte_ether_addr *a) {
  const uint8_t *b = a->addr_bytes;
  return (b[0] & b[1] & b[2] & b[3] & b[4] & b[5]) == 0xFF;
}

static inline int rte_is_multicast_ether_addr(const struct rte_ether_addr *a) {
  return a->addr_bytes[0] & 1;
}

static inline void rte_ether_addr_copy(const struct rte_ether_addr *from,
                                       struct rte_ether_addr *to) {
  *to = *from;
}

#endif
