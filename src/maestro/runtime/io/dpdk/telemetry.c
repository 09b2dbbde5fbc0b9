/* Commands on DPDK's telemetry socket: /maestro/stats, /maestro/state, /maestro/rss and
 * /maestro/merged. DPDK calls them from threads of its own, several at once; the mutex lets one
 * after another in, and holds shutdown up while one is in.
 *
 * DPDK's JSON has limits (names of letters, digits and '_', one level of containers, arrays of 512,
 * strings of 127, answers of 16 KiB), so what there is of each core or table comes as arrays side by
 * side, and in pages. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "maestro/htm_stats.h"
#include "telemetry.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *status = "starting";
static struct run *now_running;

/* ---- Pieces of answers ---- */

void tell_u64s(struct rte_tel_data *answer, const char *name, const uint64_t *values,
               unsigned value_count) {
  struct rte_tel_data *array = rte_tel_data_alloc();
  if (array == NULL)
    return;
  rte_tel_data_start_array(array, RTE_TEL_U64_VAL);
  for (unsigned i = 0; i < value_count && i < RTE_TEL_MAX_ARRAY_ENTRIES; i++)
    rte_tel_data_add_array_u64(array, values[i]);
  rte_tel_data_add_dict_container(answer, name, array, 0);
}

void tell_strings(struct rte_tel_data *answer, const char *name, const char *const *values,
                  unsigned value_count) {
  struct rte_tel_data *array = rte_tel_data_alloc();
  if (array == NULL)
    return;
  rte_tel_data_start_array(array, RTE_TEL_STRING_VAL);
  for (unsigned i = 0; i < value_count && i < RTE_TEL_MAX_ARRAY_ENTRIES; i++)
    rte_tel_data_add_array_string(array, values[i]);
  rte_tel_data_add_dict_container(answer, name, array, 0);
}

int tell_error(struct rte_tel_data *answer, const char *error) {
  return rte_tel_data_add_dict_string(answer, "error", error);
}

bool number_in(const char *text, unsigned long *number) {
  char *end;
  if (text == NULL || text[0] < '0' || text[0] > '9')
    return false;
  *number = strtoul(text, &end, 10);
  return *end == '\0';
}

/* ---- /maestro/stats ---- */

static void tell_drops(const struct run *run, struct rte_tel_data *answer) {
  struct drop drops[DROP_REASONS];
  struct rte_tel_data *by_reason = rte_tel_data_alloc();
  if (by_reason == NULL)
    return;
  stats_drops(run, drops);
  rte_tel_data_start_dict(by_reason);
  for (unsigned i = 0; i < DROP_REASONS; i++)
    rte_tel_data_add_dict_u64(by_reason, drops[i].reason, drops[i].packets);
  rte_tel_data_add_dict_container(answer, "drops", by_reason, 0);
}

struct lock_counts {
  uint64_t reads[RTE_MAX_LCORE], writes[RTE_MAX_LCORE], waits[RTE_MAX_LCORE];
};

static void count_locks(struct worker *worker, void *argument) {
  struct lock_counts *counts = argument;
  struct nf_lock_counts own = nf_lock_counts(worker->nf);
  counts->reads[worker->core] = own.reads;
  counts->writes[worker->core] = own.writes;
  counts->waits[worker->core] = own.waits;
}

static void tell_locks(struct run *run, struct rte_tel_data *answer) {
  struct lock_counts counts = {{0}, {0}, {0}};
  if (nf_lock_counts == NULL)
    return;
  if (!ask(run, count_locks, &counts)) {
    tell_error(answer, LATE);
    return;
  }
  tell_u64s(answer, "core_lock_reads", counts.reads, run->cores);
  tell_u64s(answer, "core_lock_writes", counts.writes, run->cores);
  tell_u64s(answer, "core_lock_waits", counts.waits, run->cores);
}

struct htm_counts {
  uint64_t commits[RTE_MAX_LCORE], fallbacks[RTE_MAX_LCORE];
  atomic_uint_fast64_t aborts[NF_HTM_CAUSES]; /* of all cores */
};

static void count_htm(struct worker *worker, void *argument) {
  struct htm_counts *counts = argument;
  struct nf_htm own = nf_htm(worker->nf);
  counts->commits[worker->core] = own.commits;
  counts->fallbacks[worker->core] = own.fallbacks;
  for (unsigned cause = 0; cause < NF_HTM_CAUSES; cause++) /* cores answer at the same time */
    atomic_fetch_add(&counts->aborts[cause], own.aborts[cause]);
}

