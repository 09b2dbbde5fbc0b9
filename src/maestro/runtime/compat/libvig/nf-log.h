/* Logging. Silent unless the NF is compiled with -DNF_LOG. The arguments of silent logging are
 * checked by the compiler and never evaluated; not even an unoptimised build has code for them. */
#ifndef MAESTRO_COMPAT_NF_LOG_H
#define MAESTRO_COMPAT_NF_LOG_H

#include <inttypes.h>
#include <stdio.h>

#ifdef NF_LOG
#define NF_LOG_ENABLED 1
#else
#define NF_LOG_ENABLED 0
#endif

#define NF_LOG_LINE(prefix, text, ...)                                                    \
  do {                                                                                    \
    if (NF_LOG_ENABLED) {                                                                 \
      printf(prefix text "\n", ##__VA_ARGS__);                                            \
    }                                                                                     \
  } while (0)

#define NF_INFO(text, ...) NF_LOG_LINE("NF: ", text, ##__VA_ARGS__)
#define NF_DEBUG(text, ...) NF_LOG_LINE("NF debug: ", text, ##__VA_ARGS__)

#endif
