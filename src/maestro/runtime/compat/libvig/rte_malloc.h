#ifndef MAESTRO_RTE_MALLOC_H
#define MAESTRO_RTE_MALLOC_H

#include <stdlib.h>

#define rte_malloc(type, size, align) ((void)(type), (void)(align), malloc(size))
#define rte_zmalloc(type, size, align) ((void)(type), (void)(align), calloc(1, size))
#define rte_calloc(type, count, size, align) ((void)(type), (void)(align), calloc(count, size))
#define rte_free(p) free(p)

#endif
