/* Shared by the readers of the two capture formats; not for others. */
#ifndef REPLAY_CAPTURE_H
#define REPLAY_CAPTURE_H

#include <string.h>

#include "maestro/pcap.h"

enum { LINK_ETHERNET = 1 };

/* Records the message and returns PCAP_ERROR. */
enum pcap_result capture_error(struct pcap_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bool capture_check_link(struct pcap_reader *reader, uint32_t link_type);

bool pcapng_start(struct pcap_reader *reader);
enum pcap_result pcapng_next(struct pcap_reader *reader, struct pcap_frame *frame);

static inline uint16_t capture_u16(const struct pcap_reader *reader, size_t at) {
  uint16_t value;
  memcpy(&value, reader->bytes + at, sizeof value);
  return reader->swapped ? __builtin_bswap16(value) : value;
}

static inline uint32_t capture_u32(const struct pcap_reader *reader, size_t at) {
  uint32_t value;
  memcpy(&value, reader->bytes + at, sizeof value);
  return reader->swapped ? __builtin_bswap32(value) : value;
}

#endif
