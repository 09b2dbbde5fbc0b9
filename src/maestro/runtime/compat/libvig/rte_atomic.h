/* A sequential network function needs no barriers. */
#ifndef MAESTRO_RTE_ATOMIC_H
#define MAESTRO_RTE_ATOMIC_H

#define rte_mb() ((void)0)
#define rte_wmb() ((void)0)
#define rte_rmb() ((void)0)

#endif
