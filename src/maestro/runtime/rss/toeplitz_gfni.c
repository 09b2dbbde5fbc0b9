/* A hash byte is a sum of 8x8 bit matrices applied to input bytes. The matrix of the hash is a
 * Toeplitz matrix, so the one between input byte j and hash byte k depends on j + k alone: it is
 * toeplitz->matrix[j + k]. 64-bit lane s holds matrix s, and is given the input bytes s, s - 1,
 * s - 2, s - 3 of two inputs, which become shares of hash bytes 0 to 3. The XOR of all lanes is the
 * hash. */
#include "toeplitz_gfni.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("gfni,avx512f,avx512bw,avx512vl,avx512vbmi")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum { SSE_AVX_AVX512_STATE = 0xe6 }; /* of XCR0: what the operating system saves */

static uint32_t extended_control(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

/* Asked of the CPU itself: not all C libraries' __builtin_cpu_supports() knows GFNI. */
bool maestro_toeplitz_has_gfni(void) {
  const unsigned wanted_b = bit_AVX512F | bit_AVX512BW | bit_AVX512VL;
  const unsigned wanted_c = bit_AVX512VBMI | bit_GFNI;
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) ||
      (extended_control() & SSE_AVX_AVX512_STATE) != SSE_AVX_AVX512_STATE)
    return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & wanted_b) == wanted_b &&
         (c & wanted_c) == wanted_c;
}

/* Which input byte goes where, for the lanes 0 to 7: least significant hash byte first, for the
 * first input and then the second. Negative numbers wrap round to bytes that are zero. */
INLINE __m512i first_lanes(void) {
  const long long bytes = 0x0101010101010101;
  const __m512i lane = _mm512_set_epi64(7 * bytes, 6 * bytes, 5 * bytes, 4 * bytes, 3 * bytes,
                                        2 * bytes, bytes, 0);
  return _mm512_add_epi8(lane, _mm512_set1_epi64(0x00fffefd00fffefd));
}

/* The shares of two inputs, lane by lane. */
INLINE __m512i shares(const struct maestro_toeplitz *toeplitz, const uint8_t *first,
                      unsigned stride, unsigned bytes) {
  const __mmask64 present = (UINT64_C(1) << bytes) - 1;
  const __m512i eight = _mm512_set1_epi8(8);
  __m512i a = _mm512_maskz_loadu_epi8(present, first);
  __m512i b = _mm512_maskz_loadu_epi8(present, first + stride);
  __m512i from = first_lanes(), sum = _mm512_setzero_si512();
#pragma GCC unroll 6
  for (unsigned lane = 0; lane < bytes + 3; lane += 8) {
    __m512i input = _mm512_permutexvar_epi8(from, a);
    input = _mm512_mask_permutexvar_epi8(input, UINT64_C(0xf0f0f0f0f0f0f0f0), from, b);
    __m512i matrix = _mm512_loadu_si512(toeplitz->matrix + lane);
    sum = _mm512_xor_si512(sum, _mm512_gf2p8affine_epi64_epi8(input, matrix, 0));
    from = _mm512_add_epi8(from, eight);
  }
  return sum;
}

/* The XOR of two 128-bit parts each of `a` and of `b`. */
#define FOLD(a, b, some, others)                                                                   \
  _mm512_xor_si512(_mm512_shuffle_i64x2(a, b, some), _mm512_shuffle_i64x2(a, b, others))

INLINE void eight_hashes(const struct maestro_toeplitz *toeplitz, const uint8_t *inputs,
                         unsigned stride, unsigned bytes, uint32_t *hashes) {
  __m512i a = shares(toeplitz, inputs, stride, bytes);
  __m512i b = shares(toeplitz, inputs + (size_t)2 * stride, stride, bytes);
  __m512i c = shares(toeplitz, inputs + (size_t)4 * stride, stride, bytes);
  __m512i d = shares(toeplitz, inputs + (size_t)6 * stride, stride, bytes);
  __m512i ab = FOLD(a, b, 0x44, 0xee), cd = FOLD(c, d, 0x44, 0xee);
  __m512i all = FOLD(ab, cd, 0x88, 0xdd); /* 128 bits each of a, b, c, d */
  all = _mm512_xor_si512(all, _mm512_shuffle_epi32(all, _MM_PERM_BADC));
  __m512i packed = _mm512_maskz_compress_epi64(0x55, all);
  _mm256_storeu_si256((__m256i *)(void *)hashes, _mm512_castsi512_si256(packed));
}

#define EACH_EIGHT(bytes)                                                                          \
  for (; count - done >= 8; done += 8)                                                             \
  eight_hashes(toeplitz, inputs + (size_t)done * stride, stride, bytes, hashes + done)

TARGET unsigned maestro_toeplitz_gfni(const struct maestro_toeplitz *toeplitz,
                                      const uint8_t *inputs, unsigned bytes, unsigned stride,
                                      uint32_t *hashes, unsigned count) {
  unsigned done = 0;
  switch (bytes) { /* constants, so that the loops over lanes are none */
  case 12: EACH_EIGHT(12); break;
  case 36: EACH_EIGHT(36); break;
  default: EACH_EIGHT(bytes); break;
  }
  return done;
}

#else

bool maestro_toeplitz_has_gfni(void) { return false; }

unsigned maestro_toeplitz_gfni(const struct maestro_toeplitz *toeplitz, const uint8_t *inputs,
                               unsigned bytes, unsigned stride, uint32_t *hashes, unsigned count) {
  (void)toeplitz, (void)inputs, (void)bytes, (void)stride, (void)hashes, (void)count;
  return 0;
}

#endif
