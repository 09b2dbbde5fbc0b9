#include "maestro/pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"

enum { FILE_HEADER = 24, RECORD_HEADER = 16 };
enum { SNAP_LENGTH = 262144 };
#define MICROSECONDS 0xa1b2c3d4u
#define NANOSECONDS 0xa1b23c4du
#define SECTION_HEADER_BLOCK 0x0a0d0d0au
#define GZIP 0x8b1fu

enum pcap_result capture_error(struct pcap_reader *reader, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reader->error, sizeof reader->error, format, arguments);
  va_end(arguments);
  return PCAP_ERROR;
}

static const char *link_name(uint32_t link_type) {
  switch (link_type) {
  case 0: return "BSD loopback";
  case 9: return "PPP";
  case 101: return "raw IP";
  case 105: return "IEEE 802.11";
  case 113: return "Linux cooked";
  case 127: return "IEEE 802.11 with radiotap";
  case 228: return "raw IPv4";
  case 229: return "raw IPv6";
  case 276: return "Linux cooked v2";
  default: return "unknown";
  }
}

bool capture_check_link(struct pcap_reader *reader, uint32_t link_type) {
  if (link_type != LINK_ETHERNET)
    capture_error(reader, "link type %u (%s); only Ethernet (1) can be replayed", link_type,
                  link_name(link_type));
  return link_type == LINK_ETHERNET;
}

/* ---- Opening ---- */

static bool map_file(struct pcap_reader *reader, int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    capture_error(reader, "not a regular file");
    return false;
  }
  if (status.st_size == 0) {
    capture_error(reader, "empty file");
    return false;
  }
  void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (bytes == MAP_FAILED) {
    capture_error(reader, "%s", strerror(errno));
    return false;
  }
  madvise(bytes, (size_t)status.st_size, MADV_SEQUENTIAL);
  reader->bytes = bytes;
  reader->size = (size_t)status.st_size;
  return true;
}

static bool start_pcap(struct pcap_reader *reader) {
  if (reader->size < FILE_HEADER) {
    capture_error(reader, "truncated: %zu of the file header's %d bytes", reader->size,
                  FILE_HEADER);
    return false;
  }
  reader->at = FILE_HEADER;
  /* The upper half of the link type word tells about frame check sequences. */
  return capture_check_link(reader, capture_u32(reader, 20) & 0xffff);
}

static bool start(struct pcap_reader *reader) {
  uint32_t magic = 0;
  memcpy(&magic, reader->bytes, reader->size < 4 ? reader->size : 4);
  uint32_t other = __builtin_bswap32(magic);
  if (magic == SECTION_HEADER_BLOCK) {
    reader->blocks = true;
    return pcapng_start(reader);
  }
  reader->swapped = other == MICROSECONDS || other == NANOSECONDS;
  uint32_t ours = reader->swapped ? other : magic;
  reader->nanoseconds = ours == NANOSECONDS;
  if (ours == MICROSECONDS || ours == NANOSECONDS)
    return start_pcap(reader);
  capture_error(reader, "not a pcap or pcapng file%s",
                (magic & 0xffff) == GZIP ? ": compressed with gzip; decompress it first" : "");
  return false;
}

bool pcap_reader_open(struct pcap_reader *reader, const char *path) {
  memset(reader, 0, sizeof *reader);
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    capture_error(reader, "%s", strerror(errno));
    return false;
  }
  bool mapped = map_file(reader, descriptor);
  close(descriptor);
  return mapped && start(reader);
}

void pcap_reader_close(struct pcap_reader *reader) {
  if (reader->bytes != NULL)
    munmap((void *)reader->bytes, reader->size);
  free(reader->interfaces);
  reader->bytes = NULL;
  reader->interfaces = NULL;
}

/* ---- Reading ---- */

static enum pcap_result next_record(struct pcap_reader *reader, struct pcap_frame *frame) {
  unsigned long long number = reader->packets + 1;
  size_t left = reader->size - reader->at;
  if (left == 0)
    return PCAP_END;
  if (left < RECORD_HEADER)
    return capture_error(reader,
                         "truncated: the file ends %zu bytes into the header of packet %llu", left,
                         number);
  uint32_t length = capture_u32(reader, reader->at + 8);
  if (left - RECORD_HEADER < length)
    return capture_error(reader,
                         "truncated or corrupt: packet %llu has %u bytes, the file %zu more",
                         number, length, left - RECORD_HEADER);
  int64_t fraction = capture_u32(reader, reader->at + 4);
  frame->time = capture_u32(reader, reader->at) * INT64_C(1000000000) +
                (reader->nanoseconds ? fraction : fraction * 1000);
  frame->data = reader->bytes + reader->at + RECORD_HEADER;
  frame->length = length;
  frame->cut = capture_u32(reader, reader->at + 12) > length;
  reader->at += RECORD_HEADER + length;
  return PCAP_FRAME;
}

enum pcap_result pcap_reader_next(struct pcap_reader *reader, struct pcap_frame *frame) {
  enum pcap_result result =
      reader->blocks ? pcapng_next(reader, frame) : next_record(reader, frame);
  reader->packets += result == PCAP_FRAME;
  return result;
}

/* ---- Writing ---- */

void pcap_write_header(FILE *file) {
  const struct {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy, snap_length, link_type;
  } header = {NANOSECONDS, 2, 4, 0, 0, SNAP_LENGTH, LINK_ETHERNET};
  fwrite(&header, sizeof header, 1, file);
}

void pcap_write_frame(FILE *file, int64_t time, const uint8_t *data, uint32_t length) {
  const int64_t second = INT64_C(1000000000);
  const uint32_t header[] = {(uint32_t)(time / second), (uint32_t)(time % second), length, length};
  fwrite(header, sizeof header, 1, file);
  fwrite(data, 1, length, file);
}
