/* rtm.h: what CPUID must say, and, on a CPU that has them, transactions that commit and abort. */
#include "maestro/rtm.h"

#include "random.h"

enum { RTM = 1 << 11, ALWAYS_ABORT = 1 << 11, OTHERS = ~(1 << 11) };

static void test_offered(void) {
  CHECK(rtm_offered(RTM, 0));
  CHECK(rtm_offered((uint32_t)-1, (uint32_t)OTHERS));
  CHECK(!rtm_offered(0, 0));
  CHECK(!rtm_offered((uint32_t)OTHERS, 0));
  CHECK(!rtm_offered(RTM, ALWAYS_ABORT));
  CHECK(!rtm_offered((uint32_t)-1, (uint32_t)-1));
}

static volatile int written;

static uint32_t try_to_write(int value, bool held) {
  uint32_t status = rtm_begin();
  if (status == RTM_STARTED) {
    written = value;
    rtm_subscribe(held);
    rtm_end();
  }
  return status;
}

static void test_aborted(void) {
  written = 1;
  bool told = false;
  for (int i = 0; i < 1000; i++) {
    uint32_t status = try_to_write(2, true);
    told |= (status & RTM_EXPLICIT) != 0 && status >> 24 == 0xff;
    CHECK(status != RTM_STARTED);
    CHECK(written == 1);
  }
  CHECK(told);
}

static void test_committed(void) {
  for (int i = 0; i < 1000; i++) {
    if (try_to_write(3, false) == RTM_STARTED) {
      CHECK(written == 3);
      return;
    }
  }
  CHECK(!"none of 1000 transactions committed");
}

int main(void) {
  test_offered();
  rtm_exclude();
  if (rtm_present()) {
    test_aborted();
    test_committed();
  }
  return 0;
}
