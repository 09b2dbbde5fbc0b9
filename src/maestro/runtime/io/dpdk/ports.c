/* Ports: one receive and one send queue a core, started last, stopped first. */
#include <string.h>

#include <rte_flow.h>

#include "dpdk.h"

static const char *device(uint16_t id) {
  static char name[RTE_ETH_NAME_MAX_LEN];
  return rte_eth_dev_get_name_by_port(id, name) == 0 ? name : "no device";
}

static void check_queues(unsigned port, uint16_t id, const struct rte_eth_dev_info *info,
                         unsigned cores) {
  if (info->max_rx_queues < cores || info->max_tx_queues < cores)
    die(DPDK_REFUSED,
        "port %u (DPDK port %u, %s): asked for %u receive and send queues, one a core, it offers "
        "%u and %u: use fewer lcores (-l)",
        port, id, device(id), cores, info->max_rx_queues, info->max_tx_queues);
}

/* Frames that fill a buffer, less Ethernet's header, two VLAN tags and the frame check sequence;
 * 0: the device's usual. */
static uint32_t mtu(const struct run *run, const struct rte_eth_dev_info *info) {
  uint32_t most = run->options->frame_bytes - 14 - 2 * 4 - 4;
  if (run->options->frame_bytes == USUAL_FRAME)
    return 0;
  return most < info->max_mtu ? most : info->max_mtu;
}

static void configure(const struct run *run, unsigned port, uint16_t id,
                      const struct rte_eth_dev_info *info) {
  struct rte_eth_conf conf;
  memset(&conf, 0, sizeof conf);
  conf.rxmode.mtu = mtu(run, info);
  if (run->cores > 1 && run->options->rss == RSS_NIC) {
    rss_require(port, id, info);
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf =
        rss_way(&nf_rss[port], info->flow_type_rss_offloads).hash;
    if (run->options->trace != NULL) /* not all devices hand the hash over unasked */
      conf.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
  }
  int error = rte_eth_dev_configure(id, (uint16_t)run->cores, (uint16_t)run->cores, &conf);
  if (error != 0)
    die(DPDK_FAILED, "port %u (DPDK port %u, %s) cannot be configured with %u queues: %s", port, id,
        device(id), run->cores, strerror(-error));
}

static void set_up_queues(const struct run *run, unsigned port, uint16_t id) {
  uint16_t receive = (uint16_t)run->options->descriptors, transmit = receive;
  int socket = rte_eth_dev_socket_id(id);
  int error = rte_eth_dev_adjust_nb_rx_tx_desc(id, &receive, &transmit);
  for (unsigned core = 0; error == 0 && core < run->cores; core++) {
    const struct worker *worker = &run->workers[core];
    error = rte_eth_rx_queue_setup(id, (uint16_t)core, receive, (unsigned)socket, NULL,
                                   worker->pool);
    if (error == 0)
      error = rte_eth_tx_queue_setup(id, (uint16_t)core, transmit, (unsigned)socket, NULL);
  }
  if (error != 0)
    die(DPDK_FAILED, "port %u (DPDK port %u, %s): no queues of %u descriptors: %s", port, id,
        device(id), run->options->descriptors, strerror(-error));
}

static void start(const struct run *run, unsigned port, uint16_t id) {
  struct rte_eth_dev_info info;
  int error = rte_eth_dev_info_get(id, &info);
  if (error != 0)
    die(DPDK_FAILED, "port %u (DPDK port %u, %s) says nothing of itself: %s", port, id, device(id),
        strerror(-error));
  check_queues(port, id, &info, run->cores);
  configure(run, port, id, &info);
  set_up_queues(run, port, id);
  error = rte_eth_dev_start(id);
  if (error != 0)
    die(DPDK_FAILED, "port %u (DPDK port %u, %s) does not start: %s", port, id, device(id),
        strerror(-error));
  rte_eth_promiscuous_enable(id); /* not all devices know it, and those take all frames */
  if (run->cores > 1 && run->options->rss == RSS_NIC)
    rss_apply(run, port, id, &info);
}

void ports_start(const struct run *run) {
  for (unsigned port = 0; port < nf_ports; port++)
    start(run, port, run->options->port_ids[port]);
}

void ports_stop(const struct run *run) {
  for (unsigned port = 0; port < nf_ports; port++) {
    uint16_t id = run->options->port_ids[port];
    if (run->rules[port] > 0)
      rte_flow_flush(id, NULL);
    rte_eth_dev_stop(id);
    rte_eth_dev_close(id);
  }
}
