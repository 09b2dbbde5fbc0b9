/* RSS as the NF needs it, in the words of DPDK, and whether a port takes it. The hash itself is
 * the same everywhere (Toeplitz); key bits past the end of a key count as zero. */
#include <inttypes.h>
#include <string.h>

#include "flow.h"

/* ---- What to ask for ---- */

static const struct {
  uint64_t ports;     /* the flags when ports are hashed */
  uint64_t addresses; /* and when addresses only */
  uint64_t otherwise; /* if the device does not know that one */
} flags[MAESTRO_PACKET_TYPES] = {
    [MAESTRO_IPV4_TCP] = {RTE_ETH_RSS_NONFRAG_IPV4_TCP, RTE_ETH_RSS_IPV4, 0},
    [MAESTRO_IPV4_UDP] = {RTE_ETH_RSS_NONFRAG_IPV4_UDP, RTE_ETH_RSS_IPV4, 0},
    [MAESTRO_IPV4_OTHER] = {0, RTE_ETH_RSS_IPV4, RTE_ETH_RSS_NONFRAG_IPV4_OTHER},
    [MAESTRO_IPV4_OPTIONS] = {RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP,
                              RTE_ETH_RSS_IPV4, 0},
    [MAESTRO_IPV4_FRAGMENT] = {0, RTE_ETH_RSS_FRAG_IPV4, RTE_ETH_RSS_IPV4},
    [MAESTRO_IPV6_TCP] = {RTE_ETH_RSS_NONFRAG_IPV6_TCP, RTE_ETH_RSS_IPV6, 0},
    [MAESTRO_IPV6_UDP] = {RTE_ETH_RSS_NONFRAG_IPV6_UDP, RTE_ETH_RSS_IPV6, 0},
    [MAESTRO_IPV6_OTHER] = {0, RTE_ETH_RSS_IPV6, RTE_ETH_RSS_NONFRAG_IPV6_OTHER},
};

const char *const packet_type_names[MAESTRO_PACKET_TYPES] = {
    "ipv4-tcp", "ipv4-udp", "ipv4-other", "ipv4-options", "ipv4-fragment",
    "ipv6-tcp", "ipv6-udp", "ipv6-other", "vlan",         "non-ip",
};

unsigned rss_fields(const struct maestro_inputs *inputs) {
  unsigned fields = 0;
  for (unsigned i = 0; i < inputs->count; i++) {
    struct maestro_field_bits part = inputs->part[i];
    unsigned field = 0, bits = 16;
    switch ((enum maestro_field)part.field) {
    case MAESTRO_IPV4_SRC: field = RSS_SOURCE, bits = 32; break;
    case MAESTRO_IPV4_DST: field = RSS_DESTINATION, bits = 32; break;
    case MAESTRO_IPV6_SRC: field = RSS_SOURCE, bits = 128; break;
    case MAESTRO_IPV6_DST: field = RSS_DESTINATION, bits = 128; break;
    case MAESTRO_L4_SPORT: field = RSS_SOURCE_PORT; break;
    case MAESTRO_L4_DPORT: field = RSS_DESTINATION_PORT; break;
    default: return 0;
    }
    if (part.first != 0 || part.count != bits || fields >= field)
      return 0;
    fields |= field;
  }
  return fields;
}

/* One layer's fields are the same for all packet types, as a device has one setting for all. */
static bool agree(unsigned *layer, unsigned fields) {
  if (fields != 0 && *layer != 0 && *layer != fields)
    return false;
  *layer |= fields;
  return true;
}

static uint64_t flags_of(unsigned type, unsigned fields, uint64_t offered) {
  if (fields & (RSS_SOURCE_PORT | RSS_DESTINATION_PORT))
    return flags[type].ports;
  bool known = (flags[type].addresses & offered) != 0 || (flags[type].otherwise & offered) == 0;
  return known ? flags[type].addresses : flags[type].otherwise;
}

