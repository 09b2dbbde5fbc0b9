/* RSS by flow rules (rte_flow): for ports whose one setting for all packets does not say what the NF
 * needs, because the fields differ from packet type to packet type, or because the driver takes
 * *_ONLY in rules and nowhere else (ice, for one).
 *
 * The words of a rule are RTE_ETH_RSS_*, and drivers do not agree on what all of them mean: with
 * NONFRAG_IPV4_TCP | L3_SRC_ONLY, ice hashes the source address, mlx5 that and both ports; with
 * NONFRAG_IPV4_TCP | L4_SRC_ONLY, ice leaves the addresses out and mlx5 does not (ice_hash.c,
 * mlx5_flow.h). Only words that mean the same to all are used, and FRAG_IPV4 is not one of them: in
 * a rule it makes ice hash the identification field, too. Fragments are left to the IPv4 rule. */
#include <inttypes.h>
#include <string.h>

#include <rte_flow.h>

#include "flow.h"

/* ---- What to ask for ---- */

static const struct {
  unsigned type; /* MAESTRO_* */
  enum rte_flow_item_type ip, l4;
  uint64_t addresses, ports;
  const char *pattern;
} kinds[] = {
    {MAESTRO_IPV4_TCP, RTE_FLOW_ITEM_TYPE_IPV4, RTE_FLOW_ITEM_TYPE_TCP, RTE_ETH_RSS_IPV4,
     RTE_ETH_RSS_NONFRAG_IPV4_TCP, "eth / ipv4 / tcp"},
    {MAESTRO_IPV4_UDP, RTE_FLOW_ITEM_TYPE_IPV4, RTE_FLOW_ITEM_TYPE_UDP, RTE_ETH_RSS_IPV4,
     RTE_ETH_RSS_NONFRAG_IPV4_UDP, "eth / ipv4 / udp"},
    {MAESTRO_IPV4_OTHER, RTE_FLOW_ITEM_TYPE_IPV4, RTE_FLOW_ITEM_TYPE_END, RTE_ETH_RSS_IPV4, 0,
     "eth / ipv4"},
    {MAESTRO_IPV6_TCP, RTE_FLOW_ITEM_TYPE_IPV6, RTE_FLOW_ITEM_TYPE_TCP, RTE_ETH_RSS_IPV6,
     RTE_ETH_RSS_NONFRAG_IPV6_TCP, "eth / ipv6 / tcp"},
    {MAESTRO_IPV6_UDP, RTE_FLOW_ITEM_TYPE_IPV6, RTE_FLOW_ITEM_TYPE_UDP, RTE_ETH_RSS_IPV6,
     RTE_ETH_RSS_NONFRAG_IPV6_UDP, "eth / ipv6 / udp"},
    {MAESTRO_IPV6_OTHER, RTE_FLOW_ITEM_TYPE_IPV6, RTE_FLOW_ITEM_TYPE_END, RTE_ETH_RSS_IPV6, 0,
     "eth / ipv6"}};

_Static_assert(sizeof kinds / sizeof kinds[0] == RSS_RULES, "there is room for all rules");

/* 0 when there are no words for the fields that mean the same to all drivers. */
static uint64_t words_of(unsigned kind, unsigned fields) {
  unsigned addresses = fields & (RSS_SOURCE | RSS_DESTINATION);
  unsigned ports = fields & (RSS_SOURCE_PORT | RSS_DESTINATION_PORT);
  uint64_t only = addresses == RSS_SOURCE        ? RTE_ETH_RSS_L3_SRC_ONLY
                  : addresses == RSS_DESTINATION ? RTE_ETH_RSS_L3_DST_ONLY
                                                 : 0;
  if (addresses == 0)
    return 0;
  if (ports == 0)
    return kinds[kind].addresses | only;
  if (kinds[kind].ports == 0)
    return 0;
  if (ports == (RSS_SOURCE_PORT | RSS_DESTINATION_PORT))
    return only == 0 ? kinds[kind].ports : 0;
  if (only == 0)
    return 0;
  return kinds[kind].ports | only |
         (ports == RSS_SOURCE_PORT ? RTE_ETH_RSS_L4_SRC_ONLY : RTE_ETH_RSS_L4_DST_ONLY);
}

static bool steered_by_nic(const struct maestro_rss *rss, unsigned type) {
  return rss->inputs[type].count > 0 && (rss->resteered >> type & 1) == 0;
}

/* Whether packets of `type`, which have no rule of their own, fall under one that says the same. */
static bool covered(const struct maestro_rss *rss, unsigned type, unsigned by, unsigned or_by) {
  unsigned fields = rss_fields(&rss->inputs[type]);
  bool any = !steered_by_nic(rss, type) || (rss->uncertain >> type & 1) != 0;
  return any || fields == rss_fields(&rss->inputs[by]) ||
         fields == rss_fields(&rss->inputs[or_by]);
}

