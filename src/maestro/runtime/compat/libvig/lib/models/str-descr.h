/* Descriptions of C structures, which existing NFs keep for other tools. */
#ifndef MAESTRO_COMPAT_STR_DESCR_H
#define MAESTRO_COMPAT_STR_DESCR_H

#include <stddef.h>

struct str_field_descr {
  int offset;
  int width;
  int count;
  const char *name;
};

struct nested_field_descr {
  int base_offset;
  int offset;
  int width;
  int count;
  const char *name;
};

#endif
