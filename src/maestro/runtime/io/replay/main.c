/* nf-replay: runs an NF (maestro/nf.h) on packets from captures, one thread a core. */
#include <stdlib.h>

#include "replay.h"

static void finish(const struct run *run) {
  const struct options *options = run->options;
  if (options->bench_rounds) {
    bench_print(run);
    return;
  }
  outputs_write(run);
  if (options->verdicts != NULL)
    verdicts_write(run);
  outputs_commit();
  if (options->stats)
    stats_print(run);
}

int main(int count, char **arguments) {
  struct options options = {0};
  struct trace trace = {0};
  struct run run = {.options = &options, .trace = &trace};
  struct owners owners = {0};
  options_parse(&options, count, arguments);
  trace_load(&trace, &options);
  trace_steer(&trace, options.cores);
  if (options.owners != NULL) {
    owners_load(&owners, options.owners, trace.count);
    run.owners = &owners;
  }
  run_all(&run);
  finish(&run);
  run_free(&run);
  trace_free(&trace);
  owners_free(&owners);
  free(options.inputs);
  free(options.outputs);
  return fflush(stdout) == 0 ? REPLAY_OK : REPLAY_FAILED;
}
