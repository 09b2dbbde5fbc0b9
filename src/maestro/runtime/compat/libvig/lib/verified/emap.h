/* Existing NFs include this header for the structures that an expiring map is made of. */
#ifndef MAESTRO_COMPAT_EMAP_H
#define MAESTRO_COMPAT_EMAP_H

#include "double-chain.h"
#include "expirator.h"
#include "map.h"
#include "vector.h"

#endif
