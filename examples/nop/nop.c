/* The network function that does nothing: what comes in on one side leaves on the other. */
#include <maestro.h>

OTHER_PACKETS(FORWARD_TO(1 - device));

void process_packet(int device, pkt_t p) { forward(p, 1 - device); }
