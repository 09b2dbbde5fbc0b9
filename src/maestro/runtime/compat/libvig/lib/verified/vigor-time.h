/* Time in nanoseconds since some start; never decreasing. */
#ifndef MAESTRO_COMPAT_VIGOR_TIME_H
#define MAESTRO_COMPAT_VIGOR_TIME_H

#include <inttypes.h>
#include <stdint.h>

typedef int64_t vigor_time_t;
typedef vigor_time_t time_ns_t;

#define VIGOR_TIME_SECONDS_MULTIPLIER 1000000000
#define NS_TO_S_MULTIPLIER VIGOR_TIME_SECONDS_MULTIPLIER

/* To print and read one. */
#define PRVIGT PRId64
#define SCNVIGT SCNd64

/* The time of the packet being processed. An NF uses the `now` that it is given; these are for its
 * assertions. */
vigor_time_t current_time(void);
vigor_time_t recent_time(void);

#endif
