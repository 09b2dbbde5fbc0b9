#include "lib/verified/vigor-time.h"

/* Set before every packet by whoever runs the NF. */
vigor_time_t maestro_time;

vigor_time_t current_time(void) { return maestro_time; }

vigor_time_t recent_time(void) { return maestro_time; }
