/* A generated NF on any packets (libFuzzer): the input is a sequence of frames, each
 *   port (1 byte), time since the last one (2 bytes, in 2^16 ns), length (2 bytes), its bytes.
 * Every frame has memory of just its length, so that AddressSanitizer sees a read behind it. */
#include <stdlib.h>
#include <string.h>

#include "maestro/nf.h"
#include "maestro/toeplitz.h"

enum { CORES = 2, HEAD = 5 };

static struct nf_shared *shared;
static struct nf_core *cores[CORES];

static void start(void) {
  shared = nf_shared_create(CORES);
  for (unsigned core = 0; core < CORES; core++)
    cores[core] = nf_core_create(shared, core, CORES);
  if (shared == NULL || cores[0] == NULL || cores[1] == NULL)
    abort();
}

static void stop(void) {
  for (unsigned core = 0; core < CORES; core++)
    nf_core_destroy(cores[core]);
  nf_shared_destroy(shared);
}

static void process(const uint8_t *bytes, uint16_t length, uint16_t port, int64_t now) {
  static struct maestro_steering steering[8];
  size_t room = nf_head != NULL ? NF_HEADROOM : 0;
  uint8_t *memory = malloc(room + length), *frame = memory + room;
  if (memory == NULL)
    abort();
  memcpy(frame, bytes, length);
  if (steering[port].rss == NULL && !maestro_steering_init(&steering[port], &nf_rss[port], CORES))
    abort();
  unsigned nic_core;
  unsigned core = maestro_rss_core(&steering[port], frame, length, &nic_core);
  if (core >= CORES || nic_core >= CORES)
    abort();
  uint16_t verdict = nf_packet(cores[core], port, frame, length, now);
  if (verdict >= nf_ports && verdict != NF_DROP && verdict != NF_FLOOD)
    abort(); /* the NFs under test name their ports themselves */
  free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int64_t now = 1000000000000;
  start();
  while (size >= HEAD) {
    uint16_t port = data[0] % nf_ports;
    now += (int64_t)(data[1] << 8 | data[2]) << 16;
    size_t length = (size_t)(data[3] << 8 | data[4]) % 2048;
    data += HEAD, size -= HEAD;
    if (length > size)
      length = size;
    if (length >= NF_MIN_PACKET)
      process(data, (uint16_t)length, port, now);
    data += length, size -= length;
  }
  stop();
  return 0;
}
