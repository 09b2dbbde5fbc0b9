/* Prefetching has no effect that a network function can observe: it only evaluates its argument
 * here. */
#ifndef MAESTRO_RTE_PREFETCH_H
#define MAESTRO_RTE_PREFETCH_H

#define rte_prefetch0(p) ((void)(p))
#define rte_prefetch1(p) ((void)(p))
#define rte_prefetch2(p) ((void)(p))

#endif
