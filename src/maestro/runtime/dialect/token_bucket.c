/* TOKEN_BUCKET, of maestro.h. */
#include "lib/verified/vector.h"

#include "dialect.h"

/* What a bucket holds now. The sum cannot overflow: one last used as long ago as it takes to fill
 * has expired. A mask, so as not to branch. */
static uint64_t refilled(const struct maestro_bucket *bucket, uint64_t rate, uint64_t full) {
  uint64_t units = bucket->units + (uint64_t)(now() - bucket->time) * rate;
  uint64_t is_over = -(uint64_t)(units > full);
  return (full & is_over) | (units & ~is_over);
}

bool maestro_bucket_take(struct maestro_map *m, void *key, uint64_t units, uint64_t rate,
                         uint64_t full) {
  int index;
  bool is_old = maestro_table_use(m, key, &index);
  if (!is_old && !maestro_table_add(m, key, &index)) {
    return false;
  }
  struct maestro_bucket *bucket;
  vector_borrow(m->values, index, (void **)&bucket);
  uint64_t held = is_old ? refilled(bucket, rate, full) : full;
  uint64_t is_enough = -(uint64_t)(held >= units);
  *bucket = (struct maestro_bucket){.units = held - (units & is_enough), .time = now()};
  vector_return(m->values, index, bucket);
  return is_enough != 0;
}
