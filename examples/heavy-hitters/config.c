#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "nf-log.h"
#include "nf-util.h"
#include "nf.h"
#include "subnets.h"

static const struct option OPTIONS[] = {
    {"prefix", required_argument, NULL, 'p'},
    {"rate", required_argument, NULL, 'r'},
    {"burst", required_argument, NULL, 'b'},
    {"capacity", required_argument, NULL, 'c'},
    {NULL, 0, NULL, 0},
};

static void require(bool good, const char *message) {
  if (!good) {
    fprintf(stderr, "heavy-hitters: %s\n", message);
    nf_config_usage();
    exit(EXIT_FAILURE);
  }
}

/* An option's value, which must be between `least` and `limit`. */
static uint64_t number(const char *name, uint64_t least, uint64_t limit) {
  uint64_t value = nf_util_parse_int(optarg, name, 10, '\0');
  require(value >= least && value <= limit, "an option's value is too small or too large");
  return value;
}

static void read_option(int option) {
  switch (option) {
    case 'p':
      require(config.levels < MAX_LEVELS, "too many prefixes");
      config.prefixes[config.levels++] = (uint8_t)number("prefix", 1, 32);
      break;
    case 'r':
      config.rate = number("rate", 1, INT64_MAX);
      break;
    case 'b':
      config.burst = number("burst", MIN_BURST, MAX_BURST);
      break;
    case 'c':
      config.capacity = (uint32_t)number("capacity", 1, INT32_MAX);
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
  for (int option; (option = getopt_long(argc, argv, "p:r:b:c:", OPTIONS, NULL)) != -1;) {
    read_option(option);
  }
  if (config.levels == 0) {
    config.levels = 3;
    config.prefixes[0] = 16;
    config.prefixes[1] = 24;
    config.prefixes[2] = 32;
  }
}

void nf_config_usage(void) {
  fprintf(stderr,
          "options:\n"
          "  --prefix BITS  watch subnets of this prefix; up to %d times (16, 24, 32)\n"
          "  --rate N       bytes a second that a subnet may send (1000000)\n"
          "  --burst N      bytes that it may send at once, at least %d (100000)\n"
          "  --capacity N   subnets watched at a time on each level (65536)\n",
          MAX_LEVELS, MIN_BURST);
}

void nf_config_print(void) {
  NF_INFO("%" PRIu32 " levels, %" PRIu64 " B/s, bursts of %" PRIu64 " B, %" PRIu32 " subnets",
          config.levels, config.rate, config.burst, config.capacity);
}
