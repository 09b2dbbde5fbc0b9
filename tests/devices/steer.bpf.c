/* RSS as a NIC does it, for the kernel's TAP device: the queue of a packet by Toeplitz hash and
 * indirection table. Which bytes are hashed, the key and the table are in a map. */
#include <stdint.h>

struct settings {
  uint8_t key[64];
  uint8_t from[3][12]; /* by kind of packet: where each byte to hash is, from byte 12 on */
  uint8_t count[3];
  uint8_t unused;
  uint32_t entries; /* of the table, a power of two */
  uint16_t table[2048];
};

enum { TCP, UDP, OTHER };
enum { START = 12, LENGTH = 26 }; /* from the EtherType to the ports, without IP options */

extern uint64_t pseudo(uint64_t kind, uint64_t value) __asm__("llvm.bpf.pseudo");
static void *(*const lookup)(void *map, const void *key) = (void *)1;
static long (*const load)(const void *packet, uint32_t at, void *to, uint32_t length) = (void *)26;

/* One byte of input: the key's 32-bit windows that start at each of its set bits. */
static inline uint32_t step(const uint8_t *key, uint8_t byte) {
  uint64_t bits = 0;
  uint32_t hash = 0;
  for (int i = 0; i < 5; i++)
    bits = bits << 8 | key[i];
  for (int i = 0; i < 8; i++)
    hash ^= (uint32_t)(bits >> (8 - i)) & -(uint32_t)(byte >> (7 - i) & 1);
  return hash;
}

__attribute__((section("program"))) int steer(void *packet) {
  uint32_t zero = 0, hash = 0;
  uint8_t head[32] = {0};
  const struct settings *settings = lookup((void *)pseudo(1, MAP), &zero);
  if (settings == 0 || load(packet, START, head, LENGTH) != 0)
    return 0;
  if (head[0] != 8 || head[1] != 0 || head[2] != 0x45)
    return 0;
  int whole = (head[8] & 0x3f) == 0 && head[9] == 0;
  int kind = whole && head[11] == 6 ? TCP : whole && head[11] == 17 ? UDP : OTHER;
#pragma clang loop unroll(full)
  for (int i = 0; i < 12; i++)
    if (i < settings->count[kind])
      hash ^= step(&settings->key[i], head[settings->from[kind][i] & 31]);
  return settings->table[hash & (settings->entries - 1) & 2047];
}
