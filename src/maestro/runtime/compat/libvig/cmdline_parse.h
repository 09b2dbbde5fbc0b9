/* What network functions use of DPDK's command-line parser: the type of a token. */
#ifndef MAESTRO_CMDLINE_PARSE_H
#define MAESTRO_CMDLINE_PARSE_H

struct cmdline_token_hdr {
  void *ops;
  unsigned offset;
};
typedef struct cmdline_token_hdr cmdline_parse_token_hdr_t;

#endif
