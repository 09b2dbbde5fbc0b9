/* ARP packets for IPv4 over Ethernet (RFC 826) under DPDK's names. Multi-byte fields are big-endian. */
#ifndef MAESTRO_RTE_ARP_H
#define MAESTRO_RTE_ARP_H

#include "rte_common.h"
#include "rte_ether.h"

#define RTE_ARP_HRD_ETHER 1
#define RTE_ARP_OP_REQUEST 1
#define RTE_ARP_OP_REPLY 2

struct rte_arp_ipv4 {
  struct rte_ether_addr arp_sha;
  uint32_t arp_sip;
  struct rte_ether_addr arp_tha;
  uint32_t arp_tip;
} __rte_packed __rte_aligned(2);

struct rte_arp_hdr {
  uint16_t arp_hardware;
  uint16_t arp_protocol;
  uint8_t arp_hlen;
  uint8_t arp_plen;
  uint16_t arp_opcode;
  struct rte_arp_ipv4 arp_data;
} __rte_packed __rte_aligned(2);

#endif
