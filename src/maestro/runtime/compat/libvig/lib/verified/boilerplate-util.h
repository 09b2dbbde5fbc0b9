/* Small things that existing NFs expect to find. */
#ifndef MAESTRO_COMPAT_BOILERPLATE_UTIL_H
#define MAESTRO_COMPAT_BOILERPLATE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define AND &&
#define OR ||
#define IGNORE(x) ((void)(x))

/* For the layout of structures in other tools. */
#define PACKED_FOR_KLEE_VERIFICATION

/* A remark for a proof: checked by the compiler, never evaluated. */
#define vigor_note(condition) ((void)sizeof((condition) ? 1 : 0))

/* Initialises a vector cell that holds a uint32_t. */
static inline void null_init(void *cell) { *(uint32_t *)cell = 0; }

#endif
