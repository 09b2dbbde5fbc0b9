#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "nf-log.h"
#include "nf-parse.h"
#include "nf-util.h"
#include "nf.h"

#define PORTS 2

static const struct option OPTIONS[] = {
    {"wan", required_argument, NULL, 'w'},
    {"expire", required_argument, NULL, 't'},
    {"max-flows", required_argument, NULL, 'f'},
    {"eth-dest", required_argument, NULL, 'm'},
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
  require(value >= 1 && value <= limit, "--expire and --max-flows must be positive and not huge");
  return value;
}

/* "<port>,<mac>" */
static void read_next_hop(void) {
  uint64_t port = nf_util_parse_int(optarg, "eth-dest", 10, ',');
  require(port < PORTS, "--eth-dest: there is no such port");
  struct next_hop *hop = &config.next_hop[port];
  hop->known = nf_parse_etheraddr(optarg + 2, &hop->mac);
  require(hop->known, "--eth-dest: not a MAC address");
  rte_eth_macaddr_get((uint16_t)port, &hop->own_mac);
}

static void read_option(int option) {
  switch (option) {
    case 'w':
      config.wan = (uint16_t)nf_util_parse_int(optarg, "wan", 10, '\0');
      require(config.wan < PORTS, "--wan: there is no such port");
      config.lan = 1 - config.wan;
      break;
    case 't':
      config.expiration_time = (vigor_time_t)positive("expire", INT64_MAX / 1000) * 1000;
      break;
    case 'f':
      config.max_flows = (uint32_t)positive("max-flows", INT32_MAX);
      break;
    case 'm':
      read_next_hop();
      break;
    default:
      require(false, "unknown option");
  }
}

void nf_config_init(int argc, char **argv) {
  config.lan = 0;
  config.wan = 1;
  config.expiration_time = 60LL * VIGOR_TIME_SECONDS_MULTIPLIER;
  config.max_flows = 65536;
  require(rte_eth_dev_count_avail() == PORTS, "needs exactly two ports");
  for (int option; (option = getopt_long(argc, argv, "w:t:f:m:", OPTIONS, NULL)) != -1;) {
    read_option(option);
  }
}

void nf_config_usage(void) {
  fprintf(stderr,
          "options:\n"
          "  --wan PORT           the port towards the outside (1)\n"
          "  --expire US          a flow closes after so many microseconds of silence (60000000)\n"
          "  --max-flows N        how many flows may be open at a time (65536)\n"
          "  --eth-dest PORT,MAC  address packets that leave through PORT to MAC\n");
}

void nf_config_print(void) {
  NF_INFO("WAN port %" PRIu16 ", %" PRIu32 " flows, open for %" PRId64 " ns", config.wan,
          config.max_flows, config.expiration_time);
}
