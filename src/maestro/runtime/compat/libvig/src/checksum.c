/* Internet checksums (RFC 1071). Written with few branches, as nf-util.c is. */
#include "nf-util.h"

static uint16_t fold(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)(sum + (sum >> 16));
}

static size_t least(size_t a, size_t b) { return b ^ ((a ^ b) & -(size_t)(a < b)); }

uint16_t maestro_transport_checksum(const struct rte_ipv4_hdr *ip, const void *l4, size_t length) {
  uint32_t sum = maestro_add_bytes(0, &ip->src_addr, 2 * sizeof ip->src_addr);
  sum += rte_cpu_to_be_16(ip->next_proto_id);
  sum += rte_cpu_to_be_16(length);
  uint16_t checksum = (uint16_t)~fold(maestro_add_bytes(sum, l4, length));
  return checksum | (uint16_t)-(checksum == 0);
}

/* Bytes after the IP header, as the header says. */
static size_t payload_length(const struct rte_ipv4_hdr *ip) {
  size_t total = rte_be_to_cpu_16(ip->total_length);
  return total - least(total, rte_ipv4_hdr_len(ip));
}

uint16_t rte_raw_cksum(const void *data, size_t length) {
  return fold(maestro_add_bytes(0, data, length));
}

uint16_t rte_ipv4_cksum(const struct rte_ipv4_hdr *ip) {
  return (uint16_t)~rte_raw_cksum(ip, rte_ipv4_hdr_len(ip));
}

uint16_t rte_ipv4_udptcp_cksum(const struct rte_ipv4_hdr *ip, const void *l4) {
  return maestro_transport_checksum(ip, l4, payload_length(ip));
}
