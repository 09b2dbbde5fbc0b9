/* A wire: what comes in on one port leaves through the other. The network function that does nothing, and so the
 * measure of what everything around it costs. */
#include <stdio.h>
#include <stdlib.h>

#include "nf.h"

#define LAN 0
#define WAN 1

struct nf_config {
  char none;
} config;

void nf_config_init(int argc, char **argv) {
  (void)argv;
  if (argc > 1) {
    nf_config_usage();
    exit(EXIT_FAILURE);
  }
}

void nf_config_usage(void) { fprintf(stderr, "forwarder: there are no options\n"); }

void nf_config_print(void) {}

bool nf_init(void) { return true; }

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now,
               struct rte_mbuf *mbuf) {
  (void)buffer;
  (void)packet_length;
  (void)now;
  (void)mbuf;
  return device == LAN ? WAN : LAN;
}
