/* lpm.h against a list of routes, in any order of prefix lengths, with many addresses in few
 * prefixes. */
#include "maestro/lpm.h"

#include "random.h"

enum { ROUTES = 300 };

static struct {
  uint32_t prefix;
  uint32_t length;
  uint32_t value;
} routes[ROUTES];
static int count;

static uint32_t mask(uint32_t length) {
  return length ? 0xffffffffu << (32 - length) : 0;
}

static uint32_t expected(uint32_t address) {
  int best = -1;
  for (int i = 0; i < count; i++) {
    if (((routes[i].prefix ^ address) & mask(routes[i].length)) == 0 &&
        (best < 0 || routes[i].length >= routes[best].length)) {
      best = i; /* of two of one length, the later one has replaced the other */
    }
  }
  return best < 0 ? UINT32_MAX : routes[best].value;
}

static uint32_t some_address(void) {
  uint32_t low = random_below(256), third = random_below(4), rest = random_below(3);
  return (rest == 2 ? random_below(UINT32_MAX) : 0x0a000000 + (rest << 16)) + (third << 8) + low;
}

int main(void) {
  struct lpm l;
  CHECK(lpm_create(&l));
  CHECK(lpm_lookup(&l, 1) == UINT32_MAX);
  CHECK(!lpm_update(&l, 0, 33, 1) && !lpm_update(&l, 0, 8, 1 << 15));
  while (count < ROUTES) {
    routes[count].prefix = some_address();
    routes[count].length = count % 50 == 49 ? 0 : 8 + random_below(25);
    routes[count].value = random_below(1 << 15);
    CHECK(lpm_update(&l, routes[count].prefix, (uint8_t)routes[count].length,
                     (uint16_t)routes[count].value));
    count++;
    for (int i = 0; i < 200; i++) {
      uint32_t address = some_address();
      CHECK(lpm_lookup(&l, address) == expected(address));
    }
  }
  CHECK(lpm_update(&l, 0x0a000001, 32, 0x7fff) && lpm_lookup(&l, 0x0a000001) == 0x7fff);
  lpm_destroy(&l);
  return 0;
}
