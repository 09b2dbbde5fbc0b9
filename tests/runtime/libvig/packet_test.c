/* packet-io.h and nf-util.h: headers are found, and only where they are. */
#include "check.h"
#include "nf-util.h"

static uint8_t packet[128];

static void start(uint32_t length) {
  packet_state_total_length(packet, &length);
  chunks_borrowed_num = 0;
}

/* An IPv4 packet of `total` bytes after the Ethernet header, with `words` of IP header. */
static void ipv4(uint8_t words, uint8_t protocol, uint16_t total) {
  memset(packet, 0, sizeof packet);
  struct rte_ether_hdr *ether = (void *)packet;
  struct rte_ipv4_hdr *ip = (void *)(packet + 14);
  ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
  ip->version_ihl = 0x40 | words;
  ip->next_proto_id = protocol;
  ip->total_length = rte_cpu_to_be_16(total);
}

static void chunks(void) {
  start(60);
  CHECK(packet_get_unread_length(NULL) == 60);
  uint8_t *first = nf_borrow_next_chunk(NULL, 14), *second = nf_borrow_next_chunk(NULL, 20);
  CHECK(first == packet && second == packet + 14 && packet_get_unread_length(NULL) == 26);
  CHECK(packet_get_chunk_length(NULL, second) == 20 && packet_bytes_from(second) == 46);
  CHECK(nf_get_borrowed_chunk(0) == first && nf_get_borrowed_chunk(1) == second);
  nf_return_chunk(NULL);
  CHECK(packet_get_unread_length(NULL) == 46 && nf_borrow_next_chunk(NULL, 1) == second);
  nf_return_all_chunks(NULL);
  CHECK(packet_get_unread_length(NULL) == 60 && chunks_borrowed_num == 0);
}

/* A packet of 40 bytes 0, 1, ... with room before it. */
static uint8_t roomy[128 + 40], *buffer;

static uint8_t *start_roomy(void) {
  buffer = roomy + 128;
  for (int i = 0; i < 40; i++)
    buffer[i] = (uint8_t)i;
  packet_state_total_length(buffer, &(uint32_t){40});
  chunks_borrowed_num = 0;
  nf_borrow_next_chunk(buffer, 14);
  return buffer;
}

static void inserted_chunks(void) {
  const uint8_t *was = start_roomy();
  uint8_t *tag = nf_insert_new_chunk(&buffer, 4, NULL);
  CHECK(buffer == was - 4 && packet_start() == buffer && tag == was + 10);
  CHECK(chunks_borrowed_num == 2 && nf_get_borrowed_chunk(0) == buffer);
  CHECK(buffer[0] == 0 && buffer[13] == 13 && tag[0] == 10 && tag[3] == 13 && tag[4] == 14);
  CHECK(packet_get_unread_length(buffer) == 26 && packet_get_chunk_length(buffer, tag) == 4);
  nf_return_all_chunks(buffer);
  CHECK(packet_get_unread_length(buffer) == 44 && nf_borrow_next_chunk(buffer, 1) == buffer);
}

static void shrunk_chunks(void) {
  uint8_t *was = start_roomy();
  nf_borrow_next_chunk(buffer, 8);
  uint8_t *rest = nf_shrink_chunk(&buffer, 2, NULL);
  CHECK(buffer == was + 6 && packet_start() == buffer && rest == was + 20);
  CHECK(buffer[0] == 0 && buffer[13] == 13 && rest[0] == 14 && rest[1] == 15 && rest[2] == 22);
  CHECK(packet_get_unread_length(buffer) == 18 && packet_get_chunk_length(buffer, rest) == 2);
  nf_shrink_chunk(&buffer, 0, NULL);
  CHECK(buffer == was + 8 && nf_get_borrowed_chunk(0) == buffer);
  CHECK(buffer[13] == 13 && buffer[14] == 22);
  nf_insert_new_chunk(&buffer, 128 + 8, NULL); /* all the room that there is now */
  CHECK(buffer == roomy && nf_get_borrowed_chunk(2) == roomy + 14);
}

static void plain_ipv4(void) {
  ipv4(5, IPPROTO_UDP, 46);
  start(14 + 20);
  void *ether = nf_then_get_rte_ether_header(NULL);
  CHECK(nf_then_get_rte_ipv4_header(ether, NULL) == (void *)(packet + 14));
  start(14 + 19);
  CHECK(nf_then_get_rte_ipv4_header(nf_then_get_rte_ether_header(NULL), NULL) == NULL);
  packet[13] = 1;
  start(60);
  CHECK(nf_then_get_rte_ipv4_header(nf_then_get_rte_ether_header(NULL), NULL) == NULL);
}

static void *with_options(uint32_t length, uint8_t **options) {
  start(length);
  return nf_then_get_rte_ipv4_header(nf_then_get_rte_ether_header(NULL), NULL, options);
}

