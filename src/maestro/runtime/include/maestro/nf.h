/* What a generated network function offers, and what an I/O back end (replay, dpdk) calls.
 *
 * The same interface is implemented once more, for one core, around an NF's own source: the reference build. */
#ifndef MAESTRO_NF_H
#define MAESTRO_NF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rss.h"

#define NF_DROP 0xFFFEu  /* verdict: the packet is not sent */
#define NF_FLOOD 0xFFFFu /* verdict: the packet leaves through every port but the one it came from */
#define NF_MIN_PACKET 14 /* bytes; shorter frames never reach nf_packet */
#define NF_HEADROOM 128  /* bytes before a frame that an NF with nf_head() may write */

/* By which hash tables order keys: whoever wants it secret sets it before nf_shared_create(). Only NFs with
 * hash tables have it. */
extern uint64_t nf_seed;
#pragma weak nf_seed

struct nf_shared; /* the state that cores have in common */
struct nf_core;   /* the state of one core */

extern const char nf_name[];
extern const unsigned nf_ports;           /* number of ports */
extern const struct maestro_rss nf_rss[]; /* one a port */

/* The state that `cores` cores have in common; NULL when there is not enough memory. Made before the first
 * core's own state, destroyed after the last one's. */
struct nf_shared *nf_shared_create(unsigned cores);
void nf_shared_destroy(struct nf_shared *shared);

/* The state of core number `core` of `cores`, in memory of its own; NULL when there is not enough memory. Cores
 * may be made at the same time; all must have been made before the first packet. */
struct nf_core *nf_core_create(struct nf_shared *shared, unsigned core, unsigned cores);
void nf_core_destroy(struct nf_core *nf);

/* Process one packet that arrived on `port` at time `now` (ns, never decreasing). Edits the packet in place.
 * Returns the port to send it to, NF_DROP or NF_FLOOD. */
uint16_t nf_packet(struct nf_core *nf, uint16_t port, uint8_t *packet, uint16_t length, int64_t now);

/* One packet of a batch. */
struct nf_frame {
  uint8_t *data;
  int64_t time;    /* as `now` of nf_packet() */
  uint16_t length;
  uint16_t port;
  uint16_t verdict; /* set by nf_run() */
  int16_t head;     /* likewise, where there is nf_head() */
};

#define NF_BATCH 32 /* frames, at most */

/* Does what nf_packet() on one frame after the other does; fetches what they need all at once. Only NFs that gain by
 * it have it: call nf_run(). */
void nf_burst(struct nf_core *nf, struct nf_frame *frames, unsigned count);
#pragma weak nf_burst

/* When a packet took effect: the time that it was given, and a number that grows with the changes to the state
 * in common. Packets sorted by time, then order, then core, then as they came to the core, are a sequence in which
 * one core alone would have done the same. Times never decrease in it. */
struct nf_moment {
  int64_t time;
  uint64_t order;
};

/* Of the last packet. Only NFs whose cores share state have it: nf_packet() gives a packet no earlier time than
 * the state in common has seen. */
struct nf_moment nf_moment(const struct nf_core *nf);
#pragma weak nf_moment

/* Number the packets, so that nf_moment() tells their order. Called before the first packet, by who wants to know: a
 * counter is something that all packets change. Only NFs with hardware transactions have it; with locks the number is
 * there anyway. */
void nf_record(struct nf_shared *shared);
#pragma weak nf_record

/* Why hardware transactions abort. */
enum nf_htm_cause {
  NF_HTM_CONFLICT,  /* another core touched the same line */
  NF_HTM_CAPACITY,  /* more lines than the cache holds for it */
  NF_HTM_LOCK_HELD, /* by a packet that has fallen back */
  NF_HTM_RETRY,     /* the CPU gives no cause, but thinks that it may be gone */
  NF_HTM_DEBUG,
  NF_HTM_NESTED,
  NF_HTM_OTHER, /* an interrupt or a page fault, for instance */
  NF_HTM_CAUSES
};

/* `commits` and `fallbacks` are packets, `aborts` tries. All 0 when this CPU has no transactions. */
struct nf_htm {
  bool present;
  uint64_t commits, fallbacks, aborts[NF_HTM_CAUSES];
};

/* What has become of the core's transactions so far; any thread may ask. Only NFs with transactions have it. */
struct nf_htm nf_htm(const struct nf_core *nf);
#pragma weak nf_htm

/* Only NFs that insert or remove headers have it, so others do not pay: whoever calls nf_packet()
 * gives such an NF NF_HEADROOM bytes before each frame, and asks it after each call where the frame
 * departs from, counted from `packet`. Negative: bytes were inserted. The frame's end stays. */
int32_t nf_head(const struct nf_core *nf);
#pragma weak nf_head

/* Process `count` frames (NF_BATCH at most), in their order. */
static inline void nf_run(struct nf_core *nf, struct nf_frame *frames, unsigned count) {
  if (nf_burst != NULL) {
    nf_burst(nf, frames, count);
    return;
  }
  for (struct nf_frame *frame = frames; frame != frames + count; frame++) {
    frame->verdict = nf_packet(nf, frame->port, frame->data, frame->length, frame->time);
    if (nf_head != NULL) {
      frame->head = (int16_t)nf_head(nf);
    }
  }
}

/* One entry of state that every core has a copy of, merged: `object` is its name in the source. */
typedef void nf_merged_fn(void *arg, const char *object, const uint8_t *key, size_t key_bytes, const uint8_t *value,
                          size_t value_bytes);

/* For the control plane: calls `each` for every entry of the objects of which each of the `count` cores has its own
 * (counters, say), with the value that one core alone would have. Vectors without keys of their own have indices for
 * keys; elements as at the start are left out. No core may process packets meanwhile. Returns how many entries there
 * were, SIZE_MAX when there was not enough memory. Only NFs with such state have it. */
size_t nf_merged(const struct nf_core *const *cores, unsigned count, nf_merged_fn *each, void *arg);
#pragma weak nf_merged

/* How full a table is. Vectors have no entries of their own: their elements always exist. */
struct nf_table {
  const char *object; /* its name in the source */
  const char *kind;   /* map, dchain, sketch (buckets of all rows) */
  uint64_t used, capacity;
  int common; /* 1: all cores have it in common; 0: these are the core's own entries */
};
typedef void nf_table_fn(void *arg, const struct nf_table *table);

/* For the control plane: calls `each` for every table that `nf` looks at, always in the same order. Called by the
 * thread that runs the core, between two packets, or while the core processes none. Only NFs with tables have it. */
void nf_occupancy(const struct nf_core *nf, nf_table_fn *each, void *arg);
#pragma weak nf_occupancy

/* What one core has done with the locks of the state in common so far. Called as nf_occupancy(). Only NFs with locks
 * have it. */
struct nf_lock_counts {
  uint64_t reads;  /* the core's own lock taken, to read */
  uint64_t writes; /* all locks taken, to change the state */
  uint64_t waits;  /* locks that were not free at once */
};
struct nf_lock_counts nf_lock_counts(const struct nf_core *nf);
#pragma weak nf_lock_counts

#endif
