/* Between the bytes of a packet and the fields of pkt_t. No IP options, so everything has its place. */
#include "dialect.h"

#define ETHER_TYPE 12
#define VERSION_IHL 14
#define TOS 15
#define FRAGMENT 20
#define TTL 22
#define PROTOCOL 23
#define IP_CHECKSUM 24
#define SOURCE 26
#define DESTINATION 30
#define SOURCE_PORT 34
#define DESTINATION_PORT 36
#define UDP_CHECKSUM 40
#define TCP_OFFSET 46 /* and the flags behind it */
#define TCP_FLAGS 47
#define TCP_CHECKSUM 50
#define UDP_END 42
#define TCP_END 54

/* ---- Big-endian numbers at any address ---- */

typedef uint16_t __attribute__((aligned(1), may_alias)) number16;
typedef uint32_t __attribute__((aligned(1), may_alias)) number32;
typedef uint64_t __attribute__((aligned(1), may_alias)) number64;

static uint16_t get16(const uint8_t *b) { return __builtin_bswap16(*(const number16 *)b); }
static uint32_t get32(const uint8_t *b) { return __builtin_bswap32(*(const number32 *)b); }
static void put16(uint8_t *b, uint16_t n) { *(number16 *)b = __builtin_bswap16(n); }
static void put32(uint8_t *b, uint32_t n) { *(number32 *)b = __builtin_bswap32(n); }

/* Reads two bytes more than the address has; an Ethernet header always has them. */
static uint64_t get48(const uint8_t *b) { return __builtin_bswap64(*(const number64 *)b) >> 16; }

static void put48(uint8_t *b, uint64_t n) {
  put16(b, (uint16_t)(n >> 32));
  put32(b + 2, (uint32_t)n);
}

/* ---- Reading ---- */

/* The tests are joined by & and |, which do not branch: there are two ways to be some other packet,
 * and not one a test. */
bool maestro_packet_is_flow(const uint8_t *b, uint32_t length) {
  if (length < UDP_END) {
    return false;
  }
  int is_ipv4 = (get16(b + ETHER_TYPE) == 0x0800) & (b[VERSION_IHL] == 0x45);
  int is_whole = (get16(b + FRAGMENT) & 0x3fff) == 0; /* neither "more fragments" nor an offset */
  int has_ports = (b[PROTOCOL] == UDP) | ((b[PROTOCOL] == TCP) & (length >= TCP_END));
  return is_ipv4 & is_whole & has_ports;
}

void maestro_packet_read(const uint8_t *b, uint32_t length, pkt_t *p) {
  *p = (pkt_t){
      .eth_dst = get48(b),
      .eth_src = get48(b + 6),
      .size = length,
      .ipv4_src = get32(b + SOURCE),
      .ipv4_dst = get32(b + DESTINATION),
      .tcpudp_src = get16(b + SOURCE_PORT),
      .tcpudp_dst = get16(b + DESTINATION_PORT),
      .ipv4_proto = b[PROTOCOL],
      .ipv4_ttl = b[TTL],
      .ipv4_tos = b[TOS],
  };
  if (maestro_reads_tcp_flags && b[PROTOCOL] == TCP) {
    p->maestro_tcp_flags[0] = b[TCP_FLAGS];
  }
}

/* ---- Writing ---- */

/* What replacing 16 bits of the data adds to the sum that a checksum is the complement of (RFC 1624,
 * equation 3). Replacing bits by themselves adds 0xffff, a zero. */
static uint32_t change16(uint16_t from, uint16_t to) { return (uint32_t)(uint16_t)~from + to; }

static uint32_t change32(uint32_t from, uint32_t to) {
  return change16((uint16_t)(from >> 16), (uint16_t)(to >> 16)) +
         change16((uint16_t)from, (uint16_t)to);
}

static uint16_t updated(uint16_t checksum, uint32_t change) {
  uint32_t sum = (uint16_t)~checksum + change;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static uint32_t address_change(const pkt_t *from, const pkt_t *to) {
  return change32(from->ipv4_src, to->ipv4_src) + change32(from->ipv4_dst, to->ipv4_dst);
}

static uint16_t pair(uint8_t high, uint8_t low) { return (uint16_t)(high << 8 | low); }

static void write_ip(uint8_t *b, const pkt_t *from, const pkt_t *to) {
  uint32_t change = address_change(from, to);
  change += change16(from->ipv4_tos, to->ipv4_tos);
  change += change16(pair(from->ipv4_ttl, from->ipv4_proto), pair(to->ipv4_ttl, to->ipv4_proto));
  b[TOS] = to->ipv4_tos;
  b[TTL] = to->ipv4_ttl;
  b[PROTOCOL] = to->ipv4_proto;
  put32(b + SOURCE, to->ipv4_src);
  put32(b + DESTINATION, to->ipv4_dst);
  put16(b + IP_CHECKSUM, updated(get16(b + IP_CHECKSUM), change));
}

/* UDP: no checksum, 0, stays none, and a checksum that comes out as 0 is sent as 0xffff (RFC 768).
 * Masks, so as not to branch. */
static uint16_t updated_udp(uint16_t checksum, uint32_t change) {
  uint16_t sum = updated(checksum, change);
  uint16_t was_there = (uint16_t)-(checksum != 0), is_zero = (uint16_t)-(sum == 0);
  return (sum | is_zero) & was_there;
}

static void write_l4(uint8_t *b, const pkt_t *from, const pkt_t *to) {
  uint32_t change = address_change(from, to);
  change += change16(from->ipv4_proto, to->ipv4_proto);
  change += change16(from->tcpudp_src, to->tcpudp_src);
  change += change16(from->tcpudp_dst, to->tcpudp_dst);
  put16(b + SOURCE_PORT, to->tcpudp_src);
  put16(b + DESTINATION_PORT, to->tcpudp_dst);
  if (from->ipv4_proto == UDP) {
    put16(b + UDP_CHECKSUM, updated_udp(get16(b + UDP_CHECKSUM), change));
    return;
  }
  if (maestro_reads_tcp_flags) {
    uint8_t offset = b[TCP_OFFSET];
    uint8_t old_flags = from->maestro_tcp_flags[0], new_flags = to->maestro_tcp_flags[0];
    change += change16(pair(offset, old_flags), pair(offset, new_flags));
    b[TCP_FLAGS] = new_flags;
  }
  put16(b + TCP_CHECKSUM, updated(get16(b + TCP_CHECKSUM), change));
}

void maestro_packet_write(uint8_t *b, const pkt_t *from, const pkt_t *to) {
  put48(b, to->eth_dst);
  put48(b + 6, to->eth_src);
  int both = (from->ipv4_src != to->ipv4_src) | (from->ipv4_dst != to->ipv4_dst) |
             (from->ipv4_proto != to->ipv4_proto);
  int ip = (from->ipv4_tos != to->ipv4_tos) | (from->ipv4_ttl != to->ipv4_ttl);
  int l4 = (from->tcpudp_src != to->tcpudp_src) | (from->tcpudp_dst != to->tcpudp_dst) |
           (from->maestro_tcp_flags[0] != to->maestro_tcp_flags[0]);
  if (both | l4) {
    write_l4(b, from, to);
  }
  if (both | ip) {
    write_ip(b, from, to);
  }
}
