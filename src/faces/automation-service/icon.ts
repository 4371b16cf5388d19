/** The integration's icon, a PNG of 96 by 96 pixels in base64. `scripts/icon.ts` draws it. */
export const icon = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
