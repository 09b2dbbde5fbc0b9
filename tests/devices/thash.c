/* Hashes by DPDK's rte_thash, for test_thash.py. Reads lines of hexadecimal numbers:
 *   key bytes, the key, 4-byte words of the tuple, those words
 * and prints for each: rte_softrss, rte_softrss_be, rte_thash_gfni (or "-"), and, from a context
 * made of the key, with a helper over the last 16 bits of the tuple: the key of the context, a
 * desired index, and the tuple adjusted so that its hash has that index. */
#define ALLOW_EXPERIMENTAL_API
#include <rte_byteorder.h>
#include <rte_eal.h>
#include <rte_thash.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 64, RETA_BITS = 9 };

static unsigned number(void) {
  unsigned value = 0;
  if (scanf("%x", &value) != 1)
    rte_exit(1, "a number is missing\n");
  return value;
}

static void print(const uint8_t *bytes, unsigned count) {
  printf(" ");
  for (unsigned i = 0; i < count; i++)
    printf("%02x", bytes[i]);
}

static void by_definition(const uint8_t *key, unsigned bytes, uint32_t *words, unsigned count) {
  uint8_t turned[MOST];
  rte_convert_rss_key((const uint32_t *)key, (uint32_t *)turned, (int)bytes);
  printf("%x %x", rte_softrss(words, count, key), rte_softrss_be(words, count, turned));
}

static void by_gfni(const uint8_t *key, unsigned bytes, const uint8_t *tuple, unsigned count) {
#ifdef RTE_THASH_GFNI_DEFINED
  uint64_t matrices[MOST];
  rte_thash_complete_matrix(matrices, key, (int)bytes);
  printf(" %x", rte_thash_gfni(matrices, tuple, (int)count));
#else
  (void)key, (void)bytes, (void)tuple, (void)count;
  printf(" -");
#endif
}

static void adjusted(uint8_t *key, unsigned bytes, uint8_t *tuple, unsigned count) {
  struct rte_thash_ctx *context = rte_thash_init_ctx("t", bytes, RETA_BITS, key, 0);
  unsigned offset = 8 * count - 16, wanted = tuple[0];
  if (context == NULL || rte_thash_add_helper(context, "last", 16, offset) != 0)
    rte_exit(1, "no context\n");
  struct rte_thash_subtuple_helper *helper = rte_thash_get_helper(context, "last");
  if (rte_thash_adjust_tuple(context, helper, tuple, count, wanted, 1, NULL, NULL) != 0)
    rte_exit(1, "not adjusted\n");
  print(rte_thash_get_key(context), bytes);
  printf(" %x", wanted);
  print(tuple, count);
  printf("\n");
  rte_thash_free_ctx(context);
}

int main(int argc, char **argv) {
  if (rte_eal_init(argc, argv) < 0)
    return 1;
  unsigned bytes;
  while (scanf("%x", &bytes) == 1) {
    uint8_t key[MOST] __rte_aligned(8), tuple[MOST] = {0};
    uint32_t words[MOST / 4], swapped;
    for (unsigned i = 0; i < bytes; i++)
      key[i] = (uint8_t)number();
    unsigned count = number();
    for (unsigned i = 0; i < count; i++) {
      words[i] = number();
      swapped = rte_cpu_to_be_32(words[i]);
      memcpy(tuple + 4 * i, &swapped, 4);
    }
    by_definition(key, bytes, words, count);
    by_gfni(key, bytes, tuple, 4 * count);
    adjusted(key, bytes, tuple, 4 * count);
  }
  return 0;
}
