/** The part of `jose` that is used; the package itself is loaded with the first gateway that checks tokens. */
export type { CryptoKey, errors as joseErrors, JSONWebKeySet, JWTVerifyResult } from "jose";

import type { createLocalJWKSet } from "jose";

export type LocalJWKSet = ReturnType<typeof createLocalJWKSet>;
