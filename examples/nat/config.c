#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "nf-log.h"
#include "nf-parse.h"
#include "nf-util.h"
#include "nf.h"

static const struct option OPTIONS[] = {
    {"extip", required_argument, NULL, 'i'},
    {"starting-port", required_argument, NULL, 's'},
    {"max-flows", required_argument, NULL, 'f'},
    {"expire", required_argument, NULL, 't'},
    {NULL, 0, NULL, 0},
};

static void require(bool good, const char *message) {
  if (!good) {
    fprintf(stderr, "nat: %s\n", message);
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
    case 'i':
      require(nf_parse_ipv4addr(optarg, &config.external_ip), "--extip: not an IPv4 address");
      break;
    case 's':
      config.start_port = (uint16_t)positive("starting-port", UINT16_MAX);
      break;
    case 'f':
      config.max_flows = (uint32_t)positive("max-flows", UINT16_MAX);
      break;
    case 't':
      config.expiration_time = (vigor_time_t)positive("expire", INT64_MAX / 1000) * 1000;
      break;
    default:
      require(false, "unknown option");
  }
}

void nf_config_init(int argc, char **argv) {
  config.external_ip = RTE_BE32(RTE_IPV4(192, 0, 2, 1));
  config.start_port = 1024;
  config.max_flows = 32768;
  config.expiration_time = 60LL * VIGOR_TIME_SECONDS_MULTIPLIER;
  require(rte_eth_dev_count_avail() == 2, "needs exactly two ports");
  for (int option; (option = getopt_long(argc, argv, "i:s:f:t:", OPTIONS, NULL)) != -1;) {
    read_option(option);
  }
  require(config.start_port + config.max_flows <= 65536, "there are not so many external ports");
}

void nf_config_usage(void) {
  fprintf(stderr,
          "options:\n"
          "  --extip A.B.C.D    the address that the WAN sees (192.0.2.1)\n"
          "  --starting-port N  the first external port (1024)\n"
          "  --max-flows N      flows at a time, and external ports (32768)\n"
          "  --expire US        a flow is forgotten after so much silence (60000000)\n");
}

void nf_config_print(void) {
  NF_INFO("%" PRIu32 " flows on ports from %" PRIu16 " on, kept for %" PRId64 " ns",
          config.max_flows, config.start_port, config.expiration_time);
}
