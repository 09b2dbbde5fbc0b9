/* MAP: from keys to values. Part of maestro.h. */
#ifndef MAESTRO_DIALECT_MAP_H
#define MAESTRO_DIALECT_MAP_H

#include "state.h"

/* MAP(name, key type, value type, capacity);
 * MAP(name, key type, value type, capacity, EXPIRES_AFTER(time));
 * MAP(name, key type, value type, capacity, EXPIRES_AFTER(time), UNLESS_REFRESHED);
 *
 * Two keys are equal when all their members are (padding does not count). With a time, an entry
 * that was not used for that long is gone. Used is: found or put; or, UNLESS_REFRESHED, added or
 * refreshed, and nothing else. */
#define MAP(...)                                                                    \
  MAESTRO_PICK(__VA_ARGS__, MAESTRO_BY_HAND, MAESTRO_EXPIRING, MAESTRO_LASTING, 0)  \
  (__VA_ARGS__)
#define UNLESS_REFRESHED true

/* Is there an entry? */
#define map_contains(map, ...) maestro_contains_##map(__VA_ARGS__)

/* The value of an entry; all zero when there is none. */
#define map_get(map, ...) maestro_get_##map(__VA_ARGS__)

/* map_put(map, key, value): adds or replaces an entry. False, and nothing changes, when the map is
 * full and the key is new. */
#define map_put(map, ...) maestro_put_##map(__VA_ARGS__)

/* Removes an entry. False when there is none. */
#define map_erase(map, ...) maestro_erase_##map(__VA_ARGS__)

/* An entry is used now. False when there is none. */
#define map_refresh(map, ...) maestro_refresh_##map(__VA_ARGS__)

bool maestro_map_find(struct maestro_map *m, void *key);
bool maestro_map_read(struct maestro_map *m, void *key, void *value);
bool maestro_map_write(struct maestro_map *m, void *key, const void *value);
bool maestro_map_remove(struct maestro_map *m, void *key);
bool maestro_map_touch(struct maestro_map *m, void *key);

#define MAESTRO_PICK(name, key, value, capacity, time, option, macro, ...) macro
#define MAESTRO_LASTING(name, K, V, capacity) MAESTRO_MAP(name, K, V, capacity, 0, false)
#define MAESTRO_EXPIRING(name, K, V, capacity, time)                                \
  MAESTRO_BY_HAND(name, K, V, capacity, time, false)
#define MAESTRO_BY_HAND(name, K, V, capacity, time, by_hand)                        \
  _Static_assert((time) > 0, "EXPIRES_AFTER needs a time above 0");                 \
  MAESTRO_MAP(name, K, V, capacity, time, by_hand)

#define MAESTRO_MAP(name_, K, V, capacity_, time, by_hand)                          \
  MAESTRO_TABLE(name_, K, V, capacity_, time, by_hand)                              \
  MAESTRO_INLINE bool maestro_contains_##name_(K key) {                             \
    return maestro_map_find(&name_, &key);                                          \
  }                                                                                 \
  MAESTRO_INLINE V maestro_get_##name_(K key) {                                     \
    V value;                                                                        \
    memset(&value, 0, sizeof value);                                                \
    maestro_map_read(&name_, &key, &value);                                         \
    return value;                                                                   \
  }                                                                                 \
  MAESTRO_INLINE bool maestro_put_##name_(K key, V value) {                         \
    return maestro_map_write(&name_, &key, &value);                                 \
  }                                                                                 \
  MAESTRO_INLINE bool maestro_erase_##name_(K key) {                                \
    return maestro_map_remove(&name_, &key);                                        \
  }                                                                                 \
  MAESTRO_INLINE bool maestro_refresh_##name_(K key) {                              \
    return maestro_map_touch(&name_, &key);                                         \
  }                                                                                 \
  extern struct maestro_map name_

#endif
