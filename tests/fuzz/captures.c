/* The capture reader of nf-replay, on any bytes (libFuzzer). */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "maestro/pcap.h"

static volatile uint8_t sink; /* every byte of a frame must be readable */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int file = memfd_create("capture", 0);
  if (file < 0 || write(file, data, size) != (ssize_t)size)
    abort();
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  struct pcap_reader reader;
  if (pcap_reader_open(&reader, path)) {
    struct pcap_frame frame;
    while (pcap_reader_next(&reader, &frame) == PCAP_FRAME)
      for (uint32_t i = 0; i < frame.length; i++)
        sink ^= frame.data[i];
  }
  pcap_reader_close(&reader);
  close(file);
  return 0;
}
