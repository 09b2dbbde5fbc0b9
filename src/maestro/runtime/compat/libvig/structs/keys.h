/* What is known of the NF's maps, where the reference build comes with a model.
 *
 * A key should stay as it is while it is in a map. For NFs that do not keep to that, the map then
 * holds copies of its keys, as the maps of generated code do. */
#ifndef MAESTRO_COMPAT_KEYS_H
#define MAESTRO_COMPAT_KEYS_H

#include <stdbool.h>

/* Generated, in the order in which the NF creates its maps: bytes of a map's keys; has every core
 * its own map, in which the entries of the others take no room? */
extern const unsigned maestro_key_sizes[];
extern const bool maestro_own_maps[];
extern const unsigned maestro_key_count;

#endif
