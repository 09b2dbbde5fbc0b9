/* The parts of nf-replay: options -> trace (all inputs in time order, each packet's core) ->
 * workers (one thread a core) -> verdicts, output captures, statistics. */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "maestro/nf.h"
#include "maestro/pcap.h"
#include "maestro/replay.h"
#include "maestro/ring.h"
#include "maestro/toeplitz.h"
#include "names.h"

/* What one thread writes never shares a cache line, nor the line that the CPU prefetches with
 * it, with another's. */
#define APART 128

/* ---- Options ---- */

struct port_file {
  unsigned port;
  const char *path;
};

enum bench_time { BENCH_TICK, BENCH_FIXED, BENCH_TRACE };

struct options {
  unsigned cores;
  struct port_file *inputs;
  unsigned input_count;
  struct port_file *outputs;
  unsigned output_count;
  const char *verdicts;
  const char *owners;
  const char *merged;
  bool stats;
  unsigned bench_rounds; /* 0: no benchmark */
  enum bench_time bench_time;
  bool latency;
};

void options_parse(struct options *options, int count, char **arguments);

/* ---- Trace ---- */

struct trace_packet {
  const uint8_t *data; /* in a mapped capture */
  int64_t time;        /* ns, never decreasing */
  uint16_t length;
  uint16_t port;
  uint16_t queue; /* the core into whose queue the NIC puts it */
};

struct trace {
  struct pcap_reader *readers;
  unsigned reader_count;
  struct trace_packet *packets;
  size_t count;
  size_t *queued;                    /* packets in each core's queue */
  struct maestro_steering *steering; /* one a port; NULL for one core */
  bool resteers;                     /* some packet is another core's than its queue's */
  size_t runts, oversize;  /* skipped */
  size_t cut;              /* captured with fewer bytes than sent; replayed as captured */
  size_t clamped;          /* earlier than their predecessor; moved to its time */
};

void trace_load(struct trace *trace, const struct options *options);
void trace_steer(struct trace *trace, unsigned cores);
void trace_free(struct trace *trace);

/* ---- Running ---- */

/* Which core processed a packet, and when. */
struct effect {
  struct nf_moment moment;
  uint64_t turn; /* among the packets of the core */
  uint64_t sequence; /* of the packet in the trace; filled in at the end */
  uint16_t core;
};

/* One timed round of one core. Ticks: of the CPU's time-stamp counter, which runs whether the
 * thread does or not. */
struct lap {
  int64_t cpu_ns;
  int64_t begin_ns, end_ns; /* of the wall clock */
  uint64_t ticks;
};

struct histogram;

#define FINISHED SIZE_MAX

enum { TABLES = 64 }; /* of an NF; statistics leave out more */

struct worker {
  _Alignas(APART) unsigned core;
  size_t count;
  struct nf_frame *packets; /* of the core's queue; `data` is its own copy, `time` the trace's */
  struct effect *effects; /* one a packet; not in benchmarks */
  uint64_t turns;         /* packets that the core has processed */
  int64_t time;           /* of the last of them */
  size_t resteered_from;  /* packets of the queue that were handed to other cores */
  size_t resteered_to;    /* packets of other queues that were processed */
  uint8_t *slots;         /* the packets' bytes */
  size_t slots_bytes;
  int64_t *cpu_ns;  /* one a round; a plain run has one */
  struct lap *laps; /* one a round; benchmarks only */
  struct histogram *latency; /* or NULL */
  int64_t begin_ns; /* of the wall clock */
  int64_t end_ns;
  struct nf_core *nf;
  struct nf_table tables[TABLES]; /* after the last packet */
  unsigned table_count;
  struct nf_htm htm; /* at the end, if the NF has it */
  uint64_t lock_waits;
  _Alignas(APART) atomic_size_t reached; /* place in the trace of the packet that it is at, or
                                          * FINISHED when its queue is empty */
};

/* What a reference must know of the run that it is compared with, by packet. */
struct owners {
  unsigned cores;
  uint16_t *core;
  int64_t *time;
  uint64_t *order; /* sequence numbers, as the packets took effect */
};

struct run {
  const struct options *options;
  const struct trace *trace;
  const struct owners *owners; /* or NULL */
  struct worker *workers;
  struct ring *rings; /* from each core to each core; NULL when nothing is re-steered */
};

int64_t clock_ns(clockid_t clock);
void run_all(struct run *run);
void run_free(struct run *run);

/* ---- Packets that another core owns ---- */

void rings_create(struct run *run);
void rings_free(struct run *run);

/* One worker at its queue and its rings. `process` gets the worker whose packet it is. */
struct handover {
  const struct run *run;
  struct worker *worker;
  void (*process)(void *arg, struct worker *queue, struct nf_frame *packet);
  void *arg;
};

/* The next packet of the worker's queue: process it, or hand it to its owner. */
void handover_take(const struct handover *h, struct nf_frame *packet);

/* Process what other cores have handed over so far. */
void handover_serve(const struct handover *h);

/* The queue is empty: process what is still handed over until all queues are. */
void handover_finish(const struct handover *h);

/* ---- Benchmark ---- */

/* One worker's timed rounds, after a warm-up; `wait` is called before each round. */
void bench_worker(const struct run *run, struct worker *worker, void (*wait)(void));

uint64_t clock_ticks(void);
void lap_begin(struct lap *lap);
void lap_end(struct lap *lap);

/* The packets' bytes as they were, for round after round; free() it. */
uint8_t *packets_keep(const struct worker *worker);
void packets_restore(struct worker *worker, const uint8_t *pristine);

/* ---- Latency: a histogram of ticks; 32 buckets to a doubling, so values are known to 3 % ---- */

struct histogram *histogram_create(void);
void histogram_add(struct histogram *histogram, uint64_t ticks);
uint64_t clock_overhead(void); /* ticks that reading the clock twice takes */

/* All cores' histograms added up, as JSON: pairs of a bucket's highest value and its count. */
void latency_print(const struct run *run);

/* ---- Results ---- */

void outputs_write(const struct run *run);
void merged_write(const struct run *run);
void verdicts_write(const struct run *run);
void stats_note_tables(struct worker *worker);
void stats_print(const struct run *run);
void bench_print(const struct run *run);

/* From another run's verdict file; checks that it was a run over the same number of packets. */
void owners_load(struct owners *owners, const char *path, size_t packets);
void owners_free(struct owners *owners);

/* Packets in time order, wherever they were processed. */
struct cursor {
  const struct run *run;
  size_t *next; /* one a core */
  size_t at;
};

struct cursor cursor_start(const struct run *run);
const struct nf_frame *cursor_next(struct cursor *cursor); /* NULL at the end */
void cursor_free(struct cursor *cursor);

/* Who processed the packet that the cursor gave last. */
struct effect *cursor_effect(const struct cursor *cursor, const struct nf_frame *packet);

bool leaves_through(const struct nf_frame *packet, unsigned port);

/* The departing frame's bytes; none when the packet was dropped. */
const uint8_t *sent_data(const struct nf_frame *packet);
uint16_t sent_bytes(const struct nf_frame *packet);

/* ---- Files that appear whole or not at all ---- */

FILE *output_open(const char *path);
void outputs_commit(void);

/* ---- Ends ---- */

/* Prints `nf-replay: message`, removes unfinished outputs, exits. */
_Noreturn void die(enum replay_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void *allocate(size_t count, size_t size);                /* zeroed */
void *allocate_apart(size_t count, size_t size);          /* zeroed, on lines of its own */

#endif
