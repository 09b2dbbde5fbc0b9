/* An IPv4 address given as text, the way DPDK's command-line parser reads it. */
#ifndef MAESTRO_CMDLINE_PARSE_IPADDR_H
#define MAESTRO_CMDLINE_PARSE_IPADDR_H

#include <netinet/in.h>

#include "cmdline_parse.h"
#include "nf-parse.h"

#define CMDLINE_IPADDR_V4 1
#define CMDLINE_IPADDR_V6 2

struct cmdline_token_ipaddr_data {
  uint8_t flags;
};

struct cmdline_token_ipaddr {
  struct cmdline_token_hdr hdr;
  struct cmdline_token_ipaddr_data ipaddr_data;
};

typedef struct cmdline_ipaddr {
  uint8_t family;
  union {
    struct in_addr ipv4;
    struct in6_addr ipv6;
  } addr;
  unsigned prefixlen;
} cmdline_ipaddr_t;

/* "10.0.0.1" into the struct cmdline_ipaddr at `result`, in network byte order. Returns a negative
 * number when the text is no IPv4 address; IPv6 addresses are not read. */
static inline int cmdline_parse_ipaddr(cmdline_parse_token_hdr_t *token, const char *text,
                                       void *result, unsigned size) {
  (void)token;
  struct cmdline_ipaddr *address = result;
  if (size < sizeof *address || !nf_parse_ipv4addr(text, &address->addr.ipv4.s_addr)) {
    return -1;
  }
  address->family = AF_INET;
  address->prefixlen = 32;
  return 0;
}

#endif
