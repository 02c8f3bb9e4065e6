// SHA-1, which boards have with their TLS library, comes from crypto.h beside this file. SHA-256 needs no library.
#define MICROPY_SSL_AXTLS (1)
#define MICROPY_PY_HASHLIB_SHA1 (1)
