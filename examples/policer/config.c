#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "buckets.h"
#include "nf-log.h"
#include "nf-util.h"
#include "nf.h"

static const struct option OPTIONS[] = {
    {"rate", required_argument, NULL, 'r'},
    {"burst", required_argument, NULL, 'b'},
    {"capacity", required_argument, NULL, 'c'},
    {NULL, 0, NULL, 0},
};

static void require(bool good, const char *message) {
  if (!good) {
    fprintf(stderr, "policer: %s\n", message);
    nf_config_usage();
    exit(EXIT_FAILURE);
  }
}

/* An option's value, which must be between 1 and `limit`. */
static uint64_t positive(const char *name, uint64_t limit) {
  uint64_t value = nf_util_parse_int(optarg, name, 10, '\0');
  require(value >= 1 && value <= limit, "an option's value must be positive and not huge");
  return value;
}

static void read_option(int option) {
  switch (option) {
    case 'r':
      config.rate = positive("rate", INT64_MAX);
      break;
    case 'b':
      config.burst = positive("burst", MAX_BURST);
      break;
    case 'c':
      config.capacity = (uint32_t)positive("capacity", INT32_MAX);
      break;
    default:
      require(false, "unknown option");
  }
}

void nf_config_init(int argc, char **argv) {
  config.rate = 1000000;
  config.burst = 100000;
  config.capacity = 65536;
  require(rte_eth_dev_count_avail() == 2, "needs exactly two ports");
  for (int option; (option = getopt_long(argc, argv, "r:b:c:", OPTIONS, NULL)) != -1;) {
    read_option(option);
  }
}

void nf_config_usage(void) {
  fprintf(stderr,
          "options:\n"
          "  --rate N      bytes a second that an address may receive (1000000)\n"
          "  --burst N     bytes that it may receive at once (100000)\n"
          "  --capacity N  addresses that may be active at a time (65536)\n");
}

void nf_config_print(void) {
  NF_INFO("%" PRIu64 " B/s, bursts of %" PRIu64 " B, %" PRIu32 " addresses", config.rate,
          config.burst, config.capacity);
}
