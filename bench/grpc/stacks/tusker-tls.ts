import { testCertificate } from "../../../test/support/certificate.ts";
import { engineStack } from "../engine-stack.ts";
import type { Stack } from "../stack.ts";

export const stack: Stack = engineStack({
  server: { certificate: () => testCertificate },
  client: { ca: testCertificate.cert },
});
