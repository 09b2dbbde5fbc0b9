/* Makes a libVig network function of one written for maestro.h. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/verified/packet-io.h"
#include "nf-util.h"
#include "nf.h"

#undef DROP /* here these are maestro.h's */
#undef FLOOD
#include "dialect.h"

enum verdict { DROPPED, FORWARDED, FLOODED };

static int64_t time_of_packet;
static enum verdict verdict;
static uint16_t port;
static pkt_t leaving;

int64_t now(void) { return time_of_packet; }

void drop(pkt_t p) {
  (void)p;
  verdict = DROPPED;
}

void flood(pkt_t p) {
  verdict = FLOODED;
  leaving = p;
}

void forward(pkt_t p, int device) {
  verdict = FORWARDED;
  port = (uint16_t)device;
  concretize_devices(&port, rte_eth_dev_count_avail());
  leaving = p;
}

__attribute__((weak)) int maestro_other_packets(int device) {
  (void)device;
  return DROP;
}

__attribute__((weak)) void at_start(void) {}

void nf_config_init(int argc, char **argv) {
  if (argc > 1) {
    fprintf(stderr, "%s: this network function has no options\n", argv[1]);
    exit(EXIT_FAILURE);
  }
}

void nf_config_usage(void) {}

void nf_config_print(void) {}

bool nf_init(void) {
  for (unsigned i = 0; i < maestro_state_count; i++) {
    if (!maestro_states[i]->allocate()) {
      return false;
    }
  }
  at_start();
  return true;
}

static int other_packet(int device) {
  int to = maestro_other_packets(device);
  if (to == FLOOD) {
    return FLOOD_FRAME;
  }
  if (to == DROP) {
    return device;
  }
  port = (uint16_t)to;
  concretize_devices(&port, rte_eth_dev_count_avail());
  return port;
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t time,
               struct rte_mbuf *mbuf) {
  (void)mbuf;
  void *packet;
  pkt_t arrived;
  time_of_packet = time;
  for (unsigned i = 0; i < maestro_state_count; i++) {
    maestro_states[i]->expire();
  }
  packet_borrow_next_chunk(*buffer, 0, &packet);
  if (!maestro_packet_is_flow(packet, packet_length)) {
    return other_packet(device);
  }
  maestro_packet_read(packet, packet_length, &arrived);
  verdict = DROPPED;
  process_packet(device, arrived);
  if (verdict == DROPPED) {
    return device;
  }
  maestro_packet_write(packet, &arrived, &leaving);
  return verdict == FLOODED ? FLOOD_FRAME : port;
}
