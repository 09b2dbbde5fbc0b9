/* The reference build: an NF's own source behind maestro/nf.h, for one core.
 *
 * What every generated form is compared with. The NF's state is in its globals, so there can be one core only. */
#include <getopt.h>
#include <stdlib.h>

#include "maestro/nf.h"
#include "maestro/reference.h"
#include "nf-util.h"
#include "nf.h"
#include "structs/quota.h"

/* Generated: what the NF's nf_config_init gets. */
extern char *maestro_nf_argv[];
extern const int maestro_nf_argc;

extern uint16_t maestro_ports;

#pragma weak nf_config_init /* an NF may do without options */

struct nf_core {
  unsigned cores; /* whose capacity is divided; 0: nobody's */
  int32_t head;   /* of the last packet */
};

struct nf_shared {
  char none;
};

static struct nf_core the_core;
static struct nf_shared nothing;

struct nf_shared *nf_shared_create(unsigned cores) {
  (void)cores;
  return &nothing;
}

void nf_shared_destroy(struct nf_shared *shared) { (void)shared; }

struct nf_core *nf_core_create(struct nf_shared *shared, unsigned core, unsigned cores) {
  (void)shared;
  if (core != 0 || cores != 1) {
    return NULL;
  }
  maestro_ports = (uint16_t)nf_ports;
  optind = 1; /* the replay program has read its own options */
  if (nf_config_init) {
    nf_config_init(maestro_nf_argc, maestro_nf_argv);
  }
  return maestro_reference_init() && maestro_copies_start() ? &the_core : NULL;
}

void nf_core_destroy(struct nf_core *nf) { (void)nf; }

void maestro_reference_owner(unsigned cores, unsigned core) {
  if (the_core.cores != cores) {
    the_core.cores = cores;
    maestro_quota_set(cores);
  }
  maestro_quota_core(core);
}

#ifdef MOVES_START /* defined for NFs that insert or remove headers */
int32_t nf_head(const struct nf_core *nf) { return nf->head; }
#endif

uint16_t nf_packet(struct nf_core *nf, uint16_t port, uint8_t *packet, uint16_t length,
                   int64_t now) {
  uint32_t total = length;
  packet_state_total_length(packet, &total);
  uint16_t verdict = (uint16_t)maestro_reference_process(port, packet, length, now);
  nf_return_all_chunks(packet);
  nf->head = (int32_t)(packet_start() - packet);
  if (verdict == port || verdict == DROP) {
    return NF_DROP;
  }
  return verdict == FLOOD_FRAME ? NF_FLOOD : verdict;
}
