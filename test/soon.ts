import { vi } from "vitest";

/** Waits until `look` throws no longer. Its bound ends a test that hangs; on a busy machine everything may take long, and that is no defect. */
export function soon<T>(look: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: 5 * 60_000, interval: 20 });
}
