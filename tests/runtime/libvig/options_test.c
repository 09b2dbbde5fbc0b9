/* getopt.c and nf-parse.h. */
#include <getopt.h>
#include <string.h>

#include "check.h"
#include "nf-parse.h"
#include "nf-util.h"

static int verbose;
static const struct option LONGS[] = {
    {"wan", required_argument, NULL, 'w'},   {"expire", required_argument, NULL, 't'},
    {"expert", no_argument, NULL, 'x'},      {"level", optional_argument, NULL, 'l'},
    {"verbose", no_argument, &verbose, 3},   {NULL, 0, NULL, 0},
};

/* Runs getopt_long over the arguments, which end with NULL, and writes what it gives as "w=1 x ? |others". */
static const char *parse(char **argv) {
  static char text[200];
  int argc = 0;
  text[0] = '\0';
  while (argv[argc] != NULL) {
    argc++;
  }
  optind = 0;
  opterr = 0;
  for (int option; (option = getopt_long(argc, argv, "w:t:xl::", LONGS, NULL)) != -1;) {
    size_t n = strlen(text);
    snprintf(text + n, sizeof text - n, option ? "%c" : "0", option);
    snprintf(text + strlen(text), 50, optarg && option != '?' ? "=%s " : " ", optarg);
  }
  strcat(text, "|");
  while (optind < argc) {
    strcat(text, argv[optind++]);
    strcat(text, " ");
  }
  return text;
}

#define PARSED(expected, ...) CHECK(strcmp(parse((char *[]){"nf", __VA_ARGS__, NULL}), expected) == 0)

static void options(void) {
  PARSED("w=1 |", "--wan", "1");
  PARSED("w=1 t=5 |", "--wan=1", "-t5");
  PARSED("w=1 t=5 x |", "-w", "1", "-t", "5", "-x");
  PARSED("x x w=9 |", "-xxw9");
  PARSED("l l=2 l=3 |", "-l", "-l2", "--level=3");
  PARSED("0 |", "--verbose");
  CHECK(verbose == 3);
  PARSED("x |", "--exper");
  PARSED("w=1 |", "--w", "1");
  PARSED("? |", "--exp");
  PARSED("? |", "--expert=1");
  PARSED("? |", "--none");
  PARSED("? x |", "-q", "-x");
  PARSED("? |", "--wan");
  PARSED("? |", "-w");
}

static void other_arguments(void) {
  PARSED("w=1 x |a b c ", "a", "--wan", "1", "b", "-x", "c");
  PARSED("w=b |a c ", "a", "-w", "b", "c");
  PARSED("x |a -x ", "a", "-x", "--", "-x");
  PARSED("|- ", "-");
}

static void addresses(void) {
  struct rte_ether_addr mac;
  uint32_t ip;
  uint16_t port;
  uint8_t protocol;
  CHECK(nf_parse_etheraddr("01:23:45:67:89:aB", &mac) && mac.addr_bytes[5] == 0xab);
  CHECK(nf_parse_etheraddr("1:2:3:4:5:6", &mac) && mac.addr_bytes[0] == 1);
  CHECK(!nf_parse_etheraddr("01:23:45:67:89", &mac) && !nf_parse_etheraddr("", &mac));
  CHECK(!nf_parse_etheraddr("01-23-45-67-89-ab", &mac));
  CHECK(nf_parse_ipv4addr("10.1.2.254", &ip) && ip == RTE_BE32(RTE_IPV4(10, 1, 2, 254)));
  CHECK(!nf_parse_ipv4addr("10.1.2.256", &ip) && !nf_parse_ipv4addr("10.1.2", &ip));
  CHECK(nf_parse_port("8080", &port) && port == RTE_BE16(8080) && !nf_parse_port("65536", &port));
  CHECK(nf_parse_proto("17", &protocol) && protocol == 17 && !nf_parse_proto("x", &protocol));
  CHECK(nf_parse_device("3", &port) && port == 3);
  CHECK(nf_util_parse_int("12,", "n", 10, ',') == 12 && nf_util_parse_int("ff", "n", 16, 0) == 255);
}

int main(void) {
  options();
  other_arguments();
  addresses();
  return 0;
}
