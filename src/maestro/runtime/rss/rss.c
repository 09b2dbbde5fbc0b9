#include "maestro/toeplitz.h"

#include <string.h>

enum { ETHERTYPE_AT = 12, L3 = 14, IPV4_BYTES = 20, IPV6_BYTES = 40, PORTS_BYTES = 4 };
enum { TCP = 6, UDP = 17 };

static unsigned be16(const uint8_t *at) { return (unsigned)at[0] << 8 | at[1]; }

/* ---- Packet types: the order and the bounds are those of maestro/ir/packet.py ---- */

static enum maestro_packet_type by_protocol(enum maestro_packet_type tcp, unsigned protocol,
                                            bool room) {
  /* The enumeration lists tcp, udp, other in this order for both IP versions. */
  return room && protocol == TCP ? tcp : room && protocol == UDP ? tcp + 1 : tcp + 2;
}

static unsigned ipv4_header_bytes(const uint8_t *packet) { return 4 * (packet[L3] & 15u); }

static bool is_ipv4(const uint8_t *packet, unsigned length) {
  return length >= L3 + IPV4_BYTES && packet[L3] >> 4 == 4 &&
         ipv4_header_bytes(packet) >= IPV4_BYTES && length >= L3 + ipv4_header_bytes(packet);
}

enum maestro_packet_type maestro_packet_type(const uint8_t *packet, uint16_t length) {
  switch (be16(packet + ETHERTYPE_AT)) {
  case 0x8100:
  case 0x88a8:
    return MAESTRO_VLAN;
  case 0x86dd:
    if (length < L3 + IPV6_BYTES)
      return MAESTRO_NON_IP;
    return by_protocol(MAESTRO_IPV6_TCP, packet[L3 + 6], length >= L3 + IPV6_BYTES + PORTS_BYTES);
  case 0x0800:
    if (!is_ipv4(packet, length))
      return MAESTRO_NON_IP;
    if (be16(packet + L3 + 6) & 0x3fff) /* offset or more-fragments */
      return MAESTRO_IPV4_FRAGMENT;
    if (ipv4_header_bytes(packet) > IPV4_BYTES)
      return MAESTRO_IPV4_OPTIONS;
    return by_protocol(MAESTRO_IPV4_TCP, packet[L3 + 9], length >= L3 + IPV4_BYTES + PORTS_BYTES);
  default:
    return MAESTRO_NON_IP;
  }
}

/* ---- Hash input: bit ranges of fields, one after the other ---- */

struct input {
  uint8_t bytes[MAESTRO_TOEPLITZ_INPUT + 1]; /* one spare: a byte is written across two */
  unsigned bits;
};

struct frame {
  const uint8_t *packet;
  unsigned length;
  unsigned ports_at;
};

/* First bit of a field, from the start of the frame. */
static unsigned field_bit(const struct frame *frame, unsigned field) {
  switch ((enum maestro_field)field) {
  case MAESTRO_ETH_DST: return 8 * 0;
  case MAESTRO_ETH_SRC: return 8 * 6;
  case MAESTRO_ETH_TYPE: return 8 * ETHERTYPE_AT;
  case MAESTRO_VLAN_ID: return 8 * L3 + 4;
  case MAESTRO_IPV4_SRC: return 8 * (L3 + 12);
  case MAESTRO_IPV4_DST: return 8 * (L3 + 16);
  case MAESTRO_IPV4_PROTO: return 8 * (L3 + 9);
  case MAESTRO_IPV6_SRC: return 8 * (L3 + 8);
  case MAESTRO_IPV6_DST: return 8 * (L3 + 24);
  case MAESTRO_L4_SPORT: return 8 * frame->ports_at;
  case MAESTRO_L4_DPORT: return 8 * (frame->ports_at + 2);
  }
  return 0;
}

/* Bytes past the end of the packet count as zero. */
static unsigned byte_or_zero(const struct frame *frame, unsigned at) {
  return at < frame->length ? frame->packet[at] : 0;
}

static void append(struct input *input, const struct frame *frame, unsigned from, unsigned count) {
  while (count > 0) {
    unsigned step = count < 8 ? count : 8;
    unsigned pair = byte_or_zero(frame, from / 8) << 8 | byte_or_zero(frame, from / 8 + 1);
    unsigned value = (pair << from % 8 >> 8) & (0xff00u >> step) & 0xff;
    unsigned placed = value << 8 >> input->bits % 8;
    input->bytes[input->bits / 8] |= (uint8_t)(placed >> 8);
    input->bytes[input->bits / 8 + 1] |= (uint8_t)placed;
    input->bits += step;
    from += step;
    count -= step;
  }
}

