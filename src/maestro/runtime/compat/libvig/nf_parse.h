/* Another name of the same header. */
#include "nf-parse.h"
