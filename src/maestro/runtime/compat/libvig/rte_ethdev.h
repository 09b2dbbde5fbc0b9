/* What network functions use of DPDK's rte_ethdev.h: the ports and their MAC addresses. */
#ifndef MAESTRO_RTE_ETHDEV_H
#define MAESTRO_RTE_ETHDEV_H

#include "rte_common.h"
#include "rte_ether.h"
#include "rte_mbuf.h"

#define RTE_MAX_ETHPORTS 32

/* The number of ports; 2 unless whoever runs the NF says otherwise before nf_config_init. */
extern uint16_t maestro_ports;

uint16_t rte_eth_dev_count_avail(void);

/* Port p has the locally administered address 02:00:00:00:00:p. Returns 0, or -ENODEV when there is
 * no such port. */
int rte_eth_macaddr_get(uint16_t port, struct rte_ether_addr *mac);

#define rte_eth_dev_count() rte_eth_dev_count_avail()

#endif
