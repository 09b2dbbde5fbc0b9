/* ring.h: against a queue, one thread at both ends; and two threads, nothing lost, doubled or out of order. */
#include "maestro/ring.h"

#include <pthread.h>
#include <sched.h>

#include "random.h"

enum { ITEMS = 200000 };

struct message {
  uint64_t number; /* written without atomics: popping it makes it visible */
};

static struct message messages[ITEMS];

static void alone(size_t capacity) {
  struct ring ring;
  size_t pushed = 0, popped = 0;
  CHECK(ring_create(&ring, capacity));
  for (int step = 0; step < 20000; step++) {
    if (random_below(2)) {
      CHECK(ring_push(&ring, &messages[pushed % ITEMS]) == (pushed - popped < capacity));
      pushed += pushed - popped < capacity;
    } else {
      struct message *item = ring_pop(&ring);
      CHECK(item == (pushed == popped ? NULL : &messages[popped % ITEMS]));
      popped += item != NULL;
    }
  }
  CHECK(pushed > 1000);
  ring_destroy(&ring);
}

static void *produce(void *arg) {
  struct ring *ring = arg;
  for (size_t i = 0; i < ITEMS; i++) {
    messages[i].number = 3 * i + 1;
    while (!ring_push(ring, &messages[i])) {
      sched_yield();
    }
  }
  return NULL;
}

static void between_threads(size_t capacity) {
  struct ring ring;
  pthread_t producer;
  CHECK(ring_create(&ring, capacity));
  CHECK(pthread_create(&producer, NULL, produce, &ring) == 0);
  for (size_t i = 0; i < ITEMS; i++) {
    struct message *item;
    while ((item = ring_pop(&ring)) == NULL) {
      sched_yield();
    }
    CHECK(item == &messages[i] && item->number == 3 * i + 1);
  }
  CHECK(pthread_join(producer, NULL) == 0 && ring_pop(&ring) == NULL);
  ring_destroy(&ring);
}

int main(void) {
  for (size_t capacity = 1; capacity <= 64; capacity *= 2) {
    alone(capacity);
  }
  between_threads(1);
  between_threads(64);
  return 0;
}
