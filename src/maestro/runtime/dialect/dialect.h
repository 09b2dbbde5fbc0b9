/* Between the parts of the maestro.h dialect, and what is generated for each network function. */
#ifndef MAESTRO_DIALECT_H
#define MAESTRO_DIALECT_H

#include <maestro.h>

/* Generated: the state that the NF declares, and whether it looks at p.tcp_flags. */
extern const struct maestro_state *const maestro_states[];
extern const unsigned maestro_state_count;
extern const bool maestro_reads_tcp_flags;

/* The NF's, or the default one. */
int maestro_other_packets(int device);

/* The index of the entry at `key`, which counts as used now unless that is done by hand. */
bool maestro_table_use(struct maestro_map *m, void *key, int *index);

/* The index of a new entry at `key`. False when the table is full. */
bool maestro_table_add(struct maestro_map *m, void *key, int *index);

/* Is the packet of `length` bytes at `b` TCP or UDP over IPv4, with its whole header, without IP options
 * and not a fragment? */
bool maestro_packet_is_flow(const uint8_t *b, uint32_t length);

/* The fields of such a packet. */
void maestro_packet_read(const uint8_t *b, uint32_t length, pkt_t *p);

/* Writes the fields in `to` into the packet at `b`, whose fields are `from`, and updates its checksums
 * for what changed (RFC 1624). */
void maestro_packet_write(uint8_t *b, const pkt_t *from, const pkt_t *to);

#endif
