#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "nf-log.h"
#include "nf-util.h"
#include "nf.h"

static const struct option OPTIONS[] = {
    {"expire", required_argument, NULL, 't'},
    {"capacity", required_argument, NULL, 'c'},
    {NULL, 0, NULL, 0},
};

/* The value of an option, from 1 to `limit`. */
static uint64_t positive(const char *name, uint64_t limit) {
  uint64_t value = nf_util_parse_int(optarg, name, 10, '\0');
  if (value < 1 || value > limit) {
    rte_exit(EXIT_FAILURE, "bridge: --%s must be positive and not huge\n", name);
  }
  return value;
}

void nf_config_init(int argc, char **argv) {
  config.expiration_time = 300LL * VIGOR_TIME_SECONDS_MULTIPLIER;
  config.capacity = 8192;
  for (int option; (option = getopt_long(argc, argv, "t:c:", OPTIONS, NULL)) != -1;) {
    switch (option) {
      case 't':
        config.expiration_time = (vigor_time_t)positive("expire", INT64_MAX / 1000) * 1000;
        break;
      case 'c':
        config.capacity = (uint32_t)positive("capacity", INT32_MAX);
        break;
      default:
        nf_config_usage();
        exit(EXIT_FAILURE);
    }
  }
}

void nf_config_usage(void) {
  fprintf(stderr,
          "options:\n"
          "  --expire US   a host is forgotten after so many microseconds of silence (300000000)\n"
          "  --capacity N  how many hosts may be known at a time (8192)\n");
}

void nf_config_print(void) {
  NF_INFO("%" PRIu32 " hosts, remembered for %" PRId64 " ns", config.capacity,
          config.expiration_time);
}
