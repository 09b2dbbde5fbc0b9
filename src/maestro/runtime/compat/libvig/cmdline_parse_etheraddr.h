/* A MAC address given as text, the way DPDK's command-line parser reads it. */
#ifndef MAESTRO_CMDLINE_PARSE_ETHERADDR_H
#define MAESTRO_CMDLINE_PARSE_ETHERADDR_H

#include "cmdline_parse.h"
#include "nf-parse.h"

/* "01:23:45:67:89:ab" into the six bytes at `mac`. Returns a negative number when the text is no
 * MAC address or `size` is less than six. `token` is not looked at. */
static inline int cmdline_parse_etheraddr(cmdline_parse_token_hdr_t *token, const char *text,
                                          void *mac, unsigned size) {
  (void)token;
  return size >= RTE_ETHER_ADDR_LEN && nf_parse_etheraddr(text, mac) ? RTE_ETHER_ADDR_LEN : -1;
}

#endif
