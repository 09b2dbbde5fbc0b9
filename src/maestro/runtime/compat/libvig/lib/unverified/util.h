#ifndef MAESTRO_COMPAT_UTIL_H
#define MAESTRO_COMPAT_UTIL_H

/* A hash of `size` bytes (CRC-32C). */
unsigned hash_obj(void *object, int size);

#endif
