/* What became of a core's transactions, as JSON. */
#ifndef MAESTRO_HTM_STATS_H
#define MAESTRO_HTM_STATS_H

#include <inttypes.h>
#include <stdio.h>

#include "nf.h"

/* What a cause is called. */
static inline const char *htm_cause(unsigned cause) {
  static const char *const causes[NF_HTM_CAUSES] = {
      [NF_HTM_CONFLICT] = "conflict",   [NF_HTM_CAPACITY] = "capacity",
      [NF_HTM_LOCK_HELD] = "lock_held", [NF_HTM_RETRY] = "retry",
      [NF_HTM_DEBUG] = "debug",         [NF_HTM_NESTED] = "nested",
      [NF_HTM_OTHER] = "other"};
  return causes[cause];
}

/* Prints a member, and the comma before it, of the object with a core's statistics. */
static inline void htm_stats_print(FILE *file, const struct nf_htm *counts) {
  fprintf(file, ", \"htm\": {\"present\": %s, \"commits\": %" PRIu64 ", \"fallbacks\": %" PRIu64,
          counts->present ? "true" : "false", counts->commits, counts->fallbacks);
  for (unsigned cause = 0; cause < NF_HTM_CAUSES; cause++) {
    fprintf(file, "%s\"%s\": %" PRIu64, cause ? ", " : ", \"aborts\": {", htm_cause(cause),
            counts->aborts[cause]);
  }
  fprintf(file, "}}");
}

#endif
