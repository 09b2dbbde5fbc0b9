/* nf-replay's exit statuses, and the verdict file that it writes.
 *
 * A verdict file has a header, then one record per packet in the order of the captures, then one
 * core number (uint16_t) per packet, then the packets' sequence numbers (uint64_t) in the order in
 * which they took effect, then the bytes of all packets that were sent, in the order of records.
 * All numbers are little-endian. Two runs agree exactly when their records and bytes are the same:
 * cores and order, which may differ, are kept apart. */
#ifndef MAESTRO_REPLAY_H
#define MAESTRO_REPLAY_H

#include <stdint.h>

enum replay_status {
  REPLAY_OK = 0,
  REPLAY_FAILED = 1, /* out of memory, output cannot be written, the NF has no core n */
  REPLAY_USAGE = 2,  /* wrong options */
  REPLAY_INPUT = 3   /* an input file is at fault */
};

#define REPLAY_MAX_CORES 256

#define VERDICTS_MAGIC "MAESTROV"
#define VERDICTS_VERSION 2

struct verdicts_header {
  char magic[8];
  uint32_t version;
  uint32_t cores;
  uint64_t packets;
  uint64_t records_at; /* byte positions in the file */
  uint64_t cores_at;
  uint64_t payload_at;
  uint64_t payload_bytes;
  uint64_t order_at;
};
_Static_assert(sizeof(struct verdicts_header) == 64, "no padding");

struct verdict_record {
  uint64_t sequence; /* from 0; frames that never reach the NF (runts) are not counted */
  int64_t time;      /* that the NF was given, ns */
  uint64_t offset;   /* of the sent bytes, in the payload part */
  uint16_t in_port;
  uint16_t verdict; /* as nf_packet() returned it */
  uint16_t length;  /* of the sent bytes; 0 when dropped */
  uint16_t reserved;
};
_Static_assert(sizeof(struct verdict_record) == 32, "no padding");

#endif
