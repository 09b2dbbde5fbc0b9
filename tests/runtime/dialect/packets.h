/* For the test programs: packets, and the NF behind maestro/nf.h. */
#ifndef PACKETS_H
#define PACKETS_H

#include <stdbool.h>
#include <string.h>

#include "../libvig/check.h"
#include "maestro/nf.h"
#include "nf-util.h"

#define SECOND 1000000000LL
#define LAN_PORT 0
#define WAN_PORT 1

const char nf_name[] = "test";
const unsigned nf_ports = 2;
char *maestro_nf_argv[] = {"test", NULL};
const int maestro_nf_argc = 1;

struct frame {
  struct rte_ether_hdr ether;
  struct rte_ipv4_hdr ip;
  union {
    struct rte_tcp_hdr tcp;
    struct rte_udp_hdr udp;
    struct tcpudp_hdr ports;
    uint8_t bytes[66];
  };
} __attribute__((packed, aligned(2)));

static struct nf_core *core;
static struct frame frame;

/* A packet of 100 bytes, checksums right. */
static void make(uint8_t protocol, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport) {
  memset(&frame, 0, sizeof frame);
  for (unsigned i = 0; i < sizeof frame.bytes; i++) {
    frame.bytes[i] = (uint8_t)(37 * i + 11);
  }
  frame.ether = (struct rte_ether_hdr){{{{2, 0, 0, 0, 0, 1}}}, {{{2, 0, 0, 0, 0, 2}}}, RTE_BE16(0x800)};
  frame.ip.version_ihl = 0x45;
  frame.ip.total_length = RTE_BE16(86);
  frame.ip.time_to_live = 64;
  frame.ip.next_proto_id = protocol;
  frame.ip.src_addr = rte_cpu_to_be_32(src);
  frame.ip.dst_addr = rte_cpu_to_be_32(dst);
  frame.ports = (struct tcpudp_hdr){rte_cpu_to_be_16(sport), rte_cpu_to_be_16(dport)};
  uint32_t length = sizeof frame;
  packet_state_total_length(&frame, &length);
  nf_set_rte_ipv4_udptcp_checksum(&frame.ip, &frame.ports, NULL);
}

static uint16_t deliver_bytes(uint16_t port, int64_t time, uint16_t length) {
  return nf_packet(core, port, (uint8_t *)&frame, length, time);
}

static uint16_t deliver(uint16_t port, int64_t time) { return deliver_bytes(port, time, sizeof frame); }

#endif
