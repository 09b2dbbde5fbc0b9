/* A load balancer: clients on the WAN talk to one address, servers on the LAN share the work. */
#include <maestro.h>

#define VIRTUAL IP(192, 0, 2, 80)
#define HEARTBEATS 9999 /* the UDP port by which servers say that they are there */

struct Flow {
  uint32_t client;
  uint16_t client_port, server_port;
  uint8_t protocol;
};

BACKENDS(servers, 32, 997, EXPIRES_AFTER(SECONDS(5)));
MAP(flows, struct Flow, uint32_t, 65536, EXPIRES_AFTER(SECONDS(60)));
OTHER_PACKETS(DROP);

/* The server of a flow: as before, if it lives. False: there is none at all. */
static bool find_server(struct Flow flow, uint32_t *server) {
  *server = map_get(flows, flow);
  if (*server != 0 && backend_is_alive(servers, *server)) {
    return true;
  }
  if (!backend_for(servers, (uint64_t)flow.client << 16 | flow.client_port, server)) {
    return false;
  }
  map_put(flows, flow, *server);
  return true;
}

static void from_server(pkt_t p) {
  if (p.ipv4_proto == UDP && p.tcpudp_dst == HEARTBEATS) {
    backend_alive(servers, p.ipv4_src);
    return;
  }
  p.ipv4_src = VIRTUAL;
  forward(p, WAN);
}

void process_packet(int device, pkt_t p) {
  if (device == LAN) {
    from_server(p);
    return;
  }
  struct Flow flow = {.client = p.ipv4_src, .client_port = p.tcpudp_src,
                      .server_port = p.tcpudp_dst, .protocol = p.ipv4_proto};
  uint32_t server;
  if (p.ipv4_dst == VIRTUAL && find_server(flow, &server)) {
    p.ipv4_dst = server;
    forward(p, LAN);
  }
}
