#include "rte_ethdev.h"

uint16_t maestro_ports = 2;

uint16_t rte_eth_dev_count_avail(void) { return maestro_ports; }

int rte_eth_macaddr_get(uint16_t port, struct rte_ether_addr *mac) {
  if (port >= maestro_ports) {
    return -ENODEV;
  }
  *mac = (struct rte_ether_addr){{2, 0, 0, 0, (uint8_t)(port >> 8), (uint8_t)port}};
  return 0;
}
