#include "nf-parse.h"

/* The value of a digit in any base up to 16; 16 for every other character. */
static unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') {
    return (unsigned)(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return (unsigned)(c - 'a') + 10;
  }
  return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

/* Reads one to `digits` digits at `*text`, moves past them; false when there is none or the value
 * exceeds `limit`. */
static bool read_number(const char **text, unsigned base, int digits, unsigned limit,
                        unsigned *value) {
  const char *start = *text;
  *value = 0;
  while (*text - start < digits && digit_value(**text) < base) {
    *value = *value * base + digit_value(**text);
    (*text)++;
  }
  return *text != start && *value <= limit;
}

/* Reads `count` numbers with `separator` between them. */
static bool read_bytes(const char *text, unsigned base, int digits, char separator, int count,
                       uint8_t *bytes) {
  for (int i = 0; i < count; i++) {
    unsigned value;
    if (i > 0 && *text++ != separator) {
      return false;
    }
    if (!read_number(&text, base, digits, 255, &value)) {
      return false;
    }
    bytes[i] = (uint8_t)value;
  }
  return true;
}

bool nf_parse_etheraddr(const char *text, struct rte_ether_addr *mac) {
  return read_bytes(text, 16, 2, ':', 6, mac->addr_bytes);
}

bool nf_parse_ipv4addr(const char *text, uint32_t *address) {
  uint8_t bytes[4] = {0};
  bool good = read_bytes(text, 10, 3, '.', 4, bytes);
  *address = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
             (uint32_t)bytes[3] << 24;
  return good;
}

bool nf_parse_port(const char *text, uint16_t *port) {
  unsigned value;
  bool good = read_number(&text, 10, 5, UINT16_MAX, &value);
  *port = rte_cpu_to_be_16(value);
  return good;
}

bool nf_parse_proto(const char *text, uint8_t *protocol) {
  unsigned value;
  bool good = read_number(&text, 10, 3, UINT8_MAX, &value);
  *protocol = (uint8_t)value;
  return good;
}

bool nf_parse_device(const char *text, uint16_t *device) {
  unsigned value;
  bool good = read_number(&text, 10, 5, UINT16_MAX, &value);
  *device = (uint16_t)value;
  return good;
}
