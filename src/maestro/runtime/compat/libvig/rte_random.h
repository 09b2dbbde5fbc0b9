/* Existing network functions include this header; what they use of it is in rte_common.h. */
#ifndef MAESTRO_RTE_RANDOM_H
#define MAESTRO_RTE_RANDOM_H

#include "rte_common.h"

#endif
