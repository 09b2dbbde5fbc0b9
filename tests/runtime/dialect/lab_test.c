/* The maestro.h dialect, through lab.c: maps, verdicts, fields, edits and checksums, other packets. */
#include "lab.h"

#include "packets.h"

static int64_t clock_ns;

/* Asks with source address and port as the key, destination address as the value. */
static bool ask_value(uint16_t what, uint32_t key, uint16_t port, uint32_t value) {
  static uint8_t noise;
  make(IPPROTO_UDP, key, port, value, what);
  frame.ip.time_to_live = noise++; /* ends up in the padding of keys */
  uint16_t verdict = deliver(LAN_PORT, clock_ns);
  CHECK(verdict == WAN_PORT || verdict == NF_DROP);
  return verdict == WAN_PORT;
}

static bool ask(uint16_t what, uint32_t key) { return ask_value(what, key, 5, 1234); }

static void lasting_map(void) {
  CHECK(!ask(CONTAINS, 1) && ask(GET_ZERO, 1) && !ask(ERASE, 1));
  CHECK(ask(PUT, 1) && ask(CONTAINS, 1) && ask(GET, 1) && !ask(GET_ZERO, 1));
  CHECK(ask_value(PUT, 1, 5, 77) && ask_value(GET, 1, 5, 77) && !ask(GET, 1));
  CHECK(!ask_value(CONTAINS, 1, 6, 0) && !ask(CONTAINS, 257));
  CHECK(ask(PUT, 2) && ask(PUT, 3));
  CHECK(!ask(PUT, 4) && !ask(CONTAINS, 4) && ask(PUT, 2));
  clock_ns += 1000000 * SECOND;
  CHECK(ask(CONTAINS, 1) && ask(ERASE, 1) && !ask(CONTAINS, 1) && !ask(ERASE, 1));
  CHECK(ask(PUT, 4) && !ask(PUT, 1) && ask(GET, 4) && ask(CONTAINS, 3));
}

/* Idle for 10 s is gone; a hit of any kind counts as use, a miss does not bring anything back. */
static void fleeting_map(void) {
  CHECK(ask_value(PUT_FLEETING, 1, 41, 0) && ask_value(PUT_FLEETING, 2, 42, 0));
  CHECK(ask_value(PUT_FLEETING, 3, 43, 0) && ask_value(PUT_FLEETING, 4, 44, 0));
  clock_ns += 9 * SECOND;
  CHECK(ask(CONTAINS_FLEETING, 1) && ask_value(GET_FLEETING, 2, 42, 0));
  CHECK(ask_value(PUT_FLEETING, 3, 99, 0) && !ask(PUT_FLEETING, 5));
  clock_ns += SECOND;
  CHECK(!ask(CONTAINS_FLEETING, 4) && ask_value(GET_FLEETING, 4, 0, 0));
  CHECK(ask(PUT_FLEETING, 5) && ask(ERASE_FLEETING, 5) && ask(PUT_FLEETING, 6));
  clock_ns += 9 * SECOND - 1;
  CHECK(ask(CONTAINS_FLEETING, 1) && ask(CONTAINS_FLEETING, 2));
  clock_ns += 1;
  CHECK(!ask(CONTAINS_FLEETING, 3) && ask(CONTAINS_FLEETING, 1));
  clock_ns += 10 * SECOND;
  CHECK(!ask(CONTAINS_FLEETING, 1) && !ask(CONTAINS_FLEETING, 2) && !ask(CONTAINS_FLEETING, 6));
}

static void verdicts(void) {
  CHECK(!ask(NOTHING, 1) && ask(LAST_COUNTS, 1) && !ask(DROP_LAST, 1));
  make(IPPROTO_UDP, 1, 2, 3, FLOODED);
  CHECK(deliver(WAN_PORT, clock_ns) == NF_FLOOD && frame.ip.time_to_live == 9);
}

