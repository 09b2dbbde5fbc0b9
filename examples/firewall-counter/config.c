#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "nf-log.h"
#include "nf-util.h"
#include "nf.h"

static const struct option OPTIONS[] = {
    {"expire", required_argument, NULL, 't'},
    {"max-flows", required_argument, NULL, 'f'},
    {"max-addresses", required_argument, NULL, 's'},
    {NULL, 0, NULL, 0},
};

static void require(bool good, const char *message) {
  if (!good) {
    fprintf(stderr, "firewall: %s\n", message);
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
    case 't':
      config.expiration_time = (vigor_time_t)positive("expire", INT64_MAX / 1000) * 1000;
      break;
    case 'f':
      config.max_flows = (uint32_t)positive("max-flows", INT32_MAX);
      break;
    case 's':
      config.max_addresses = (uint32_t)positive("max-addresses", INT32_MAX);
      break;
    default:
      require(false, "unknown option");
  }
}

void nf_config_init(int argc, char **argv) {
  config.expiration_time = 60LL * VIGOR_TIME_SECONDS_MULTIPLIER;
  config.max_flows = 65536;
  config.max_addresses = 65536;
  require(rte_eth_dev_count_avail() == 2, "needs exactly two ports");
  for (int option; (option = getopt_long(argc, argv, "t:f:s:", OPTIONS, NULL)) != -1;) {
    read_option(option);
  }
}

void nf_config_usage(void) {
  fprintf(stderr,
          "options:\n"
          "  --expire US      a flow closes after so many microseconds of silence (60000000)\n"
          "  --max-flows N    how many flows may be open at a time (65536)\n"
          "  --max-addresses N  how many addresses are counted (65536)\n");
}

void nf_config_print(void) {
  NF_INFO("%" PRIu32 " flows, open for %" PRId64 " ns; %" PRIu32 " addresses", config.max_flows,
          config.expiration_time, config.max_addresses);
}
