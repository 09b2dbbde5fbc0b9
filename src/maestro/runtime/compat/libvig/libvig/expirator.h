/* Another name of these headers. */
#include "../lib/verified/expirator.h"
#include "../lib/unverified/expirator.h"
