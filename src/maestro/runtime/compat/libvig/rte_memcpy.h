/* Existing network functions include this header; what they use of it is in rte_common.h. */
#ifndef MAESTRO_RTE_MEMCPY_H
#define MAESTRO_RTE_MEMCPY_H

#include "rte_common.h"

#define rte_memcpy(to, from, n) memcpy(to, from, n)

#endif
