/* /maestro/rss: who spreads packets over the cores, and what the devices say of their settings. */
#include <inttypes.h>
#include <string.h>

#include "telemetry.h"

static uint64_t misplaced(const struct run *run, unsigned port) {
  uint64_t total = 0;
  for (unsigned core = 0; core < run->cores; core++)
    total += counted(&run->workers[core].ports[port].misplaced);
  return total;
}

static int tell_ports(const struct run *run, struct rte_tel_data *answer) {
  uint64_t ids[RTE_MAX_ETHPORTS], wrong[RTE_MAX_ETHPORTS], rules[RTE_MAX_ETHPORTS];
  for (unsigned port = 0; port < nf_ports; port++) {
    ids[port] = run->options->port_ids[port];
    wrong[port] = misplaced(run, port);
    rules[port] = run->rules[port];
  }
  rte_tel_data_add_dict_string(answer, "spread_by", spread_by(run));
  tell_u64s(answer, "dpdk_port", ids, nf_ports);
  tell_u64s(answer, "flow_rules", rules, nf_ports);
  tell_u64s(answer, "misplaced", wrong, nf_ports);
  return 0;
}

/* ---- As the device tells ---- */

static void tell_hash(uint64_t hash, struct rte_tel_data *answer) {
  const char *names[RSS_WORDS];
  char number[32];
  snprintf(number, sizeof number, "0x%" PRIx64, hash);
  rte_tel_data_add_dict_string(answer, "hash", number);
  tell_strings(answer, "hash_types", names, rss_words(hash, names));
}

static void tell_key(const struct run *run, unsigned port, struct rte_tel_data *answer) {
  uint8_t key[UINT8_MAX] = {0};
  char text[RTE_TEL_MAX_STRING_LEN];
  uint16_t id = run->options->port_ids[port];
  struct rte_eth_dev_info info;
  if (rte_eth_dev_info_get(id, &info) != 0)
    return;
  unsigned bytes = info.hash_key_size != 0 ? info.hash_key_size : 40, shown = 0;
  struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = (uint8_t)bytes};
  if (rte_eth_dev_rss_hash_conf_get(id, &conf) != 0) {
    rte_tel_data_add_dict_string(answer, "key", "the device cannot tell");
    return;
  }
  for (; shown < bytes && 2 * shown + 2 < sizeof text; shown++)
    snprintf(text + 2 * shown, 3, "%02x", key[shown]);
  const struct maestro_rss *rss = &nf_rss[port];
  unsigned common = bytes < rss->key_bytes ? bytes : rss->key_bytes;
  rte_tel_data_add_dict_string(answer, "key", text);
  rte_tel_data_add_dict_u64(answer, "key_as_planned", memcmp(key, rss->key, common) == 0);
  tell_hash(conf.rss_hf, answer);
}

/* The table in short: how many entries each core has, and how many are not as planned. */
static void tell_table(const struct run *run, unsigned port, struct rte_tel_data *answer) {
  struct rte_eth_rss_reta_entry64 table[MAESTRO_MAX_RETA / RTE_ETH_RETA_GROUP_SIZE];
  uint64_t entries[RTE_MAX_LCORE] = {0}, others = 0;
  uint16_t id = run->options->port_ids[port];
  struct rte_eth_dev_info info;
  memset(table, 0xff, sizeof table);
  if (rte_eth_dev_info_get(id, &info) != 0 || info.reta_size > MAESTRO_MAX_RETA ||
      rte_eth_dev_rss_reta_query(id, table, info.reta_size) != 0) {
    rte_tel_data_add_dict_u64(answer, "table_size", 0);
    return;
  }
  for (unsigned i = 0; i < info.reta_size; i++) {
    uint16_t core = table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
    unsigned planned = nf_rss[port].reta_size;
    others += run->steering == NULL || core != run->steering[port].reta[i & (planned - 1)];
    if (core < run->cores)
      entries[core]++;
  }
  rte_tel_data_add_dict_u64(answer, "table_size", info.reta_size);
  rte_tel_data_add_dict_u64(answer, "table_not_as_planned", others);
  tell_u64s(answer, "table_core_entries", entries, run->cores);
}

int tell_rss(struct run *run, const char *parameters, struct rte_tel_data *answer) {
  unsigned long port;
  char device[RTE_ETH_NAME_MAX_LEN] = "";
  if (parameters == NULL)
    return tell_ports(run, answer);
  if (!number_in(parameters, &port) || port >= nf_ports)
    return tell_error(answer, "no port of the NF; they are numbered from 0");
  uint16_t id = run->options->port_ids[port];
  rte_eth_dev_get_name_by_port(id, device);
  rte_tel_data_add_dict_u64(answer, "port", port);
  rte_tel_data_add_dict_u64(answer, "dpdk_port", id);
  rte_tel_data_add_dict_string(answer, "device", device);
  rte_tel_data_add_dict_string(answer, "spread_by", spread_by(run));
  rte_tel_data_add_dict_u64(answer, "flow_rules", run->rules[port]);
  rte_tel_data_add_dict_u64(answer, "misplaced", misplaced(run, (unsigned)port));
  tell_key(run, (unsigned)port, answer);
  tell_table(run, (unsigned)port, answer);
  return 0;
}
