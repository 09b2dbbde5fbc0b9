/* RSS by flow rules, and what it shares with RSS by one setting for all packets (rss.c). */
#ifndef FLOW_H
#define FLOW_H

#include "dpdk.h"

#define OTHERWISE                                                                                  \
  "use --rss software, or generate the NF for a NIC that can (--nic), or with another --strategy"

enum { RSS_SOURCE = 1, RSS_DESTINATION = 2, RSS_SOURCE_PORT = 4, RSS_DESTINATION_PORT = 8 };

/* Which of the fields that DPDK has words for; 0 when there is another, a part of one, or another
 * order than the usual one. */
unsigned rss_fields(const struct maestro_inputs *inputs);

enum { RSS_RULES = 6 };

struct rss_rule {
  unsigned kind;  /* of packets; see flow.c */
  uint64_t types; /* RTE_ETH_RSS_* */
};

struct rss_rules {
  struct rss_rule rule[RSS_RULES];
  unsigned rule_count;
  char wrong[80]; /* what rules have no words for; empty when all is well */
};

struct rss_rules rss_rules(const struct maestro_rss *rss);

/* Makes the rules on a started port, all or none. */
void flow_apply(const struct run *run, unsigned port, uint16_t id,
                const struct rte_eth_dev_info *info);

#endif
