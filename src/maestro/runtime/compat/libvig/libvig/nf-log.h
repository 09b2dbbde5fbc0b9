/* Another name of the same header. */
#include "../nf-log.h"
