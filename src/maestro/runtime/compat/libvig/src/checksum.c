/* Internet checksums (RFC 1071). Kept apart from nf-util.c: these loop over the payload, so
 * symbolic execution has a model of them instead. */
#include "nf-util.h"

/* Adds `length` bytes, read as 16-bit words in memory order and padded with a zero byte. The sum of
 * a packet cannot overflow 32 bits: at most 32,768 words. */
static uint32_t add_bytes(uint32_t sum, const void *data, size_t length) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i + 1 < length; i += 2) {
    sum += (uint32_t)bytes[i] | (uint32_t)bytes[i + 1] << 8;
  }
  return length % 2 == 0 ? sum : sum + bytes[length - 1];
}

static uint16_t fold(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)(sum + (sum >> 16));
}

static uint16_t transport_checksum(const struct rte_ipv4_hdr *ip, const void *l4, size_t length) {
  uint32_t sum = add_bytes(0, &ip->src_addr, 2 * sizeof ip->src_addr);
  sum += rte_cpu_to_be_16(ip->next_proto_id);
  sum += rte_cpu_to_be_16(length);
  uint16_t checksum = (uint16_t)~fold(add_bytes(sum, l4, length));
  return checksum == 0 ? 0xffff : checksum;
}

/* Bytes after the IP header, as the header says. */
static size_t payload_length(const struct rte_ipv4_hdr *ip) {
  size_t total = rte_be_to_cpu_16(ip->total_length), header = rte_ipv4_hdr_len(ip);
  return total > header ? total - header : 0;
}

uint16_t rte_raw_cksum(const void *data, size_t length) { return fold(add_bytes(0, data, length)); }

uint16_t rte_ipv4_cksum(const struct rte_ipv4_hdr *ip) {
  return (uint16_t)~rte_raw_cksum(ip, rte_ipv4_hdr_len(ip));
}

uint16_t rte_ipv4_udptcp_cksum(const struct rte_ipv4_hdr *ip, const void *l4) {
  return transport_checksum(ip, l4, payload_length(ip));
}

void nf_set_rte_ipv4_udptcp_checksum(struct rte_ipv4_hdr *ip, struct tcpudp_hdr *l4, void *buffer) {
  (void)buffer;
  /* A header may claim more bytes than the packet has. */
  size_t length = RTE_MIN(payload_length(ip), packet_bytes_from(l4));
  if (nf_has_tcp_header(ip) && length >= sizeof(struct rte_tcp_hdr)) {
    struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)l4;
    tcp->cksum = 0;
    tcp->cksum = transport_checksum(ip, tcp, length);
  } else if (nf_has_udp_header(ip) && length >= sizeof(struct rte_udp_hdr)) {
    struct rte_udp_hdr *udp = (struct rte_udp_hdr *)l4;
    udp->dgram_cksum = 0;
    udp->dgram_cksum = transport_checksum(ip, udp, length);
  }
  ip->hdr_checksum = 0;
  size_t header = RTE_MIN((size_t)rte_ipv4_hdr_len(ip), packet_bytes_from(ip));
  ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, header);
}