static void fields(void) {
  make(IPPROTO_UDP, RTE_IPV4(1, 2, 3, 4), 99, RTE_IPV4(5, 6, 7, 8), SEE_FIELDS);
  int64_t before = clock_ns;
  CHECK(deliver(WAN_PORT, 77) == NF_DROP); /* forwarded to where it came from */
  make(IPPROTO_TCP, 1, 2, 3, SEE_FLAGS);
  frame.tcp.tcp_flags = 0x12;
  CHECK(deliver(LAN_PORT, before) == WAN_PORT);
}

/* Sends a packet that lab.c edits; the checksums of what leaves must be those that are computed from scratch. */
static void edited(uint8_t protocol, uint16_t what) {
  make(protocol, random_below(UINT32_MAX), (uint16_t)random_below(65536), random_below(UINT32_MAX), what);
  const struct frame before = frame;
  CHECK(deliver(LAN_PORT, clock_ns) == WAN_PORT);
  CHECK((memcmp(&before, &frame, sizeof frame) == 0) == (what == OLD_ALL || what == NEW_SIZE ||
                                                         (what == NEW_FLAGS && protocol == IPPROTO_UDP)));
  const struct frame after = frame;
  nf_set_rte_ipv4_udptcp_checksum(&frame.ip, &frame.ports, NULL);
  CHECK(memcmp(&after, &frame, sizeof frame) == 0);
}

static void edits(void) {
  for (uint16_t what = NEW_SOURCE; what <= OLD_ALL; what++) {
    for (int i = 0; i < 200; i++) {
      edited(IPPROTO_TCP, what);
      edited(IPPROTO_UDP, what);
    }
  }
  make(IPPROTO_UDP, 1, 2, 3, NEW_MACS);
  CHECK(deliver(LAN_PORT, clock_ns) == WAN_PORT);
  CHECK(memcmp(&frame, "\1\2\3\4\5\6\xa\xb\xc\xd\xe\xf", 12) == 0);
}

/* RFC 768: no checksum stays no checksum. */
static void udp_without_checksum(void) {
  make(IPPROTO_UDP, 1, 2, 3, NEW_ALL);
  frame.udp.dgram_cksum = 0;
  CHECK(deliver(LAN_PORT, clock_ns) == WAN_PORT && frame.udp.dgram_cksum == 0);
}

/* Neither changed nor seen by process_packet, which would drop NOTHING. */
static void is_other(uint16_t length) {
  struct frame before = frame;
  CHECK(deliver_bytes(WAN_PORT, clock_ns, length) == LAN_PORT);
  CHECK(deliver_bytes(LAN_PORT, clock_ns, length) == NF_FLOOD);
  CHECK(memcmp(&before, &frame, sizeof frame) == 0);
}

static void other_packets(void) {
  make(IPPROTO_UDP, 1, 2, 3, NOTHING);
  CHECK(deliver_bytes(LAN_PORT, clock_ns, 42) == NF_DROP);
  is_other(41);
  is_other(14);
  frame.ip.fragment_offset = RTE_BE16(0x4000);
  CHECK(deliver(LAN_PORT, clock_ns) == NF_DROP);
  frame.ip.fragment_offset = RTE_BE16(0x2000);
  is_other(100);
  frame.ip.fragment_offset = RTE_BE16(0x0001);
  is_other(100);
  make(IPPROTO_UDP, 1, 2, 3, NOTHING);
  frame.ip.version_ihl = 0x46;
  is_other(100);
  frame.ip.version_ihl = 0x65;
  is_other(100);
  make(IPPROTO_TCP, 1, 2, 3, NOTHING);
  CHECK(deliver_bytes(LAN_PORT, clock_ns, 54) == NF_DROP);
  is_other(53);
  make(IPPROTO_ICMP, 1, 2, 3, NOTHING);
  is_other(100);
  make(IPPROTO_TCP, 1, 2, 3, NOTHING);
  frame.ether.ether_type = RTE_BE16(0x8100);
  is_other(100);
}

int main(void) {
  CHECK((core = nf_core_create(nf_shared_create(1), 0, 1)) != NULL);
  fields();
  lasting_map();
  fleeting_map();
  verdicts();
  edits();
  udp_without_checksum();
  other_packets();
  return 0;
}
