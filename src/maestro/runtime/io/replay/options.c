#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"

static const char usage[] =
    "usage: nf-replay [--cores N] --in PORT=FILE ... [--out PORT=FILE ...] [--stats json]\n"
    "                 [--verdicts FILE] [--owners FILE] [--merged FILE]\n"
    "                 [--hash-seed N]\n"
    "       nf-replay [--cores N] --in PORT=FILE ... --bench ROUNDS\n"
    "                 [--bench-time tick|fixed|trace] [--latency]\n"
    "\n"
    "  --cores N         one pinned thread each; packets are spread as the NIC would (default 1)\n"
    "  --in PORT=FILE    a pcap or pcapng that arrives on a port; all are interleaved by time\n"
    "  --out PORT=FILE   write what leaves through a port, as a nanosecond pcap\n"
    "  --stats json      print counters\n"
    "  --verdicts FILE   record each packet's verdict and bytes\n"
    "  --owners FILE     reference builds: divide capacity by the cores in this verdict file\n"
    "  --merged FILE     write state of which each core has a copy, merged, after the last packet:\n"
    "                    lines object,key,value, bytes in hexadecimal as they lie in memory\n"
    "  --hash-seed N     order keys in hash tables in another way (default: always the same one)\n"
    "  --bench ROUNDS    no output; process the packets once, then ROUNDS times with the clock on\n"
    "  --bench-time T    the NF's time: 1 ns a packet (tick, the default), stopped (fixed), or\n"
    "                    the captures' own, round after round (trace)\n"
    "  --latency         with --bench: one more round, for the time that each packet takes\n";

static unsigned long number(const char *option, const char *text, unsigned long low,
                            unsigned long high) {
  char *end;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < low || value > high)
    die(REPLAY_USAGE, "%s %s: must be a number from %lu to %lu", option, text, low, high);
  return value;
}

/* PORT=FILE */
static struct port_file port_file(const char *option, char *text) {
  char *equals = strchr(text, '=');
  if (equals == NULL || equals[1] == '\0')
    die(REPLAY_USAGE, "%s %s: must be PORT=FILE", option, text);
  *equals = '\0';
  struct port_file result = {0, equals + 1};
  result.port = (unsigned)number(option, text, 0, UINT16_MAX);
  if (result.port >= nf_ports)
    die(REPLAY_USAGE, "%s %s=%s: %s has ports 0 to %u", option, text, result.path, nf_name,
        nf_ports - 1);
  return result;
}

static void add_output(struct options *options, struct port_file output) {
  for (unsigned i = 0; i < options->output_count; i++)
    if (options->outputs[i].port == output.port)
      die(REPLAY_USAGE, "--out %u=%s: port %u already goes to %s", output.port, output.path,
          output.port, options->outputs[i].path);
  options->outputs[options->output_count++] = output;
}

static enum bench_time bench_time(const char *text) {
  if (strcmp(text, "tick") == 0)
    return BENCH_TICK;
  if (strcmp(text, "fixed") == 0)
    return BENCH_FIXED;
  if (strcmp(text, "trace") == 0)
    return BENCH_TRACE;
  die(REPLAY_USAGE, "--bench-time %s: must be tick, fixed or trace", text);
}

static void hash_seed(const char *text) {
  unsigned long seed = number("--hash-seed", text, 0, UINT64_MAX);
  if (&nf_seed != NULL)
    nf_seed = seed;
}

static void set(struct options *options, int option, char *value) {
  switch (option) {
  case 'c':
    options->cores = (unsigned)number("--cores", value, 1, REPLAY_MAX_CORES);
    break;
  case 'i':
    options->inputs[options->input_count++] = port_file("--in", value);
    break;
  case 'o':
    add_output(options, port_file("--out", value));
    break;
  case 's':
    if (strcmp(value, "json") != 0)
      die(REPLAY_USAGE, "--stats %s: must be json", value);
    options->stats = true;
    break;
  case 'v': options->verdicts = value; break;
  case 'w': options->owners = value; break;
  case 'm': options->merged = value; break;
  case 'b': options->bench_rounds = (unsigned)number("--bench", value, 1, 100000); break;
  case 't': options->bench_time = bench_time(value); break;
  case 'l': options->latency = true; break;
  case 'x': hash_seed(value); break;
  case 'h':
    fputs(usage, stdout);
    exit(REPLAY_OK);
  default: /* getopt has said what is wrong */
    exit(REPLAY_USAGE);
  }
}

static void check(const struct options *options) {
  if (options->input_count == 0)
    die(REPLAY_USAGE, "no packets: give --in PORT=FILE (see --help)");
  if (options->bench_rounds &&
      (options->output_count || options->verdicts || options->owners || options->merged))
    die(REPLAY_USAGE, "--bench writes nothing: leave out --out, --verdicts, --owners and --merged");
  if (options->latency && !options->bench_rounds)
    die(REPLAY_USAGE, "--latency goes with --bench");
  if (options->merged && nf_merged == NULL)
    die(REPLAY_USAGE, "--merged: %s has no state of which each core has a copy", nf_name);
  if (options->owners && options->cores != 1)
    die(REPLAY_USAGE, "--owners: the reference runs on one core; leave out --cores");
}

void options_parse(struct options *options, int count, char **arguments) {
  static const struct option known[] = {
      {"cores", required_argument, NULL, 'c'},      {"in", required_argument, NULL, 'i'},
      {"out", required_argument, NULL, 'o'},        {"stats", required_argument, NULL, 's'},
      {"verdicts", required_argument, NULL, 'v'},   {"owners", required_argument, NULL, 'w'},
      {"bench", required_argument, NULL, 'b'},      {"bench-time", required_argument, NULL, 't'},
      {"merged", required_argument, NULL, 'm'},     {"latency", no_argument, NULL, 'l'},
      {"hash-seed", required_argument, NULL, 'x'},  {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0},
  };
  static char program[] = "nf-replay";
  arguments[0] = program; /* getopt starts its messages with it */
  options->cores = 1;
  options->inputs = allocate((size_t)count, sizeof *options->inputs);
  options->outputs = allocate((size_t)count, sizeof *options->outputs);
  for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;)
    set(options, option, optarg);
  if (optind < count)
    die(REPLAY_USAGE, "%s: captures are given as --in PORT=FILE", arguments[optind]);
  check(options);
}
