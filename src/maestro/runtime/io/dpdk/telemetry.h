/* What the telemetry commands share. All of it is called with the mutex of telemetry.c held. */
#ifndef TELEMETRY_H
#define TELEMETRY_H

#include <rte_telemetry.h>

#include "dpdk.h"

#define LATE "a core has not answered in time; ask again"

/* Arrays under a name. What does not fit into an array is left out. */
void tell_u64s(struct rte_tel_data *answer, const char *name, const uint64_t *values,
               unsigned value_count);
void tell_strings(struct rte_tel_data *answer, const char *name, const char *const *values,
                  unsigned value_count);
int tell_error(struct rte_tel_data *answer, const char *error);

/* Whether the text is a number, all of it. */
bool number_in(const char *text, unsigned long *number);

/* The commands; `parameters` is NULL when there are none. */
int tell_state(struct run *run, const char *parameters, struct rte_tel_data *answer);
int tell_merged(struct run *run, const char *parameters, struct rte_tel_data *answer);
int tell_rss(struct run *run, const char *parameters, struct rte_tel_data *answer);

void forget_merged(void);

#endif
