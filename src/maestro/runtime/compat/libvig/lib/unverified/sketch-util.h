#ifndef MAESTRO_COMPAT_SKETCH_UTIL_H
#define MAESTRO_COMPAT_SKETCH_UTIL_H

#include "../verified/map-util.h"

/* The number of hashes, and rows, of a sketch. */
#define SKETCH_HASHES 5

#endif
