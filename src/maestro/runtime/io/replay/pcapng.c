/* pcapng: section header, interface description, enhanced, simple and (obsolete) packet blocks;
 * others are skipped. */
#include <inttypes.h>
#include <stdlib.h>

#include "capture.h"

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, OLD_PACKET = 2, SIMPLE = 3, ENHANCED = 6 };
enum { BLOCK_OVERHEAD = 12, BLOCK_BODY = 8 }; /* type, length, body, length again */
enum { OPTION_END = 0, OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };
#define BYTE_ORDER_MAGIC 0x1a2b3c4du

struct block {
  uint32_t type;
  size_t body; /* position in the file */
  uint32_t body_bytes;
};

static enum pcap_result corrupt(struct pcap_reader *reader, const char *what) {
  return capture_error(reader, "corrupt: %s near byte %zu, after packet %" PRIu64, what, reader->at,
                       reader->packets);
}

/* ---- Blocks ---- */

/* A section header says how to read its own length, and forgets the previous section's
 * interfaces. */
static bool begin_section(struct pcap_reader *reader) {
  uint32_t magic;
  if (reader->size - reader->at < 28) {
    capture_error(reader, "truncated: the file ends inside a section header");
    return false;
  }
  memcpy(&magic, reader->bytes + reader->at + 8, sizeof magic);
  reader->swapped = magic == __builtin_bswap32(BYTE_ORDER_MAGIC);
  reader->interface_count = 0;
  if (magic != BYTE_ORDER_MAGIC && !reader->swapped)
    corrupt(reader, "byte-order magic of a section header");
  else if (capture_u16(reader, reader->at + 12) != 1)
    capture_error(reader, "pcapng version %u; only 1 is known",
                  capture_u16(reader, reader->at + 12));
  else
    return true;
  return false;
}

static enum pcap_result next_block(struct pcap_reader *reader, struct block *block) {
  size_t left = reader->size - reader->at;
  if (left == 0)
    return PCAP_END;
  if (left < BLOCK_OVERHEAD)
    return capture_error(reader, "truncated: the file ends inside a block, after packet %" PRIu64,
                         reader->packets);
  block->type = capture_u32(reader, reader->at); /* a section's type reads the same both ways */
  if (block->type == SECTION && !begin_section(reader))
    return PCAP_ERROR;
  uint32_t total = capture_u32(reader, reader->at + 4);
  if (total < BLOCK_OVERHEAD || total % 4 != 0 || (block->type == SECTION && total < 28))
    return corrupt(reader, "length of a block");
  if (total > left)
    return capture_error(reader,
                         "truncated: a block of %u bytes, of which %zu are there, after packet "
                         "%" PRIu64, total, left, reader->packets);
  if (capture_u32(reader, reader->at + total - 4) != total)
    return corrupt(reader, "second length of a block");
  block->body = reader->at + BLOCK_BODY;
  block->body_bytes = total - BLOCK_OVERHEAD;
  reader->at += total;
  return PCAP_FRAME;
}

/* ---- Interfaces ---- */

static void read_option(struct pcap_reader *reader, struct pcap_interface *interface, uint16_t code,
                        uint16_t length, size_t at) {
  if (code == OPTION_TSRESOL && length == 1)
    interface->resolution = reader->bytes[at];
  if (code == OPTION_TSOFFSET && length == 8) {
    uint32_t first = capture_u32(reader, at), second = capture_u32(reader, at + 4);
    bool big = (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) != reader->swapped;
    interface->offset =
        (int64_t)(big ? (uint64_t)first << 32 | second : (uint64_t)second << 32 | first);
  }
}

static enum pcap_result add_interface(struct pcap_reader *reader, const struct block *block) {
  if (block->body_bytes < 8)
    return corrupt(reader, "interface description");
  size_t bytes = (reader->interface_count + 1) * sizeof *reader->interfaces;
  struct pcap_interface *grown = realloc(reader->interfaces, bytes);
  if (grown == NULL)
    return capture_error(reader, "out of memory");
  reader->interfaces = grown;
  struct pcap_interface *interface = &grown[reader->interface_count++];
  *interface = (struct pcap_interface){.link_type = capture_u16(reader, block->body),
                                       .snap_length = capture_u32(reader, block->body + 4),
                                       .resolution = 6};
  size_t at = block->body + 8, end = block->body + block->body_bytes;
  while (end - at >= 4) {
    uint16_t code = capture_u16(reader, at), length = capture_u16(reader, at + 2);
    size_t padded = (length + 3u) & ~(size_t)3;
    if (code == OPTION_END)
      break;
    if (padded > end - at - 4)
      return corrupt(reader, "interface option");
    read_option(reader, interface, code, length, at + 4);
    at += 4 + padded;
  }
  return PCAP_FRAME;
}

