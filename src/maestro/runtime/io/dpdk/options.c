/* Options of nf-dpdk, and how it ends when something is wrong. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dpdk.h"

static const char usage[] =
    "usage: nf-dpdk [EAL OPTION ...] -- [OPTION ...]\n"
    "\n"
    "One worker an lcore (-l); each has one receive and one send queue on every port.\n"
    "\n"
    "  --ports ID,...       the DPDK ports that are the NF's ports 0, 1, ... (default: in order)\n"
    "  --rss nic|preset|software\n"
    "                       who spreads packets over the cores: the NIC, configured as the NF\n"
    "                       needs it (default), or as somebody else has configured it (ethtool),\n"
    "                       or nf-dpdk, on any device\n"
    "  --rss-check N        of each core's packets, check that one in N is in the right queue; 0:\n"
    "                       none (default 64)\n"
    "  --descriptors N      of each queue (default 512)\n"
    "  --frame-bytes N      room for the longest frame (default 2048)\n"
    "  --stop-idle MS       stop when no packet has arrived for MS milliseconds\n"
    "  --trace FILE         write a line for each packet that arrives: its queue and hash, and those\n"
    "                       that the port was told\n"
    "  --trace-packets N    at most N lines (default 100000)\n"
    "\n"
    "SIGINT and SIGTERM: stop, once what has arrived is processed. SIGUSR1: print statistics.\n";

_Noreturn void die(enum dpdk_status status, const char *format, ...) {
  va_list arguments;
  fputs("nf-dpdk: ", stderr);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  _exit(status); /* other threads may still run */
}

void *allocate(size_t count, size_t size) {
  size_t bytes;
  void *memory = __builtin_mul_overflow(count, size, &bytes) ? NULL : maestro_alloc(bytes);
  if (memory == NULL)
    die(DPDK_FAILED, "out of memory");
  return memory;
}

static unsigned number(const char *option, const char *text, char **end, unsigned long low,
                       unsigned long high) {
  errno = 0;
  unsigned long value = strtoul(text, end, 10);
  if (text[0] < '0' || text[0] > '9' || errno != 0 || value < low || value > high)
    die(DPDK_USAGE, "%s %s: must be a number from %lu to %lu", option, text, low, high);
  return (unsigned)value;
}

static unsigned whole(const char *option, const char *text, unsigned long low, unsigned long high) {
  char *end;
  unsigned value = number(option, text, &end, low, high);
  if (*end != '\0')
    die(DPDK_USAGE, "%s %s: must be a number from %lu to %lu", option, text, low, high);
  return value;
}

static void ports(struct options *options, const char *text) {
  const char *at = text;
  for (unsigned port = 0; port < nf_ports; port++) {
    char *end;
    options->port_ids[port] =
        (uint16_t)number("--ports", at, &end, 0, RTE_MAX_ETHPORTS - 1);
    if (*end != (port + 1 < nf_ports ? ',' : '\0'))
      die(DPDK_USAGE, "--ports %s: %s has %u ports, so %u numbers are needed", text, nf_name,
          nf_ports, nf_ports);
    for (unsigned other = 0; other < port; other++)
      if (options->port_ids[other] == options->port_ids[port])
        die(DPDK_USAGE, "--ports %s: %u is there twice", text, options->port_ids[port]);
    at = end + 1;
  }
  options->ports_given = true;
}

static enum rss_mode rss_mode(const char *text) {
  if (strcmp(text, "nic") == 0)
    return RSS_NIC;
  if (strcmp(text, "software") == 0)
    return RSS_SOFTWARE;
  if (strcmp(text, "preset") == 0)
    return RSS_PRESET;
  die(DPDK_USAGE, "--rss %s: must be nic, preset or software", text);
}

static void set(struct options *options, int option, const char *value) {
  switch (option) {
  case 'p': ports(options, value); break;
  case 'r': options->rss = rss_mode(value); break;
  case 'c': options->check_every = whole("--rss-check", value, 0, 1000000000); break;
  case 'd': options->descriptors = whole("--descriptors", value, BATCH, 16384); break;
  case 'f': options->frame_bytes = whole("--frame-bytes", value, USUAL_FRAME, 16384); break;
  case 'i': options->idle_ms = whole("--stop-idle", value, 1, 86400000); break;
  case 't': options->trace = value; break;
  case 'n': options->trace_packets = whole("--trace-packets", value, 1, 1000000000); break;
  case 'h':
    fputs(usage, stdout);
    exit(DPDK_OK);
  default: /* getopt has said what is wrong */
    exit(DPDK_USAGE);
  }
}

void options_parse(struct options *options, int count, char **arguments) {
  static const struct option known[] = {
      {"ports", required_argument, NULL, 'p'},       {"rss", required_argument, NULL, 'r'},
      {"rss-check", required_argument, NULL, 'c'},   {"descriptors", required_argument, NULL, 'd'},
      {"frame-bytes", required_argument, NULL, 'f'}, {"stop-idle", required_argument, NULL, 'i'},
      {"trace", required_argument, NULL, 't'},       {"trace-packets", required_argument, NULL, 'n'},
      {"help", no_argument, NULL, 'h'},              {NULL, 0, NULL, 0},
  };
  static char program[] = "nf-dpdk";
  arguments[0] = program; /* getopt starts its messages with it */
  *options = (struct options){.descriptors = 512,
                              .frame_bytes = USUAL_FRAME,
                              .check_every = 64,
                              .trace_packets = 100000};
  optind = 0; /* EAL has used getopt */
  if (nf_ports > RTE_MAX_ETHPORTS)
    die(DPDK_FAILED, "%s has %u ports, DPDK at most %u", nf_name, nf_ports, RTE_MAX_ETHPORTS);
  for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;)
    set(options, option, optarg);
  if (optind < count)
    die(DPDK_USAGE, "%s: not an option (see nf-dpdk -- --help)", arguments[optind]);
}