static void ipv4_with_options(void) {
  uint8_t *options = packet;
  ipv4(5, IPPROTO_UDP, 46);
  CHECK(with_options(60, &options) == packet + 14 && options == NULL);
  CHECK(with_options(59, &options) == NULL);
  ipv4(4, IPPROTO_UDP, 46);
  CHECK(with_options(60, &options) == NULL);
  ipv4(7, IPPROTO_UDP, 46);
  CHECK(with_options(60, &options) == packet + 14 && options == packet + 34);
  CHECK(packet_get_unread_length(NULL) == 60 - 14 - 28);
  ipv4(15, IPPROTO_UDP, 40);
  CHECK(with_options(14 + 40, &options) == packet + 14 && options == NULL);
}

static bool found(void *(*get)(struct rte_ipv4_hdr *, void *), uint8_t protocol, uint32_t length) {
  ipv4(5, protocol, 46);
  start(length);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(nf_then_get_rte_ether_header(NULL), NULL);
  void *l4 = get(ip, NULL);
  CHECK(l4 == NULL || l4 == packet + 34);
  return l4 != NULL;
}

static void *get_tcpudp(struct rte_ipv4_hdr *ip, void *buffer) {
  return nf_then_get_tcpudp_header(ip, buffer);
}
static void *get_tcp(struct rte_ipv4_hdr *ip, void *buffer) {
  return nf_then_get_tcp_header(ip, buffer);
}
static void *get_udp(struct rte_ipv4_hdr *ip, void *buffer) {
  return nf_then_get_udp_header(ip, buffer);
}

static void transport(void) {
  CHECK(found(get_tcpudp, IPPROTO_TCP, 38) && found(get_tcpudp, IPPROTO_UDP, 38));
  CHECK(!found(get_tcpudp, IPPROTO_TCP, 37) && !found(get_tcpudp, IPPROTO_ICMP, 60));
  CHECK(found(get_tcp, IPPROTO_TCP, 54) && !found(get_tcp, IPPROTO_TCP, 53));
  CHECK(!found(get_tcp, IPPROTO_UDP, 60) && !found(get_udp, IPPROTO_TCP, 60));
  CHECK(found(get_udp, IPPROTO_UDP, 42) && !found(get_udp, IPPROTO_UDP, 41));
}

/* The example of RFC 1071 section 3, and a UDP packet whose checksums were computed by hand. */
static void checksums(void) {
  const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  CHECK(rte_raw_cksum(example, sizeof example) == RTE_BE16(0xddf2));
  CHECK(rte_raw_cksum(example, 3) == RTE_BE16(0xf201));

  ipv4(5, IPPROTO_UDP, 20 + 8 + 3);
  struct rte_ipv4_hdr *ip = (void *)(packet + 14);
  struct rte_udp_hdr *udp = (void *)(packet + 34);
  ip->src_addr = RTE_BE32(RTE_IPV4(10, 0, 0, 1));
  ip->dst_addr = RTE_BE32(RTE_IPV4(10, 0, 0, 2));
  *udp = (struct rte_udp_hdr){RTE_BE16(1000), RTE_BE16(2000), RTE_BE16(11), RTE_BE16(0xdead)};
  memcpy(udp + 1, "abc", 3);
  start(60);
  nf_borrow_next_chunk(NULL, 34);
  struct tcpudp_hdr *l4 = nf_borrow_next_chunk(NULL, 4);
  nf_set_rte_ipv4_udptcp_checksum(ip, l4, NULL);
  /* 4500 + 001f + 0011 + 2 * 0a00 + 0001 + 0002 = 5933 */
  CHECK(ip->hdr_checksum == RTE_BE16((uint16_t)~0x5933));
  /* 2 * 0a00 + 0001 + 0002 + 0011 + 2 * 000b + 03e8 + 07d0 + 6162 + 6300 = e444 */
  CHECK(udp->dgram_cksum == RTE_BE16((uint16_t)~0xe444));
}

static void devices(void) {
  struct rte_ether_addr mac;
  uint16_t device = 1;
  CHECK(rte_eth_dev_count_avail() == 2 && rte_eth_macaddr_get(2, &mac) != 0);
  CHECK(rte_eth_macaddr_get(1, &mac) == 0 && mac.addr_bytes[0] == 2 && mac.addr_bytes[5] == 1);
  concretize_devices(&device, 2);
  char *text = nf_mac_to_str(&mac), *address = nf_rte_ipv4_to_str(RTE_BE32(RTE_IPV4(1, 2, 3, 244)));
  CHECK(strcmp(text, "02:00:00:00:00:01") == 0 && strcmp(address, "1.2.3.244") == 0);
  free(text);
  free(address);
}

int main(void) {
  chunks();
  inserted_chunks();
  shrunk_chunks();
  plain_ipv4();
  ipv4_with_options();
  transport();
  checksums();
  devices();
  return 0;
}