/* Whole bytes, as nearly all fields are: copied as they lie there. */
static bool append_bytes(struct input *input, const struct frame *frame, unsigned from,
                         unsigned count) {
  if ((input->bits | from | count) % 8 != 0 || (from + count) / 8 > frame->length)
    return false;
  memcpy(input->bytes + input->bits / 8, frame->packet + from / 8, count / 8);
  input->bits += count;
  return true;
}

static uint32_t hash_inputs(const struct maestro_steering *steering,
                            const struct maestro_inputs *inputs, const struct frame *frame) {
  struct input input = {.bits = 0};
  for (unsigned i = 0; i < inputs->count; i++) {
    struct maestro_field_bits part = inputs->part[i];
    unsigned from = field_bit(frame, part.field) + part.first;
    if (!append_bytes(&input, frame, from, part.count))
      append(&input, frame, from, part.count);
  }
  return maestro_toeplitz_hash(&steering->toeplitz, input.bytes, (input.bits + 7) / 8);
}

static uint32_t nic_hash(const struct maestro_steering *steering, enum maestro_packet_type type,
                         const uint8_t *packet, uint16_t length) {
  unsigned header = 0; /* the enumeration lists IPv4, then IPv6, then the rest */
  if (type <= MAESTRO_IPV4_FRAGMENT)
    header = ipv4_header_bytes(packet);
  else if (type <= MAESTRO_IPV6_OTHER)
    header = IPV6_BYTES;
  struct frame frame = {packet, length, L3 + header};
  return hash_inputs(steering, &steering->rss->inputs[type], &frame);
}

static uint32_t owner_hash(const struct maestro_steering *steering, const uint8_t *packet,
                           uint16_t length) {
  struct frame frame = {packet, length, L3 + IPV4_BYTES};
  unsigned header = 4 * (byte_or_zero(&frame, L3) & 15u);
  if (steering->rss->owner_follows_ihl && header > IPV4_BYTES && L3 + header <= length)
    frame.ports_at = L3 + header;
  return hash_inputs(steering, &steering->rss->owner, &frame);
}

/* ---- Steering ---- */

static bool fits(const struct maestro_inputs *inputs, unsigned key_bytes) {
  unsigned bits = 0;
  if (inputs->count > MAESTRO_MAX_INPUTS)
    return false;
  for (unsigned i = 0; i < inputs->count; i++)
    bits += inputs->part[i].count;
  return bits == 0 || (bits <= 8 * MAESTRO_TOEPLITZ_INPUT && bits + 31 <= 8 * key_bytes);
}

static bool usable(const struct maestro_rss *rss) {
  bool power_of_two = rss->reta_size != 0 && (rss->reta_size & (rss->reta_size - 1)) == 0;
  bool good = power_of_two && rss->reta_size <= MAESTRO_MAX_RETA &&
              rss->key_bytes <= MAESTRO_MAX_KEY && fits(&rss->owner, rss->key_bytes);
  for (unsigned type = 0; good && type < MAESTRO_PACKET_TYPES; type++)
    good = fits(&rss->inputs[type], rss->key_bytes);
  return good;
}

bool maestro_steering_init(struct maestro_steering *steering, const struct maestro_rss *rss,
                           unsigned cores) {
  if (!usable(rss))
    return false;
  steering->rss = rss;
  maestro_toeplitz_init(&steering->toeplitz, rss->key, rss->key_bytes);
  bool planned = rss->reta != NULL && rss->reta_cores == cores;
  for (unsigned i = 0; i < rss->reta_size; i++) {
    steering->reta[i] = planned ? rss->reta[i] : (uint16_t)(i % cores);
    if (steering->reta[i] >= cores)
      return false;
  }
  return true;
}

static bool is_resteered(const struct maestro_rss *rss, enum maestro_packet_type type) {
  return rss->resteered >> type & 1;
}

static unsigned table_entry(const struct maestro_steering *steering, uint32_t hash) {
  return steering->reta[hash & (steering->rss->reta_size - 1u)];
}

uint32_t maestro_rss_hash(const struct maestro_steering *steering, const uint8_t *packet,
                          uint16_t length, bool *resteered) {
  enum maestro_packet_type type = maestro_packet_type(packet, length);
  *resteered = is_resteered(steering->rss, type);
  return *resteered ? owner_hash(steering, packet, length)
                    : nic_hash(steering, type, packet, length);
}

unsigned maestro_rss_core(const struct maestro_steering *steering, const uint8_t *packet,
                          uint16_t length, unsigned *nic_core) {
  enum maestro_packet_type type = maestro_packet_type(packet, length);
  *nic_core = table_entry(steering, nic_hash(steering, type, packet, length));
  if (!is_resteered(steering->rss, type))
    return *nic_core;
  return table_entry(steering, owner_hash(steering, packet, length));
}
