/* maestro.h: a network function in a page of C.
 *
 *   #include <maestro.h>
 *
 *   struct Flow { uint32_t src, dst; uint16_t sport, dport; };
 *
 *   MAP(flows, struct Flow, int, 65536, EXPIRES_AFTER(SECONDS(10)));
 *   OTHER_PACKETS(DROP);
 *
 *   void process_packet(int device, pkt_t p) { … forward(p, WAN); }
 *
 * process_packet sees the TCP and UDP packets over IPv4 that have their whole header: no IP options,
 * no fragments. What happens to all other packets, OTHER_PACKETS says. State is in maps; a global
 * variable that a packet changes is not state and is refused. */
#ifndef MAESTRO_H
#define MAESTRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- Packets ---- */

/* The fields of a packet, in host byte order. Writing to a field changes the packet that is forwarded;
 * checksums are kept right. `size` counts bytes from the Ethernet header on and cannot be changed. */
typedef struct maestro_packet {
  uint64_t eth_src, eth_dst; /* the low 48 bits */
  uint32_t size;
  uint32_t ipv4_src, ipv4_dst;
  uint16_t tcpudp_src, tcpudp_dst;
  uint8_t ipv4_proto, ipv4_ttl, ipv4_tos;
  uint8_t maestro_tcp_flags[1];
} pkt_t;

/* p.tcp_flags: the flags byte of a TCP header, 0 for UDP. Only an NF that mentions it pays for telling
 * TCP and UDP apart: the function below exists in its program then. */
#define tcp_flags maestro_tcp_flags[maestro_uses_tcp_flags()]
static inline __attribute__((unused)) int maestro_uses_tcp_flags(void) { return 0; }

enum { TCP = 6, UDP = 17 };
enum { LAN = 0, WAN = 1 };

/* The address a.b.c.d. */
#define IP(a, b, c, d) \
  ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* Defined by the network function. `device` is the port that the packet came from. */
void process_packet(int device, pkt_t p);

/* Where the packet goes; the last call counts, and without any the packet is dropped. */
void forward(pkt_t p, int device); /* to a port; to the one it came from: dropped */
void flood(pkt_t p);               /* to all ports but the one it came from */
void drop(pkt_t p);

/* What happens to packets that process_packet does not see; they are not changed. `device` is the port
 * that the packet came from: OTHER_PACKETS(FORWARD_TO(1 - device)). Dropped if not declared. */
#define OTHER_PACKETS(what)                \
  int maestro_other_packets(int device) {                                           \
    (void)device;                                                                   \
    return (what);                                                                  \
  }                                                                                 \
  int maestro_other_packets(int device)
#define DROP (-1)
#define FLOOD (-2)
#define FORWARD_TO(port) (port)

/* ---- Time ---- */

/* When the packet arrived, in nanoseconds since some start. */
int64_t now(void);

#define SECONDS(n) (1000000000LL * (n))
#define MILLISECONDS(n) (1000000LL * (n))
#define MICROSECONDS(n) (1000LL * (n))

/* ---- State ---- */

/* MAP(name, key type, value type, capacity);
 * MAP(name, key type, value type, capacity, EXPIRES_AFTER(time));
 *
 * A map of that name. Keys and values are structs, integers or enumerations, and given by value; two
 * keys are equal when all their members are (padding does not count). With a time, an entry that was
 * not found or put for that long is gone. */
#define MAP(...) MAESTRO_PICK(__VA_ARGS__, MAESTRO_EXPIRING, MAESTRO_LASTING, 0)(__VA_ARGS__)
#define EXPIRES_AFTER(time) (time)

/* Is there an entry? */
#define map_contains(map, ...) maestro_contains_##map(__VA_ARGS__)

/* The value of an entry; all zero when there is none. */
#define map_get(map, ...) maestro_get_##map(__VA_ARGS__)

/* map_put(map, key, value): adds or replaces an entry. False, and nothing changes, when the map is full
 * and the key is new. */
