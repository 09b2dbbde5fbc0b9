/* Against SYN floods: a server on the LAN gets at most so many handshakes that nobody completes. */
#include <maestro.h>

#define QUOTA 64
#define WINDOW SECONDS(5)

enum { SYN = 0x02, RST = 0x04, ACK = 0x10 };

struct Connection {
  uint32_t client, server;
  uint16_t client_port, server_port;
};

/* Of a server, for one window of time: when the window began, and how many handshakes are open. */
struct Quota {
  int64_t since;
  uint64_t half_open;
};

/* A window begins with the first handshake in it, and ends whatever comes then. */
MAP(quotas, uint32_t, struct Quota, 65536, EXPIRES_AFTER(WINDOW), UNLESS_REFRESHED);

/* The handshakes that are open, and since when the window is in which each is counted. */
MAP(handshakes, struct Connection, int64_t, 65536, EXPIRES_AFTER(WINDOW), UNLESS_REFRESHED);

OTHER_PACKETS(DROP);

/* Begins a handshake. False: there are too many. */
static bool begin(struct Connection c) {
  if (map_contains(handshakes, c)) {
    return true; /* the same SYN again */
  }
  struct Quota quota = map_get(quotas, c.server);
  if (quota.half_open >= QUOTA) {
    return false;
  }
  quota.since = quota.half_open == 0 ? now() : quota.since;
  quota.half_open++;
  return map_put(handshakes, c, quota.since) && map_put(quotas, c.server, quota);
}

/* A handshake is complete, or given up; it counts no more, if its window is not over anyway. */
static void end(struct Connection c) {
  int64_t since = map_get(handshakes, c);
  if (!map_erase(handshakes, c)) {
    return;
  }
  struct Quota quota = map_get(quotas, c.server);
  if (quota.since == since && quota.half_open > 0) {
    quota.half_open--;
    map_put(quotas, c.server, quota);
  }
}

void process_packet(int device, pkt_t p) {
  if (device == LAN) {
    forward(p, WAN);
    return;
  }
  struct Connection c = {.client = p.ipv4_src, .server = p.ipv4_dst, .client_port = p.tcpudp_src,
                         .server_port = p.tcpudp_dst};
  int flags = p.tcp_flags & (SYN | RST | ACK);
  if (flags == SYN && !begin(c)) {
    return;
  }
  if ((flags & SYN) == 0 && flags != 0) {
    end(c);
  }
  forward(p, LAN);
}
