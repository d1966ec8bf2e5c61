/**
 * 32 bits of a text: FNV-1a, mixed by MurmurHash3's finalizer so that names that differ in one digit land far apart.
 * Not for secrets and not against attackers: a client that knows its key may still aim at one endpoint, which the
 * load bound of the balancers makes harmless.
 */
export function hash32(text: string, seed = 0): number {
  let hash = (2_166_136_261 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