/* ---- Time ---- */

static bool to_nanoseconds(const struct pcap_interface *interface, uint64_t stamp, int64_t *time) {
  const __int128 second = 1000000000;
  unsigned exponent = interface->resolution & 0x7f;
  __int128 units = 1;
  if (exponent > (interface->resolution & 0x80 ? 63u : 18u))
    return false;
  for (unsigned i = 0; i < exponent; i++)
    units *= interface->resolution & 0x80 ? 2 : 10;
  /* Both factors are below 2^64, so the product's 94 bits fit. */
  __int128 value = (__int128)stamp * second / units + interface->offset * second;
  if (value < 0 || value > INT64_MAX)
    return false;
  *time = (int64_t)value;
  return true;
}

/* ---- Packets ---- */

/* Fields common to the three packet blocks: where the bytes start, how many were captured and
 * sent. */
static enum pcap_result take_packet(struct pcap_reader *reader, const struct block *block,
                                    size_t header, uint32_t captured, uint32_t original,
                                    struct pcap_frame *frame) {
  if (captured > block->body_bytes - header)
    return corrupt(reader, "captured length of a packet");
  frame->data = reader->bytes + block->body + header;
  frame->length = captured;
  frame->cut = captured < original;
  frame->time = reader->last;
  return PCAP_FRAME;
}

static enum pcap_result stamped_packet(struct pcap_reader *reader, const struct block *block,
                                       struct pcap_frame *frame) {
  if (block->body_bytes < 20)
    return corrupt(reader, "packet block");
  bool old = block->type == OLD_PACKET;
  uint32_t id = old ? capture_u16(reader, block->body) : capture_u32(reader, block->body);
  if (id >= reader->interface_count)
    return corrupt(reader, "interface of a packet");
  const struct pcap_interface *interface = &reader->interfaces[id];
  uint64_t stamp = (uint64_t)capture_u32(reader, block->body + 4) << 32 |
                   capture_u32(reader, block->body + 8);
  if (!capture_check_link(reader, interface->link_type))
    return PCAP_ERROR;
  if (!to_nanoseconds(interface, stamp, &reader->last))
    return corrupt(reader, "time stamp");
  return take_packet(reader, block, 20, capture_u32(reader, block->body + 12),
                     capture_u32(reader, block->body + 16), frame);
}

/* A simple packet is of interface 0, has no time, and its captured length follows from the snap
 * length. */
static enum pcap_result simple_packet(struct pcap_reader *reader, const struct block *block,
                                      struct pcap_frame *frame) {
  if (block->body_bytes < 4 || reader->interface_count == 0)
    return corrupt(reader, "simple packet block");
  const struct pcap_interface *interface = &reader->interfaces[0];
  if (!capture_check_link(reader, interface->link_type))
    return PCAP_ERROR;
  uint32_t original = capture_u32(reader, block->body), captured = original;
  if (interface->snap_length != 0 && captured > interface->snap_length)
    captured = interface->snap_length;
  return take_packet(reader, block, 4, captured, original, frame);
}

/* ---- What pcap.c calls ---- */

bool pcapng_start(struct pcap_reader *reader) {
  reader->at = 0;
  return reader->size >= BLOCK_OVERHEAD
             ? begin_section(reader)
             : (capture_error(reader, "truncated: the file ends inside a section header"), false);
}

enum pcap_result pcapng_next(struct pcap_reader *reader, struct pcap_frame *frame) {
  struct block block = {0};
  for (;;) {
    enum pcap_result result = next_block(reader, &block);
    if (result != PCAP_FRAME)
      return result;
    switch (block.type) {
    case INTERFACE:
      if (add_interface(reader, &block) == PCAP_ERROR)
        return PCAP_ERROR;
      break;
    case SIMPLE:
      return simple_packet(reader, &block, frame);
    case OLD_PACKET:
    case ENHANCED:
      return stamped_packet(reader, &block, frame);
    default: /* sections have been seen to; name resolution, statistics and so on hold no packets */
      break;
    }
  }
}
