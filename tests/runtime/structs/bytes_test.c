/* bytes.h and bits.h against values worked out by hand. */
#include "maestro/bits.h"
#include "maestro/bytes.h"

#include "random.h"

static void loads_and_stores(void) {
  uint8_t memory[] = {0xff, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0xff};
  uint8_t copy[8];
  CHECK(ld16be(memory + 1) == 0x0102 && ld16le(memory + 1) == 0x0201);
  CHECK(ld32be(memory + 1) == 0x01020304 && ld32le(memory + 1) == 0x04030201);
  CHECK(ld64be(memory + 1) == 0x0102030405060708 && ld64le(memory + 1) == 0x0807060504030201);
  CHECK(ldbe(memory + 1, 6) == 0x010203040506 && ldle(memory + 1, 3) == 0x030201);
  st64le(copy, 0x0807060504030201);
  CHECK(memcmp(copy, memory + 1, 8) == 0);
  st32be(copy, 0x05060708);
  st16le(copy + 4, 0x0201);
  CHECK(ld32le(copy) == 0x08070605 && copy[4] == 1 && copy[5] == 2);
}

static void arithmetic(void) {
  CHECK(bits_signed(0x1f, 5) == -1 && bits_signed(0x0f, 5) == 15);
  CHECK(bits_shl(1, 64, 64) == 0 && bits_shl(3, 2, 7) == 12 && bits_lshr(8, 9, 9) == 0);
  CHECK((bits_ashr(0x80, 200, 8) & 0xff) == 0xff && (bits_ashr(0x40, 6, 8) & 0xff) == 1);
  CHECK(bits_sdiv((uint64_t)INT64_MIN, UINT64_MAX, 64) == (uint64_t)INT64_MIN);
  CHECK(bits_srem((uint64_t)INT64_MIN, UINT64_MAX, 64) == 0);
  CHECK((bits_sdiv(0xf9, 2, 8) & 0xff) == 0xfd && (bits_srem(0xf9, 2, 8) & 0xff) == 0xff);
}

/* "123456789" is the customary check input: CRC-32C gives 0xe3069283 with both inversions. */
static void crc(void) {
  const uint8_t digits[] = "123456789";
  uint32_t bytewise = UINT32_MAX, wide = UINT32_MAX;
  for (int i = 0; i < 9; i++) {
    bytewise = bits_crc32c(bytewise, digits[i], 8);
  }
  CHECK(~bytewise == 0xe3069283);
  wide = bits_crc32c(wide, ld64le(digits), 64);
  CHECK(~bits_crc32c(wide, digits[8], 8) == 0xe3069283);
  wide = bits_crc32c(bits_crc32c(UINT32_MAX, ld32le(digits), 32), ld16le(digits + 4), 16);
  CHECK(~bits_crc32c(bits_crc32c(wide, ld16le(digits + 6), 16), digits[8], 8) == 0xe3069283);
}

int main(void) {
  loads_and_stores();
  arithmetic();
  crc();
  return 0;
}
