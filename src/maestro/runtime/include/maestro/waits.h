/* How often a thread found a lock held: what contention there was, for benchmarks. */
#ifndef MAESTRO_WAITS_H
#define MAESTRO_WAITS_H

#include <stdint.h>

/* Of this thread. Weak, so that all files that include this have one and the same. */
__attribute__((weak)) _Thread_local uint64_t maestro_lock_waits;

#endif