struct rss_setting rss_setting(const struct maestro_rss *rss, uint64_t offered) {
  struct rss_setting setting = {.hash = 0};
  if (rss->any_split) { /* addresses and ports, as far as the device knows them */
    setting.hash = offered & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
    return setting;
  }
  unsigned addresses = 0, ports = 0;
  for (unsigned type = 0; type < MAESTRO_PACKET_TYPES; type++) {
    const struct maestro_inputs *inputs = &rss->inputs[type];
    if (inputs->count == 0 || rss->resteered >> type & 1)
      continue;
    unsigned fields = rss_fields(inputs), l4 = fields & (RSS_SOURCE_PORT | RSS_DESTINATION_PORT);
    uint64_t flag = flags_of(type, fields, offered);
    if (fields == 0 || flag == 0 || !agree(&addresses, fields & (RSS_SOURCE | RSS_DESTINATION)) ||
        !agree(&ports, l4)) {
      snprintf(setting.wrong, sizeof setting.wrong, "the fields that %s needs hashed",
               packet_type_names[type]);
      return setting;
    }
    setting.hash |= flag;
  }
  if (addresses == 0 && ports != 0)
    snprintf(setting.wrong, sizeof setting.wrong, "a hash of ports without addresses");
  setting.hash |= addresses == RSS_SOURCE ? RTE_ETH_RSS_L3_SRC_ONLY : 0;
  setting.hash |= addresses == RSS_DESTINATION ? RTE_ETH_RSS_L3_DST_ONLY : 0;
  setting.hash |= ports == RSS_SOURCE_PORT ? RTE_ETH_RSS_L4_SRC_ONLY : 0;
  setting.hash |= ports == RSS_DESTINATION_PORT ? RTE_ETH_RSS_L4_DST_ONLY : 0;
  return setting;
}

/* The types without anything about single fields, for ports whose rules say that. Fragments are left
 * out, so that nothing but the IPv4 rule speaks of them. */
static uint64_t plain_types(const struct maestro_rss *rss, uint64_t offered) {
  uint64_t hash = 0;
  for (unsigned type = 0; type < MAESTRO_PACKET_TYPES; type++)
    if (rss->inputs[type].count > 0 && (rss->resteered >> type & 1) == 0 &&
        type != MAESTRO_IPV4_FRAGMENT)
      hash |= flags_of(type, rss_fields(&rss->inputs[type]), offered);
  return hash;
}

struct rss_way rss_way(const struct maestro_rss *rss, uint64_t offered) {
  struct rss_setting setting = rss_setting(rss, offered);
  struct rss_way way = {.hash = setting.hash};
  memcpy(way.wrong, setting.wrong, sizeof way.wrong);
  if (setting.wrong[0] == '\0' && (setting.hash & ~offered) == 0)
    return way;
  struct rss_rules rules = rss_rules(rss);
  if (rules.wrong[0] == '\0')
    way = (struct rss_way){.rules = true, .hash = plain_types(rss, offered)};
  else if (setting.wrong[0] != '\0')
    memcpy(way.wrong, rules.wrong, sizeof way.wrong);
  return way;
}

/* ---- In words ---- */

#define WORD(name) {RTE_ETH_RSS_##name, #name}
static const struct {
  uint64_t bit;
  const char *name;
} words[] = {WORD(IPV4),          WORD(FRAG_IPV4),        WORD(NONFRAG_IPV4_TCP),
             WORD(NONFRAG_IPV4_UDP), WORD(NONFRAG_IPV4_SCTP), WORD(NONFRAG_IPV4_OTHER),
             WORD(IPV6),          WORD(FRAG_IPV6),        WORD(NONFRAG_IPV6_TCP),
             WORD(NONFRAG_IPV6_UDP), WORD(NONFRAG_IPV6_SCTP), WORD(NONFRAG_IPV6_OTHER),
             WORD(L3_SRC_ONLY),   WORD(L3_DST_ONLY),      WORD(L4_SRC_ONLY),
             WORD(L4_DST_ONLY)};
