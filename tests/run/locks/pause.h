/* Something happens wherever a lock changes hands: nothing mostly, else the thread gives way. */
#define _GNU_SOURCE /* before anything is included */
#include <sched.h>
#include <stdint.h>
#include <unistd.h>

#ifndef PAUSE_ONE_IN
#define PAUSE_ONE_IN 4096
#endif

static _Thread_local uint32_t pauses;

static inline void pause_now_and_then(void) {
  uint32_t random = ++pauses * UINT32_C(2654435761);
  if (random >> 24 == 0) {
    sched_yield();
  } else if ((random >> 20) % PAUSE_ONE_IN == 77 % PAUSE_ONE_IN) {
    usleep(1);
  }
}

#define MAESTRO_LOCK_PAUSE() pause_now_and_then()
