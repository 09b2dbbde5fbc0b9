/* Transactions without a CPU that has them: they run one after another, and commit or abort as MAESTRO_RTM_SCRIPT says.
 *
 * What is aborted at its end has run to the end and is taken back then, byte by byte: all memory that nf.c allocated,
 * but for locks and what is under none. So an attempt leaves behind just what a CPU would let it leave behind: nothing
 * in the state, but whatever was done to packets outside of a transaction.
 *
 * Script: words, over and over again, one a transaction of each thread: `commit`; `begin:S` and `end:S`, aborted with
 * status S at once or after all work; `some`: mostly commit, else any of these. `absent`: the CPU has none. */
#ifndef TRANSACTIONS_H
#define TRANSACTIONS_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* before anything is included */
#endif
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maestro/memory.h"

#define TOLD __attribute__((unused)) static

/* ---- Memory that is taken back ---- */

enum { BLOCKS = 64 };

struct tx_blocks {
  struct { uint8_t *at, *copy; size_t bytes; } of[BLOCKS];
  unsigned count;
};

TOLD struct tx_blocks tx_common_blocks; /* allocated before there were other threads */
TOLD _Thread_local struct tx_blocks tx_own_blocks;

TOLD void *tx_traced_alloc(size_t bytes) {
  struct tx_blocks *blocks = gettid() == getpid() ? &tx_common_blocks : &tx_own_blocks;
  uint8_t *at = bytes > SIZE_MAX / 2 ? NULL : maestro_alloc(2 * bytes); /* a copy behind it, freed with it */
  if (at && blocks->count < BLOCKS) {
    blocks->of[blocks->count].at = at;
    blocks->of[blocks->count].copy = at + bytes;
    blocks->of[blocks->count++].bytes = bytes;
  }
  return at;
}
#define maestro_alloc tx_traced_alloc
#include "maestro/lock.h"

/* Where the part of common block `i` begins that transactions share with nobody: struct nf_shared starts with struct
 * locks; the locks themselves and struct htm_common come next. */
TOLD size_t tx_begins(unsigned i) {
  return i == 0 ? sizeof(struct locks) : i < 3 ? tx_common_blocks.of[i].bytes : 0;
}

TOLD void tx_keep(struct tx_blocks *blocks) {
  for (unsigned i = 0; i < blocks->count; i++) {
    size_t from = blocks == &tx_common_blocks ? tx_begins(i) : 0;
    memcpy(blocks->of[i].copy + from, blocks->of[i].at + from, blocks->of[i].bytes - from);
  }
}

TOLD void tx_take_back(struct tx_blocks *blocks) {
  for (unsigned i = 0; i < blocks->count; i++) {
    size_t from = blocks == &tx_common_blocks ? tx_begins(i) : 0;
    memcpy(blocks->of[i].at + from, blocks->of[i].copy + from, blocks->of[i].bytes - from);
  }
}

/* ---- The script ---- */

TOLD const char *tx_script;

TOLD bool rtm_present(void) {
  tx_script = getenv("MAESTRO_RTM_SCRIPT");
  return tx_script != NULL && strcmp(tx_script, "absent") != 0;
}

enum tx_fate { COMMIT, ABORT_AT_BEGIN, ABORT_AT_END };

TOLD _Thread_local const char *tx_next_word;
TOLD _Thread_local uint32_t tx_fate_status, tx_draws;
TOLD _Thread_local enum tx_fate tx_fate;

TOLD uint32_t tx_drawn(void) {
  uint32_t x = ++tx_draws * UINT32_C(2654435761);
  return (x ^ x >> 15) * UINT32_C(2246822519) >> 8;
}

TOLD void tx_draw_fate(void) {
  static const uint32_t causes[] = {6, 4, 8, 2, 16, 32, 0, 0xff000001, 6, 6};
  uint32_t random = tx_drawn();
  tx_fate = random % 4 != 0 ? COMMIT : random % 8 == 0 ? ABORT_AT_BEGIN : ABORT_AT_END;
  tx_fate_status = causes[random / 8 % (sizeof causes / sizeof causes[0])];
}

TOLD void tx_next_fate(void) {
  if (tx_next_word == NULL || *tx_next_word == '\0')
    tx_next_word = tx_script;
  tx_fate = COMMIT;
  if (strncmp(tx_next_word, "some", 4) == 0)
    tx_draw_fate();
  if (strncmp(tx_next_word, "begin:", 6) == 0 || strncmp(tx_next_word, "end:", 4) == 0) {
    tx_fate = *tx_next_word == 'b' ? ABORT_AT_BEGIN : ABORT_AT_END;
    tx_fate_status = (uint32_t)strtoul(strchr(tx_next_word, ':') + 1, NULL, 0);
  }
  tx_next_word += strcspn(tx_next_word, " ");
  tx_next_word += strspn(tx_next_word, " ");
}

/* ---- One transaction at a time ---- */

TOLD pthread_mutex_t tx_running = PTHREAD_MUTEX_INITIALIZER;
TOLD _Thread_local jmp_buf tx_start;
TOLD _Thread_local uint32_t tx_end_status;

#define rtm_begin() tx_began(setjmp(tx_start))

TOLD uint32_t tx_began(int again) {
  if (again)
    return tx_end_status;
  tx_next_fate();
  if (tx_fate == ABORT_AT_BEGIN)
    return tx_fate_status;
  MAESTRO_LOCK_PAUSE();
  pthread_mutex_lock(&tx_running);
  return UINT32_MAX;
}

TOLD _Noreturn void tx_abort_with(uint32_t status) {
  pthread_mutex_unlock(&tx_running);
  tx_end_status = status;
  longjmp(tx_start, 1);
}

TOLD void rtm_subscribe(bool held) {
  if (held)
    tx_abort_with(0xff000001);
  MAESTRO_LOCK_PAUSE();
  if (tx_fate != ABORT_AT_END)
    return;
  tx_keep(&tx_common_blocks);
  tx_keep(&tx_own_blocks);
}

TOLD void rtm_end(void) {
  MAESTRO_LOCK_PAUSE();
  if (tx_fate == ABORT_AT_END) {
    tx_take_back(&tx_common_blocks);
    tx_take_back(&tx_own_blocks);
    tx_abort_with(tx_fate_status);
  }
  pthread_mutex_unlock(&tx_running);
}

/* A CPU aborts what runs when the locks are taken; here it comes to its end first. What begins later sees the locks. */
TOLD void rtm_exclude(void) {
  pthread_mutex_lock(&tx_running);
  pthread_mutex_unlock(&tx_running);
}
#endif