#undef WORD

unsigned rss_words(uint64_t hash, const char *names[RSS_WORDS]) {
  unsigned found = 0;
  for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
    if (hash & words[i].bit)
      names[found++] = words[i].name;
  return found;
}

const char *spread_by(const struct run *run) {
  if (run->cores == 1)
    return "one core";
  if (atomic_load(&run->software))
    return "software";
  return run->options->rss == RSS_PRESET ? "preset" : "nic";
}

/* ---- What a port offers ---- */

/* Key bytes that decide a hash: those that some input bit meets. */
static unsigned key_bytes_needed(const struct maestro_rss *rss) {
  unsigned most = 0;
  for (unsigned type = 0; type < MAESTRO_PACKET_TYPES; type++) {
    const struct maestro_inputs *inputs = &rss->inputs[type];
    unsigned bits = 0;
    for (unsigned i = 0; i < inputs->count; i++)
      bits += inputs->part[i].count;
    if (bits > most)
      most = bits;
  }
  return most == 0 ? 0 : (most + 31 + 7) / 8;
}

/* Devices that do not say have the usual length. */
static unsigned key_bytes_of(const struct rte_eth_dev_info *info) {
  return info->hash_key_size != 0 ? info->hash_key_size : 40;
}

void rss_require(unsigned port, uint16_t id, const struct rte_eth_dev_info *info) {
  const struct maestro_rss *rss = &nf_rss[port];
  uint64_t offered = info->flow_type_rss_offloads;
  if (rss->any_split) /* and so whatever the device does is */
    return;
  struct rss_way way = rss_way(rss, offered);
  if (way.wrong[0] != '\0')
    die(DPDK_REFUSED, "port %u (DPDK port %u, %s): DPDK has no words for %s: " OTHERWISE, port, id,
        info->driver_name, way.wrong);
  if (way.hash & ~offered)
    die(DPDK_REFUSED,
        "port %u (DPDK port %u, %s): asked to hash %#" PRIx64 " (RTE_ETH_RSS_*), it offers %#"
        PRIx64 ", so %#" PRIx64 " is missing: " OTHERWISE,
        port, id, info->driver_name, way.hash, offered, way.hash & ~offered);
  if (key_bytes_of(info) < key_bytes_needed(rss))
    die(DPDK_REFUSED,
        "port %u (DPDK port %u, %s): asked for a key of %u bytes, it offers %u: " OTHERWISE, port,
        id, info->driver_name, key_bytes_needed(rss), key_bytes_of(info));
  if (info->reta_size == 0 || info->reta_size > MAESTRO_MAX_RETA ||
      (info->reta_size & (info->reta_size - 1)) != 0)
    die(DPDK_REFUSED,
        "port %u (DPDK port %u, %s): asked for a table of %u entries, it offers %u: " OTHERWISE,
        port, id, info->driver_name, rss->reta_size, info->reta_size);
}

/* ---- Asking ---- */

static void set_key(unsigned port, uint16_t id, const struct rte_eth_dev_info *info) {
  const struct maestro_rss *rss = &nf_rss[port];
  uint8_t key[UINT8_MAX] = {0}, found[UINT8_MAX] = {0};
  unsigned bytes = key_bytes_of(info);
  memcpy(key, rss->key, bytes < rss->key_bytes ? bytes : rss->key_bytes);
  struct rte_eth_rss_conf conf = {
      .rss_key = key,
      .rss_key_len = (uint8_t)bytes,
      .rss_hf = rss_way(rss, info->flow_type_rss_offloads).hash};
  int error = rte_eth_dev_rss_hash_update(id, &conf);
  if (error != 0)
    die(DPDK_REFUSED,
        "port %u (DPDK port %u, %s): asked for its RSS key of %u bytes and to hash %#" PRIx64
        ", it refuses: %s: " OTHERWISE,
        port, id, info->driver_name, bytes, conf.rss_hf, strerror(-error));
  struct rte_eth_rss_conf now = {.rss_key = found, .rss_key_len = (uint8_t)bytes};
  error = rte_eth_dev_rss_hash_conf_get(id, &now);
  if (error == 0 && (memcmp(key, found, bytes) != 0 || (conf.rss_hf & ~now.rss_hf) != 0))
    die(DPDK_REFUSED,
        "port %u (DPDK port %u, %s): accepts its RSS key and %#" PRIx64
        ", but has another key, or %#" PRIx64 ": " OTHERWISE,
        port, id, info->driver_name, conf.rss_hf, now.rss_hf);
}

