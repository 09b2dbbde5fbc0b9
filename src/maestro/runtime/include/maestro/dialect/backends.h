/* BACKENDS: servers that come and go, and share the work. Part of maestro.h. */
#ifndef MAESTRO_DIALECT_BACKENDS_H
#define MAESTRO_DIALECT_BACKENDS_H

#include "state.h"

/* Whether n has no factor below 100: to find mistakes early, since only a prime height makes each
 * server's order of hashes a whole one. */
#define MAESTRO_NO_FACTOR(n, p) ((n) == (p) || (n) % (p) != 0)
#define MAESTRO_MAY_BE_PRIME(n)                                                       \
  (MAESTRO_NO_FACTOR(n, 2) && MAESTRO_NO_FACTOR(n, 3) && MAESTRO_NO_FACTOR(n, 5) &&   \
   MAESTRO_NO_FACTOR(n, 7) && MAESTRO_NO_FACTOR(n, 11) && MAESTRO_NO_FACTOR(n, 13) && \
   MAESTRO_NO_FACTOR(n, 17) && MAESTRO_NO_FACTOR(n, 19) && MAESTRO_NO_FACTOR(n, 23) &&\
   MAESTRO_NO_FACTOR(n, 29) && MAESTRO_NO_FACTOR(n, 31) && MAESTRO_NO_FACTOR(n, 37) &&\
   MAESTRO_NO_FACTOR(n, 41) && MAESTRO_NO_FACTOR(n, 43) && MAESTRO_NO_FACTOR(n, 47) &&\
   MAESTRO_NO_FACTOR(n, 53) && MAESTRO_NO_FACTOR(n, 59) && MAESTRO_NO_FACTOR(n, 61) &&\
   MAESTRO_NO_FACTOR(n, 67) && MAESTRO_NO_FACTOR(n, 71) && MAESTRO_NO_FACTOR(n, 73) &&\
   MAESTRO_NO_FACTOR(n, 79) && MAESTRO_NO_FACTOR(n, 83) && MAESTRO_NO_FACTOR(n, 89) &&\
   MAESTRO_NO_FACTOR(n, 97))

/* BACKENDS(name, capacity, height, EXPIRES_AFTER(time));
 *
 * Up to `capacity` servers, each named by a number of 32 bits (its address, say), with a table of
 * consistent hashing: `height` is how many hashes are told apart, a prime well above the capacity.
 * A server is there as long as it says so. */
#define BACKENDS(name_, capacity_, height_, time)                                   \
  _Static_assert((capacity_) > 0, #name_ " needs a capacity above 0");              \
  _Static_assert((height_) > (capacity_), "BACKENDS needs a height above its capacity"); \
  _Static_assert(MAESTRO_MAY_BE_PRIME(height_), "the height of BACKENDS is a prime number"); \
  _Static_assert((time) > 0, "EXPIRES_AFTER needs a time above 0");                 \
  MAESTRO_KEY(name_, uint32_t)                                                      \
  struct maestro_backends name_ = {                                                 \
      .live = {.capacity = (capacity_),                                             \
               .key_size = sizeof(uint32_t),                                        \
               .idle_time = (time),                                                 \
               .equal = maestro_same_##name_,                                       \
               .hash = maestro_hash_##name_,                                        \
               .copy_key = maestro_copy_##name_,                                    \
               .clear_key = maestro_clear_key_##name_},                             \
      .height = (height_),                                                          \
  };                                                                                \
  MAESTRO_STATE(name_, maestro_backends_allocate(&name_), maestro_map_expire(&name_.live)) \
  MAESTRO_INLINE bool maestro_alive_##name_(uint32_t id) {                          \
    return maestro_backend_alive(&name_, id);                                       \
  }                                                                                 \
  MAESTRO_INLINE bool maestro_is_alive_##name_(uint32_t id) {                       \
    return maestro_backend_is_alive(&name_, id);                                    \
  }                                                                                 \
  MAESTRO_INLINE bool maestro_for_##name_(uint64_t hash, uint32_t *id) {            \
    return maestro_backend_for(&name_, hash, id);                                   \
  }                                                                                 \
  extern struct maestro_backends name_

/* backend_alive(backends, id): this one is there now. False when there is no room for it. */
#define backend_alive(backends, ...) maestro_alive_##backends(__VA_ARGS__)

/* backend_is_alive(backends, id): is it there? */
#define backend_is_alive(backends, ...) maestro_is_alive_##backends(__VA_ARGS__)

/* backend_for(backends, hash, &id): the server that the hash prefers among those that are there.
 * When one comes or goes, few hashes change theirs. False when there is none. */
#define backend_for(backends, ...) maestro_for_##backends(__VA_ARGS__)

struct maestro_backends {
  struct maestro_map live; /* by id, without values */
  struct Vector *preferences;
  unsigned height;
};

bool maestro_backends_allocate(struct maestro_backends *b);
bool maestro_backend_alive(struct maestro_backends *b, uint32_t id);
bool maestro_backend_is_alive(struct maestro_backends *b, uint32_t id);
bool maestro_backend_for(struct maestro_backends *b, uint64_t hash, uint32_t *id);

#endif
