/* An NF for testing the harness. Byte 6 of a packet says what becomes of it: a port, 0xfe drop, 0xff flood. Byte 7
 * gets the core's number of the packet (modulo 256), byte 8 the core. */
#include <stdlib.h>

#include "maestro/nf.h"
#include "echo_rss.h" /* nf_rss, written by the test */

struct nf_core {
  unsigned core;
  unsigned packets;
};

const char nf_name[] = "echo";
const unsigned nf_ports = 3;

struct nf_core *nf_core_create(unsigned core, unsigned cores) {
  struct nf_core *nf = cores <= 8 ? calloc(1, sizeof *nf) : NULL;
  if (nf != NULL)
    nf->core = core;
  return nf;
}

void nf_core_destroy(struct nf_core *nf) { free(nf); }

uint16_t nf_packet(struct nf_core *nf, uint16_t port, uint8_t *packet, uint16_t length, int64_t now) {
  (void)port, (void)now, (void)length;
  uint8_t verdict = packet[6];
  packet[7] = (uint8_t)nf->packets++;
  packet[8] = (uint8_t)nf->core;
  return verdict >= 0xfe ? 0xff00u | verdict : verdict;
}
