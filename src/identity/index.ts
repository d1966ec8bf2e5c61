// For users: who may act.
export {
  type AuthorizeRequest,
  authorize,
  type Decision,
  definePolicy,
  type Policy,
  type Rule,
} from "./policy.ts";
// For other rooms: tokens between the parts of one fleet.
export { createSigner, type Signer, type TokenRequest } from "./signer.ts";
export { type Claims, createVerifier, type Expected, type PublicJwk, type Verifier } from "./verifier.ts";
