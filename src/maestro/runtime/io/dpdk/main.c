/* nf-dpdk: runs an NF (maestro/nf.h) on DPDK ports, one worker an lcore. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_log.h>

#include "dpdk.h"

/* ---- Signals, on a thread of their own ---- */

static sigset_t signals;

/* Blocked in all threads, so that sigtimedwait() gets them. */
static void block_signals(void) {
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

enum { TICK_MS = 20 };

static void *control_main(void *argument) {
  struct run *run = argument;
  const struct timespec tick = {0, TICK_MS * 1000000};
  uint64_t seen = UINT64_MAX;
  unsigned idle_ms = 0;
  bool asked = false;
  while (!atomic_load(&run->stop)) {
    int got = sigtimedwait(&signals, NULL, &tick);
    if (got == SIGINT || got == SIGTERM)
      atomic_store(&run->stop, true);
    asked |= got == SIGUSR1;
    if (!atomic_load(&run->started))
      continue;
    if (asked)
      stats_print(run, stdout);
    asked = false;
    uint64_t activity = stats_activity(run);
    idle_ms = activity == seen ? idle_ms + TICK_MS : 0;
    seen = activity;
    if (run->options->idle_ms != 0 && idle_ms >= run->options->idle_ms)
      atomic_store(&run->stop, true);
  }
  return NULL;
}

static pthread_t control_start(struct run *run) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, control_main, run) != 0)
    die(DPDK_FAILED, "cannot start a thread");
  return thread;
}

/* ---- The NF's state ---- */

/* On the lcore that uses it, so that the memory is local to it. */
struct state {
  struct run *run;
  struct nf_shared *shared;
};

static int state_main(void *argument) {
  const struct state *state = argument;
  struct worker *worker = state->run->workers;
  while (worker->lcore != rte_lcore_id())
    worker++;
  worker->nf = nf_core_create(state->shared, worker->core, state->run->cores);
  if (worker->nf == NULL)
    atomic_fetch_add(&state->run->without_memory, 1);
  return 0;
}

/* Who can choose addresses and ports must not know which of them fall into one place of a table. */
static void choose_seed(void) {
  if (&nf_seed != NULL && getrandom(&nf_seed, sizeof nf_seed, 0) != sizeof nf_seed)
    die(DPDK_FAILED, "no random number for the hash tables");
}

static struct nf_shared *state_create(struct run *run) {
  choose_seed();
  struct state state = {run, nf_shared_create(run->cores)};
  if (state.shared == NULL)
    die(DPDK_FAILED, "%s: no state for %u cores: out of memory", nf_name, run->cores);
  rte_eal_mp_remote_launch(state_main, &state, CALL_MAIN);
  rte_eal_mp_wait_lcore();
  if (atomic_load(&run->without_memory) != 0)
    die(DPDK_FAILED, "%s: no state for %u of %u cores: out of memory, or not made for so many",
        nf_name, atomic_load(&run->without_memory), run->cores);
  return state.shared;
}

/* ---- Ports by number ---- */

static void find_ports(struct options *options) {
  unsigned found = 0;
  uint16_t id;
  RTE_ETH_FOREACH_DEV(id) {
    if (!options->ports_given && found < nf_ports)
      options->port_ids[found] = id;
    found++;
  }
  if (found < nf_ports)
    die(DPDK_FAILED, "%s has %u ports, DPDK has found %u: name devices with -a or --vdev", nf_name,
        nf_ports, found);
  for (unsigned port = 0; port < nf_ports; port++)
    if (!rte_eth_dev_is_valid_port(options->port_ids[port]))
      die(DPDK_FAILED, "--ports: DPDK has no port %u", options->port_ids[port]);
}

int main(int count, char **arguments) {
  static struct run run;
  struct options options;
  block_signals();
  run.options = &options;
  pthread_t control = control_start(&run);
  rte_openlog_stream(stderr); /* statistics have stdout to themselves */
  int used = rte_eal_init(count, arguments);
  if (used < 0)
    die(DPDK_USAGE, "EAL does not start; it has said why");
  telemetry_register();
  options_parse(&options, count - used, arguments + used);
  find_ports(&options);
  trace_open(&options);
  run_create(&run, &options);
  struct nf_shared *shared = state_create(&run);
  ports_start(&run);
  telemetry_open(&run);
  atomic_store(&run.started, true);
  rte_eal_mp_remote_launch(worker_main, &run, CALL_MAIN);
  rte_eal_mp_wait_lcore();
  pthread_join(control, NULL);
  telemetry_close();
  stats_print(&run, stdout);
  ports_stop(&run);
  bool misled = atomic_load(&run.misled);
  bool traced = trace_close(&options);
  run_destroy(&run);
  nf_shared_destroy(shared);
  rte_eal_cleanup();
  return fflush(stdout) != 0 || !traced ? DPDK_FAILED : misled ? DPDK_MISLED : DPDK_OK;
}
