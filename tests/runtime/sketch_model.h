/* A sketch as its description says, slowly: what both sketches are compared with. */
#ifndef SKETCH_MODEL_H
#define SKETCH_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MODEL_ROWS = 5, MODEL_CAPACITY = 37 };

struct model_row {
  bool used[MODEL_CAPACITY];
  int64_t time[MODEL_CAPACITY];
  uint64_t touched[MODEL_CAPACITY]; /* which touch of the row was the last */
  uint32_t hash[MODEL_CAPACITY], count[MODEL_CAPACITY];
};

static struct model_row model[MODEL_ROWS];
static uint64_t model_touches;

static void model_reset(void) {
  memset(model, 0, sizeof model);
}

static uint32_t model_crc(uint32_t crc, uint32_t word) {
  crc ^= word;
  for (int bit = 0; bit < 32; bit++) {
    crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
  }
  return crc;
}

static uint32_t model_hash(int row, uint32_t hash) {
  static const uint32_t salts[] = {0x9b78350f, 0x9bcf144c, 0x8ab29a3e, 0x34d48bf5, 0x78e47449};
  return model_crc(model_crc(0, salts[row]), hash) % MODEL_CAPACITY;
}

/* The bucket that some row has for `hash`, or -1. */
static int model_where(uint32_t hash) {
  for (int r = 0; r < MODEL_ROWS; r++) {
    for (int i = 0; i < MODEL_CAPACITY; i++) {
      if (model[r].used[i] && model[r].hash[i] == hash) {
        return i;
      }
    }
  }
  return -1;
}

static void model_touch_bucket(struct model_row *row, int at, int64_t now) {
  if (at >= 0 && row->used[at]) {
    row->time[at] = now;
    row->touched[at] = ++model_touches;
  }
}

static void model_refresh(uint32_t hash, int64_t now) {
  for (int r = 0; r < MODEL_ROWS; r++) {
    model_touch_bucket(&model[r], model_where(model_hash(r, hash)), now);
  }
}

static bool model_fetch(uint32_t hash, uint32_t threshold) {
  bool known = false, all_above = true;
  for (int r = 0; r < MODEL_ROWS; r++) {
    int at = model_where(model_hash(r, hash));
    known |= at >= 0;
    all_above &= at < 0 || model[r].count[at] > threshold;
  }
  return known && all_above;
}

static bool model_count(uint32_t hash, int64_t now) {
  for (int r = 0; r < MODEL_ROWS; r++) {
    struct model_row *row = &model[r];
    int at = model_where(model_hash(r, hash));
    if (at >= 0) {
      row->count[at]++;
    } else {
      for (at = 0; at < MODEL_CAPACITY && row->used[at];) {
        at++;
      }
      if (at == MODEL_CAPACITY) {
        return false;
      }
      row->used[at] = true;
      row->hash[at] = model_hash(r, hash);
      row->count[at] = 0;
    }
    model_touch_bucket(row, at, now);
  }
  return true;
}

static void model_expire(int64_t time) {
  for (int r = 0; r < MODEL_ROWS; r++) {
    for (;;) {
      int oldest = -1;
      for (int i = 0; i < MODEL_CAPACITY; i++) {
        if (model[r].used[i] &&
            (oldest < 0 || model[r].touched[i] < model[r].touched[oldest])) {
          oldest = i;
        }
      }
      if (oldest < 0 || model[r].time[oldest] > time) {
        break;
      }
      model[r].used[oldest] = false;
    }
  }
}

#endif
