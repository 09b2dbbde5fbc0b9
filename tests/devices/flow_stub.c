/* Stands between nf-dpdk and rte_flow (ld --wrap): writes down what is asked for, and says yes, or no
 * where STUB_REFUSE=validate:N or create:N (from 0) says so. STUB_DRIVER is what ports call their
 * driver. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

int __real_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info);
int __wrap_rte_flow_validate(uint16_t port, const struct rte_flow_attr *attributes,
                             const struct rte_flow_item pattern[],
                             const struct rte_flow_action actions[], struct rte_flow_error *error);
struct rte_flow *__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attributes,
                                        const struct rte_flow_item pattern[],
                                        const struct rte_flow_action actions[],
                                        struct rte_flow_error *error);
int __wrap_rte_flow_flush(uint16_t port, struct rte_flow_error *error);

int __wrap_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info) {
  int result = __real_rte_eth_dev_info_get(port, info);
  info->driver_name = getenv("STUB_DRIVER");
  return result;
}

static void print_hex(const uint8_t *bytes, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    fprintf(stderr, "%02x", bytes[i]);
}

static const char *name_of(const struct rte_flow_item *item) {
  if (item->spec != NULL || item->mask != NULL || item->last != NULL)
    return "not just a header";
  switch (item->type) {
  case RTE_FLOW_ITEM_TYPE_ETH: return "eth";
  case RTE_FLOW_ITEM_TYPE_IPV4: return "ipv4";
  case RTE_FLOW_ITEM_TYPE_IPV6: return "ipv6";
  case RTE_FLOW_ITEM_TYPE_TCP: return "tcp";
  case RTE_FLOW_ITEM_TYPE_UDP: return "udp";
  default: return "another";
  }
}

static int note(const char *what, unsigned *calls, uint16_t port,
                const struct rte_flow_attr *attributes, const struct rte_flow_item pattern[],
                const struct rte_flow_action actions[], struct rte_flow_error *error) {
  char refuse[32];
  const char *refused = getenv("STUB_REFUSE");
  const struct rte_flow_action_rss *rss = actions[0].conf;
  if (actions[0].type != RTE_FLOW_ACTION_TYPE_RSS || actions[1].type != RTE_FLOW_ACTION_TYPE_END)
    abort();
  fprintf(stderr, "STUB {\"call\": \"%s\", \"port\": %u, \"pattern\": [", what, port);
  for (unsigned i = 0; pattern[i].type != RTE_FLOW_ITEM_TYPE_END; i++)
    fprintf(stderr, "%s\"%s\"", i ? ", " : "", name_of(&pattern[i]));
  fprintf(stderr, "], \"ingress\": %u, \"priority\": %u, \"func\": %d, \"level\": %u, \"types\": %" PRIu64
          ", \"key\": \"", attributes->ingress, attributes->priority, (int)rss->func, rss->level,
          rss->types);
  print_hex(rss->key, rss->key_len);
  fprintf(stderr, "\", \"queues\": [");
  for (unsigned i = 0; i < rss->queue_num; i++)
    fprintf(stderr, "%s%u", i ? ", " : "", rss->queue[i]);
  fprintf(stderr, "]}\n");
  snprintf(refuse, sizeof refuse, "%s:%u", what, (*calls)++);
  if (refused == NULL || strcmp(refused, refuse) != 0)
    return 0;
  return rte_flow_error_set(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_ACTION, NULL, "not on a Tuesday");
}

int __wrap_rte_flow_validate(uint16_t port, const struct rte_flow_attr *attributes,
                             const struct rte_flow_item pattern[],
                             const struct rte_flow_action actions[], struct rte_flow_error *error) {
  static unsigned calls;
  return note("validate", &calls, port, attributes, pattern, actions, error);
}

struct rte_flow *__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attributes,
                                        const struct rte_flow_item pattern[],
                                        const struct rte_flow_action actions[],
                                        struct rte_flow_error *error) {
  static unsigned calls;
  static char rule;
  int result = note("create", &calls, port, attributes, pattern, actions, error);
  return result == 0 ? (struct rte_flow *)&rule : NULL;
}

int __wrap_rte_flow_flush(uint16_t port, struct rte_flow_error *error) {
  (void)error;
  fprintf(stderr, "STUB {\"call\": \"flush\", \"port\": %u}\n", port);
  return 0;
}
