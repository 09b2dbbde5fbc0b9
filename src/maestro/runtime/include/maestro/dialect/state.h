/* What all state that an NF declares has in common. Behind the scenes of maestro.h. */
#ifndef MAESTRO_DIALECT_STATE_H
#define MAESTRO_DIALECT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPIRES_AFTER(time) (time)

/* Each declaration of `name` defines a maestro_state_name: what happens to it at the start, and
 * before every packet. */
struct maestro_state {
  bool (*allocate)(void);
  void (*expire)(void);
};

/* What a structure's functions do happens, for messages, at the line that calls them. */
#ifdef __clang__
#define MAESTRO_INLINE static inline __attribute__((unused, nodebug))
#else
#define MAESTRO_INLINE static inline __attribute__((unused))
#endif

/* The functions of a key type. The first three are generated from the members of K: padding does
 * not count. */
#define MAESTRO_KEY(name_, K)                                                       \
  bool maestro_equal_##name_(const void *a, const void *b);                         \
  unsigned maestro_hash_##name_(void *key);                                         \
  void maestro_copy_##name_(void *to, const void *from);                            \
  static __attribute__((used)) bool maestro_same_##name_(void *a, void *b) {        \
    K *x = a, *y = b;                                                               \
    return maestro_equal_##name_(x, y);                                             \
  }                                                                                 \
  static __attribute__((unused)) void maestro_clear_key_##name_(void *cell) {       \
    K *key = cell;                                                                  \
    memset(key, 0, sizeof *key);                                                    \
  }

/* A table of up to `capacity` entries. An entry has an index: of its key, of its value, and of the
 * time when it was last used. */
struct maestro_map {
  struct Map *map; /* key -> index */
  struct Vector *keys;
  struct Vector *values;
  struct DoubleChain *ages;
  unsigned capacity;
  int key_size;
  int value_size;    /* 0: no values */
  int64_t idle_time; /* ns; 0: entries stay */
  bool by_hand;      /* looking an entry up, or changing it, does not count as using it */
  bool (*equal)(void *a, void *b);
  unsigned (*hash)(void *key);
  void (*copy_key)(void *to, const void *from);
  void (*clear_key)(void *key);
  void (*clear_value)(void *value);
};

bool maestro_map_allocate(struct maestro_map *m);
void maestro_map_expire(struct maestro_map *m);

/* The table behind a declaration, and the functions that the shim calls. */
#define MAESTRO_TABLE(name_, K, V, capacity_, time, by_hand_)                       \
  _Static_assert((capacity_) > 0, #name_ " needs a capacity above 0");              \
  MAESTRO_KEY(name_, K)                                                             \
  static void maestro_clear_value_##name_(void *cell) {                             \
    V *value = cell;                                                                \
    memset(value, 0, sizeof *value);                                                \
  }                                                                                 \
  struct maestro_map name_ = {                                                      \
      .capacity = (capacity_),                                                      \
      .key_size = sizeof(K),                                                        \
      .value_size = sizeof(V),                                                      \
      .idle_time = (time),                                                          \
      .by_hand = (by_hand_),                                                        \
      .equal = maestro_same_##name_,                                                \
      .hash = maestro_hash_##name_,                                                 \
      .copy_key = maestro_copy_##name_,                                             \
      .clear_key = maestro_clear_key_##name_,                                       \
      .clear_value = maestro_clear_value_##name_,                                   \
  };                                                                                \
  MAESTRO_STATE(name_, maestro_map_allocate(&name_), maestro_map_expire(&name_))

#define MAESTRO_STATE(name_, allocate_, expire_)                                    \
  static bool maestro_allocate_##name_(void) { return (allocate_); }                \
  static void maestro_expire_##name_(void) { (expire_); }                           \
  const struct maestro_state maestro_state_##name_ = {maestro_allocate_##name_,     \
                                                      maestro_expire_##name_};

#endif
