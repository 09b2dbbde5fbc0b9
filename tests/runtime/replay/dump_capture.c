/* Prints every frame of each capture named: time, length, cut, bytes; then `end` or `error:
 * message`. */
#include <inttypes.h>

#include "maestro/pcap.h"

static void dump(const char *path) {
  struct pcap_reader reader;
  struct pcap_frame frame;
  enum pcap_result result = PCAP_ERROR;
  if (pcap_reader_open(&reader, path)) {
    while ((result = pcap_reader_next(&reader, &frame)) == PCAP_FRAME) {
      printf("%" PRId64 " %" PRIu32 " %d ", frame.time, frame.length, frame.cut);
      for (uint32_t i = 0; i < frame.length; i++)
        printf("%02x", frame.data[i]);
      putchar('\n');
    }
  }
  if (result == PCAP_END)
    puts("end");
  else
    printf("error: %s\n", reader.error);
  pcap_reader_close(&reader);
}

int main(int count, char **paths) {
  for (int i = 1; i < count; i++)
    dump(paths[i]);
  return 0;
}
