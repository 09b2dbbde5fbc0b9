#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "nf-log.h"
#include "nf-parse.h"
#include "nf-util.h"
#include "nf.h"

static const struct option OPTIONS[] = {
    {"vip", required_argument, NULL, 'v'},
    {"heartbeat-port", required_argument, NULL, 'p'},
    {"max-backends", required_argument, NULL, 'b'},
    {"max-flows", required_argument, NULL, 'f'},
    {"backend-timeout", required_argument, NULL, 'o'},
    {"expire", required_argument, NULL, 't'},
    {NULL, 0, NULL, 0},
};

static void require(bool good, const char *message) {
  if (!good) {
    fprintf(stderr, "balancer: %s\n", message);
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
    case 'v':
      require(nf_parse_ipv4addr(optarg, &config.virtual_ip), "--vip: not an IPv4 address");
      break;
    case 'p':
      config.heartbeat_port = (uint16_t)positive("heartbeat-port", UINT16_MAX);
      break;
    case 'b':
      config.max_backends = (uint32_t)positive("max-backends", 256);
      break;
    case 'f':
      config.max_flows = (uint32_t)positive("max-flows", INT32_MAX);
      break;
    case 'o':
      config.backend_timeout = (vigor_time_t)positive("backend-timeout", INT64_MAX / 1000) * 1000;
      break;
    case 't':
      config.flow_timeout = (vigor_time_t)positive("expire", INT64_MAX / 1000) * 1000;
      break;
    default:
      require(false, "unknown option");
  }
}

void nf_config_init(int argc, char **argv) {
  config.virtual_ip = RTE_BE32(RTE_IPV4(192, 0, 2, 80));
  config.heartbeat_port = 9999;
  config.max_backends = 32;
  config.max_flows = 65536;
  config.backend_timeout = 5LL * VIGOR_TIME_SECONDS_MULTIPLIER;
  config.flow_timeout = 60LL * VIGOR_TIME_SECONDS_MULTIPLIER;
  require(rte_eth_dev_count_avail() == 2, "needs exactly two ports");
  for (int option; (option = getopt_long(argc, argv, "v:p:b:f:o:t:", OPTIONS, NULL)) != -1;) {
    read_option(option);
  }
}

void nf_config_usage(void) {
  fprintf(stderr,
          "options:\n"
          "  --vip A.B.C.D         the address that clients talk to (192.0.2.80)\n"
          "  --heartbeat-port N    the UDP port that backends report to (9999)\n"
          "  --max-backends N      how many backends there may be (32)\n"
          "  --max-flows N         how many flows are remembered (65536)\n"
          "  --backend-timeout US  a backend that is silent so long is gone (5000000)\n"
          "  --expire US           a flow that is silent so long is forgotten (60000000)\n");
}

void nf_config_print(void) {
  NF_INFO("%" PRIu32 " backends, %" PRIu32 " flows", config.max_backends, config.max_flows);
}
