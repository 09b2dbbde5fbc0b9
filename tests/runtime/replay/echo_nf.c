/* An NF for testing the harness. A packet's byte 6 says what becomes of it: a port, 0xfe to drop
 * it, 0xff to flood it. It gets its number among the packets of its core in bytes 7 (modulo 256),
 * and that core in byte 8.
 *
 * With HEAD, byte 9 says by how many bytes the frame's start moves (signed); bytes that it inserts
 * are 0xab.
 *
 * With REFERENCE it is its own reference build: one core that counts packets by owner. With
 * BROKEN it errs: it drops what it should forward to port 1, and damages what it floods. */
#include <stdlib.h>

#include "maestro/nf.h"
#include "maestro/reference.h"

#include "echo_rss.h" /* nf_rss, written by the test */

enum { MAX_CORES = 8 };

struct nf_core {
  unsigned core;
  int32_t head;
  uint8_t packets[MAX_CORES];
};

const char nf_name[] = "echo";
const unsigned nf_ports = 3;

#ifdef REFERENCE
static unsigned owner;

void maestro_reference_owner(unsigned cores, unsigned core) { owner = core < cores ? core : 0xff; }
#endif

struct nf_shared {
  char none;
};

static struct nf_shared nothing;

struct nf_shared *nf_shared_create(unsigned cores) {
  (void)cores;
  return &nothing;
}

void nf_shared_destroy(struct nf_shared *shared) { (void)shared; }

struct nf_core *nf_core_create(struct nf_shared *shared, unsigned core, unsigned cores) {
  (void)shared;
  struct nf_core *nf = cores <= MAX_CORES ? calloc(1, sizeof *nf) : NULL;
  if (nf != NULL)
    nf->core = core;
  return nf;
}

void nf_core_destroy(struct nf_core *nf) { free(nf); }

#ifdef HEAD
int32_t nf_head(const struct nf_core *nf) { return nf->head; }
#endif

uint16_t nf_packet(struct nf_core *nf, uint16_t port, uint8_t *packet, uint16_t length,
                   int64_t now) {
  (void)port, (void)now, (void)length;
  uint8_t verdict = packet[6];
#ifdef REFERENCE
  nf->core = owner;
#endif
#ifdef OVERREAD
  packet[7] = packet[length];
#endif
  packet[7] = nf->packets[nf->core]++;
  packet[8] = (uint8_t)nf->core;
#ifdef HEAD
  nf->head = (int8_t)packet[9];
  for (int32_t at = nf->head; at < 0; at++)
    packet[at] = 0xab;
#endif
#ifdef BROKEN
  if (verdict == 1)
    return NF_DROP;
  if (verdict == 0xff)
    packet[length - 1] ^= 1;
#endif
  return verdict >= 0xfe ? 0xff00u | verdict : verdict;
}
