/* The firewall, in either dialect: verdicts of a few packets. Flows expire after 60 s. */
#include "packets.h"

#define INSIDE RTE_IPV4(10, 0, 0, 1)
#define OUTSIDE RTE_IPV4(8, 8, 8, 8)

static uint16_t out(uint16_t sport, int64_t time) {
  make(IPPROTO_UDP, INSIDE, sport, OUTSIDE, 53);
  return deliver(LAN_PORT, time);
}

static uint16_t answer(uint16_t dport, int64_t time) {
  make(IPPROTO_UDP, OUTSIDE, 53, INSIDE, dport);
  return deliver(WAN_PORT, time);
}

static void flows_open_from_inside(void) {
  CHECK(answer(1000, 0) == NF_DROP);
  CHECK(out(1000, 1) == WAN_PORT);
  CHECK(answer(1000, 2) == LAN_PORT && answer(1001, 2) == NF_DROP);
  make(IPPROTO_TCP, OUTSIDE, 53, INSIDE, 1000);
  CHECK(deliver(WAN_PORT, 3) == NF_DROP);
  make(IPPROTO_UDP, INSIDE, 1000, OUTSIDE, 53);
  CHECK(deliver(WAN_PORT, 3) == NF_DROP);
}

static void answers_keep_flows_open(void) {
  int64_t start = 100 * SECOND;
  CHECK(out(7, start) == WAN_PORT);
  CHECK(answer(7, start + 60 * SECOND - 1) == LAN_PORT);
  CHECK(answer(7, start + 119 * SECOND) == LAN_PORT);
  CHECK(answer(7, start + 179 * SECOND) == NF_DROP);
}

static void what_is_no_flow_is_dropped(void) {
  CHECK(out(9, 500 * SECOND) == WAN_PORT);
  const struct frame good = frame;
  frame.ip.fragment_offset = RTE_BE16(0x2000);
  CHECK(deliver(LAN_PORT, 500 * SECOND) == NF_DROP);
  frame = good;
  frame.ip.version_ihl = 0x46;
  CHECK(deliver(LAN_PORT, 500 * SECOND) == NF_DROP);
  frame = good;
  frame.ether.ether_type = RTE_BE16(0x86dd);
  CHECK(deliver(LAN_PORT, 500 * SECOND) == NF_DROP);
  frame = good;
  CHECK(deliver_bytes(LAN_PORT, 500 * SECOND, 37) == NF_DROP);
  CHECK(deliver_bytes(LAN_PORT, 500 * SECOND, 42) == WAN_PORT);
}

static void a_full_table_lets_packets_out(void) {
  int64_t now = 1000 * SECOND;
  for (unsigned i = 0; i < 65536; i++) {
    CHECK(out((uint16_t)i, now) == WAN_PORT);
  }
  CHECK(answer(65535, now) == LAN_PORT);
  make(IPPROTO_TCP, INSIDE, 1, OUTSIDE, 80);
  CHECK(deliver(LAN_PORT, now) == WAN_PORT);
  make(IPPROTO_TCP, OUTSIDE, 80, INSIDE, 1);
  CHECK(deliver(WAN_PORT, now) == NF_DROP);
}

int main(void) {
  CHECK((core = nf_core_create(nf_shared_create(1), 0, 1)) != NULL);
  flows_open_from_inside();
  answers_keep_flows_open();
  what_is_no_flow_is_dropped();
  a_full_table_lets_packets_out();
  return 0;
}
