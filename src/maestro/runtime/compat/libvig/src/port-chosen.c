/* What Maestro understands without looking: its own meaning takes the place of this file. */
#include "nf-util.h"

void port_chosen(uint16_t device, int count) {
  (void)device;
  (void)count;
}
