"""An NF whose text tries to become part of the page."""

from __future__ import annotations

NF = """\
#include <maestro.h>
/* </script><script>alert('source')</script> <img src=x onerror="document.title='owned'"> {{ 7 * 7 }} {% raw %} */
struct Key { uint32_t src; };
MAP(hosts, struct Key, int, 16, EXPIRES_AFTER(SECONDS(1)));
OTHER_PACKETS(DROP);
void process_packet(int device, pkt_t p) {
  struct Key key = {.src = p.ipv4_src}; /* "'><svg onload=alert(3)> &lt; ]]> <!-- */
  map_put(hosts, key, 1);
  forward(p, device == LAN ? WAN : LAN);
}
"""
