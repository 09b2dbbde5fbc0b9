/* The two functions of a key type. */
#ifndef MAESTRO_COMPAT_MAP_UTIL_H
#define MAESTRO_COMPAT_MAP_UTIL_H

#include <stdbool.h>

/* More entries than a structure may have; NFs check their capacities against it. */
#define CAPACITY_UPPER_LIMIT 140000

/* Do two keys address the same entry? This decides. */
typedef bool map_keys_equality(void *a, void *b);

/* Equal keys have equal hashes. A poor hash costs time, nothing else. */
typedef unsigned map_key_hash(void *key);

#endif
