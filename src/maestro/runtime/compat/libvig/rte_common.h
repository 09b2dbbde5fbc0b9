/* What network functions use of DPDK's rte_common.h. */
#ifndef MAESTRO_RTE_COMMON_H
#define MAESTRO_RTE_COMMON_H

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define __rte_packed __attribute__((packed))
#define __rte_aligned(n) __attribute__((aligned(n)))
#define __rte_cache_aligned __rte_aligned(RTE_CACHE_LINE_SIZE)
#define __rte_unused __attribute__((unused))
#define __rte_always_inline inline __attribute__((always_inline))
#define __rte_noinline __attribute__((noinline))

#define RTE_CACHE_LINE_SIZE 64
#define RTE_DIM(array) (sizeof(array) / sizeof((array)[0]))
#define RTE_SET_USED(x) ((void)(x))
#define RTE_STR(x) #x
#define RTE_PTR_ADD(ptr, n) ((void *)((uintptr_t)(ptr) + (n)))
#define RTE_PTR_SUB(ptr, n) ((void *)((uintptr_t)(ptr) - (n)))
#define RTE_MIN(a, b) ((a) < (b) ? (a) : (b))
#define RTE_MAX(a, b) ((a) > (b) ? (a) : (b))
#define RTE_BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)

/* A macro and not a variadic function: what it calls is known to every build. */
#define rte_exit(code, ...) (fprintf(stderr, __VA_ARGS__), exit(code))
#define rte_panic(...) (fprintf(stderr, __VA_ARGS__), abort())

#endif
