#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "nf-log.h"
#include "nf-util.h"
#include "nf.h"

static const struct option OPTIONS[] = {
    {"limit", required_argument, NULL, 'l'},
    {"max-flows", required_argument, NULL, 'f'},
    {"buckets", required_argument, NULL, 'b'},
    {"expire", required_argument, NULL, 't'},
    {NULL, 0, NULL, 0},
};

static void require(bool good, const char *message) {
  if (!good) {
    fprintf(stderr, "limiter: %s\n", message);
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
    case 'l':
      config.limit = (uint16_t)positive("limit", UINT16_MAX);
      break;
    case 'f':
      config.max_flows = (uint32_t)positive("max-flows", INT32_MAX);
      break;
    case 'b':
      config.buckets = (uint32_t)positive("buckets", INT32_MAX);
      break;
    case 't':
      config.expiration_time = (vigor_time_t)positive("expire", INT64_MAX / 1000) * 1000;
      break;
    default:
      require(false, "unknown option");
  }
}

void nf_config_init(int argc, char **argv) {
  config.limit = 16;
  config.max_flows = 65536;
  config.buckets = 65536;
  config.expiration_time = 60LL * VIGOR_TIME_SECONDS_MULTIPLIER;
  require(rte_eth_dev_count_avail() == 2, "needs exactly two ports");
  for (int option; (option = getopt_long(argc, argv, "l:f:b:t:", OPTIONS, NULL)) != -1;) {
    read_option(option);
  }
  require(config.limit >= 2, "--limit: a sketch cannot tell one from none");
}

void nf_config_usage(void) {
  fprintf(stderr,
          "options:\n"
          "  --limit N      connections of one client to one server, 2 or more (16)\n"
          "  --max-flows N  connections in all (65536)\n"
          "  --buckets N    buckets in each row of the sketch (65536)\n"
          "  --expire US    silence after which a connection is forgotten (60000000)\n");
}

void nf_config_print(void) {
  NF_INFO("%" PRIu16 " connections each, %" PRIu32 " in all, kept for %" PRId64 " ns", config.limit,
          config.max_flows, config.expiration_time);
}
