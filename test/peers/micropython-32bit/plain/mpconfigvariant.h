// MicroPython's Unix port as it is, for 32 bits: the sizes of objects are a board's.
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

#include "../hashes.h"
#include "../mpconfigvariant_common.h"
