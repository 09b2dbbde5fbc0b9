/* A sequential network function runs on core 0. */
#ifndef MAESTRO_RTE_LCORE_H
#define MAESTRO_RTE_LCORE_H

#define RTE_MAX_LCORE 128
#define rte_lcore_id() 0u
#define rte_lcore_count() 1u
#define rte_socket_id() 0u

#endif
