/* Between the parts of the maestro.h dialect, and what is generated for each network function. */
#ifndef MAESTRO_DIALECT_H
#define MAESTRO_DIALECT_H

#include <maestro.h>

/* Generated: the maps that the NF declares, and whether it looks at p.tcp_flags. */
extern struct maestro_map *const maestro_maps[];
extern const unsigned maestro_map_count;
extern const bool maestro_reads_tcp_flags;

/* The NF's, or the default one. */
int maestro_other_packets(int device);

/* Is the packet of `length` bytes at `b` TCP or UDP over IPv4, with its whole header, without IP options
 * and not a fragment? */
bool maestro_packet_is_flow(const uint8_t *b, uint32_t length);

/* The fields of such a packet. */
void maestro_packet_read(const uint8_t *b, uint32_t length, pkt_t *p);

/* Writes the fields in `to` into the packet at `b`, whose fields are `from`, and updates its checksums
 * for what changed (RFC 1624). */
void maestro_packet_write(uint8_t *b, const pkt_t *from, const pkt_t *to);

#endif