#define map_put(map, ...) maestro_put_##map(__VA_ARGS__)

/* Removes an entry. False when there is none. */
#define map_erase(map, ...) maestro_erase_##map(__VA_ARGS__)

/* ---- Behind the scenes ---- */

/* An entry has an index: of its key, of its value, and of the time when it was last used. */
struct maestro_map {
  struct Map *map; /* key -> index */
  struct Vector *keys;
  struct Vector *values;
  struct DoubleChain *ages;
  unsigned capacity;
  int key_size;
  int value_size;
  int64_t idle_time; /* ns; 0: entries stay */
  bool (*allocate)(void);
  void (*expire)(void);
  bool (*equal)(void *a, void *b);
  unsigned (*hash)(void *key);
  void (*copy_key)(void *to, const void *from); /* the members, and not what is between them */
  void (*clear_key)(void *key);
  void (*clear_value)(void *value);
};

bool maestro_map_allocate(struct maestro_map *m);
void maestro_map_expire(struct maestro_map *m);
bool maestro_map_find(struct maestro_map *m, void *key);
bool maestro_map_read(struct maestro_map *m, void *key, void *value);
bool maestro_map_write(struct maestro_map *m, void *key, const void *value);
bool maestro_map_remove(struct maestro_map *m, void *key);

/* What a map's functions do happens, for messages, at the line that calls them. */
#ifdef __clang__
#define MAESTRO_INLINE static inline __attribute__((unused, nodebug))
#else
#define MAESTRO_INLINE static inline __attribute__((unused))
#endif

#define MAESTRO_PICK(name, key, value, capacity, time, macro, ...) macro
#define MAESTRO_LASTING(name, K, V, capacity) MAESTRO_MAP(name, K, V, capacity, 0)
#define MAESTRO_EXPIRING(name, K, V, capacity, time)                                \
  _Static_assert((time) > 0, "EXPIRES_AFTER needs a time above 0");                 \
  MAESTRO_MAP(name, K, V, capacity, time)

/* The first three functions are generated from the members of K. */
#define MAESTRO_MAP(name_, K, V, capacity_, time)                                   \
  _Static_assert((capacity_) > 0, "a MAP needs a capacity above 0");                \
  bool maestro_equal_##name_(const void *a, const void *b);                         \
  unsigned maestro_hash_##name_(void *key);                                         \
  void maestro_copy_##name_(void *to, const void *from);                            \
  static bool maestro_same_##name_(void *a, void *b) {                              \
    K *x = a, *y = b;                                                               \
    return maestro_equal_##name_(x, y);                                             \
  }                                                                                 \
  static void maestro_clear_key_##name_(void *cell) {                               \
    K *key = cell;                                                                  \
    memset(key, 0, sizeof *key);                                                    \
  }                                                                                 \
  static void maestro_clear_value_##name_(void *cell) {                             \
    V *value = cell;                                                                \
    memset(value, 0, sizeof *value);                                                \
  }                                                                                 \
  static bool maestro_allocate_##name_(void);                                       \
  static void maestro_expire_##name_(void);                                         \
  struct maestro_map name_ = {                                                      \
      .capacity = (capacity_),                                                      \
      .key_size = sizeof(K),                                                        \
      .value_size = sizeof(V),                                                      \
      .idle_time = (time),                                                          \
      .allocate = maestro_allocate_##name_,                                         \
      .expire = maestro_expire_##name_,                                             \
      .equal = maestro_same_##name_,                                                \
      .hash = maestro_hash_##name_,                                                 \
      .copy_key = maestro_copy_##name_,                                             \
      .clear_key = maestro_clear_key_##name_,                                       \
      .clear_value = maestro_clear_value_##name_,                                   \
  };                                                                                \
  static bool maestro_allocate_##name_(void) {                                      \
    return maestro_map_allocate(&name_);                                            \
  }                                                                                 \
  static void maestro_expire_##name_(void) { maestro_map_expire(&name_); }          \
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
  extern struct maestro_map name_

#endif