struct rss_rules rss_rules(const struct maestro_rss *rss) {
  struct rss_rules rules = {.rule_count = 0};
  const char *wrong = NULL;
  for (unsigned kind = 0; kind < RSS_RULES; kind++) {
    unsigned type = kinds[kind].type;
    if (!steered_by_nic(rss, type))
      continue;
    uint64_t words = words_of(kind, rss_fields(&rss->inputs[type]));
    if (words == 0 && wrong == NULL)
      wrong = packet_type_names[type];
    rules.rule[rules.rule_count++] = (struct rss_rule){kind, words};
  }
  if (!covered(rss, MAESTRO_IPV4_FRAGMENT, MAESTRO_IPV4_OTHER, MAESTRO_IPV4_OTHER))
    wrong = packet_type_names[MAESTRO_IPV4_FRAGMENT];
  if (!covered(rss, MAESTRO_IPV4_OPTIONS, MAESTRO_IPV4_TCP, MAESTRO_IPV4_OTHER))
    wrong = packet_type_names[MAESTRO_IPV4_OPTIONS];
  if (wrong != NULL)
    snprintf(rules.wrong, sizeof rules.wrong, "the fields that %s needs hashed", wrong);
  return rules;
}

/* ---- Asking ---- */

/* Drivers whose rules choose fields, while key and table are the port's; they refuse rules with a
 * queue list (and ice those with a key). To all others a rule without a key means some key of the
 * driver's, so they are given key and queues. */
static bool port_wide(const struct rte_eth_dev_info *info) {
  static const char *const drivers[] = {"net_ice", "net_i40e", "net_iavf"};
  for (unsigned i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
    if (strcmp(info->driver_name, drivers[i]) == 0)
      return true;
  return false;
}

struct asking {
  struct rte_flow_attr attributes;
  struct rte_flow_item pattern[4];
  struct rte_flow_action_rss rss;
  struct rte_flow_action actions[2];
};

/* Rules for TCP and UDP come before those for all of IP, where a driver knows an order. */
static void fill(struct asking *asking, const struct run *run, unsigned port, struct rss_rule rule,
                 const struct rte_eth_dev_info *info) {
  const struct maestro_steering *steering = &run->steering[port];
  bool alone = port_wide(info), general = kinds[rule.kind].l4 == RTE_FLOW_ITEM_TYPE_END;
  memset(asking, 0, sizeof *asking);
  asking->attributes.ingress = 1;
  asking->attributes.priority = !alone && general;
  asking->pattern[0].type = RTE_FLOW_ITEM_TYPE_ETH;
  asking->pattern[1].type = kinds[rule.kind].ip;
  asking->pattern[2].type = kinds[rule.kind].l4;
  asking->pattern[3].type = RTE_FLOW_ITEM_TYPE_END;
  asking->rss.func = RTE_ETH_HASH_FUNCTION_TOEPLITZ;
  asking->rss.types = rule.types;
  if (!alone) {
    asking->rss.key = steering->rss->key;
    asking->rss.key_len = steering->rss->key_bytes;
    asking->rss.queue = steering->reta;
    asking->rss.queue_num = steering->rss->reta_size;
  }
  asking->actions[0] =
      (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_RSS, .conf = &asking->rss};
  asking->actions[1].type = RTE_FLOW_ACTION_TYPE_END;
}

static _Noreturn void refused(unsigned port, uint16_t id, const struct rte_eth_dev_info *info,
                              struct rss_rule rule, int error, const struct rte_flow_error *why) {
  char text[256];
  const char *names[RSS_WORDS];
  unsigned words = rss_words(rule.types, names), at = 0;
  for (unsigned i = 0; i < words && at < sizeof text; i++)
    at += (unsigned)snprintf(text + at, sizeof text - at, "%s%s", i ? " | " : "", names[i]);
  rte_flow_flush(id, NULL);
  die(DPDK_REFUSED,
      "port %u (DPDK port %u, %s): asked for the flow rule %s -> RSS over %s, as its one setting "
      "for all packets (it offers %#" PRIx64 ") does not do; it refuses: %s (%s): " OTHERWISE,
      port, id, info->driver_name, kinds[rule.kind].pattern, text, info->flow_type_rss_offloads,
      why->message != NULL ? why->message : "no reason", rte_strerror(error));
}

void flow_apply(const struct run *run, unsigned port, uint16_t id,
                const struct rte_eth_dev_info *info) {
  struct rss_rules rules = rss_rules(&nf_rss[port]);
  struct asking asking;
  struct rte_flow_error why = {.message = NULL};
  for (unsigned i = 0; i < rules.rule_count; i++) { /* all of them, before any is made */
    fill(&asking, run, port, rules.rule[i], info);
    int error = rte_flow_validate(id, &asking.attributes, asking.pattern, asking.actions, &why);
    if (error != 0)
      refused(port, id, info, rules.rule[i], -error, &why);
  }
  for (unsigned i = 0; i < rules.rule_count; i++) {
    fill(&asking, run, port, rules.rule[i], info);
    if (rte_flow_create(id, &asking.attributes, asking.pattern, asking.actions, &why) == NULL)
      refused(port, id, info, rules.rule[i], rte_errno, &why);
    run->rules[port]++;
  }
}
