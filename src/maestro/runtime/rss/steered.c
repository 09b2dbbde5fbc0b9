#include "maestro/steered.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maestro/nf.h"
#include "maestro/toeplitz.h"

enum { NOBODY = UINT16_MAX };

struct search {
  const char *allocator;
  const struct steered_name *name;
  struct maestro_steering steering; /* of the name's port */
  uint16_t *owners;
  uint32_t capacity;
};

/* Ethernet, IPv4 without options, UDP; all else zero. */
static void plain_frame(uint8_t *frame) {
  static const uint8_t headers[] = {[12] = 8, [14] = 0x45, [17] = STEERED_FRAME - 14, [22] = 64,
                                    [23] = 17, [39] = STEERED_FRAME - 34};
  memset(frame, 0, STEERED_FRAME);
  memcpy(frame, headers, sizeof headers);
}

static bool own(struct search *search, uint32_t index, unsigned core) {
  uint16_t *owner = &search->owners[index];
  if (*owner != NOBODY && *owner != core) {
    fprintf(stderr, "%s: packets that name index %u of %s reach cores %u and %u\n", nf_name, index,
            search->allocator, *owner, core);
    return false;
  }
  *owner = (uint16_t)core;
  return true;
}

/* Tries every value of the bytes that name an index. */
static bool try_all(struct search *search) {
  const struct steered_name *name = search->name;
  uint8_t frame[STEERED_FRAME];
  plain_frame(frame);
  for (uint32_t value = 0; value < UINT32_C(1) << 8 * name->reads; value++) {
    unsigned nic;
    for (unsigned i = 0; i < name->reads; i++)
      frame[name->at[i]] = (uint8_t)(value >> 8 * i);
    uint32_t index = name->index(frame);
    if (index < search->capacity &&
        !own(search, index, maestro_rss_core(&search->steering, frame, STEERED_FRAME, &nic)))
      return false;
  }
  return true;
}

static void share_out_rest(uint16_t *owners, uint32_t capacity, unsigned cores) {
  unsigned turn = 0;
  for (uint32_t i = 0; i < capacity; i++)
    if (owners[i] == NOBODY)
      owners[i] = (uint16_t)(turn++ % cores);
}

static bool search_names(struct search *search, const struct steered_name *names, unsigned count,
                         unsigned cores) {
  for (unsigned i = 0; i < count; i++) {
    search->name = &names[i];
    if (names[i].port >= nf_ports ||
        !maestro_steering_init(&search->steering, &nf_rss[names[i].port], cores)) {
      fprintf(stderr, "%s: no RSS configuration for %u cores on port %u\n", nf_name, cores,
              names[i].port);
      return false;
    }
    if (!try_all(search))
      return false;
  }
  return true;
}

uint16_t *steered_owners(const char *allocator, uint32_t capacity, const struct steered_name *names,
                         unsigned count, unsigned cores) {
  struct search *search = malloc(sizeof *search);
  uint16_t *owners = malloc(((size_t)capacity + 1) * sizeof *owners);
  bool done = search != NULL && owners != NULL;
  if (done) {
    memset(owners, 0xff, ((size_t)capacity + 1) * sizeof *owners); /* NOBODY's */
    search->allocator = allocator;
    search->owners = owners;
    search->capacity = capacity;
    done = search_names(search, names, count, cores);
  }
  free(search);
  if (!done) {
    free(owners);
    return NULL;
  }
  share_out_rest(owners, capacity, cores);
  return owners;
}

uint32_t steered_share(const uint16_t *owners, uint32_t capacity, unsigned core) {
  uint32_t count = 0;
  for (uint32_t i = 0; owners != NULL && i < capacity; i++)
    count += owners[i] == core;
  return count;
}
