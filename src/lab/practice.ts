// The parts of the lab that the program uses, in one place: loaded only when the lab is started.
export { autodiscoverKinds, parseAutodiscover } from "./autodiscover/autodiscover-rule.ts";
export { faultKinds, parseFault } from "./faults.ts";
export { labPermissions, labToken } from "./graph/sign-in/practice-token.ts";
export { operationNames, startLab } from "./lab.ts";
export { startProxy } from "./proxy.ts";
export { practiceApplication, practiceFederation, practiceTenant } from "./seed/practice-tenant.ts";
export { socAddress } from "./seed/seed.ts";
export { serverVariants } from "./server-variants.ts";
export { labPassword } from "./store/store.ts";
export { parseThrottling, throttlingModes } from "./throttling.ts";
