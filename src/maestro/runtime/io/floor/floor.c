/* The floor: the least that a flow table costs. It parses a packet, hashes its 5-tuple and probes
 * a table of as many entries as there are flows, in batches of 32 with prefetching, and nothing
 * else: no expiry, no capacity, no edits. It takes nf-replay's place for the benchmark, on the same
 * packets in the same memory, so its rate is what an NF that looks each flow up once could reach.
 *
 * Packets other than TCP and UDP over IPv4 without options are looked at, and dropped. */
#include <stdlib.h>
#include <string.h>

#include "../replay/replay.h"
#include "maestro/bytes.h"

enum { BATCH = 32, SLOT = 64, PORTS = 64, HEADERS = 38 };

const char nf_name[] = "floor";
const unsigned nf_ports = PORTS;
const struct maestro_rss nf_rss[PORTS];

/* ---- The table ---- */

struct key {
  uint64_t addresses, rest; /* `rest` is never 0: the protocol is in it */
};

struct nf_core {
  struct key *slots;
  uint64_t mask;
  uint64_t used;
};

static uint64_t hash(struct key key) {
  __extension__ typedef unsigned __int128 wide;
  wide product = (wide)(key.addresses ^ UINT64_C(0x9e3779b97f4a7c15)) *
                 (key.rest ^ UINT64_C(0xe7037ed1a0b428db));
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The slot that holds the key, or the empty one where it would go. */
static struct key *find(const struct nf_core *nf, struct key key, uint64_t at) {
  for (;; at++) {
    struct key *slot = &nf->slots[at & nf->mask];
    if ((slot->addresses == key.addresses && slot->rest == key.rest) || slot->rest == 0)
      return slot;
  }
}

static void resize(struct nf_core *nf, uint64_t slots) {
  struct nf_core old = *nf;
  nf->slots = allocate_apart(slots, sizeof *nf->slots);
  nf->mask = slots - 1;
  for (uint64_t at = 0; old.slots != NULL && at <= old.mask; at++)
    if (old.slots[at].rest != 0)
      *find(nf, old.slots[at], hash(old.slots[at])) = old.slots[at];
  free(old.slots);
}

static void insert(struct nf_core *nf, struct key key) {
  if (2 * nf->used >= nf->mask)
    resize(nf, 2 * (nf->mask + 1));
  *find(nf, key, hash(key)) = key;
  nf->used++;
}

struct nf_shared *nf_shared_create(unsigned cores) {
  (void)cores;
  return allocate(1, 1);
}

void nf_shared_destroy(struct nf_shared *shared) { free(shared); }

struct nf_core *nf_core_create(struct nf_shared *shared, unsigned core, unsigned cores) {
  (void)shared, (void)core, (void)cores;
  struct nf_core *nf = allocate(1, sizeof *nf);
  resize(nf, 2);
  return nf;
}

void nf_core_destroy(struct nf_core *nf) {
  free(nf->slots);
  free(nf);
}

/* ---- Packets ---- */

/* False when there is none. */
static inline bool parse(const struct nf_frame *packet, struct key *key) {
  const uint8_t *ip = packet->data + 14;
  if (packet->length < HEADERS || ld16le(packet->data + 12) != 0x0008 || ip[0] != 0x45 ||
      (ip[9] != 6 && ip[9] != 17))
    return false;
  key->addresses = ld64le(ip + 12);
  key->rest = (uint64_t)ip[9] << 32 | ld32le(ip + 20);
  return true;
}

static void batch(struct nf_core *nf, struct nf_frame *packets, size_t count) {
  struct key keys[BATCH];
  uint64_t hashes[BATCH];
  bool parsed[BATCH];
  for (size_t i = 0; i < count; i++) {
    __builtin_prefetch(packets[i].data + BATCH * SLOT); /* about the next batch's */
    parsed[i] = parse(&packets[i], &keys[i]);
    hashes[i] = parsed[i] ? hash(keys[i]) : 0;
    __builtin_prefetch(&nf->slots[hashes[i] & nf->mask]);
  }
  for (size_t i = 0; i < count; i++) {
    bool found = parsed[i] && find(nf, keys[i], hashes[i])->rest != 0;
    packets[i].verdict = found ? 1 : NF_DROP;
    if (__builtin_expect(parsed[i] && !found, 0))
      insert(nf, keys[i]);
  }
}

uint16_t nf_packet(struct nf_core *nf, uint16_t port, uint8_t *data, uint16_t length, int64_t now) {
  struct nf_frame packet = {.data = data, .time = now, .length = length, .port = port};
  batch(nf, &packet, 1);
  return packet.verdict;
}

/* ---- The benchmark, as bench.c does it; packets stay as they are ---- */

/* By name, callgrind counts what happens in it. */
__attribute__((noinline)) static void bench_round(struct worker *worker) {
  for (size_t at = 0; at < worker->count; at += BATCH) {
    size_t left = worker->count - at;
    batch(worker->nf, &worker->packets[at], left < BATCH ? left : BATCH);
  }
}

void bench_worker(const struct run *run, struct worker *worker, void (*wait)(void)) {
  bench_round(worker);
  for (unsigned round = 0; round < run->options->bench_rounds; round++) {
    wait();
    lap_begin(&worker->laps[round]);
    bench_round(worker);
    lap_end(&worker->laps[round]);
  }
}
