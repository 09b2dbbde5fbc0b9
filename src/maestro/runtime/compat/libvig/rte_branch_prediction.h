#ifndef MAESTRO_RTE_BRANCH_PREDICTION_H
#define MAESTRO_RTE_BRANCH_PREDICTION_H

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif
