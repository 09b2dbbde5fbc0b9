/* What arrived, packet by packet, in a file: what the device did with it, and what it was told. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "dpdk.h"

enum { SHOWN = 128 }; /* bytes of a packet; enough for the headers that are hashed */

static FILE *file;
static atomic_int left; /* packets */

void trace_open(const struct options *options) {
  if (options->trace == NULL)
    return;
  file = fopen(options->trace, "w");
  if (file == NULL)
    die(DPDK_FAILED, "--trace %s: %s", options->trace, strerror(errno));
  atomic_store(&left, (int)options->trace_packets);
  fputs("# port type length queue device_hash told_queue told_hash core bytes\n", file);
}

bool trace_close(const struct options *options) {
  if (file == NULL)
    return true;
  bool failed = ferror(file) != 0;
  failed |= fclose(file) != 0;
  if (failed)
    fprintf(stderr, "nf-dpdk: --trace %s: cannot be written\n", options->trace);
  return !failed;
}

struct text {
  char line[2 * SHOWN + 128];
  unsigned length;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int more = vsnprintf(text->line + text->length, sizeof text->line - text->length, format,
                       arguments);
  va_end(arguments);
  text->length += more > 0 ? (unsigned)more : 0;
}

/* The queue that the packet should be in, the hash that should have put it there ("-": none, or
 * no particular one), and the core to which it belongs. */
static void add_told(struct text *text, const struct run *run, unsigned port, unsigned queue,
                     const uint8_t *data, uint16_t length) {
  if (run->steering == NULL || length < NF_MIN_PACKET) {
    add(text, " - - %u", queue);
    return;
  }
  const struct maestro_steering *steering = &run->steering[port];
  bool software = atomic_load(&run->software), resteered;
  unsigned nic, core = maestro_rss_core(steering, data, length, &nic);
  uint32_t hash = maestro_rss_hash(steering, data, length, &resteered);
  unsigned type = maestro_packet_type(data, length);
  bool hashed = steering->rss->inputs[type].count > 0 && !(steering->rss->uncertain >> type & 1);
  if (software)
    add(text, " - - %u", core);
  else if (!hashed)
    add(text, " - - %u", resteered ? core : queue);
  else if (resteered)
    add(text, " %u - %u", nic, core);
  else
    add(text, " %u %08" PRIx32 " %u", nic, hash, core);
}

static void trace_packet(const struct worker *worker, unsigned port,
                         const struct rte_mbuf *packet) {
  const uint8_t *data = rte_pktmbuf_mtod(packet, const uint8_t *);
  uint16_t length = packet->data_len;
  unsigned type = length < NF_MIN_PACKET ? MAESTRO_NON_IP : maestro_packet_type(data, length);
  struct text text = {.length = 0};
  add(&text, "%u %s %" PRIu32 " %u", port, packet_type_names[type], packet->pkt_len, worker->core);
  if (packet->ol_flags & RTE_MBUF_F_RX_RSS_HASH)
    add(&text, " %08" PRIx32, packet->hash.rss);
  else
    add(&text, " -");
  add_told(&text, worker->run, port, worker->core, data, length);
  add(&text, " ");
  for (unsigned i = 0; i < length && i < SHOWN; i++)
    add(&text, "%02x", data[i]);
  add(&text, "\n");
  fputs(text.line, file); /* a line of one core never tears another's: stdio locks */
}

void trace(const struct worker *worker, unsigned port, struct rte_mbuf *const *packets,
           unsigned received) {
  if (file == NULL)
    return;
  for (unsigned i = 0; i < received; i++)
    if (atomic_load_explicit(&left, memory_order_relaxed) > 0 && atomic_fetch_sub(&left, 1) > 0)
      trace_packet(worker, port, packets[i]);
}
