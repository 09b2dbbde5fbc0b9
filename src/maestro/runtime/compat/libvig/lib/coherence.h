/* Another name of the same header. */
#include "../lib/proof/coherence.h"
