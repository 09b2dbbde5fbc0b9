#include "nf-util.h"

void *chunks_borrowed[MAX_N_CHUNKS];
size_t chunks_borrowed_num;

void *nf_borrow_next_chunk(void *buffer, size_t length) {
  assert(chunks_borrowed_num < MAX_N_CHUNKS);
  void *chunk;
  packet_borrow_next_chunk(buffer, length, &chunk);
  chunks_borrowed[chunks_borrowed_num] = chunk;
  chunks_borrowed_num++;
  return chunk;
}

void *nf_get_borrowed_chunk(uint32_t index) {
  assert(index < chunks_borrowed_num);
  return chunks_borrowed[index];
}

void *nf_shrink_chunk(uint8_t **buffer, size_t length, struct rte_mbuf *mbuf) {
  assert(chunks_borrowed_num > 0);
  packet_shrink_chunk((void **)buffer, length, chunks_borrowed, chunks_borrowed_num, mbuf);
  return chunks_borrowed[chunks_borrowed_num - 1];
}

void *nf_insert_new_chunk(uint8_t **buffer, size_t length, struct rte_mbuf *mbuf) {
  assert(chunks_borrowed_num > 0 && chunks_borrowed_num < MAX_N_CHUNKS);
  packet_insert_new_chunk((void **)buffer, length, chunks_borrowed, &chunks_borrowed_num, mbuf);
  return chunks_borrowed[chunks_borrowed_num - 1];
}

void nf_return_chunk(void *buffer) {
  if (chunks_borrowed_num > 0) {
    chunks_borrowed_num--;
    packet_return_chunk(buffer, chunks_borrowed[chunks_borrowed_num]);
  }
}

void nf_return_all_chunks(void *buffer) {
  while (chunks_borrowed_num > 0) {
    nf_return_chunk(buffer);
  }
}

/* The conditions below are joined by | and &, which do not branch: what matters is whether a
 * packet is of a kind, not which test says so, and every branch is one more path to explore. */

bool nf_has_rte_ipv4_header(struct rte_ether_hdr *ether) {
  return ether->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
}

bool nf_has_tcp_header(struct rte_ipv4_hdr *ip) { return ip->next_proto_id == IPPROTO_TCP; }

bool nf_has_udp_header(struct rte_ipv4_hdr *ip) { return ip->next_proto_id == IPPROTO_UDP; }

bool nf_has_tcpudp_header(struct rte_ipv4_hdr *ip) {
  return (ip->next_proto_id == IPPROTO_TCP) | (ip->next_proto_id == IPPROTO_UDP);
}

struct rte_ether_hdr *nf_then_get_rte_ether_header(void *buffer) {
  return nf_borrow_next_chunk(buffer, sizeof(struct rte_ether_hdr));
}

static void *borrow_if(int wanted, void *buffer, size_t length) {
  if (wanted & (packet_get_unread_length(buffer) >= length)) {
    return nf_borrow_next_chunk(buffer, length);
  }
  return NULL;
}

struct rte_ipv4_hdr *nf_ipv4_plain(void *ether, void *buffer) {
  return borrow_if(nf_has_rte_ipv4_header(ether), buffer, sizeof(struct rte_ipv4_hdr));
}

struct rte_ipv4_hdr *nf_ipv4_with_options(void *ether, void *buffer, uint8_t **options) {
  *options = NULL;
  uint32_t available = packet_get_unread_length(buffer);
  struct rte_ipv4_hdr *ip = nf_ipv4_plain(ether, buffer);
  if (ip == NULL) {
    return NULL;
  }
  uint8_t words = ip->version_ihl & RTE_IPV4_HDR_IHL_MASK;
  if ((words < IP_MIN_SIZE_WORDS) | (available < rte_be_to_cpu_16(ip->total_length))) {
    return NULL;
  }
  uint32_t length = (uint32_t)(words - IP_MIN_SIZE_WORDS) * WORD_SIZE;
  if ((length != 0) & (packet_get_unread_length(buffer) >= length)) {
    *options = nf_borrow_next_chunk(buffer, length);
  }
  return ip;
}

struct tcpudp_hdr *nf_then_get_tcpudp_header(struct rte_ipv4_hdr *ip, void *buffer) {
  return borrow_if(nf_has_tcpudp_header(ip), buffer, sizeof(struct tcpudp_hdr));
}

struct rte_tcp_hdr *nf_then_get_tcp_header(struct rte_ipv4_hdr *ip, void *buffer) {
  return borrow_if(nf_has_tcp_header(ip), buffer, sizeof(struct rte_tcp_hdr));
}

struct rte_udp_hdr *nf_then_get_udp_header(struct rte_ipv4_hdr *ip, void *buffer) {
  return borrow_if(nf_has_udp_header(ip), buffer, sizeof(struct rte_udp_hdr));
}

void concretize_devices(uint16_t *device, int count) {
  port_chosen(*device, count);
  assert(*device < count);
}

uintmax_t nf_util_parse_int(const char *text, const char *name, int base, char next) {
  char *end;
  intmax_t value = strtoimax(text, &end, base);
  if (end == text || *end != next) {
    rte_exit(EXIT_FAILURE, "Error while parsing '%s': %s\n", name, text);
  }
  return (uintmax_t)value;
}

static char *allocate_text(size_t size) {
  char *text = calloc(size, 1);
  if (text == NULL) {
    rte_exit(EXIT_FAILURE, "Out of memory\n");
  }
  return text;
}

char *nf_mac_to_str(struct rte_ether_addr *mac) {
  const size_t size = sizeof "00:00:00:00:00:00";
  const uint8_t *b = mac->addr_bytes;
  char *text = allocate_text(size);
  snprintf(text, size, "%02X:%02X:%02X:%02X:%02X:%02X", b[0], b[1], b[2], b[3], b[4], b[5]);
  return text;
}

char *nf_rte_ipv4_to_str(uint32_t address) {
  const size_t size = sizeof "255.255.255.255";
  char *text = allocate_text(size);
  snprintf(text, size, "%u.%u.%u.%u", address & 0xff, address >> 8 & 0xff, address >> 16 & 0xff,
           address >> 24);
  return text;
}
