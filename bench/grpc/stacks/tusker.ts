import { engineStack } from "../engine-stack.ts";
import type { Stack } from "../stack.ts";

export const stack: Stack = engineStack(undefined);
