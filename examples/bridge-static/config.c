#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "nf-log.h"
#include "nf-parse.h"
#include "nf-util.h"
#include "nf.h"

static const struct option OPTIONS[] = {
    {"host", required_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void require(bool good, const char *message) {
  if (!good) {
    fprintf(stderr, "bridge: %s\n", message);
    nf_config_usage();
    exit(EXIT_FAILURE);
  }
}

/* "<port>,<mac>" */
static void read_host(void) {
  require(config.count < MAX_HOSTS, "too many hosts");
  struct host *host = &config.hosts[config.count++];
  uint64_t port = nf_util_parse_int(optarg, "host", 10, ',');
  require(port < rte_eth_dev_count_avail(), "--host: there is no such port");
  host->port = (uint16_t)port;
  const char *mac = strchr(optarg, ',') + 1;
  require(nf_parse_etheraddr(mac, &host->mac), "--host: not a MAC address");
}

void nf_config_init(int argc, char **argv) {
  for (int option; (option = getopt_long(argc, argv, "h:", OPTIONS, NULL)) != -1;) {
    require(option == 'h', "unknown option");
    read_host();
  }
}

void nf_config_usage(void) {
  fprintf(stderr,
          "options:\n"
          "  --host PORT,MAC  who is behind a port; up to %d of them\n",
          MAX_HOSTS);
}

void nf_config_print(void) { NF_INFO("%" PRIu32 " hosts", config.count); }
