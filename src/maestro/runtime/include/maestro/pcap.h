/* Reading pcap (micro- and nanoseconds, either byte order) and pcapng captures of Ethernet frames;
 * writing pcap.
 *
 * Formats: IETF drafts "PCAP Capture File Format" and "PCAP Next Generation (pcapng) Capture
 * File Format". A file is mapped, so frames are pointers into it, valid until pcap_reader_close. */
#ifndef MAESTRO_PCAP_H
#define MAESTRO_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct pcap_frame {
  int64_t time; /* ns since the epoch */
  const uint8_t *data;
  uint32_t length; /* bytes captured */
  bool cut;        /* the frame was longer on the wire */
};

struct pcap_interface {
  uint32_t link_type;
  uint32_t snap_length; /* 0: no limit */
  uint8_t resolution;   /* if_tsresol: 10^-n s, or 2^-(n & 127) s when the top bit is set */
  int64_t offset;       /* if_tsoffset, s */
};

struct pcap_reader {
  const uint8_t *bytes;
  size_t size;
  size_t at;        /* of the next packet record or block */
  uint64_t packets; /* read so far */
  bool swapped;     /* the file's byte order is not ours */
  bool nanoseconds; /* pcap only */
  bool blocks;      /* pcapng */
  int64_t last;     /* pcapng: time of the last packet, for those that have none */
  struct pcap_interface *interfaces;
  uint32_t interface_count;
  char error[160];
};

enum pcap_result { PCAP_END, PCAP_FRAME, PCAP_ERROR };

/* False: `error` says why. Close in either case. */
bool pcap_reader_open(struct pcap_reader *reader, const char *path);
enum pcap_result pcap_reader_next(struct pcap_reader *reader, struct pcap_frame *frame);
void pcap_reader_close(struct pcap_reader *reader);

/* Nanosecond pcap, Ethernet, host byte order. Errors are left in `file` (ferror). */
void pcap_write_header(FILE *file);
void pcap_write_frame(FILE *file, int64_t time, const uint8_t *data, uint32_t length);

#endif