typedef struct rte_eth_rss_reta_entry64 table[MAESTRO_MAX_RETA / RTE_ETH_RETA_GROUP_SIZE];

static uint16_t *entry(table entries, unsigned i) {
  entries[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1) << i % RTE_ETH_RETA_GROUP_SIZE;
  return &entries[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
}

static void check_table(unsigned port, uint16_t id, const struct rte_eth_dev_info *info,
                        table wanted) {
  table found = {0};
  for (unsigned i = 0; i < info->reta_size; i++)
    *entry(found, i) = UINT16_MAX;
  if (rte_eth_dev_rss_reta_query(id, found, info->reta_size) != 0)
    return; /* not all devices can tell */
  for (unsigned i = 0; i < info->reta_size; i++)
    if (*entry(found, i) != *entry(wanted, i))
      die(DPDK_REFUSED,
          "port %u (DPDK port %u, %s): accepts its table, but entry %u is %u, not %u: " OTHERWISE,
          port, id, info->driver_name, i, *entry(found, i), *entry(wanted, i));
}

/* A larger table repeats the planned one; a smaller one will do only if the planned one repeats. */
static void set_table(const struct run *run, unsigned port, uint16_t id,
                      const struct rte_eth_dev_info *info) {
  const struct maestro_steering *steering = &run->steering[port];
  unsigned planned = steering->rss->reta_size, size = info->reta_size;
  table entries = {0};
  for (unsigned i = 0; i < planned || i < size; i++) {
    uint16_t core = steering->reta[i & (planned - 1)];
    if (i >= size && core != *entry(entries, i & (size - 1)))
      die(DPDK_REFUSED,
          "port %u (DPDK port %u, %s): asked for a table of %u entries, it offers %u: " OTHERWISE,
          port, id, info->driver_name, planned, size);
    if (i < size)
      *entry(entries, i) = core;
  }
  int error = rte_eth_dev_rss_reta_update(id, entries, (uint16_t)size);
  if (error != 0)
    die(DPDK_REFUSED,
        "port %u (DPDK port %u, %s): asked for its table of %u entries, it refuses: %s: " OTHERWISE,
        port, id, info->driver_name, size, strerror(-error));
  check_table(port, id, info, entries);
}

/* What has arrived since the port was started was spread by the device's own key and table. */
static void discard_early(const struct run *run, unsigned port, uint16_t id) {
  struct rte_mbuf *packets[BATCH];
  for (unsigned core = 0; core < run->cores; core++) {
    unsigned received = 1, rounds = run->options->descriptors / BATCH + 1;
    for (; received > 0 && rounds > 0; rounds--) {
      received = rte_eth_rx_burst(id, (uint16_t)core, packets, BATCH);
      run->early[port] += received;
      for (unsigned i = 0; i < received; i++)
        rte_pktmbuf_free(packets[i]);
    }
  }
}

void rss_apply(const struct run *run, unsigned port, uint16_t id,
               const struct rte_eth_dev_info *info) {
  if (nf_rss[port].any_split) /* the device's own key and table will do */
    return;
  set_key(port, id, info);
  set_table(run, port, id, info);
  if (rss_way(&nf_rss[port], info->flow_type_rss_offloads).rules)
    flow_apply(run, port, id, info);
  discard_early(run, port, id);
}
