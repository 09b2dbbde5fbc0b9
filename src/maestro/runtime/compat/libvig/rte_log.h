#ifndef MAESTRO_RTE_LOG_H
#define MAESTRO_RTE_LOG_H

#include <stdio.h>

/* Checked by the compiler, never executed. */
#define RTE_LOG(level, type, ...)   \
  do {                              \
    if (0) {                        \
      printf(__VA_ARGS__);          \
    }                               \
  } while (0)

#endif