/* Transactions: see htm_stats.h. */
static void tell_htm(struct run *run, struct rte_tel_data *answer) {
  struct htm_counts counts;
  memset(&counts, 0, sizeof counts);
  struct rte_tel_data *aborts = nf_htm == NULL ? NULL : rte_tel_data_alloc();
  if (aborts == NULL)
    return;
  rte_tel_data_start_dict(aborts);
  if (!ask(run, count_htm, &counts)) {
    rte_tel_data_free(aborts);
    tell_error(answer, LATE);
    return;
  }
  tell_u64s(answer, "core_htm_commits", counts.commits, run->cores);
  tell_u64s(answer, "core_htm_fallbacks", counts.fallbacks, run->cores);
  for (unsigned cause = 0; cause < NF_HTM_CAUSES; cause++)
    rte_tel_data_add_dict_u64(aborts, htm_cause(cause), counts.aborts[cause]);
  rte_tel_data_add_dict_container(answer, "htm_aborts", aborts, 0);
}

static void tell_load(const struct run *run, struct rte_tel_data *answer) {
  uint64_t lcores[RTE_MAX_LCORE], packets[RTE_MAX_LCORE], busy[RTE_MAX_LCORE];
  uint64_t cpu[RTE_MAX_LCORE], rings[RTE_MAX_LCORE], total = 0;
  for (unsigned core = 0; core < run->cores; core++) {
    struct load load = stats_load(run, core);
    lcores[core] = load.lcore;
    packets[core] = load.packets;
    busy[core] = (uint64_t)(load.busy * 1000 + 0.5);
    cpu[core] = (uint64_t)(load.cpu_seconds * 1000);
    rings[core] = load.ring;
    total += load.packets;
  }
  rte_tel_data_add_dict_u64(answer, "packets", total);
  tell_u64s(answer, "core_lcore", lcores, run->cores);
  tell_u64s(answer, "core_packets", packets, run->cores);
  tell_u64s(answer, "core_busy_permille", busy, run->cores);
  tell_u64s(answer, "core_cpu_ms", cpu, run->cores);
  tell_u64s(answer, "core_ring_packets", rings, run->cores);
}

static int stats(struct run *run, const char *parameters, struct rte_tel_data *answer) {
  (void)parameters;
  rte_tel_data_add_dict_u64(answer, "cores", run->cores);
  rte_tel_data_add_dict_string(answer, "rss", spread_by(run));
  tell_load(run, answer);
  tell_drops(run, answer);
  tell_locks(run, answer);
  tell_htm(run, answer);
  return 0;
}

/* ---- Commands ---- */

typedef int command(struct run *run, const char *parameters, struct rte_tel_data *answer);

static int answer_with(command *command, const char *parameters, struct rte_tel_data *answer) {
  pthread_mutex_lock(&mutex);
  rte_tel_data_start_dict(answer);
  rte_tel_data_add_dict_string(answer, "nf", nf_name);
  struct run *run = now_running;
  bool stopping = run != NULL && atomic_load(&run->stop);
  rte_tel_data_add_dict_string(answer, "status", stopping ? "stopping" : status);
  int result = run != NULL ? command(run, parameters, answer) : 0;
  pthread_mutex_unlock(&mutex);
  return result;
}

static int on_stats(const char *name, const char *parameters, struct rte_tel_data *answer) {
  (void)name;
  return answer_with(stats, parameters, answer);
}

static int on_state(const char *name, const char *parameters, struct rte_tel_data *answer) {
  (void)name;
  return answer_with(tell_state, parameters, answer);
}

static int on_merged(const char *name, const char *parameters, struct rte_tel_data *answer) {
  (void)name;
  return answer_with(tell_merged, parameters, answer);
}

static int on_rss(const char *name, const char *parameters, struct rte_tel_data *answer) {
  (void)name;
  return answer_with(tell_rss, parameters, answer);
}

void telemetry_register(void) {
  static const struct {
    const char *name;
    telemetry_cb answer;
    const char *help; /* 127 characters at most */
  } commands[] = {
      {"/maestro/stats", on_stats, "Load of each core, drops by reason, locks. No parameters"},
      {"/maestro/state", on_state, "How full tables are. NAME: each core's part of that table"},
      {"/maestro/merged", on_merged,
       "Takes a snapshot of merged state; cores stand still meanwhile. NAME[,FIRST]: its entries"},
      {"/maestro/rss", on_rss, "Who spreads packets. PORT: its settings as the device tells them"}};
  for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++)
    if (rte_telemetry_register_cmd(commands[i].name, commands[i].answer, commands[i].help) != 0)
      fprintf(stderr, "nf-dpdk: DPDK takes no telemetry command %s\n", commands[i].name);
}

void telemetry_open(struct run *run) {
  pthread_mutex_lock(&mutex);
  now_running = run;
  status = "running";
  pthread_mutex_unlock(&mutex);
}

void telemetry_close(void) {
  pthread_mutex_lock(&mutex);
  now_running = NULL;
  status = "stopped";
  forget_merged();
  pthread_mutex_unlock(&mutex);
}
