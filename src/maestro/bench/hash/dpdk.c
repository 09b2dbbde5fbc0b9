/* The Toeplitz hashes of DPDK (rte_thash.h), where it is installed; without WITH_DPDK there are
 * none. Its GFNI form exists only in code that is compiled for CPUs which have it. */
#include "rival.h"

#ifdef WITH_DPDK

#define ALLOW_EXPERIMENTAL_API
#include <rte_thash.h>

static bool always(const struct task *task) {
  (void)task;
  return true;
}

static void soft(struct task *task) {
  for (unsigned i = 0; i < INPUTS; i++)
    task->hashes[i] = rte_softrss(task->words[i], task->bytes / 4, task->key);
}

static void soft_be(struct task *task) {
  uint8_t key[KEY_BYTES];
  rte_convert_rss_key((const uint32_t *)(const void *)task->key, (uint32_t *)(void *)key,
                      KEY_BYTES);
  for (unsigned i = 0; i < INPUTS; i++)
    task->hashes[i] = rte_softrss_be(task->words[i], task->bytes / 4, key);
}

#ifdef RTE_THASH_GFNI_DEFINED

static uint64_t matrices[KEY_BYTES];

/* Its matrices are made when it is asked, once for every task. */
static bool gfni(const struct task *task) {
  if (!task->toeplitz.gfni)
    return false;
  rte_thash_complete_matrix(matrices, task->key, KEY_BYTES);
  return true;
}

static void by_gfni(struct task *task) {
  for (unsigned i = 0; i < INPUTS; i++)
    task->hashes[i] = rte_thash_gfni(matrices, task->at[i], (int)task->bytes);
}

static void by_gfni_bulk(struct task *task) {
  rte_thash_gfni_bulk(matrices, (int)task->bytes, task->at, task->hashes, INPUTS);
}

#endif

const struct rival dpdk_rivals[] = {
    {"rte_softrss", always, soft},
    {"rte_softrss_be", always, soft_be},
#ifdef RTE_THASH_GFNI_DEFINED
    {"rte_thash_gfni", gfni, by_gfni},
    {"rte_thash_gfni_bulk", gfni, by_gfni_bulk},
#endif
    {0},
};

#else

const struct rival dpdk_rivals[] = {{0}};

#endif
