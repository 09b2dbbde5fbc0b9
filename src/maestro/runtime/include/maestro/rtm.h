/* The instructions of hardware transactions: RTM of x86-64 (Intel's Software Developer's Manual,
 * volume 1, chapter 16). Everything that differs between CPUs is here.
 *
 * Define MAESTRO_RTM as the name of a header that offers the same to have something else in their
 * place: transactions that commit or abort on demand, say. */
#ifndef MAESTRO_RTM_H
#define MAESTRO_RTM_H

#include <stdbool.h>
#include <stdint.h>

#define RTM_STARTED UINT32_MAX /* not aborted (yet) */

/* Bits of an abort's status; none is set where an interrupt, a page fault, or an instruction that
 * transactions do not bear ended it. */
#define RTM_EXPLICIT 0x01u
#define RTM_RETRY 0x02u /* the CPU thinks that another try may succeed */
#define RTM_CONFLICT 0x04u
#define RTM_CAPACITY 0x08u
#define RTM_DEBUG 0x10u
#define RTM_NESTED 0x20u

/* What CPUID says in EBX and EDX of leaf 7: RTM is there, and does not abort whatever it is given
 * (as microcode can make it). */
static inline bool rtm_offered(uint32_t ebx, uint32_t edx) {
  return (ebx & 1u << 11) != 0 && (edx & 1u << 11) == 0;
}

#ifdef MAESTRO_RTM
#include MAESTRO_RTM
#elif defined __x86_64__
#include <cpuid.h>

static inline bool rtm_present(void) {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && rtm_offered(ebx, edx);
}

/* Start a transaction. Returns RTM_STARTED, and once more, with the status, when it was aborted:
 * then nothing that was done since has happened. The bytes are those of xbegin, xabort and xend,
 * which assemblers know only for CPUs that have them. */
static inline __attribute__((always_inline)) uint32_t rtm_begin(void) {
  uint32_t status = RTM_STARTED;
  __asm__ volatile(".byte 0xc7, 0xf8; .long 0" : "+a"(status)::"memory"); /* xbegin next */
  return status;
}

static inline void rtm_end(void) {
  __asm__ volatile(".byte 0x0f, 0x01, 0xd5" ::: "memory"); /* xend */
}

/* Abort the transaction if the lock, now part of what it has read, is held. */
static inline void rtm_subscribe(bool held) {
  if (held) {
    __asm__ volatile(".byte 0xc6, 0xf8, 0xff" ::: "memory"); /* xabort $255 */
  }
}

/* All locks have just been taken: that has aborted every transaction. */
static inline void rtm_exclude(void) {
}
#else
static inline bool rtm_present(void) {
  return false;
}
static inline uint32_t rtm_begin(void) {
  return 0;
}
static inline void rtm_end(void) {
}
static inline void rtm_subscribe(bool held) {
  (void)held;
}
static inline void rtm_exclude(void) {
}
#endif

#endif
